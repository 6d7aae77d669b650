"""Looks for due timers and runs their handlers. Any number of nodes may sweep; each timer takes effect once.

Lateness changes no right: whether a window is open is computed under the lot's lock, never by a timer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy import Float, cast, func, or_, select, update

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.errors import DomainError
from storage.timers.claim import ClaimLost, TimedWork, still_due
from storage.timers.tables import Timer

Handler = Callable[[Work, str], Awaitable[None]]
LANES = 4
LONGEST_BACK_OFF_SECONDS = 300
_LOG = structlog.get_logger(__name__)


async def sweep(sessions: Sessions, handlers: Mapping[str, Handler], *, limit: int = 100) -> int:
    """Runs what is due, oldest first; answers how many timers took effect here.

    A handler gets a unit of work *not yet entered* and passes it to the same command a person's
    request would reach; that command's commit marks the timer. A handler that commits nothing had
    nothing to do, and the timer is marked alone. One that raises is tried again, ever more slowly,
    while the others go on.
    """
    due = await _due(sessions, handlers, limit)
    lanes = asyncio.Semaphore(LANES)

    async def run(timer_id: int, subject: str, kind: str) -> bool:
        async with lanes:
            return await _fire(sessions, handlers[kind], timer_id, subject, kind)

    return sum(await asyncio.gather(*(run(*row) for row in due)))


async def _due(sessions: Sessions, handlers: Mapping[str, Handler], limit: int) -> list[tuple[int, str, str]]:
    rested = or_(Timer.retry_at.is_(None), Timer.retry_at <= func.clock_timestamp())
    query = (
        select(Timer.id, Timer.subject, Timer.kind)
        .where(*still_due(), rested, Timer.kind.in_(list(handlers)))
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
    )
    async with sessions() as session:
        return [(row.id, row.subject, row.kind) for row in await session.execute(query)]


async def _fire(sessions: Sessions, handler: Handler, timer_id: int, subject: str, kind: str) -> bool:
    work = TimedWork(sessions, timer_id)
    try:
        await handler(work, subject)
        if not work.is_done:
            async with work:
                await work.commit()
        return True
    except ClaimLost:
        return False
    except Exception as error:  # one bad timer must not stop the others
        _LOG.warning("timer.failed", kind=kind, subject=subject, error=type(error).__name__)
        await _note_failure(sessions, timer_id, error)
        return False


async def _note_failure(sessions: Sessions, timer_id: int, error: Exception) -> None:
    # Only our own errors speak: a driver's message may quote parameters.
    reason = f"{error.code}: {error.message}" if isinstance(error, DomainError) else type(error).__name__
    wait = func.least(func.power(2, Timer.attempts), LONGEST_BACK_OFF_SECONDS)
    note = update(Timer).where(Timer.id == timer_id, Timer.done_at.is_(None)).values(
        attempts=Timer.attempts + 1, last_error=reason,
        retry_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, cast(wait, Float)))
    async with sessions() as session, session.begin():
        await session.execute(note.execution_options(synchronize_session=False))


async def seconds_to_next(sessions: Sessions) -> float | None:
    """Seconds until the next timer that is not yet due, by the database clock; None when there is none."""
    wait = cast(func.extract("epoch", func.min(Timer.due_at) - func.clock_timestamp()), Float)
    query = select(wait).where(Timer.done_at.is_(None), Timer.due_at > func.clock_timestamp())
    async with sessions() as session:
        return await session.scalar(query)
