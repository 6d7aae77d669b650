"""What the desk waits for: each member for its own part, the leader for the report, everyone for their signature."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.tables import Committee, CommitteeMember
from evaluation.scoring.answers import desk_answer
from evaluation.scoring.model import EvaluationAct
from evaluation.scoring.queries import view_desk
from storage.kernel.actor import Actor
from storage.kernel.errors import DomainError
from storage.kernel.task import Task
from trading.papers.tables import Paper, PaperSignature
from trading.tenders.model import Stage
from trading.tenders.tables import Lot

_MOST = 20
_SIGN = "sign_report"
# The first act of the list that is open to the asker is what it owes; the others it may do, and need not.
_OWED = (EvaluationAct.SUBMIT_REVIEW, EvaluationAct.VOTE_COMPETITION, EvaluationAct.COMMIT_SCORES,
         EvaluationAct.REVEAL_SCORES, EvaluationAct.EXPLAIN_ALERT, EvaluationAct.LAY_OUT_REPORT,
         EvaluationAct.TAKE_PRICES)


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Evaluations that wait for this member inside their hours; nobody else's list tells of one (A-134)."""
    if actor.party_id is None:
        return []
    found = [await _task(session, lot, ends_at, actor) for lot, ends_at in await _lots(session, actor)]
    return [task for task in found if task is not None]


async def _lots(session: AsyncSession, actor: Actor) -> Sequence[tuple[Lot, datetime]]:
    query = (select(Lot, Committee.ends_at).join(Committee, Committee.lot_id == Lot.id)
             .join(CommitteeMember, CommitteeMember.lot_id == Lot.id)
             .where(Lot.stage == Stage.EVALUATING, CommitteeMember.party_id == actor.party_id,
                    CommitteeMember.status == "signed_in").order_by(Committee.ends_at).limit(_MOST))
    return [(lot, ends_at) for lot, ends_at in (await session.execute(query)).all()]


async def _task(session: AsyncSession, lot: Lot, ends_at: datetime, actor: Actor) -> Task | None:
    try:
        answer = desk_answer(await view_desk(session, lot.id, actor))
    except DomainError:  # outside the hours the desk is closed, and owes nothing
        return None
    act = next((each.value for each in _OWED if each in answer["may"]), None)
    if act is None and answer.get("report_paper") and await _must_sign(session, answer["report_paper"], actor):
        act = _SIGN
    return Task(f"evaluation_{act}", lot.title, f"/lots/{lot.id}/evaluation", ends_at) if act else None


async def _must_sign(session: AsyncSession, paper_id: str, actor: Actor) -> bool:
    paper = await session.get_one(Paper, paper_id)
    own = [capacity for capacity, party in paper.seats.items() if party == str(actor.party_id)]
    signed = await session.scalars(select(PaperSignature.capacity).where(
        PaperSignature.paper_id == paper.id, PaperSignature.signed_at.is_not(None)))
    return bool(set(own) - set(signed.all()))
