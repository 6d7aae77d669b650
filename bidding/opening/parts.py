"""What clients send of secrets, as bodies on the wire."""

from typing import Annotated
from uuid import UUID

import msgspec

from storage.crypto.wraps import Release, read_release

Base64 = Annotated[str, msgspec.Meta(max_length=256)]


class SealedSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret, sealed to the session key."""

    enc: Base64
    ct: Base64


class BidderPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """S_B of one envelope, re-wrapped to the session key; ``i`` is the wrap that was used. ``custody``: S_P as well,
    from the bidder's own recipe, in the place of the custodians' shares (R-144)."""

    kind: Annotated[str, msgspec.Meta(max_length=20)]
    i: Annotated[int, msgspec.Meta(ge=0, le=1)]
    enc: Base64
    ct: Base64
    custody: SealedSecret | None = None


class SharePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One share of one envelope, re-wrapped to the session key."""

    bid: UUID
    kind: Annotated[str, msgspec.Meta(max_length=20)]
    enc: Base64
    ct: Base64


def release_in(part: BidderPart | SharePart | SealedSecret) -> Release:
    """The sealed secret of a part; raises ``Malformed``."""
    return read_release({"enc": part.enc, "ct": part.ct})
