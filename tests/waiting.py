"""Waiting for a state, by one patience. What never comes is told as a time-out, which is tried once more (ADR 21)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import process_now

Found = TypeVar("Found")

PATIENCE = 120.0  # seconds; what is right comes at once, and a machine that stood still for a while gets there
_PAUSE = 0.1  # seconds between two looks


def until(condition: Callable[[], Found], seconds: float = PATIENCE, told: Callable[[], object] = str) -> Found:
    """What the condition answers, as soon as it is true; raises ``TimeoutError`` with what ``told`` says then."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come about within {seconds:.0f} s {told()}")
        if found:
            return found
        time.sleep(_PAUSE)


async def eventually(condition: Callable[[], Awaitable[Found]], seconds: float = PATIENCE,
                     told: Callable[[], object] = str) -> Found:
    """As ``until``, beside whatever else runs in this loop."""
    end = time.monotonic() + seconds
    while True:
        found = await condition()
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come about within {seconds:.0f} s {told()}")
        if found:
            return found
        await asyncio.sleep(_PAUSE)


def quarter_with(seconds: float) -> None:
    """Waits for the next quarter of an hour where less is left of this one: failures count by it (storage/limits)."""
    left = 900 - process_now().timestamp() % 900
    if left < seconds:
        time.sleep(left)


def is_up(address: str) -> bool:
    """Whether something gives a good answer there now."""
    try:
        return httpx.get(address, timeout=10, verify=trusted_authorities()).is_success
    except httpx.TransportError:
        return False
