"""What tests of faults about deposits begin with."""

import pytest

from tests.bids_fixtures import world
from tests.bids_world import World
from tests.deposits_world import Till, ask_for_deposits

__all__ = ["world"]


@pytest.fixture
async def till(world: World) -> Till:
    """A lot that asks for 200,000 in cash or letters."""
    await ask_for_deposits(world)
    return Till(world)
