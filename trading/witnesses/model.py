"""Witnesses: what can be done, and how each of them stands to the log. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

# A witness is asked for a checkpoint of the last five seconds; after a minute without it, it is behind.
PATIENCE = timedelta(minutes=1)
# By how much a witness's clock may differ from the database's.
CLOCK_TOLERANCE = timedelta(minutes=5)


class Act(StrEnum):
    """What can be done about a witness."""

    REGISTER = "register"
    RETIRE = "retire"


class Standing(StrEnum):
    """How a witness stands to the log; bids go on whatever it is (fault 28)."""

    CURRENT = "current"
    BEHIND = "behind"
    SILENT = "silent"
    RETIRED = "retired"


def standing(retired_at: datetime | None, last_size: int | None, oldest_waiting: datetime | None,
             now: datetime) -> Standing:
    """``last_size``: entries of the newest checkpoint it cosigned; ``oldest_waiting``: when the first was signed that
    it did not cosign and that is larger than all it did; None: there is none."""
    if retired_at is not None:
        return Standing.RETIRED
    if last_size is None:
        return Standing.SILENT
    if oldest_waiting is not None and oldest_waiting < now - PATIENCE:
        return Standing.BEHIND
    return Standing.CURRENT
