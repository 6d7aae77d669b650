"""Rows an act at the desk holds, locked in one order: lot, evaluation; and what its rules decide on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.tables import Opening
from evaluation.committees.queries import DeskSeat, committee_of, seat_at_desk, sitting
from evaluation.scoring.gathering import (
    altered,
    announced_of,
    bid_facts,
    bodies_unchecked,
    opened_prices,
    read_bids,
    read_method,
    stated_method,
)
from evaluation.scoring.model import EvaluationAct, EvaluationStep, Method
from evaluation.scoring.rules import DeskFacts
from evaluation.scoring.steps import ACTS, CENTRE, LEADER, admit
from evaluation.scoring.tables import AlertReason, Evaluation, ReviewSubmission, ScoreSheet
from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import Conflict, NotAllowed, Refused
from trading.tenders.model import Stage
from trading.tenders.queries import lock_lot
from trading.tenders.tables import Lot

AUDIENCE = ("evaluation", "supervisor")
_JUDGED = frozenset({EvaluationStep.COMPETITION, EvaluationStep.SCORING, EvaluationStep.REVEALING,
                     EvaluationStep.ALERTS, EvaluationStep.TECHNICAL, EvaluationStep.TECHNICAL_SIGNING,
                     EvaluationStep.RANKED, EvaluationStep.SIGNING})


@dataclass(slots=True)
class Desk:
    """One evaluation as an act finds it: rows under lock, the clock read after, who sits and who acts."""

    lot: Lot
    evaluation: Evaluation
    seats: Sequence[DeskSeat]
    seat: DeskSeat | None
    now: datetime

    @property
    def stream(self) -> str:
        """The ledger stream of the lot."""
        return f"lot:{self.lot.id}"

    @property
    def method(self) -> Method:
        """The method by which the lot is evaluated."""
        return read_method(self.evaluation.method)

    @property
    def own(self) -> DeskSeat:
        """The acting member's seat."""
        if self.seat is None:
            raise NotAllowed("只有本标段评标委员会成员可以进行此操作")
        return self.seat

    @property
    def members(self) -> list[UUID]:
        """Who sits now."""
        return [each.member_id for each in self.seats]

    @property
    def aliases(self) -> dict[str, str]:
        """Alias by member."""
        return {str(each.member_id): each.alias for each in self.seats}

    @property
    def judges(self) -> dict[str, str]:
        """Alias by member of those whose votes and sheets count: of a signed technical result, those who made it."""
        held = self.evaluation
        if held.technical_paper_id is not None and held.technical is not None:
            return {each["member"]: each["alias"] for each in held.technical["members"]}
        return self.aliases

    @property
    def valid(self) -> list[str]:
        """The bids that came through the initial review."""
        return valid_bids(self.evaluation)

    def move(self, step: EvaluationStep, by: str) -> None:
        """Takes a step; who took it is told to whoever comes second (fault 23)."""
        self.evaluation.step, self.evaluation.step_at, self.evaluation.step_by = step, self.now, by

    def expect(self, step: str) -> None:
        """Raises ``Conflict`` naming who was quicker when the desk has left the step the actor saw (fault 23)."""
        if self.evaluation.step != step:
            at = shanghai(self.evaluation.step_at)
            raise Conflict(f"评标已由{self.evaluation.step_by}于 {at:%H:%M:%S} 推进", step=self.evaluation.step,
                           by=self.evaluation.step_by, at=to_wire(self.evaluation.step_at))

    def note(self, uow: Work, action: str, actor: Actor, payload: Mapping[str, Any]) -> None:
        """Records an act of the desk: by alias, for those who may read evaluations."""
        told = {"alias": self.seat.alias} if self.seat else {}
        uow.record(action, actor, stream=self.stream, subject=self.stream, audience=AUDIENCE,
                   payload={**told, **payload})


def valid_bids(evaluation: Evaluation) -> list[str]:
    """The bids no majority rejected; nothing before the reviews are collated."""
    rejections = evaluation.rejections
    return [] if rejections is None else [each["bid"] for each in evaluation.bids if not rejections[each["bid"]]]


async def enter_desk(uow: Work, lot_id: UUID, act: EvaluationAct, actor: Actor, *,
                     expected: str | None = None) -> Desk:
    """Locks lot and evaluation, reads the clock, seats the actor, and asks every rule of the act.

    The first act opens the desk. Raises ``NotAllowed``, ``Conflict``, ``Refused``, ``RulesUnmet``.
    """
    lot = await lock_lot(uow, lot_id)
    found = await hold_evaluation(uow, lot_id)
    now = await uow.now()
    is_centre = ACTS[act].role == CENTRE
    if is_centre and not actor.has(CENTRE):
        raise NotAllowed("只有交易中心可以进行此操作")
    seat = None if is_centre else await seat_at_desk(uow.session, lot_id, actor, now)
    if ACTS[act].role == LEADER and (seat is None or not seat.is_leader):
        raise NotAllowed("只有评标委员会负责人可以进行此操作")
    evaluation = found or await _open_desk(uow, lot, now)
    desk = Desk(lot, evaluation, await sitting(uow.session, lot_id), seat, now)
    await _redo_for_newcomers(uow, desk)
    if expected is not None:
        desk.expect(expected)
    admit(act, desk.evaluation.step, await facts_of(uow.session, desk.lot, desk.evaluation, desk.members))
    return desk


