"""The frozen set of bids, its digest, and the opening notice that commits to it (R-501)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bidding.bids.model import WHOLE
from storage.crypto.canonical import Json, canonical_bytes, canonical_sha256
from storage.kernel.clock import to_wire

NOTICE_KIND = "opening-notice"


@dataclass(frozen=True, slots=True)
class FrozenBid:
    """What the set holds of one bid; digests are hex, ``headers`` and ``manifests`` by envelope kind."""

    bid: str
    version: int
    certificate: str
    headers: Mapping[str, str]
    manifests: Mapping[str, str]

    def to_json(self) -> dict[str, Json]:
        """The item as the set and the notice carry it."""
        return {"bid": self.bid, "version": self.version, "certificate": self.certificate,
                "headers": dict(self.headers), "manifests": dict(self.manifests)}


def set_json(bids: Sequence[FrozenBid]) -> list[Json]:
    """The set in its one order, by bid id: random, so the order tells nothing."""
    return [bid.to_json() for bid in sorted(bids, key=lambda bid: bid.bid)]


def set_sha256(bids: Sequence[FrozenBid]) -> str:
    """SHA-256 (hex) over the JCS of the set."""
    return canonical_sha256(set_json(bids))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What an opening notice says beside the set; ``session_key`` is the base64 of the raw P-256 point.

    ``envelope``: the one that is opened; ``result_sha256``: of prices, the signed result that fixed who passed.
    """

    lot: str
    code: str
    opens_at: datetime
    opened_at: datetime
    session_key: str
    envelope: str = WHOLE
    result_sha256: str | None = None


def notice_text(facts: NoticeFacts, bids: Sequence[FrozenBid]) -> str:
    """The opening notice as JCS text: what custodians check before they release anything.

    Where a bid is one envelope, the notice names none.
    """
    told: dict[str, Json] = {} if facts.envelope == WHOLE else {"envelope": facts.envelope}
    if facts.result_sha256 is not None:
        told["result_sha256"] = facts.result_sha256
    return canonical_bytes(told | {
        "v": 1, "kind": NOTICE_KIND, "lot": facts.lot, "code": facts.code,
        "opens_at": to_wire(facts.opens_at), "opened_at": to_wire(facts.opened_at),
        "set_sha256": set_sha256(bids), "count": len(bids), "session_key": facts.session_key,
        "bids": set_json(bids)}).decode()
