"""What tests of faults at the desk begin with."""

import pytest

from tests.desk_world import Desk, found_desk
from tests.opening_fixtures import empty_hall, hall
from tests.opening_world import Hall

__all__ = ["empty_hall", "hall"]


@pytest.fixture
async def desk(hall: Hall) -> Desk:
    """Five members at the desk of three opened bids."""
    return await found_desk(hall)
