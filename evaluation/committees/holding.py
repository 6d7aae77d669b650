"""Rows an act on a committee holds, locked in one order: lot, committee; and what its rules decide on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.holding import bids_of
from bidding.opening.tables import Opening
from evaluation.committees.model import (
    SEATED,
    CommitteeAct,
    CommitteeFacts,
    CommitteeStep,
    Hours,
    MemberStatus,
    Stratum,
)
from evaluation.committees.permissions import require, standing
from evaluation.committees.steps import ACTS
from evaluation.committees.tables import Committee, CommitteeMember
from evaluation.experts.model import Kind, Unit, conflicts
from evaluation.experts.queries import units_of
from evaluation.experts.tables import Expert
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, Refused
from trading.parties.tables import Party
from trading.tenders.queries import lock_lot, share_lot
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Bench:
    """A committee as an act finds it; ``members`` are all called in its present round, by place."""

    lot: Lot
    committee: Committee
    members: Sequence[CommitteeMember]
    own: CommitteeMember | None
    facts: CommitteeFacts
    now: datetime

    @property
    def stream(self) -> str:
        """The ledger stream of the lot."""
        return f"lot:{self.lot.id}"

    @property
    def seated(self) -> list[CommitteeMember]:
        """Who holds a seat now."""
        return seated(self.members)

    def member(self, member_id: UUID) -> CommitteeMember:
        """A member who holds a seat; raises ``NotFound``."""
        found = next((each for each in self.seated if each.id == member_id), None)
        if found is None:
            raise NotFound("没有这名在任的评标委员会成员")
        return found

    def mine(self) -> CommitteeMember:
        """The actor's own seat; raises ``Refused`` for one who has left it."""
        if self.own is None or self.own.status not in SEATED:
            raise Refused("您已不在本评标委员会任职")
        return self.own


def seated(members: Sequence[CommitteeMember]) -> list[CommitteeMember]:
    """Those of the members who hold a seat."""
    return [each for each in members if each.status in SEATED]


def hours_of(committee: Committee) -> Hours:
    """When the committee evaluates."""
    return Hours(committee.starts_at, committee.ends_at)


def strata_of(committee: Committee) -> tuple[Stratum, ...]:
    """The quotas by region."""
    return tuple(Stratum(each["region"], each["count"]) for each in committee.strata)


async def members_of(session: AsyncSession, committee: Committee) -> Sequence[CommitteeMember]:
    """All called in the present round, by place."""
    query = select(CommitteeMember).where(CommitteeMember.lot_id == committee.lot_id,
                                          CommitteeMember.round == committee.round)
    return (await session.scalars(query.order_by(CommitteeMember.place))).all()


async def frozen_set(session: AsyncSession, lot_id: UUID) -> str | None:
    """The digest of the frozen set of bids, once there is one to evaluate."""
    opening = await session.get(Opening, lot_id)
    return opening.set_sha256 if opening is not None and opening.notice is not None else None


async def bidders_of(session: AsyncSession, lot_id: UUID) -> list[Unit]:
    """The bidders of the frozen set; nobody before the opening, for nobody may know (R-122)."""
    return [Unit(each.bidder_name, each.bidder_uscc) for each in await bids_of(session, lot_id)]


async def owners_of(session: AsyncSession, lot: Lot) -> list[Unit]:
    """The tenderee and its agency."""
    query = select(Party).where(Party.id.in_({lot.tenderee_id, lot.agency_id} - {None}))
    return [Unit(each.name, each.uscc) for each in await session.scalars(query)]


async def concerned_by(session: AsyncSession, lot: Lot, kind: str) -> list[Unit]:
    """Whom a person of this kind must not belong to (R-124): a representative stands for the tenderee by office."""
    bidders = await bidders_of(session, lot.id)
    return bidders if kind == Kind.REPRESENTATIVE else bidders + await owners_of(session, lot)


async def facts_of(session: AsyncSession, lot: Lot, committee: Committee, members: Sequence[CommitteeMember],
                   now: datetime, **known: Any) -> CommitteeFacts:
    """What the rules decide on, read from the rows as they stand in this transaction."""
    sitting = seated(members)
    facts = CommitteeFacts(
        now=now, hours=hours_of(committee), deadline_at=lot.deadline_at, is_suspended=lot.suspended,
        size=committee.size, representatives=len(committee.representatives), strata=strata_of(committee),
        specialty=committee.specialty, is_frozen=await frozen_set(session, lot.id) is not None,
        experts_seated=sum(each.capacity == Kind.EXPERT for each in sitting),
        representatives_seated=sum(each.capacity == Kind.REPRESENTATIVE for each in sitting),
        signed_in=sum(each.status == MemberStatus.SIGNED_IN for each in sitting),
        recused=await _recused(session, lot, sitting),
        is_exhausted=any(each["alias"] is None and each["stratum"] is not None for each in committee.replaced))
    return replace(facts, **known)


async def _recused(session: AsyncSession, lot: Lot, sitting: Sequence[CommitteeMember]) -> int:
    """How many hold a seat although their units are concerned: a change in the bank may make it so."""
    found = (await session.scalars(select(Expert).where(Expert.id.in_([each.expert_id for each in sitting])))).all()
    concerned = {kind: await concerned_by(session, lot, kind) for kind in {each.kind for each in found}}
    return sum(conflicts(units_of(each), concerned[each.kind]) for each in found)


async def hold_committee(uow: Work, lot_id: UUID) -> Committee | None:
    """The committee FOR UPDATE, if the lot has one."""
    query = select(Committee).where(Committee.lot_id == lot_id).with_for_update()
    return (await uow.session.scalars(query.execution_options(populate_existing=True))).one_or_none()


def own_seat(members: Sequence[CommitteeMember], actor: Actor) -> CommitteeMember | None:
    """The actor's own line among the members."""
    return next((each for each in members if actor.is_party(each.party_id)), None)


async def enter_bench(uow: Work, lot_id: UUID, act: CommitteeAct, actor: Actor, *, moves_lot: bool = False) -> Bench:
    """Locks lot and committee, reads the clock, then everything else; raises when the actor's role is another."""
    lot = await (lock_lot if moves_lot else share_lot)(uow, lot_id)
    committee = await hold_committee(uow, lot_id)
    now = await uow.now()
    members = await members_of(uow.session, committee) if committee else ()
    own = own_seat(members, actor)
    require(actor, standing(actor, lot, own), ACTS[act].role)
    if committee is None:
        raise Refused("尚未申请组建评标委员会", step=CommitteeStep.NONE.value)
    return Bench(lot, committee, members, own, await facts_of(uow.session, lot, committee, members, now), now)
