"""Due rows: each takes effect once, whoever sweeps, and a bad one stops no other."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import CLOCK
from storage.kernel.errors import Refused
from storage.timers.commands import cancel, schedule
from storage.timers.runner import Housekeeping, Runner
from storage.timers.sweep import seconds_to_next, sweep
from storage.timers.tables import Timer
from tests.ledger_world import LOT, TIMER_PROCESS, connect, noticing, process, sessions_of
from tests.waiting import eventually


async def set_timers(sessions: Sessions, *subjects: str, kind: str = "notice", after: float = 0) -> datetime:
    async with sessions() as session, session.begin():
        now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        for subject in subjects:
            await schedule(session, subject, kind, now + timedelta(seconds=after))
    return now + timedelta(seconds=after)


async def effects(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list(await session.scalars(text("SELECT subject FROM ledger_outbox ORDER BY id")))


async def timer(sessions: Sessions, subject: str) -> Timer:
    async with sessions() as session:
        return (await session.scalars(select(Timer).where(Timer.subject == subject))).one()


async def test_three_nodes_fire_a_hundred_due_timers_once_each(database_url: str) -> None:
    subjects = [f"lot:{number}" for number in range(100)]
    async with sessions_of(database_url) as sessions:
        await set_timers(sessions, *subjects, after=1.5)
        nodes = [process(TIMER_PROCESS, database_url) for _ in range(3)]
        try:
            await eventually(lambda: _all_done(sessions, 100))
        finally:
            for node in nodes:
                node.kill()
                node.wait()
        assert sorted(await effects(sessions)) == sorted(subjects)


async def _all_done(sessions: Sessions, count: int) -> bool:
    async with sessions() as session:
        done = select(func.count()).select_from(Timer).where(Timer.done_at.is_not(None))
        return (await session.execute(done)).scalar_one() == count


async def test_a_timer_fires_at_its_instant_and_not_before(database_url: str) -> None:
    async with sessions_of(database_url) as sessions:
        due = await set_timers(sessions, "lot:1", after=4)
        assert await sweep(sessions, {"notice": noticing}) == 0
        wait = await seconds_to_next(sessions)
        assert wait is not None
        assert 0 < wait <= 4
        stop = asyncio.Event()
        running = asyncio.create_task(Runner(sessions, {"notice": noticing}).run(stop))
        await eventually(lambda: _all_done(sessions, 1))
        stop.set()
        await running
        fired = (await timer(sessions, "lot:1")).done_at
        assert fired is not None
        assert fired >= due


async def test_a_failing_timer_waits_longer_each_time_and_the_others_go_on(database_url: str) -> None:
    async def failing(work: Work, subject: str) -> None:
        if subject == "lot:bad":
            raise Refused("开标室未就绪")
        await noticing(work, subject)

    async with sessions_of(database_url) as sessions:
        await set_timers(sessions, "lot:bad", "lot:good")
        assert await sweep(sessions, {"notice": failing}) == 1
        assert await effects(sessions) == ["lot:good"]
        bad = await timer(sessions, "lot:bad")
        assert (bad.attempts, bad.done_at, bad.last_error) == (1, None, "refused: 开标室未就绪")
        assert await sweep(sessions, {"notice": noticing}) == 0
        with connect(database_url) as connection:
            connection.execute("UPDATE timer SET retry_at = clock_timestamp()")
        assert await sweep(sessions, {"notice": noticing}) == 1
        assert await effects(sessions) == ["lot:good", "lot:bad"]


async def test_a_rolled_back_effect_leaves_its_timer_due(database_url: str) -> None:
    async def dying(work: Work, subject: str) -> None:
        async with work:
            work.record("lot.noticed", CLOCK, stream=LOT, subject=subject, payload={})
            await work.session.flush()
            raise ConnectionError

    async with sessions_of(database_url) as sessions:
        await set_timers(sessions, "lot:1")
        assert await sweep(sessions, {"notice": dying}) == 0
        assert await effects(sessions) == []
        assert (await timer(sessions, "lot:1")).last_error == "ConnectionError"


async def test_a_handler_with_nothing_to_do_settles_its_timer(database_url: str) -> None:
    async def idle(work: Work, subject: str) -> None:
        return None

    async with sessions_of(database_url) as sessions:
        await set_timers(sessions, "lot:1")
        assert await sweep(sessions, {"notice": idle}) == 1
        assert await sweep(sessions, {"notice": idle}) == 0


async def test_scheduling_again_moves_and_arms_and_cancelling_takes_back(database_url: str) -> None:
    async with sessions_of(database_url) as sessions:
        due = await set_timers(sessions, "lot:1")
        assert await sweep(sessions, {"notice": noticing}) == 1
        async with sessions() as session, session.begin():
            await schedule(session, "lot:1", "notice", due)
        assert await sweep(sessions, {"notice": noticing}) == 0
        await set_timers(sessions, "lot:1", after=-1)
        assert await sweep(sessions, {"notice": noticing}) == 1
        await set_timers(sessions, "lot:1", "lot:2")
        async with sessions() as session, session.begin():
            await cancel(session, "lot:1", "notice")
        assert await sweep(sessions, {"notice": noticing}) == 1
        assert await effects(sessions) == ["lot:1", "lot:1", "lot:2"]


async def test_an_extension_that_holds_the_lot_wins_over_the_closing_timer_without_deadlock(database_url: str) -> None:
    started = asyncio.Event()

    async def closing(work: Work, subject: str) -> None:
        async with work:
            started.set()
            await work.session.execute(text("SELECT pg_advisory_xact_lock(42)"))  # the lot's row lock
            work.record("lot.closed", CLOCK, stream=LOT, subject=subject, payload={})
            await work.commit()

    async with sessions_of(database_url) as sessions:
        await set_timers(sessions, "lot:1")
        async with sessions() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(42)"))
            sweeping = asyncio.create_task(sweep(sessions, {"notice": closing}))
            await started.wait()
            now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            await asyncio.wait_for(schedule(session, "lot:1", "notice", now + timedelta(hours=1)), 5)
            await session.commit()
        assert await sweeping == 0
        assert await effects(sessions) == []
        moved = await timer(sessions, "lot:1")
        assert (moved.done_at, moved.attempts) == (None, 0)


async def test_housekeeping_runs_and_survives_its_failures(database_url: str) -> None:
    turns: list[int] = []

    async def chore() -> None:
        turns.append(1)
        raise OSError

    async with sessions_of(database_url) as sessions:
        stop = asyncio.Event()
        runner = Runner(sessions, {}, [Housekeeping("orphans", timedelta(seconds=0.2), chore)])
        running = asyncio.create_task(runner.run(stop))

        async def twice() -> bool:
            return len(turns) >= 2
        await eventually(twice)
        stop.set()
        await running
