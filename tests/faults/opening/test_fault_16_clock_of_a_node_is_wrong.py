"""Fault 16: a node's own clock is five minutes off near the deadline. The database clock rules."""

import asyncio
from datetime import timedelta

import pytest

from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import from_wire, process_now
from storage.objects.store import ObjectStore
from storage.timers.commands import schedule
from tests.opening_world import Hall, found_hall
from tests.platform_parts import StartNode

FAKE_TIME = {"LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
             "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
async def hall(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Hall:
    """No worker in this process; what runs is the node with the wrong clock."""
    return await found_hall(sessions, settings, object_store)


@pytest.mark.cts("A-97")
@pytest.mark.parametrize("offset", ["+300s", "-300s"])
async def test_fault_16_nothing_opens_early_and_nothing_late(hall: Hall, start_node: StartNode, offset: str) -> None:
    right = start_node()
    for bidder in hall.world.bidders:
        await hall.submit(bidder, "8000000.00")
    right.kill()
    start_node(FAKE_TIME | {"FAKETIME": offset})
    deadline = process_now() + timedelta(seconds=8)
    await hall.world.set_deadline(deadline)
    async with hall.world.sessions() as session, session.begin():
        await schedule(session, str(hall.lot.id), "lot.close_bidding", deadline)
    while process_now() < deadline - timedelta(seconds=0.5):
        assert (await hall.snapshot())["step"] == "waiting"
        await asyncio.sleep(0.5)
    for _ in range(300):
        if (await hall.snapshot())["step"] == "frozen":
            break
        await asyncio.sleep(0.1)
    [(_, frozen)] = await hall.entries("lot.bids_frozen")
    assert from_wire(frozen["opened_at"]) >= deadline
    assert frozen["late_ms"] < 20_000
