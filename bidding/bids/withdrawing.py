"""What an enterprise signs to take its bid back (R-223); its client and the platform compose the same bytes."""

from uuid import UUID

from storage.crypto.canonical import Json, canonical_bytes

PREFIX = b"ebid/1 withdrawal\0"


def withdrawal_bytes(lot_code: str, bid_id: UUID, version: int, receipt: str) -> bytes:
    """What the enterprise signs to withdraw: "ebid/1 withdrawal\\0"‖JCS{v, kind, lot, bid, version, receipt}."""
    statement: dict[str, Json] = {"v": 1, "kind": "withdrawal", "lot": lot_code, "bid": str(bid_id),
                                  "version": version, "receipt": receipt}
    return PREFIX + canonical_bytes(statement)
