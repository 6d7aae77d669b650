"""What tests of openings begin with."""

from tests.opening_fixtures import empty_hall, hall

__all__ = ["empty_hall", "hall"]
