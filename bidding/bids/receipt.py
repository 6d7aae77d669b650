"""What a receipt says (R-222), in JSON for machines; signed by the platform (A-101)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SM3, Hash

from bidding.bids.holding import Held
from bidding.bids.model import SEGMENT
from bidding.bids.tables import Envelope
from storage.crypto.canonical import Json, to_base64
from storage.crypto.reader import Layout
from storage.kernel.clock import to_wire

RECEIPT = "receipt"
WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Decision:
    """When and by whom a submission or withdrawal was decided.

    ``clock_offset_ms``: database clock minus this node's clock, at the reading that decided (R-1108). ``checkpoint``:
    size and root of the ledger's newest one before the act, None where there is none yet.
    """

    number: str
    decided_at: datetime
    clock_offset_ms: int
    platform_id: str
    platform_name: str
    checkpoint: Mapping[str, Json] | None


def receipt_body(held: Held, envelopes: Sequence[Envelope], decision: Decision,
                 replaces: str | None) -> dict[str, Json]:
    """The content of a receipt for a submission; every instant RFC 3339 UTC, every digest lower-case hex."""
    return _common(RECEIPT, held, decision) | {
        "envelopes": [_envelope(each) for each in envelopes],
        "first_byte_at": to_wire(min(_known(each.first_byte_at) for each in envelopes)),
        "last_byte_at": to_wire(max(_known(each.last_byte_at) for each in envelopes)),
        "checked_at": to_wire(max(_known(each.checked_at) for each in envelopes)),
        "replaces": replaces,
    }


def withdrawal_body(held: Held, decision: Decision, certificate: str) -> dict[str, Json]:
    """The content of the acknowledgement of a withdrawal."""
    return _common(WITHDRAWAL, held, decision) | {
        "withdraws": held.version.receipt_number, "signed_with": f"sha256:{certificate}"}


def _common(kind: str, held: Held, decision: Decision) -> dict[str, Json]:
    version = held.version
    return {
        "v": 1, "kind": kind, "number": decision.number,
        "platform": {"id": decision.platform_id, "name": decision.platform_name},
        "lot": {"code": held.lot.code, "title": held.lot.title, "tender": version.tender_code,
                "deadline_at": to_wire(_known(held.lot.deadline_at)), "rehearsal": held.lot.rehearsal},
        "bid": str(held.bid.id), "version": version.number,
        "bidder": {"name": version.bidder_name, "uscc": version.bidder_uscc,
                   "certificate": f"sha256:{version.certificate}", "certificate_serial": version.certificate_serial},
        "decided_at": to_wire(decision.decided_at), "clock_offset_ms": decision.clock_offset_ms,
        "checkpoint": decision.checkpoint,
    }


def _envelope(envelope: Envelope) -> dict[str, Json]:
    manifest = envelope.manifest or ""
    return {
        "kind": envelope.kind, "size": envelope.size,
        "sealed_size": Layout(envelope.size, SEGMENT[envelope.kind]).stored_size,
        "header_sha256": envelope.header_sha256, "manifest_sha256": envelope.manifest_sha256,
        "manifest_sm3": _sm3(manifest.encode()), "parts_root": envelope.parts_root,
        "timestamp_token": to_base64(envelope.timestamp_token or b""),
    }


def _sm3(data: bytes) -> str:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


def _known(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("a receipt needs every instant")
    return moment
