"""What tests of deposits begin with."""

import pytest

from tests.bids_fixtures import checks, client, seal, settled, start_checks, submitted, world
from tests.bids_world import World
from tests.deposits_world import Till, ask_for_deposits
from tests.opening_fixtures import empty_hall, hall

__all__ = ["checks", "client", "empty_hall", "hall", "seal", "settled", "start_checks", "submitted", "world"]


@pytest.fixture
async def till(world: World) -> Till:
    """A lot that asks for 200,000 in cash or letters."""
    await ask_for_deposits(world)
    return Till(world)
