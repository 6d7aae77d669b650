"""The tick: APScheduler with a memory store calls the sweep and the housekeeping. It is never the truth.

A store shared by nodes fires twice or not at all (measured), so the due rows alone decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import SQLAlchemyError

from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from storage.timers.sweep import Handler, seconds_to_next, sweep

TICK_SECONDS = 1.0
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Work that may run on any node, at any time, twice or never, without harm (an orphan sweep, say)."""

    name: str
    every: timedelta
    act: Callable[[], Awaitable[object]]


class Runner:
    """Sweeps every second, and at the very instant of the next due timer."""

    def __init__(self, sessions: Sessions, handlers: Mapping[str, Handler],
                 housekeeping: Sequence[Housekeeping] = ()) -> None:
        self._sessions, self._handlers, self._housekeeping = sessions, handlers, housekeeping
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._sweeping = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; a sweep under way is finished first."""
        self._scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS, coalesce=True, max_instances=1,
                                misfire_grace_time=None, next_run_time=process_now())
        for chore in self._housekeeping:
            self._scheduler.add_job(_tidily, "interval", args=[chore], seconds=chore.every.total_seconds(),
                                    coalesce=True, max_instances=1, misfire_grace_time=None)
        self._scheduler.start()
        try:
            await stop.wait()
        finally:
            self._scheduler.shutdown(wait=False)
            async with self._sweeping:
                pass

    async def _tick(self) -> None:
        async with self._sweeping:
            try:
                while await sweep(self._sessions, self._handlers):
                    pass
                self._wake_in(await seconds_to_next(self._sessions))
            except (SQLAlchemyError, OSError) as error:
                _LOG.warning("timers.database_away", kind=type(error).__name__)

    def _wake_in(self, seconds: float | None) -> None:
        if seconds is not None and 0 <= seconds < TICK_SECONDS:
            at = process_now() + timedelta(seconds=seconds)
            self._scheduler.add_job(self._tick, "date", run_date=at, id="next-due", replace_existing=True,
                                    misfire_grace_time=None)


async def _tidily(chore: Housekeeping) -> None:
    try:
        await chore.act()
    except Exception as error:  # a chore that fails comes round again
        _LOG.warning("housekeeping.failed", chore=chore.name, kind=type(error).__name__)
