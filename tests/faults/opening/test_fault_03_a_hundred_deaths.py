"""Fault 03: a hundred nodes die one after another, each at a step drawn by its seed; every lot closes exactly once."""

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bidding.opening.timers import CLOSE_BIDDING, timers
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.ledger.tables import LedgerOutbox
from storage.objects.store import ObjectStore
from storage.timers.commands import schedule
from storage.timers.sweep import sweep
from storage.timers.tables import Timer
from tests.bids_world import Founder
from tests.nodes import ROOT
from tests.opening_world import Hall, found_hall

SEEDS = 100
STEPS = ("timer.claimed", "opening.closing", "timer.marked", "timer.committed")

# Forks a process for each line; it runs the platform's own timers until it kills itself at the step that is named.
DOOMED = """
import asyncio, os, sys
from pathlib import Path
from bidding.opening.timers import timers
from storage.crypto.platform_keys import load_platform_keys
from storage.database import fault_points
from storage.kernel.clock import process_now
from storage.timers.runner import Runner
from tests.ledger_world import sessions_of

url, folder, name = sys.argv[1:]
keys = load_platform_keys(Path(folder), name=name, now=process_now())

async def fire():
    async with sessions_of(url) as sessions:
        await Runner(sessions, timers(keys)).run(asyncio.Event())

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        fault_points._POINT, passages = line.split()
        fault_points._passages_left = int(passages)
        asyncio.run(fire())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
async def hall(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Hall:
    """No worker runs in this process."""
    return await found_hall(sessions, settings, object_store)


@pytest.fixture
def doomed(hall: Hall) -> Iterator["subprocess.Popen[str]"]:
    """Starts processes that die."""
    settings = hall.settings
    server = subprocess.Popen(
        [sys.executable, "-c", DOOMED, settings.database_url, str(settings.key_directory), settings.platform_name],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield server
    server.kill()
    server.communicate()


async def _due_lot(hall: Hall, founder: Founder, serial: int) -> UUID:
    """One more lot whose hour has come; nobody bid, so it is to fail (R-108)."""
    world = hall.world
    lot = await founder.lot(world.tenderee, world.agency, world.custodians, timedelta(0), serial)
    async with world.sessions() as session, session.begin():
        await schedule(session, str(lot.id), CLOSE_BIDDING, lot.deadline_at)
    return lot.id


async def _waiting(sessions: Sessions) -> int:
    async with sessions() as session:
        return int((await session.execute(select(func.count()).where(Timer.done_at.is_(None)))).scalar_one())


def _die(server: "subprocess.Popen[str]", step: str, passages: int) -> int:
    """The exit code of a process that reaches the step once more than so many times."""
    assert server.stdin
    assert server.stdout
    server.stdin.write(f"{step} {passages}\n")
    server.stdin.flush()
    return int(server.stdout.readline())


async def test_fault_03_a_hundred_deaths_at_any_step_and_each_lot_closes_once(
        hall: Hall, doomed: "subprocess.Popen[str]") -> None:
    founder = Founder(hall.world.sessions, hall.settings.key_directory.parent / "ca", hall.settings.trust_directory)
    sessions, lots, left_open = hall.world.sessions, list[UUID](), 0
    for seed in range(SEEDS):
        draw = random.Random(seed)
        lots.append(await _due_lot(hall, founder, 100 + seed))
        waiting = await _waiting(sessions)
        step, passages = draw.choice(STEPS), draw.randrange(min(3, waiting))
        assert await asyncio.to_thread(_die, doomed, step, passages) == -signal.SIGKILL
        left_open += await _waiting(sessions) == waiting - passages
    assert 0 < left_open < SEEDS, "some died before their commit and some after it"
    assert await _waiting(sessions) > 0, "the last ones left work behind"
    while await _waiting(sessions):
        await sweep(sessions, timers(hall.keys))
    async with sessions() as session:
        acts = await session.execute(select(LedgerOutbox.stream, LedgerOutbox.action).where(
            LedgerOutbox.action.in_(("lot.failed", "lot.bids_frozen"))))
        found = Counter((stream, action) for stream, action in acts)
    assert found == {(f"lot:{lot}", "lot.failed"): 1 for lot in lots}
