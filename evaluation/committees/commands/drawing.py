"""The draw itself: once, mixed from what platform, bidders and tenderee brought (R-601, A-130, A-131, A-220)."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import select

from evaluation.committees.calling import Candidates, gather_candidates, new_member
from evaluation.committees.commands.requesting import ORDER, SEED
from evaluation.committees.draw import Draw, Drawn, draw_key
from evaluation.committees.holding import Bench, concerned_by, enter_bench, frozen_set
from evaluation.committees.model import CommitteeAct, CommitteeStep
from evaluation.committees.permissions import AUDIENCE, SUPERVISOR
from evaluation.committees.rules import nobody_recused_sits
from evaluation.committees.steps import admit
from evaluation.committees.tables import CommitteeMember
from evaluation.experts.model import ExpertStatus, Kind, conflicts
from evaluation.experts.queries import units_of
from evaluation.experts.tables import Expert
from storage.crypto.at_rest import open_at_rest
from storage.crypto.canonical import from_base64
from storage.crypto.platform_keys import PlatformKeys
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from storage.kernel.rule import require


class DrawCommittee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tenderee's contribution: 32 random bytes, base64, made after the platform had committed itself."""

    nonce: Annotated[str, msgspec.Meta(max_length=64)]


@dataclass(frozen=True, slots=True)
class _Mix:
    """The opened secrets of one draw with what was mixed in."""

    seed: bytes
    order_key: bytes
    nonce: bytes
    set_sha256: str


async def draw_committee(lot_id: UUID, command: DrawCommittee, actor: Actor, uow: Work, keys: PlatformKeys) -> None:
    """Draws the experts and calls them, with the representatives named before; nobody is told but the called."""
    nonce = from_base64(command.nonce, "nonce")
    if len(nonce) != 32:
        raise Invalid("随机贡献须为 32 字节", field="nonce")
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.DRAW, actor)
        mix = _Mix(*_secrets(bench, keys), nonce, await frozen_set(uow.session, lot_id) or "00" * 32)
        found = await gather_candidates(uow.session, bench.lot, bench.committee, mix.order_key)
        draw = Draw(bench.lot.code, bench.committee.round, draw_key(mix.seed, mix.set_sha256, nonce), found.pools)
        chosen = draw.first()
        wanted = sum(pool.stratum.count for pool in found.pools)
        admit(CommitteeAct.DRAW, bench.committee.step, replace(bench.facts, short_of=wanted - len(chosen)))
        named = await _representatives(uow, bench)
        members = _called(bench, found, draw, chosen, named)
        uow.session.add_all(members)
        committee = bench.committee
        committee.step, committee.drawn_at = CommitteeStep.DRAWN, bench.now
        committee.drawn = _statement(bench, mix, draw, members)
        reach("committee.drawing")
        uow.record("committee.drawn", actor, stream=bench.stream, subject=bench.stream, payload=committee.drawn,
                   audience=AUDIENCE)
        uow.record("committee.pool", actor, stream=bench.stream, subject=bench.stream,
                   payload=_pool(mix, found, members), audience=(SUPERVISOR,))
        await uow.commit()


def _secrets(bench: Bench, keys: PlatformKeys) -> tuple[bytes, bytes]:
    subject = str(bench.lot.id)
    return (open_at_rest(keys.master, bench.committee.seed_sealed, purpose=SEED, subject=subject),
            open_at_rest(keys.master, bench.committee.order_sealed, purpose=ORDER, subject=subject))


async def _representatives(uow: Work, bench: Bench) -> list[Expert]:
    """Those named at the request, if they still may come; raises ``Refused``, ``RulesUnmet``."""
    named = [UUID(each) for each in bench.committee.representatives]
    found = (await uow.session.scalars(select(Expert).where(Expert.id.in_(named)).order_by(Expert.id))).all()
    if len(found) != len(named) or any(each.status != ExpertStatus.ACTIVE for each in found):
        raise Refused("招标人代表已不能参加评标，请重新申请")
    concerned = await concerned_by(uow.session, bench.lot, Kind.REPRESENTATIVE)
    recused = sum(conflicts(units_of(each), concerned) for each in found)
    require((nobody_recused_sits, nobody_recused_sits(replace(bench.facts, recused=recused))))
    return list(found)


def _called(bench: Bench, found: Candidates, draw: Draw, chosen: list[Drawn],
            named: list[Expert]) -> list[CommitteeMember]:
    places = draw.places(len(chosen) + len(named))
    experts = [new_member(bench.committee, found.people[each.candidate], place, bench.now, each,
                          found.salts[each.candidate]) for each, place in zip(chosen, places, strict=False)]
    return experts + [new_member(bench.committee, each, place, bench.now)
                      for each, place in zip(named, places[len(chosen):], strict=True)]


def _statement(bench: Bench, mix: _Mix, draw: Draw, members: list[CommitteeMember]) -> dict[str, object]:
    """Everything a replay needs; no name and no number stands in it."""
    return {"v": 1, "lot": bench.lot.code, "round": bench.committee.round, "commitment": bench.committee.commitment,
            "seed": mix.seed.hex(), "set_sha256": mix.set_sha256, "nonce": mix.nonce.hex(),
            "strata": [pool.to_json() for pool in draw.pools],
            "chosen": [{"stratum": each.stratum, "candidate": each.candidate, "alias": each.alias}
                       for each in members if each.capacity == Kind.EXPERT],
            "representatives": [each.alias for each in members if each.capacity == Kind.REPRESENTATIVE]}


def _pool(mix: _Mix, found: Candidates, members: list[CommitteeMember]) -> dict[str, object]:
    """What the supervisor alone may read: who stood behind the digests, and who was left out for what reason."""
    return {"v": 1, "order_key": mix.order_key.hex(),
            "candidates": [{"number": each.number, "region": each.region, "candidate": digest}
                           for digest, each in sorted(found.people.items())],
            "excluded": [{"number": number, "reason": reason} for number, reason in sorted(found.excluded.items())],
            "members": [{"alias": each.alias, "number": each.number, "capacity": each.capacity} for each in members]}
