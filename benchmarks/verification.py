"""Checking a whole log against bare SHA-256 over the same bytes."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from storage.ledger.merkle import Frontier
from storage.ledger.model import ZERO_HASH, Entry, canonical, leaf_hash
from storage.ledger.notes import Checkpoint
from storage.ledger.verification import verify_log_file

LOG = "yunkai/E3207000001"
_STREAMS = 500
_CHUNK = 1 << 20
_LIMIT = (
    "Verification: one call of `hashlib` costs 0.3–0.4 µs before it hashes a byte, and every entry needs two (its "
    "leaf, and one node of the tree), while the stream needs none; with the hashing of the entry itself that alone is "
    "about 1 µs for each entry, against 0.3 µs for the stream, so 0.3 is the most that Python reaches on one core, "
    "and 0.6 on two. The rest is reading the entry and writing it again to see that its bytes are canonical (0.8 µs), "
    "splitting lines (0.3 µs), and the links (0.4 µs): 2.7 µs in all (4.4 µs before blocks were cut to fit the "
    "cache). More would need a hash of many messages per call, which no library in use offers. By the clock a busy "
    "machine hurts the check more than the stream, which is over in half a second.")


def make_log(path: Path, count: int, *, forgets: int = -1) -> Checkpoint:
    """A log as the sequencer writes it, over ``_STREAMS`` streams, and the checkpoint over all of it.

    The entry ``forgets`` takes its stream for a new one, in a log that is otherwise sound.
    """
    heads: dict[str, str] = {}
    previous, frontier = ZERO_HASH, Frontier()
    with path.open("wb") as file:
        leaves: list[bytes] = []
        for seq in range(count):
            stream = f"lot:0190a0b0-0000-7000-8000-{seq % _STREAMS:012x}"
            entry = canonical(Entry(
                action="bid.released", actor="bidder#9c2a54ba84b0b34d", log=LOG, prev=previous, seq=seq, stream=stream,
                payload_sha256=hashlib.sha256(b"%d" % seq).hexdigest(),
                stream_prev=ZERO_HASH if seq == forgets else heads.get(stream, ZERO_HASH),
                subject=f"bid:0190a0b0-0000-7000-8000-{seq:012x}", ts=f"2026-11-30T01:00:00.{seq % 10**6:06d}Z"))
            file.write(entry + b"\n")
            leaf = leaf_hash(entry)
            previous = heads[stream] = leaf.hex()
            leaves.append(leaf)
            if len(leaves) == 1 << 16 or seq == count - 1:
                frontier.extend(leaves)
                leaves = []
    return Checkpoint(LOG, frontier.size, frontier.root())


def _stream(path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    digest.hexdigest()


def _each(path: Path) -> None:
    sha256 = hashlib.sha256
    with path.open("rb") as file:
        for line in file:
            sha256(line).digest()


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's work."""
    began, worked = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - worked


def run(platform: Platform, small: bool) -> list[Figure]:
    """As many processes as the machine has cores check; one hashes."""
    count, path, workers = 50_000 if small else 1_000_000, platform.folder / "log", os.cpu_count() or 1
    held = make_log(path, count)
    acts = {"stream": lambda: _stream(path), "each": lambda: _each(path),
            "all": lambda: verify_log_file(path, LOG, [held], workers=workers),
            "one": lambda: verify_log_file(path, LOG, [held])}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in acts}
    for _ in range(2 if small else 5):
        for name, act in acts.items():
            took[name].append(_timed(act))
    what = f"verification of {count:,} entries ({path.stat().st_size / 1e6:.0f} MB)"

    def figure(ours: str, theirs: str, title: str, reference: str, part: int, limit: str = "") -> Figure:
        mine, other = ([run[part] for run in took[name]] for name in (ours, theirs))
        return Figure(title, reference, [its / our for our, its in zip(mine, other, strict=True)], ">=", 0.5,
                      limit=limit, context=f"{min(mine):.2f} s against {min(other):.2f} s at best")
    stream, each = "SHA-256 of the file as one stream", "SHA-256 of each entry"
    return [figure("all", "stream", f"{what}, {workers} processes, by the clock", stream, 0, _LIMIT),
            figure("all", "each", f"{what}, {workers} processes, by the clock", each, 0),
            figure("one", "stream", f"{what}, processor time", stream, 1),
            figure("one", "each", f"{what}, processor time", each, 1)]
