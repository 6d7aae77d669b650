"""Halls for the tests of openings."""

from collections.abc import AsyncIterator

import pytest

from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.opening_world import PRICES, Hall, background, found_hall


@pytest.fixture
async def empty_hall(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> AsyncIterator[Hall]:
    """A lot open for bids, none submitted yet."""
    hall = await found_hall(sessions, settings, object_store)
    async with background(hall):
        yield hall


@pytest.fixture
async def hall(empty_hall: Hall) -> Hall:
    """Three bids submitted, T not yet come."""
    for bidder, price in zip(empty_hall.world.bidders, PRICES, strict=True):
        await empty_hall.submit(bidder, price)
    return empty_hall
