"""What tests of bids begin with."""

from tests.bids_fixtures import checks, client, seal, settled, start_checks, submitted, world

__all__ = ["checks", "client", "seal", "settled", "start_checks", "submitted", "world"]
