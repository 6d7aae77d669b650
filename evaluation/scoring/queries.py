"""The desk as its audience may see it: members and the supervisor the work, owners and the centre its progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.reading import is_out
from bidding.opening.tables import OpenedBid, Opening
from evaluation.committees.queries import DeskSeat, seat_at_desk, sitting
from evaluation.committees.tables import Committee
from evaluation.scoring.gathering import bid_facts, read_bids, stated_method
from evaluation.scoring.holding import facts_of, reasons_of, sheets_of, submitted
from evaluation.scoring.model import EvaluationStep, Vote
from evaluation.scoring.rules import DeskFacts
from evaluation.scoring.tables import Evaluation, ScoreSheet
from evaluation.scoring.voting import competition_votes, votes_of
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound
from storage.ledger.tables import LedgerEntry
from trading.tenders.disclosure import Subject, Viewer, shows
from trading.tenders.model import Stage
from trading.tenders.permissions import manages
from trading.tenders.queries import issued_document, now_of
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot, TenderDocument

MEMBER, SUPERVISOR, OWNER, CENTRE = "member", "supervisor", "owner", "centre"
WORK = frozenset({MEMBER, SUPERVISOR})
_NONE = "没有可以查看的评标"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """Everything an answer is made of; what the asker may not see yet was not read at all."""

    lot: Lot
    evaluation: Evaluation
    role: str
    seat: DeskSeat | None
    seats: Sequence[DeskSeat]
    facts: DeskFacts
    now: datetime
    position: int
    document: TenderDocument | None
    checks: dict[str, str] = field(default_factory=dict)
    reviewed: frozenset[UUID] = frozenset()
    sheets: Sequence[ScoreSheet] = ()
    votes: Sequence[Vote] = ()
    competition: frozenset[str] = frozenset()
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def all_reviewed(self) -> bool:
        """True once nobody's review can be influenced by another's."""
        return self.evaluation.rejections is not None

    @property
    def all_revealed(self) -> bool:
        """True once every sheet of the round is open; until then none is shown (R-330)."""
        return bool(self.sheets) and len(self.sheets) == self.facts.members and all(
            each.text is not None for each in self.sheets)


async def role_of(session: AsyncSession, lot: Lot, actor: Actor, now: datetime) -> tuple[str, DeskSeat | None]:
    """How the actor stands to this evaluation; raises ``NotFound`` for a stranger, ``RulesUnmet`` outside the hours."""
    try:
        return MEMBER, await seat_at_desk(session, lot.id, actor, now)
    except NotAllowed:
        pass
    for role, holds in ((SUPERVISOR, actor.has(SUPERVISOR)), (OWNER, manages(actor, lot)), (CENTRE, actor.has(CENTRE))):
        if holds:
            return role, None
    raise NotFound(_NONE)


async def view_desk(session: AsyncSession, lot_id: UUID, actor: Actor) -> DeskView:
    """The view for this actor. Nothing of it tells a score before every member has revealed its own."""
    lot, now = await lot_of(session, lot_id), await now_of(session)
    role, seat = await role_of(session, lot, actor, now)
    kept = await session.get(Evaluation, lot_id)
    evaluation = kept or await _unopened(session, lot, now)
    seats = await sitting(session, lot_id)
    members = [each.member_id for each in seats]
    position = await session.scalar(select(func.max(LedgerEntry.seq)).where(LedgerEntry.stream == f"lot:{lot_id}"))
    return DeskView(
        lot=lot, evaluation=evaluation, role=role, seat=seat, seats=seats, now=now,
        facts=await facts_of(session, lot, kept, members),
        position=-1 if position is None else position, document=await issued_document(session, lot_id),
        checks={str(each.id): each.body_check for each in await read_bids(session, lot)},
        reviewed=frozenset(await submitted(session, lot_id)), sheets=await sheets_of(session, evaluation, members),
        votes=await _votes(session, evaluation, seat), reasons=await reasons_of(session, evaluation),
        competition=frozenset(await competition_votes(session, lot_id)))


async def _votes(session: AsyncSession, evaluation: Evaluation, seat: DeskSeat | None) -> list[Vote]:
    """All votes once the reviews are collated; before that a member's own only."""
    found = await votes_of(session, evaluation.lot_id)
    if evaluation.rejections is not None:
        return found
    return [vote for vote in found if seat is not None and vote.member == str(seat.member_id)]


async def _unopened(session: AsyncSession, lot: Lot, now: datetime) -> Evaluation:
    """The desk before its first act: nothing is written by looking at it."""
    committee = await session.get(Committee, lot.id)
    if lot.stage != Stage.EVALUATING or committee is None:
        raise NotFound(_NONE)
    at = committee.begun_at or now
    opening = await session.get_one(Opening, lot.id)
    return Evaluation(lot_id=lot.id, step=EvaluationStep.REVIEWING, step_at=at, step_by="", round=1, begun_at=at,
                      set_sha256=opening.set_sha256, method=stated_method(lot, opening),
                      bids=await bid_facts(session, lot), restarts=[], alerts=[])


async def readable_bid(session: AsyncSession, lot_id: UUID, bid_id: UUID, actor: Actor) -> None:
    """Raises unless the actor sits at this lot's desk now, or supervises, and the bid is one of its (A-146, B-023).

    ``bid_id``: a bid in one of the openings whose records are out.
    """
    lot = await lot_of(session, lot_id)
    now = await now_of(session)
    role, _ = await role_of(session, lot, actor, now)
    bid = await session.get(OpenedBid, bid_id)
    if role not in WORK or bid is None or bid.lot_id != lot_id or not (
            shows(Subject.BODIES, lot, now, {Viewer(role)}) and await is_out(session, bid)):
        raise NotFound("没有这份投标文件")
