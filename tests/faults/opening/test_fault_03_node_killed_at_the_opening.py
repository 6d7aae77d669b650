"""Faults 03 and 04: the node that opens a lot is killed, or frozen across the deadline."""

import asyncio
import signal
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bidding.opening.tables import DecryptionPeriod
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from storage.timers.commands import schedule
from tests.frozen import frozen
from tests.nodes import NodeProcess
from tests.opening_world import Hall, found_hall
from tests.platform_parts import StartNode
from tests.waiting import eventually


@pytest.fixture
async def hall(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Hall:
    """Four bidders, no bid yet; no worker runs in this process, only what the test starts."""
    return await found_hall(sessions, settings, object_store, bidders=4)


async def _deadline_in(hall: Hall, seconds: float) -> datetime:
    moment = process_now() + timedelta(seconds=seconds)
    await hall.world.set_deadline(moment)
    async with hall.world.sessions() as session, session.begin():
        await schedule(session, str(hall.lot.id), "lot.close_bidding", moment)
    return moment


async def _step(hall: Hall) -> str:
    return str((await hall.snapshot())["step"])


async def _dead(node: NodeProcess) -> bool:
    return node.process.poll() == -signal.SIGKILL


async def _submit_all(hall: Hall) -> None:
    for bidder in hall.world.bidders[:3]:
        await hall.submit(bidder, "8000000.00")


async def test_fault_03_killed_in_the_midst_of_freezing_another_node_freezes_once(
        hall: Hall, start_node: StartNode) -> None:
    doomed = start_node({"YUNKAI_FAULT_POINT": "opening.closing"})
    await _submit_all(hall)
    deadline = await _deadline_in(hall, 2)
    await eventually(lambda: _dead(doomed))
    assert await _step(hall) == "waiting"
    start_node()
    await eventually(lambda: _is(hall, "frozen"))
    [(_, frozen)] = await hall.entries("lot.bids_frozen")
    assert frozen["count"] == 3
    assert 0 < frozen["late_ms"] <= (process_now() - deadline).total_seconds() * 1000


async def _is(hall: Hall, step: str) -> bool:
    return await _step(hall) == step


@pytest.mark.parametrize("point", ["opening.finishing_bid", "opening.closing_window"])
async def test_fault_03_killed_while_decrypting_or_closing_the_window_the_next_goes_on(
        hall: Hall, start_node: StartNode, point: str) -> None:
    first = start_node()
    await _submit_all(hall)
    await hall.begin()
    first.kill()
    doomed = start_node({"YUNKAI_FAULT_POINT": point})
    for custodian in hall.world.custodians[:2]:
        await hall.release_shares(custodian)
    for bidder in hall.world.bidders[:2]:
        await hall.release_bid(bidder)
    if point == "opening.closing_window":
        await eventually(lambda: _counted(hall, "decrypted", 2))
        await _end_window_soon(hall)
    await eventually(lambda: _dead(doomed))
    start_node()
    if point == "opening.finishing_bid":
        await _end_window_soon(hall)
    await eventually(lambda: _counted(hall, "revoked", 1))
    await eventually(lambda: _counted(hall, "decrypted", 2))
    assert len(await hall.entries("bid.decrypted")) == 2
    assert len(await hall.entries("bid.revoked")) == 1


async def _end_window_soon(hall: Hall) -> None:
    await hall.end_window()
    async with hall.world.sessions() as session, session.begin():
        query = select(func.max(DecryptionPeriod.closes_at)).where(DecryptionPeriod.opening_id == hall.lot.id)
        await schedule(session, str(hall.lot.id), "opening.close_window", (await session.execute(query)).scalar_one())


async def _counted(hall: Hall, state: str, count: int) -> bool:
    return bool((await hall.snapshot())["figures"][state] == count)


async def test_fault_04_a_node_frozen_across_the_deadline_changes_nothing_when_it_wakes(
        hall: Hall, start_node: StartNode) -> None:
    sleeper, _ = start_node(), start_node()
    *early, late = hall.world.bidders
    for bidder in early:
        await hall.submit(bidder, "8000000.00")
    version = await hall.upload(late, "1.00")
    client = ApiClient(sleeper.address, ClientIdentity.of(late.identities[0]))
    await asyncio.to_thread(client.login)
    await _deadline_in(hall, 2)
    with frozen(sleeper.process.pid):
        waiting = asyncio.create_task(asyncio.to_thread(client.post, f"/api/bid-versions/{version.id}/submit"))
        await eventually(lambda: _is(hall, "frozen"))
        before = [action for action, _ in await hall.entries()]
    with pytest.raises(ApiError) as refused:
        await waiting
    assert [rule["number"] for rule in refused.value.rules] == ["R-141"]
    await asyncio.sleep(1.5)
    after = [action for action, _ in await hall.entries()]
    assert sorted(set(after) - set(before)) in ([], ["opening.notice_stamped"])
    assert after.count("lot.bids_frozen") == 1
    assert len((await hall.snapshot())["bids"]) == 3
