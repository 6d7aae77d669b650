"""Fault 11: an object altered, truncated or gone is found at the opening, and is the platform's fault."""

import pytest
from sqlalchemy import select

from bidding.bids.model import STATEMENT
from bidding.bids.tables import Envelope
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from tests.opening_world import Hall


async def _statement_key(hall: Hall, place: int) -> str:
    async with hall.world.sessions() as session:
        query = select(Envelope.object_key).where(
            Envelope.bid_version_id == hall.versions[place].id, Envelope.kind == STATEMENT)
        return (await session.execute(query)).scalar_one()


async def _replace(store: ObjectStore, key: str, data: bytes | None) -> None:
    """As an intruder with the store's keys would."""
    await store.remove(key)
    with pytest.raises(NotFound):
        await store.stat(key)
    if data is not None:
        await store.put(key, data)


@pytest.mark.cts("A-112")
async def test_fault_11_what_the_platform_lost_or_spoilt_is_its_own_fault(hall: Hall) -> None:
    first, second, third = [await _statement_key(hall, place) for place in range(3)]
    whole = await hall.store.get_range(first, 0, 1 << 20)
    await _replace(hall.store, first, whole[:-1] + bytes([whole[-1] ^ 1]))
    await _replace(hall.store, second, None)
    await _replace(hall.store, third, (await hall.store.get_range(third, 0, 1 << 20)) + b"\0")
    await hall.begin()
    await hall.release_all()
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("withdrawn_by_fault", "object-altered", "platform"), ("withdrawn_by_fault", "object-missing", "platform"),
        ("withdrawn_by_fault", "object-altered", "platform")]
    recorded = await hall.entries("bid.withdrawn_by_fault")
    assert len(recorded) == 3
    assert all(payload["evidence"] for _, payload in recorded)
    assert [row["price"] for row in await hall.announce()] == [None] * 3
