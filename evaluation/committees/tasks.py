"""What a committee waits for: the tenderee to draw, members to answer, sign in and vote, the centre to begin."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.answers import committee_answer
from evaluation.committees.model import SEATED, CommitteeAct, CommitteeStep
from evaluation.committees.queries import view_committee
from evaluation.committees.tables import Committee, CommitteeMember
from storage.kernel.actor import Actor
from storage.kernel.clock import from_wire
from storage.kernel.task import Task
from trading.tenders.model import Stage
from trading.tenders.tables import Lot

_MOST = 20
_STAGES = (Stage.OPENING, Stage.OPENED, Stage.EVALUATING)
# The first act of the list that is open to the asker is what it owes; the others it may do, and need not.
_OWED = (CommitteeAct.ANSWER, CommitteeAct.SIGN_IN, CommitteeAct.VOTE, CommitteeAct.NAME_REPRESENTATIVE,
         CommitteeAct.DRAW, CommitteeAct.BEGIN_EVALUATION)


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Committees that wait for this actor; nobody else's task list tells of a member (A-134)."""
    if actor.party_id is None:
        return []
    found = [await _task(session, lot, actor) for lot in await _lots(session, actor)]
    return [task for task in found if task is not None]


async def _lots(session: AsyncSession, actor: Actor) -> Sequence[Lot]:
    own = select(CommitteeMember.lot_id).where(CommitteeMember.party_id == actor.party_id,
                                               CommitteeMember.status.in_(sorted(SEATED)))
    query = select(Lot).join(Committee, Committee.lot_id == Lot.id, isouter=True).where(Lot.stage.in_(_STAGES))
    if actor.has("centre"):
        query = query.where(Committee.step == CommitteeStep.DRAWN)
    else:
        query = query.where(or_(Lot.tenderee_id == actor.party_id, Lot.agency_id == actor.party_id, Lot.id.in_(own)))
    return (await session.scalars(query.order_by(Lot.deadline_at).limit(_MOST))).all()


async def _task(session: AsyncSession, lot: Lot, actor: Actor) -> Task | None:
    answer = committee_answer(await view_committee(session, lot.id, actor))
    link = f"/lots/{lot.id}/committee"
    if answer["step"] == CommitteeStep.NONE:
        return Task("request_committee", lot.title, link)
    act = next((each for each in _OWED if each in answer["may"]), None)
    if act is None and actor.has("centre") and answer["must_extend"]:
        return Task("extend_hours", lot.title, link)
    if act is None:
        return None
    due = from_wire(answer["request"]["starts_at"])
    return Task(f"committee_{act.value}", lot.title, link, due)
