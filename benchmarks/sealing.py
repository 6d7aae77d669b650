"""Sealing and upload from the command line against a plain presigned multipart upload of the same file."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from benchmarks.s3 import PlainS3, make_file, put_parts
from benchmarks.transactions import desk
from bidding.bids.model import BODY
from frontend.cli.bid_content import content_of
from frontend.cli.bid_state import fingerprints_of
from frontend.cli.bid_upload import LANES, Upload
from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.demo_pki import Identity
from storage.database.settings import Settings

_LIMIT = (
    "Sealing on the command line: what comes on top of a plain upload is some 10 ms of work for each part of 8 MiB "
    "(AES-GCM 1 ms, SHA-256 5 ms, copies), an address from the platform for each part, which costs the node and "
    "PostgreSQL a transaction, and the digest that the store checks; with two cores for client, node, database and "
    "store all of it is taken from the upload.")


async def _found(settings: Settings) -> tuple[str, Identity]:
    async with desk(settings) as made:
        return str(made.world.lot.id), made.world.bidders[1].identities[0]


@contextmanager
def _bidder(platform: Platform, settings: Settings) -> Iterator[BidWork]:
    lot, identity = asyncio.run(_found(settings))
    with platform.node(settings) as node, ApiClient(node.address, ClientIdentity.of(identity)) as api:
        api.login()
        yield BidWork(api, ClientIdentity.of(identity), lot, platform.folder / "state.json")


def _seal_and_send(work: BidWork, path: Path) -> float:
    """Seconds from the first secret to the completed object; the platform's own check is waited for outside."""
    work.path.unlink(missing_ok=True)  # a new version each time, not a resume
    state, terms = work._begin(work.desk())
    content = content_of([path])
    began = time.perf_counter()
    upload = Upload(work.api, state, work.path, BODY, content)
    upload.begin(terms.seal(BODY), fingerprints_of(content.files), resumable=True)
    upload.send()
    upload.complete(work.identity.sign)
    took = time.perf_counter() - began
    upload.wait_for_check()
    return took


def _plain(plain: PlainS3, path: Path, key: str) -> float:
    began = time.perf_counter()
    upload, addresses = plain.begin(key, path.stat().st_size)
    put_parts(path, addresses, LANES)
    plain.complete(key, upload)
    took = time.perf_counter() - began
    plain.remove(key)
    return took


def run(platform: Platform, small: bool) -> list[Figure]:
    """Both in turn, so that both meet the same store."""
    settings, size = platform.settings(), (40 if small else 300) * 1_000_000
    path, plain = make_file(platform.folder / "bid.pdf", size), PlainS3(settings)
    pairs = []
    with _bidder(platform, settings) as work:
        for number in range(3 if small else 6):
            theirs = _plain(plain, path, f"plain/{number}")
            pairs.append((_seal_and_send(work, path), theirs))
    rates = [(size / 1e6 / mine, size / 1e6 / other) for mine, other in pairs[1:]]
    ours, theirs = (sorted(column)[len(column) // 2] for column in zip(*rates, strict=True))
    return [Figure(f"sealing and upload of {size // 10**6} MB, command line", "plain presigned multipart upload",
                   [mine / other for mine, other in rates], ">=", 0.8, context=f"{ours:.0f} against {theirs:.0f} MB/s",
                   limit=_LIMIT)]
