"""The blinded handle by which a bidder finds its own orders, and nobody reads of them lot or bidder (R-122, R-412)."""

import hmac
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from storage.kernel.clock import to_wire

_PREFIX = b"yunkai guarantee handle/1\0"
_TERM = b"yunkai guarantee term/1\0"


def handle_of(master: bytes, lot_id: UUID, party_id: UUID) -> str:
    """HMAC-SHA256 (hex) of lot and party under the platform's master key, which the database does not hold."""
    return hmac.new(master, _PREFIX + lot_id.bytes + party_id.bytes, sha256).hexdigest()


def term_of(master: bytes, handle: str, deadline_at: datetime) -> str:
    """HMAC-SHA256 (hex) of a deadline for one handle: shows whether it moved since, and not what it was."""
    return hmac.new(master, _TERM + bytes.fromhex(handle) + to_wire(deadline_at).encode(), sha256).hexdigest()
