"""The tenderee asks for a committee: size, composition, specialty, regions, hours (A-129, A-130)."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from evaluation.committees.holding import facts_of, hold_committee, members_of, own_seat, seated
from evaluation.committees.model import CommitteeAct, CommitteeFacts, CommitteeStep, Hours, MemberStatus, Stratum
from evaluation.committees.permissions import require, standing
from evaluation.committees.rules import REQUESTING
from evaluation.committees.steps import OWNER, admit
from evaluation.committees.tables import Committee, CommitteeMember
from evaluation.experts.queries import representatives_of
from storage.crypto.at_rest import seal_at_rest
from storage.crypto.drawing import SEED_BYTES, commitment
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid, Refused
from storage.kernel.rule import Rule
from storage.kernel.rule import require as require_rules
from trading.parties.queries import party
from trading.tenders.model import BEFORE_DEADLINE, Stage
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

SEED, ORDER = "committee seed", "committee order"
_STAGES = BEFORE_DEADLINE | {Stage.OPENING, Stage.OPENED}


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many experts of a region; "" is anywhere."""

    region: Annotated[str, msgspec.Meta(max_length=6)]
    count: Annotated[int, msgspec.Meta(ge=1, le=50)]


class RequestCommittee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked for; ``representatives`` are entries of the bank that stand for this tenderee."""

    size: Annotated[int, msgspec.Meta(ge=1, le=51)]
    specialty: Annotated[str, msgspec.Meta(max_length=20)]
    strata: Annotated[list[Quota], msgspec.Meta(min_length=1, max_length=10)]
    representatives: Annotated[list[UUID], msgspec.Meta(max_length=17)] = []
    starts_at: datetime
    ends_at: datetime


async def request_committee(lot_id: UUID, command: RequestCommittee, actor: Actor, uow: Work,
                            keys: PlatformKeys) -> None:
    """Asks for a committee, or asks anew before the draw; the platform commits itself to a seed in the same act."""
    async with uow:
        lot = await share_lot(uow, lot_id)
        held = await hold_committee(uow, lot_id)
        now = await uow.now()
        members = await members_of(uow.session, held) if held else ()
        require(actor, standing(actor, lot, own_seat(members, actor)), OWNER)
        asked = _facts(lot, command, now)
        known = await facts_of(uow.session, lot, held, members, now) if held else asked
        admit(CommitteeAct.REQUEST, held.step if held else CommitteeStep.NONE, known)
        if lot.stage not in _STAGES:
            raise Refused("标段所处阶段不能组建评标委员会", stage=lot.stage)
        verdicts: list[tuple[Rule[...], bool]] = [(need, need(asked)) for need in REQUESTING]
        require_rules(*verdicts)
        await _check_representatives(uow, lot, command)
        committee = held or _new(uow, lot)
        if committee.step == CommitteeStep.DRAWN:
            _dissolve(committee, members)
        _fill(committee, command, actor, now, keys)
        uow.record("committee.requested", actor, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}",
                   payload=request_statement(lot, committee))
        await uow.commit()


def _facts(lot: Lot, command: RequestCommittee, now: datetime) -> CommitteeFacts:
    if command.starts_at.tzinfo is None or command.ends_at.tzinfo is None:
        raise Invalid("评标时间须带时区", field="starts_at")
    return CommitteeFacts(
        now=now, hours=Hours(command.starts_at, command.ends_at), deadline_at=lot.deadline_at,
        is_suspended=lot.suspended, size=command.size, representatives=len(set(command.representatives)),
        strata=[Stratum(each.region, each.count) for each in command.strata], specialty=command.specialty)


async def _check_representatives(uow: Work, lot: Lot, command: RequestCommittee) -> None:
    tenderee = await party(uow.session, lot.tenderee_id)
    known = {each.id for each in await representatives_of(uow.session, tenderee.uscc)}
    if set(command.representatives) - known or len(set(command.representatives)) != len(command.representatives):
        raise Invalid("招标人代表须为已核验入库的本单位人员，且不重复", field="representatives")


def _new(uow: Work, lot: Lot) -> Committee:
    committee = Committee(lot_id=lot.id, round=1, replaced=[], voting_round=1, step=CommitteeStep.REQUESTED)
    uow.session.add(committee)
    return committee


def _dissolve(committee: Committee, members: Sequence[CommitteeMember]) -> None:
    """A stratum has nobody left: those called are let go, and a new round begins with a new seed."""
    for member in seated(members):
        member.status = MemberStatus.DISMISSED
    committee.round, committee.drawn, committee.replaced, committee.drawn_at = committee.round + 1, None, [], None
    committee.leader_id, committee.voting_round = None, 1


def _fill(committee: Committee, command: RequestCommittee, actor: Actor, now: datetime, keys: PlatformKeys) -> None:
    committee.step, committee.size, committee.specialty = CommitteeStep.REQUESTED, command.size, command.specialty
    # The narrower region first: who is called for a city is not also spent on the province around it.
    strata = sorted(command.strata, key=lambda each: (-len(each.region.rstrip("0")), each.region))
    committee.strata = [{"region": each.region, "count": each.count} for each in strata]
    committee.representatives = sorted(str(each) for each in command.representatives)
    committee.starts_at, committee.ends_at = command.starts_at, command.ends_at
    committee.requested_at, committee.requested_by = now, actor.name
    seed, order = secrets.token_bytes(SEED_BYTES), secrets.token_bytes(SEED_BYTES)
    committee.commitment, committee.order_commitment = commitment(seed), commitment(order)
    subject = str(committee.lot_id)
    committee.seed_sealed = seal_at_rest(keys.master, seed, purpose=SEED, subject=subject)
    committee.order_sealed = seal_at_rest(keys.master, order, purpose=ORDER, subject=subject)


def request_statement(lot: Lot, committee: Committee) -> dict[str, object]:
    """What the ledger says of a request, publicly: everything but who the representatives are."""
    return {"v": 1, "lot": lot.code, "round": committee.round, "size": committee.size,
            "representatives": len(committee.representatives), "specialty": committee.specialty,
            "strata": committee.strata, "starts_at": to_wire(committee.starts_at),
            "ends_at": to_wire(committee.ends_at), "commitment": committee.commitment,
            "order_commitment": committee.order_commitment}
