"""Reads of a committee: the view its audience may have, and the seat that scoring asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.holding import facts_of, hours_of, members_of, own_seat, seated
from evaluation.committees.model import CommitteeFacts, Hours, MemberStatus
from evaluation.committees.permissions import permit_reading, standing
from evaluation.committees.rules import everyone_signed_in, within_the_hours
from evaluation.committees.tables import Committee, CommitteeMember, CommitteeVote
from evaluation.experts.model import Kind
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound
from storage.kernel.rule import require
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class DeskSeat:
    """A member at the desk, as scoring knows it: by alias, never by name."""

    member_id: UUID
    alias: str
    is_leader: bool
    party_id: UUID
    is_representative: bool = False


async def committee_of(session: AsyncSession, lot_id: UUID) -> Committee:
    """The lot's committee; raises ``NotFound``."""
    found = await session.get(Committee, lot_id)
    if found is None:
        raise NotFound("没有可以查看的评标委员会")
    return found


async def seat_at_desk(session: AsyncSession, lot_id: UUID, actor: Actor, now: datetime) -> DeskSeat:
    """The actor's own seat; raises ``NotAllowed`` for anyone else, ``RulesUnmet`` before sign-in and outside hours."""
    committee = await session.get(Committee, lot_id)
    members = await members_of(session, committee) if committee else ()
    own = own_seat(seated(members), actor)
    if committee is None or own is None:
        raise NotAllowed("只有本标段评标委员会的成员可以评标")
    signed = int(own.status == MemberStatus.SIGNED_IN)
    facts = CommitteeFacts(now=now, hours=hours_of(committee), experts_seated=1, signed_in=signed)
    require((everyone_signed_in, everyone_signed_in(facts)), (within_the_hours, within_the_hours(facts)))
    return _seat(committee, own)


async def sitting(session: AsyncSession, lot_id: UUID) -> Sequence[DeskSeat]:
    """The members who have signed in and not left, in the order of their aliases."""
    committee = await committee_of(session, lot_id)
    return [_seat(committee, each) for each in await members_of(session, committee)
            if each.status == MemberStatus.SIGNED_IN]


def _seat(committee: Committee, member: CommitteeMember) -> DeskSeat:
    return DeskSeat(member.id, member.alias, committee.leader_id == member.id, member.party_id,
                    member.capacity == Kind.REPRESENTATIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitteeView:
    """Everything an answer is made of; what the asker may not see is left out by ``answers``."""

    lot: Lot
    committee: Committee | None
    members: Sequence[CommitteeMember]
    own: CommitteeMember | None
    roles: frozenset[str]
    facts: CommitteeFacts
    votes: int
    own_vote: UUID | None
    now: datetime


async def view_committee(session: AsyncSession, lot_id: UUID, actor: Actor) -> CommitteeView:
    """The view for this actor; raises ``NotFound`` for whoever may not know of a committee."""
    lot, committee, now = await lot_of(session, lot_id), await session.get(Committee, lot_id), await now_of(session)
    members = await members_of(session, committee) if committee else ()
    own = own_seat(members, actor)
    roles = standing(actor, lot, own)
    permit_reading(lot, now, roles)
    facts = CommitteeFacts(now=now, hours=Hours(now, now), is_suspended=lot.suspended)
    votes, own_vote = 0, None
    if committee is not None:
        facts = await facts_of(session, lot, committee, members, now)
        votes = await _votes(session, committee, members)
        held = await session.get(CommitteeVote, (own.id, committee.voting_round)) if own else None
        own_vote = held.chosen_id if held else None
    return CommitteeView(lot=lot, committee=committee, members=members, own=own, roles=roles, facts=facts,
                         votes=votes, own_vote=own_vote, now=now)


async def _votes(session: AsyncSession, committee: Committee, members: Sequence[CommitteeMember]) -> int:
    query = select(func.count()).select_from(CommitteeVote).where(
        CommitteeVote.voter_id.in_([each.id for each in seated(members)]),
        CommitteeVote.voting_round == committee.voting_round)
    return (await session.execute(query)).scalar_one()
