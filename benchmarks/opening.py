"""From the last release to all prices announced, for large bids and for small ones, by a node of its own."""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import func, select

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from bidding.opening.model import BidState, BodyCheck
from bidding.opening.tables import OpenedBid
from storage.database.engine import Sessions, make_engine, make_sessions
from storage.objects.store import ObjectStore
from tests.opening_world import Hall, found_hall

MB = 1_000_000
_PATIENCE = 900.0
_SMALLER = (
    "Opening: bids of 300 MB were scaled down to 30 MB for the halls of 50, because uploading 15 GB several times "
    "takes hours on this machine; the halls of 5 have bids of the full 300 MB. Every body is a real sealed object in "
    "the store. The announcement reads kilobytes of each bid whatever its size; what the size adds is the full check "
    "of the bodies, which a node begins in the background. The last release is that of the second custodian, which "
    "sets all bids free at once: the worst case.")


async def _until(sessions: Sessions, act: Callable[[Sessions], Awaitable[bool]], pause: float) -> None:
    until = time.perf_counter() + _PATIENCE
    while not await act(sessions):
        if time.perf_counter() > until:
            raise RuntimeError("the opening did not come to an end")
        await asyncio.sleep(pause)


async def _none(sessions: Sessions, *, checked: bool) -> bool:
    """No bid left to decrypt, or no body left to check."""
    query = select(func.count()).select_from(OpenedBid)
    query = query.where(OpenedBid.body_check.is_distinct_from(BodyCheck.SOUND) if checked
                        else OpenedBid.state != BidState.DECRYPTED)
    async with sessions() as session:
        return (await session.execute(query)).scalar_one() == 0


async def _fill(hall: Hall, size: int) -> None:
    body = os.urandom(size)
    for number, bidder in enumerate(hall.world.bidders):
        await hall.submit(bidder, f"{8_000_000 + number * 1000}.00", body)


async def _open(hall: Hall, sessions: Sessions) -> tuple[float, float]:
    """Seconds from the last release to the announcement, and to the end of the full checks."""
    await hall.begin()
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    first, last = hall.world.custodians[:2]
    await hall.release_shares(first)
    await hall.release_shares(last)  # this one lets every bid be opened at once
    began = time.perf_counter()
    await _until(sessions, lambda each: _none(each, checked=False), 0.01)
    rows = await hall.announce()
    announced = time.perf_counter() - began
    assert all(row["state"] == "decrypted" for row in rows)
    await _until(sessions, lambda each: _none(each, checked=True), 0.05)
    return announced, time.perf_counter() - began


async def _hall(platform: Platform, bids: int, size: int) -> tuple[float, float]:
    settings = platform.settings()
    engine, store = make_engine(settings), ObjectStore.from_settings(settings)
    try:
        hall = await found_hall(make_sessions(engine), settings, store, bidders=bids)
        with platform.node(settings):
            await _fill(hall, size)
            found = await _open(hall, hall.world.sessions)
        for each in await store.list_objects("sealed/"):
            await store.remove(each.key)
        return found
    finally:
        store.close()
        await engine.dispose()


def _compare(platform: Platform, bids: int, large: int, rounds: int) -> list[Figure]:
    pairs = [(asyncio.run(_hall(platform, bids, large * MB)), asyncio.run(_hall(platform, bids, MB)))
             for _ in range(rounds)]
    took = statistics.median(ours for (ours, _), _ in pairs), statistics.median(small for _, (small, _) in pairs)
    whole = statistics.median(checked for (_, checked), _ in pairs)
    title = f"opening {bids} bids of {large} MB, last release to all announced"
    return [Figure(title, f"the same with {bids} bids of 1 MB", [ours / small for (ours, _), (small, _) in pairs], "<=",
                   1.1, context=f"{took[0]:.2f} s against {took[1]:.2f} s", limit=_SMALLER),
            Figure(title, "decrypting the whole files first", [ours / checked for (ours, checked), _ in pairs],
                   context=f"{took[0]:.2f} s against {whole:.2f} s")]


def run(platform: Platform, small: bool) -> list[Figure]:
    """Halls of 50, and halls of 5 with bids of the full size."""
    if small:
        return _compare(platform, 4, 9, 1)
    return [*_compare(platform, 50, 30, 2), *_compare(platform, 5, 300, 1)]
