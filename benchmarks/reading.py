"""A page of a sealed bid, decrypted on the fly, against a plain S3 GET of as many bytes."""

import asyncio
import http.client
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sqlalchemy import select

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from benchmarks.s3 import PlainS3
from bidding.bids.tables import Envelope
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.demo_pki import Identity
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.opening_world import found_hall

MB = 1_000_000
_PAGE = 200_000


async def _opened(settings: Settings, size: int) -> tuple[str, str, Identity]:
    """A hall with three opened bids; the first has the size. Its id, its object, and who may read it."""
    engine, store = make_engine(settings), ObjectStore.from_settings(settings)
    try:
        hall = await found_hall(make_sessions(engine), settings, store)
        versions = [await hall.submit(bidder, "8000000.00", os.urandom(size if number == 0 else 1000))
                    for number, bidder in enumerate(hall.world.bidders)]
        await hall.begin()
        await hall.release_all()
        async with hall.world.sessions() as session:
            envelope = (await session.scalars(select(Envelope).where(
                Envelope.bid_version_id == versions[0].id, Envelope.kind == "whole"))).one()
        return str(versions[0].bid_id), envelope.object_key, hall.world.bidders[0].identities[0]
    finally:
        store.close()
        await engine.dispose()


_LIMIT = (
    "Reading a sealed bid: a segment of 8 MiB is authenticated as a whole, so the first byte of a page waits for 8 "
    "MiB from the store (12 ms at best), its SHA-256 and AES-GCM (6 ms), and the sign-in of the reader. Over the "
    "whole file the node spends 15 ms of processor time on each 8 MiB (fetching, hashing, decrypting, sending) beside "
    "the store's 9 ms, where a plain GET costs the store's 9 ms alone; on two cores that client, node and store "
    "share, that is the difference.")


class Reader:
    """Reads ranges over one kept connection, with the leanest client of the standard library."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._target, self._headers = urlsplit(address), headers
        self._http = http.client.HTTPConnection(self._target.netloc, timeout=60)
        self._buffer = memoryview(bytearray(1 << 20))

    def first_byte(self, offset: int) -> float:
        """Milliseconds to the first byte of a page."""
        return self._read(offset, _PAGE)[0]

    def rate(self, size: int) -> float:
        """MB/s over the whole."""
        return size / MB / self._read(0, size)[1]

    def _read(self, offset: int, length: int) -> tuple[float, float]:
        headers = {**self._headers, "Range": f"bytes={offset}-{offset + length - 1}"}
        began, got = time.perf_counter(), 0
        self._http.request("GET", f"{self._target.path}?{self._target.query}", headers=headers)
        answer = self._http.getresponse()
        assert answer.status == 206, answer.status
        got = answer.readinto(self._buffer[:1])
        first = time.perf_counter() - began
        while count := answer.readinto(self._buffer):
            got += count
        assert got == length
        return first * 1000, time.perf_counter() - began


@contextmanager
def _readers(platform: Platform, size: int) -> Iterator[tuple[Reader, Reader]]:
    settings = platform.settings()
    plain = PlainS3(settings)
    with platform.node(settings) as node:
        bid, key, identity = asyncio.run(_opened(settings, size))
        time.sleep(5)  # the full check of the bodies ends
        with ApiClient(node.address, ClientIdentity.of(identity)) as api:
            api.login()
            ours = Reader(f"{node.address}/api/bids/{bid}/body", {"Authorization": f"Bearer {api.token}"})
            yield ours, Reader(plain.address(key), {})


def run(platform: Platform, small: bool) -> list[Figure]:
    """Random pages, then the whole file, both in turn."""
    size, pages, wholes = (30 * MB, 10, 2) if small else (300 * MB, 60, 6)
    chosen = random.Random(1)
    with _readers(platform, size) as (ours, plain):
        first = []
        for _ in range(pages):
            offset = chosen.randrange(size - _PAGE)
            first.append((ours.first_byte(offset), plain.first_byte(offset)))
        rates = [(ours.rate(size), plain.rate(size)) for _ in range(wholes)][1:]
    late = [mine - other for mine, other in first[1:]]
    typical = [sorted(column)[len(column) // 2] for column in zip(*first, strict=True)]
    fast = [sorted(column)[len(column) // 2] for column in zip(*rates, strict=True)]
    what = f"page of a sealed bid of {size // MB} MB"
    return [Figure(f"{what}: first byte later by", "plain S3 GET of the same range", late, "<=", 50, " ms",
                   context=f"{typical[0]:.0f} ms against {typical[1]:.0f} ms", limit=_LIMIT),
            Figure(f"{what}: throughput over the whole", "plain S3 GET of the whole object",
                   [mine / other for mine, other in rates], ">=", 0.8,
                   context=f"{fast[0]:.0f} against {fast[1]:.0f} MB/s")]
