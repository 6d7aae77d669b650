"""Fault 16: a node's own clock is five minutes off near the deadline. The database clock rules."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import from_wire, process_now
from storage.objects.store import ObjectStore
from storage.timers.commands import schedule
from tests.nodes import NodeProcess
from tests.opening_world import Hall, found_hall
from tests.platform_parts import StartNode
from tests.waiting import eventually


def wrong_by(offset: int) -> dict[str, str]:
    """The environment of a process whose clock is off by so many seconds; Debian's libfaketime turns it."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME": f"{offset:+}s"}


def clock_of(node: NodeProcess) -> tuple[str, float]:
    """What the node says of its own clock beside the database's."""
    said = httpx.get(f"{node.address}/readyz", timeout=10).json()
    return said["clock"], said["clock_skew_seconds"]


@pytest.fixture
async def hall(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Hall:
    """No worker in this process; what runs is the node with the wrong clock."""
    return await found_hall(sessions, settings, object_store)


@pytest.mark.cts("A-97")
@pytest.mark.parametrize("offset", [300, -300])
async def test_fault_16_nothing_opens_early_and_nothing_late(hall: Hall, start_node: StartNode, offset: int) -> None:
    right = start_node()
    assert clock_of(right)[0] == "ok"
    for bidder in hall.world.bidders:
        await hall.submit(bidder, "8000000.00")
    right.kill()
    word, skew = clock_of(start_node(wrong_by(offset)))
    assert (word, skew) == ("skewed", pytest.approx(300, abs=10)), "its clock is wrong, and it says so"
    deadline = process_now() + timedelta(seconds=8)
    await hall.world.set_deadline(deadline)
    async with hall.world.sessions() as session, session.begin():
        await schedule(session, str(hall.lot.id), "lot.close_bidding", deadline)
    async def frozen() -> bool:
        step = (await hall.snapshot())["step"]
        assert step == "waiting" or process_now() >= deadline
        return bool(step == "frozen")
    await eventually(frozen)
    [(_, told)] = await hall.entries("lot.bids_frozen")
    assert from_wire(told["opened_at"]) >= deadline
    assert told["late_ms"] < abs(offset) * 500, "late by what the machine takes, not by its clock"