async def hold_evaluation(uow: Work, lot_id: UUID) -> Evaluation | None:
    """The evaluation FOR UPDATE, if the desk was opened."""
    query = select(Evaluation).where(Evaluation.lot_id == lot_id).with_for_update()
    return (await uow.session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def _open_desk(uow: Work, lot: Lot, now: datetime) -> Evaluation:
    """The evaluation's row, with the bids as decrypted and the method as stated, for good (B-023, A-136)."""
    if lot.stage != Stage.EVALUATING:
        raise Refused("标段不在评标阶段", stage=lot.stage)
    opening = await uow.session.get_one(Opening, lot.id)
    bids = await bid_facts(uow.session, lot)
    made = Evaluation(lot_id=lot.id, step=EvaluationStep.REVIEWING, step_at=now, step_by=PLATFORM.name, round=1,
                      begun_at=now, set_sha256=opening.set_sha256, method=stated_method(lot, opening), bids=bids,
                      restarts=[], alerts=[])
    uow.session.add(made)
    await uow.session.flush()
    uow.record("evaluation.desk_opened", PLATFORM, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", audience=AUDIENCE,
               payload={"set_sha256": made.set_sha256, "method": made.method, "bids": [
                   {name: each[name] for name in ("bid", "place", "price", "statement_sha256", "body_sha256")}
                   for each in bids]})
    return made


async def _redo_for_newcomers(uow: Work, desk: Desk) -> None:
    """A replaced member's conclusions are void and redone: the review opens again for who took its seat (R-125).

    Not so once a technical result is signed: who passed is fixed before any price is known (R-318).
    """
    held = desk.evaluation
    if held.technical_paper_id is not None:
        return
    if held.step not in _JUDGED or await submitted(uow.session, desk.lot.id) >= set(desk.members):
        return
    held.rejections, held.alerts, held.outcome, held.outcome_sha256 = None, [], None, None
    held.technical, held.technical_sha256 = None, None
    held.round, held.paper_id = held.round + 1, None
    desk.move(EvaluationStep.REVIEWING, PLATFORM.name)
    desk.note(uow, "evaluation.reopened", PLATFORM, {"round": held.round, "reason": "评标委员会成员更换（R-125）"})


async def submitted(session: AsyncSession, lot_id: UUID) -> set[UUID]:
    """Who has submitted its review."""
    query = select(ReviewSubmission.member_id).where(ReviewSubmission.lot_id == lot_id)
    return set((await session.scalars(query)).all())


async def sheets_of(session: AsyncSession, evaluation: Evaluation, members: Collection[UUID]) -> list[ScoreSheet]:
    """The sheets of this round, of those now sitting."""
    query = select(ScoreSheet).where(ScoreSheet.lot_id == evaluation.lot_id, ScoreSheet.round == evaluation.round,
                                     ScoreSheet.member_id.in_(members)).order_by(ScoreSheet.member_id)
    return [*(await session.scalars(query)).all()]


async def reasons_of(session: AsyncSession, evaluation: Evaluation) -> dict[str, str]:
    """The written reasons of this round, by alert."""
    query = select(AlertReason).where(AlertReason.lot_id == evaluation.lot_id, AlertReason.round == evaluation.round)
    return {each.alert: each.text for each in await session.scalars(query)}


async def facts_of(session: AsyncSession, lot: Lot, evaluation: Evaluation | None,
                   members: Collection[UUID]) -> DeskFacts:
    """What the rules decide on, read from the rows as they stand in this transaction."""
    waiting, size = bodies_unchecked(await read_bids(session, lot)), (await committee_of(session, lot.id)).size
    facts = DeskFacts(members=len(members), size=size, bodies_unchecked=waiting, is_suspended=lot.suspended)
    if evaluation is None:
        return facts
    reasons = await reasons_of(session, evaluation)
    return replace(
        facts, reviewed=len(await submitted(session, lot.id) & set(members)),
        committed=len(await sheets_of(session, evaluation, members)),
        alerts_open=sum(each["id"] not in reasons for each in evaluation.alerts),
        altered=altered(evaluation.bids, await bid_facts(session, lot), await announced_of(session, lot)),
        prices_are_published=await opened_prices(session, lot) is not None,
        is_signed=evaluation.step == EvaluationStep.FINISHED)
