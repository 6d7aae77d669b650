"""Committees for tests: a bank beside a hall whose bids are frozen."""

import pytest

from tests.committee_world import Board, found_board
from tests.opening_fixtures import empty_hall, hall
from tests.opening_world import Hall

__all__ = ["board", "empty_hall", "frozen_board", "hall"]


@pytest.fixture
async def board(hall: Hall) -> Board:
    """Three bids submitted, T not yet come; the bank is filled."""
    return await found_board(hall)


@pytest.fixture
async def frozen_board(board: Board) -> Board:
    """The bids are frozen, and the opening stands as concluded (its own way there is tested elsewhere)."""
    assert await board.hall.close()
    await board.hall.change_lot(stage="opened")
    return board
