"""The tenderee names another representative in place of one who left: representatives are never drawn (R-124)."""

from uuid import UUID

import msgspec

from evaluation.committees.calling import new_member
from evaluation.committees.holding import concerned_by, enter_bench
from evaluation.committees.model import CommitteeAct
from evaluation.committees.permissions import AUDIENCE
from evaluation.committees.steps import admit
from evaluation.experts.model import Kind, conflicts
from evaluation.experts.queries import representatives_of, units_of
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from trading.parties.queries import party


class NameRepresentative(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the bank that stands for this tenderee and was not called before."""

    representative: UUID


async def name_representative(lot_id: UUID, command: NameRepresentative, actor: Actor, uow: Work) -> None:
    """Fills a representative's vacant seat."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.NAME_REPRESENTATIVE, actor)
        admit(CommitteeAct.NAME_REPRESENTATIVE, bench.committee.step, bench.facts)
        if not bench.facts.lacks_representative:
            raise Refused("招标人代表的席位没有空缺")
        tenderee = await party(uow.session, bench.lot.tenderee_id)
        known = {each.id: each for each in await representatives_of(uow.session, tenderee.uscc)}
        person = known.get(command.representative)
        if person is None or any(each.party_id == person.party_id for each in bench.members):
            raise Invalid("招标人代表须为已核验入库的本单位人员，且未曾在本委员会任职", field="representative")
        if conflicts(units_of(person), await concerned_by(uow.session, bench.lot, Kind.REPRESENTATIVE)):
            raise Invalid("该代表与投标人有利害关系，应当回避", field="representative")
        member = new_member(bench.committee, person, max(each.place for each in bench.members) + 1, bench.now)
        uow.session.add(member)
        await uow.session.flush()
        uow.record("committee.representative_named", actor, stream=bench.stream, subject=f"member:{member.id}",
                   payload={"alias": member.alias, "round": bench.committee.round}, audience=AUDIENCE)
        await uow.commit()
