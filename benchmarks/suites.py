"""Sealing and opening in suite 2 (SM2, SM3, SM4) against suite 1 (FLOE): the same content in turn, no network."""

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from benchmarks.s3 import PART, make_file
from storage.crypto.authority import KeyKind, new_key
from storage.crypto.context import Context, Secrets
from storage.crypto.envelope import Recipient, message_key_of, seal
from storage.crypto.manifest import manifest_over
from storage.crypto.reader import SealedReader

_KEY: dict[int, KeyKind] = {1: "ec-p256", 2: "sm2"}
_LIMIT = (
    "Suite 2: processors have instructions for AES, GHASH and SHA-256, and OpenSSL computes SM4-GCM and SM3 "
    "without any: by processor time some 100 MB/s and 300 MB/s, where AES-GCM and SHA-256 do more than 1,000 "
    "MB/s. A part is hashed twice, by SHA-256 for the store and by SM3 for the manifest (R-705). SM4 is three "
    "quarters of what suite 2 costs more.")


@dataclass(frozen=True)
class _Suite:
    """Who a bid of one suite is sealed to; the keys are as good as any."""

    number: int
    bidder: Recipient
    custodians: list[Recipient]
    both: Secrets = field(default_factory=lambda: Secrets(secrets.token_bytes(32), secrets.token_bytes(32)))

    def context(self) -> Context:
        """Of a whole envelope, with two custodians of three."""
        return Context(
            tender="E3207000001000001", lot="E3207000001000001001", round=1, bidder=self.bidder.cert, version=1,
            envelope="whole", opens_at="2026-12-01T01:00:00Z", k=2, n=3, suite=self.number,
            custodians=tuple(each.cert for each in self.custodians))


def _suite(number: int) -> _Suite:
    keys = [Recipient(f"sha256:{secrets.token_hex(32)}", new_key(_KEY[number]).public_key()) for _ in range(4)]
    return _Suite(number, keys[0], keys[1:])


def _both_ways(suite: _Suite, path: Path) -> tuple[float, float]:
    """Seconds to seal the file, from the first secret to the manifest, and to open it again from end to end."""
    with path.open("rb") as file:
        began = time.perf_counter()
        sealing = seal(suite.context(), [suite.bidder], suite.custodians, chosen=suite.both)
        parts = list(sealing.encrypt_parts(iter(lambda: file.read(PART), b"")))
        manifest = manifest_over(sealing.header, [(part.sha256, part.sm3) for part in parts], path.stat().st_size)
        sealed = time.perf_counter() - began
    stored = [part.data for part in parts]
    began = time.perf_counter()
    key = message_key_of(sealing.header, suite.both)
    SealedReader(key, manifest, lambda offset, _: stored[offset // sealing.header.ctx.seg]).check()
    return sealed, time.perf_counter() - began


def run(platform: Platform, small: bool) -> list[Figure]:
    """Both suites in turn, so that both meet the same foreign work; the first pair warms up."""
    size = (40 if small else 300) * 1_000_000
    path, suites = make_file(platform.folder / "bid.pdf", size), (_suite(1), _suite(2))
    pairs = [tuple(_both_ways(each, path) for each in suites) for _ in range(3 if small else 6)][1:]
    figures = []
    for place, act in enumerate(("sealing", "opening")):
        plain, sm = ([pair[suite][place] for pair in pairs] for suite in (0, 1))
        rate = [size / 1e6 / sorted(column)[len(column) // 2] for column in (sm, plain)]
        figures.append(Figure(
            f"{act} {size // 10**6} MB in suite 2, command line without a network (rate)", "the same in suite 1",
            [one / other for one, other in zip(plain, sm, strict=True)],
            context=f"{rate[0]:.0f} against {rate[1]:.0f} MB/s", limit=_LIMIT if act == "sealing" else ""))
    return figures
