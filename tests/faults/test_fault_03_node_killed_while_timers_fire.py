"""Fault 03: kill -9 of the node that runs the timers, at each step of a firing."""

import pytest
from sqlalchemy import func, select, text

from storage.database.engine import Sessions
from storage.timers.commands import schedule
from storage.timers.tables import Timer
from tests.ledger_world import TIMER_PROCESS, dies_by_kill, process, sessions_of
from tests.waiting import eventually


async def all_done(sessions: Sessions, count: int) -> bool:
    async with sessions() as session:
        done = select(func.count()).select_from(Timer).where(Timer.done_at.is_not(None))
        return (await session.execute(done)).scalar_one() == count


@pytest.mark.parametrize("point", ["timer.claimed", "timer.marked", "timer.committed"])
async def test_fault_03_each_effect_comes_once_whoever_died(database_url: str, point: str) -> None:
    subjects = [f"lot:{number}" for number in range(20)]
    async with sessions_of(database_url) as sessions:
        async with sessions() as session, session.begin():
            now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            for subject in subjects:
                await schedule(session, subject, "notice", now)
        for passages in ("0", "3", "6"):
            assert await dies_by_kill(TIMER_PROCESS, database_url, YUNKAI_FAULT_POINT=point,
                                      YUNKAI_FAULT_AFTER=passages)
        survivor = process(TIMER_PROCESS, database_url)
        try:
            await eventually(lambda: all_done(sessions, 20))
        finally:
            survivor.kill()
            survivor.wait()
        async with sessions() as session:
            effects = list(await session.scalars(text("SELECT subject FROM ledger_outbox")))
        assert sorted(effects) == sorted(subjects)
