"""What became of one's own bid in the hall, as ``yunkai bid`` tells it."""

import time
from collections.abc import Mapping
from typing import Any

from bidding.bids.model import KIND_NAMES
from bidding.opening.model import UNOPENED
from frontend.cli.client import ApiClient

UNDER_WAY = frozenset({"queued", "decrypting"})
_POLL_SECONDS = 0.5


def own_bid(hall: Mapping[str, Any]) -> dict[str, Any] | None:
    """One's own bid as the hall shows it; None for who has none in it."""
    return next((dict(each) for each in hall["bids"] or [] if each["bid"] == hall["me"]["bid"]), None)


def trouble_of_own(api: ApiClient, lot: str, patience: float = 60.0) -> str | None:
    """What keeps one's own bid, once released, from being open as it was sealed, in words; None where nothing does.

    Waits while it is being opened. Bodies are read through later: what is found of one then, the hall tells.
    """
    until = time.monotonic() + patience
    hall = api.get(f"/api/lots/{lot}/hall")
    own = own_bid(hall)
    while own is not None and own["state"] in UNDER_WAY and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        hall = api.get(f"/api/lots/{lot}/hall")
        own = own_bid(hall)
    return _trouble(own, hall["may"]) if own is not None else None


def _trouble(own: Mapping[str, Any], may: list[str]) -> str | None:
    lost = [each for each in own["damages"] if each["restored_at"] is None]
    told = [f"“{KIND_NAMES[each['kind']]}”{each['title']}（平台原因）" for each in lost]
    if lost and {"restore_object", "restore_body"} & set(may):
        told.append("有复原单的，请用 yunkai bid remedy 复原")
    if not lost and own["state"] in UNOPENED:
        told.append(own["cause_title"] + ("（平台原因）" if own["at_fault"] == "platform" else ""))
    return "；".join(told) or None
