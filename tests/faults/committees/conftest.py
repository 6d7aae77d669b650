"""What tests of committees begin with."""

from tests.committee_fixtures import board, empty_hall, frozen_board, hall

__all__ = ["board", "empty_hall", "frozen_board", "hall"]
