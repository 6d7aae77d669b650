"""What a bidder signs when it releases: by the key its secret was wrapped to, or saying that it uses a backup (R-144).

S_B from a backup is the same 32 bytes as S_B from a wrap; only the holder of the wrap's certificate can sign as such.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from storage.crypto.canonical import Json, canonical_bytes


def sealed_parts(releases: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Each release as ``{kind, i, sealed_sha256}``, by kind: the digest (hex) of JCS ``{ct, enc}``; with
    ``custody_sha256``, the same of S_P, where the bidder gives that as well.

    The ledger keeps these, not the sealed secret: who learns the session's key one day learns no body's S_B from it.
    """
    parts = [_part(each) for each in releases]
    return sorted(parts, key=lambda part: str(part["kind"]))


def _part(release: Mapping[str, Json]) -> dict[str, Json]:
    part: dict[str, Json] = {"kind": release["kind"], "i": release["i"], "sealed_sha256": _digest(release)}
    custody = release.get("custody")
    return {**part, "custody_sha256": _digest(custody)} if isinstance(custody, Mapping) else part


def _digest(sealed: Mapping[str, Json]) -> str:
    return sha256(canonical_bytes({"enc": sealed["enc"], "ct": sealed["ct"]})).hexdigest()


def release_bytes(bid: str, parts: Sequence[Mapping[str, Json]], *, remedy: bool) -> bytes:
    """``"ebid/1 bidder-release\\0"`` ‖ JCS of bid (id), remedy, and ``sealed_parts`` as ``releases``."""
    releases: list[Json] = [dict(part) for part in parts]
    text = canonical_bytes({"v": 1, "kind": "bidder-release", "bid": bid, "remedy": remedy, "releases": releases})
    return b"ebid/1 bidder-release\0" + text
