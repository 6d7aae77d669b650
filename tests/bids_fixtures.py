"""A lot open for bids, a platform that signs, a worker that checks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from bidding.bids.checking import CheckWorker
from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.tables import BidVersion, Envelope, Receipt
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.tsa import EmbeddedAuthority
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from tests.bids_world import Client, World, found_world
from tests.waiting import eventually

Settled = Callable[[BidVersion], Awaitable[list[Envelope]]]
Submitted = Callable[[Client], Awaitable[Receipt]]
StartChecks = Callable[[], AbstractAsyncContextManager[CheckWorker]]


@pytest.fixture
async def world(sessions: Sessions, tmp_path: Path, settings: Settings) -> World:
    """Three bidders, three custodians, one lot that closes in an hour."""
    return await found_world(sessions, tmp_path / "ca", settings.trust_directory)


@pytest.fixture
def client(world: World, object_store: ObjectStore) -> Client:
    """The first bidder's client; it holds two certificates."""
    return Client(world, world.bidders[0], object_store)


@pytest.fixture
def seal(settings: Settings) -> Seal:
    """The platform as it signs."""
    return Seal(load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now()), settings)


@pytest.fixture
def start_checks(sessions: Sessions, work: Callable[[], Work], object_store: ObjectStore, seal: Seal) -> StartChecks:
    """``async with start_checks():`` the worker of one node runs."""
    @asynccontextmanager
    async def running() -> AsyncIterator[CheckWorker]:
        worker = CheckWorker(sessions, work, object_store, EmbeddedAuthority(seal.keys.timestamp))
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await task
    return running


@pytest.fixture
async def checks(start_checks: StartChecks) -> AsyncIterator[CheckWorker]:
    """The worker of one node, running."""
    async with start_checks() as worker:
        yield worker


@pytest.fixture
def settled(world: World) -> Settled:
    """Waits until no envelope of a version is being checked, and gives them, body first."""
    async def wait(version: BidVersion) -> list[Envelope]:
        found: list[Envelope] = []

        async def ended() -> bool:
            async with world.sessions() as session:
                query = select(Envelope).where(Envelope.bid_version_id == version.id).order_by(Envelope.kind)
                found[:] = await session.scalars(query)
            return all(each.state in ("checked", "failed") for each in found)
        await eventually(ended, told=lambda: [(each.state, each.reason) for each in found])
        return found
    return wait


@pytest.fixture
def submitted(settled: Settled, checks: CheckWorker, seal: Seal) -> Submitted:
    """Uploads a bid and submits it."""
    async def submit(client: Client) -> Receipt:
        version = await client.upload()
        await settled(version)
        return await submit_bid(version.id, client.bidder.actor, client.world.work(), seal)
    return submit
