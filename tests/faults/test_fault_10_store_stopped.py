"""Fault 10: the store stops before, within and after an upload; the status is honest and the upload goes on."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from bidding.bids.model import BODY, STATEMENT, EnvelopeState
from bidding.bids.tables import Envelope
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.kernel.errors import Unavailable
from tests.bids_fixtures import Settled, StartChecks
from tests.bids_world import Client, World, seal_object, statement
from tests.platform_parts import BROWSER_ORIGIN
from tests.waiting import eventually

CONTENT = bytes(range(256)) * 70_000  # three parts


@pytest.fixture
async def power(object_store_server: EmbeddedSeaweed) -> AsyncIterator[EmbeddedSeaweed]:
    """The store's switch; it is on again afterwards."""
    yield object_store_server
    await asyncio.to_thread(object_store_server.start, [BROWSER_ORIGIN])


async def envelopes(world: World) -> list[Envelope]:
    async with world.sessions() as session:
        return list((await session.scalars(select(Envelope).order_by(Envelope.kind))).all())


async def test_an_upload_outlives_the_store(client: Client, world: World, power: EmbeddedSeaweed, settled: Settled,
                                            start_checks: StartChecks) -> None:
    version = await client.start()
    body = seal_object(world, client.bidder, version, BODY, CONTENT)

    # Before: nothing is promised, nothing is written.
    await asyncio.to_thread(power.stop)
    with pytest.raises(Unavailable):
        await client.open(version, body)
    assert await envelopes(world) == []

    # Within: what arrived stays, the rest is sent afterwards.
    await asyncio.to_thread(power.start, [BROWSER_ORIGIN])
    envelope = await client.open(version, body)
    await client.send(envelope, body.parts[:1])
    await asyncio.to_thread(power.stop)
    with pytest.raises(httpx.TransportError):
        await client.send(envelope, body.parts[1:])
    with pytest.raises(Unavailable):
        await client.complete(envelope, body)
    assert [each.state for each in await envelopes(world)] == [EnvelopeState.UPLOADING]
    await asyncio.to_thread(power.start, [BROWSER_ORIGIN])
    stored = await client.store.list_parts(envelope.object_key, envelope.upload_id)
    assert [part.number for part in stored] == [1]
    await client.send(envelope, body.parts[1:])
    await client.complete(envelope, body)

    # After: the check waits for the store and says so, and then comes to its end by itself.
    figures = seal_object(world, client.bidder, version, STATEMENT, statement())
    second = await client.open(version, figures)
    await client.send(second, figures.parts)
    await client.complete(second, figures)
    await asyncio.to_thread(power.stop)
    async with start_checks():
        await _until_put_off(world)
        await asyncio.to_thread(power.start, [BROWSER_ORIGIN])
        assert [each.state for each in await settled(version)] == ["checked", "checked"]


async def _until_put_off(world: World) -> None:
    async def put_off() -> bool:
        found = await envelopes(world)
        waits = any("暂时不可用" in (each.reason or "") for each in found)
        assert not waits or all(each.state == EnvelopeState.CHECKING for each in found)
        return waits
    await eventually(put_off)
