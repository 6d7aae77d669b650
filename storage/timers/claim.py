"""The unit of work of a due timer: its effect and its done mark are one commit."""

from typing import Self

from sqlalchemy import ColumnElement, func, select, update

from storage.database.engine import Sessions
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.timers.tables import Timer

_CLAIM_SPACE = 0x74696D65  # "time"


class ClaimLost(Exception):
    """Another node has this timer, or it is done, moved or cancelled. Nothing was changed."""


class TimedWork(Work):
    """A unit of work that commits only as the one firing of its timer.

    The claim is an advisory lock of the transaction, so it dies with it, and it never blocks the row:
    a command that holds a lot and moves its timer cannot deadlock with the sweep, which comes the
    other way. The row itself is judged and marked last, after the command took its own locks.
    """

    def __init__(self, sessions: Sessions, timer_id: int) -> None:
        super().__init__(sessions)
        self._timer_id = timer_id
        self.is_done = False

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if not self.is_done and not await self._claimed():
            await self.session.close()
            raise ClaimLost
        reach("timer.claimed")
        return self

    async def _claimed(self) -> bool:
        lock = select(func.pg_try_advisory_xact_lock(_CLAIM_SPACE, self._timer_id))
        if not (await self.session.execute(lock)).scalar_one():
            return False
        due = select(Timer.id).where(Timer.id == self._timer_id, *still_due())
        return (await self.session.execute(due)).one_or_none() is not None

    async def commit(self) -> None:
        """Marks the timer done and commits; raises ``ClaimLost`` when it was moved or done meanwhile."""
        if not self.is_done:
            await self.session.flush()
            mark = (
                update(Timer).where(Timer.id == self._timer_id, *still_due())
                .values(done_at=func.clock_timestamp(), last_error=None)
                .returning(Timer.id).execution_options(synchronize_session=False)
            )
            if (await self.session.execute(mark)).one_or_none() is None:
                raise ClaimLost
        reach("timer.marked")
        await super().commit()
        self.is_done = True
        reach("timer.committed")


def still_due() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions of a row that may fire, by the database clock."""
    return Timer.done_at.is_(None), Timer.due_at <= func.clock_timestamp()
