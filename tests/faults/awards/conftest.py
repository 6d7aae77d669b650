"""What tests of faults about the award begin with."""

from tests.integration.awards.conftest import courier, evaluated, house

__all__ = ["courier", "evaluated", "house"]
