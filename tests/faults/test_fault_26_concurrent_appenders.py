"""Fault 26: eight concurrent appenders to one stream, sequencers killed at every point: no fork, no gap, no loss."""

import asyncio

import pytest
from sqlalchemy import text

from storage.database.engine import Sessions
from storage.ledger.export import export_stream, sealed_acts
from storage.ledger.outbox import append
from storage.ledger.queries import feed, latest_checkpoint, log_size
from storage.ledger.verification import verify_export, verify_log
from tests.ledger_world import (
    APPENDER_PROCESS,
    KEY,
    LOG,
    LOT,
    SEQUENCER_PROCESS,
    dies_by_kill,
    draft,
    process,
    sequencing,
    sessions_of,
)
from tests.waiting import eventually

EACH = 50


def written(workers: int) -> set[int]:
    """The numbers that so many appenders commit: each rolls one in ten back."""
    return {number for number in range(workers * EACH) if number % 10 != 9}


async def everything_is_covered(sessions: Sessions) -> bool:
    async with sessions() as session:
        waiting = await session.scalar(text("SELECT count(*) FROM ledger_outbox"))
        checkpoint, size = await latest_checkpoint(session), await log_size(session)
        return waiting == 0 and checkpoint is not None and checkpoint.size == size


async def the_log_is_whole(sessions: Sessions) -> list[object]:
    """Verifies all there is; answers the numbers of the acts in ledger order."""
    async with sessions() as session:
        items = await feed(session, {"public"}, limit=100_000)
        checkpoint = await latest_checkpoint(session)
        bundle = await export_stream(session, None, {"public"}, KEY)
    assert checkpoint is not None
    assert bundle is not None
    shown = verify_export(bundle, KEY)
    block = "".join(f"{item['entry']}\n" for item in items).encode()
    verify_log([block], LOG, [shown.checkpoint])
    payloads = [item["payload"] for item in items]
    return [payload["number"] for payload in payloads if isinstance(payload, dict) and "number" in payload]


async def run_appenders(url: str, kind: str, workers: int) -> None:
    appenders = [process(APPENDER_PROCESS, url, str(worker * EACH), str(EACH), kind) for worker in range(workers)]
    assert [await asyncio.to_thread(appender.wait, 120) for appender in appenders] == [0] * workers


async def test_fault_26_eight_appenders_make_one_chain(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url), sequencing(database_url):
        await run_appenders(database_url, "open", 8)
        await eventually(lambda: everything_is_covered(sessions))
        numbers = await the_log_is_whole(sessions)
        assert (len(numbers), set(numbers)) == (len(written(8)), written(8))
        for worker in range(8):
            own = [number for number in numbers if isinstance(number, int) and number // EACH == worker]
            assert own == sorted(own), "an appender's own order is kept"


@pytest.mark.parametrize("point", ["sequencer.written", "sequencer.committed", "sequencer.signed"])
async def test_fault_26_a_sequencer_killed_anywhere_forks_and_loses_nothing(database_url: str, point: str) -> None:
    async with sessions_of(database_url) as sessions:
        appending = asyncio.create_task(run_appenders(database_url, "open", 2))
        for turn in range(4):
            async with sessions() as session, session.begin():
                await append(session, draft(8 * EACH + turn), await session.scalar(text("SELECT clock_timestamp()")))
            assert await dies_by_kill(SEQUENCER_PROCESS, database_url, YUNKAI_FAULT_POINT=point)
        await appending
        async with sequencing(database_url):
            await eventually(lambda: everything_is_covered(sessions))
        numbers = await the_log_is_whole(sessions)
        expected = written(2) | {8 * EACH + turn for turn in range(4)}
        assert (len(numbers), set(numbers)) == (len(expected), expected)


async def test_fault_26_a_sequencer_killed_while_it_packs_keeps_every_sealed_act_once(database_url: str) -> None:
    async with sessions_of(database_url) as sessions:
        await run_appenders(database_url, "sealed", 1)
        for _ in range(2):
            assert await dies_by_kill(SEQUENCER_PROCESS, database_url, YUNKAI_FAULT_POINT="sequencer.packed")
        async with sequencing(database_url):
            await eventually(lambda: everything_is_covered(sessions))
        async with sessions() as session:
            now = await session.scalar(text("SELECT clock_timestamp()"))
            acts = await sealed_acts(session, LOT, {"public"}, now)
            bundle = await export_stream(session, LOT, {"public"}, KEY, readable_from=now)
        assert bundle is not None
        assert verify_export(bundle, KEY).sealed == len(written(1))
        numbers = [act["payload"] for act in acts]
        assert {item["number"] for item in numbers if isinstance(item, dict)} == written(1)
        assert await the_log_is_whole(sessions) == []
