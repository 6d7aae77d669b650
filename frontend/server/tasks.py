"""One task list a person: what every room says waits for the one who asks."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from litestar import get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.tasks import tasks_of as bids
from bidding.deposits.tasks import tasks_of as deposits
from bidding.guarantees.tasks import tasks_of as guarantees
from bidding.opening.tasks import tasks_of as openings
from evaluation.committees.tasks import tasks_of as committees
from evaluation.scoring.tasks import tasks_of as desks
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotSignedIn
from storage.kernel.task import Task
from trading.awards.tasks import tasks_of as awards
from trading.parties.tasks import tasks_of as enrolments
from trading.tenders.queries import now_of
from trading.tenders.tasks import tasks_of as papers
from trading.trust.tasks import tasks_of as trusts

_ROOMS: tuple[Callable[[AsyncSession, Actor, datetime], Awaitable[list[Task]]], ...] = (
    enrolments, trusts, papers, bids, openings, awards, deposits, guarantees, committees, desks)
_LAST = datetime.max.replace(tzinfo=UTC)


@get("/api/me/tasks", operation_id="readTasks")
async def read_tasks(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> dict[str, object]:
    """What the asking person owes, the soonest first; nothing in it depends on what others do before a deadline."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    now = await now_of(reader)
    found = [task for tasks_of in _ROOMS for task in await tasks_of(reader, actor, now)]
    found.sort(key=lambda task: task.due_at or _LAST)
    return {"now": to_wire(now), "items": [
        {"kind": task.kind, "title": task.title, "link": task.link,
         "due_at": to_wire(task.due_at) if task.due_at else None} for task in found]}
