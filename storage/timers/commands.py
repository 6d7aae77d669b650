"""Setting and taking back timers, inside the transaction of the act that needs them."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.timers.tables import Timer


async def schedule(session: AsyncSession, subject: str, kind: str, due_at: datetime) -> None:
    """Sets the timer, or moves it. A moved timer is armed anew; the same instant again changes nothing."""
    row = insert(Timer).values(subject=subject, kind=kind, due_at=due_at)
    await session.execute(row.on_conflict_do_update(
        index_elements=[Timer.subject, Timer.kind],
        set_={"due_at": row.excluded.due_at, "done_at": None, "attempts": 0, "last_error": None, "retry_at": None},
        where=Timer.due_at != row.excluded.due_at,
    ))


async def cancel(session: AsyncSession, subject: str, kind: str) -> None:
    """Takes a timer back that has not fired; one that has stays as it is."""
    await session.execute(
        delete(Timer).where(Timer.subject == subject, Timer.kind == kind, Timer.done_at.is_(None)))
