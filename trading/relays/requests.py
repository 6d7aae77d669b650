"""What pages and telephones send: frozen, bounded, no unknown fields. Sealed texts are base64, read by no one here."""

from typing import Annotated

import msgspec

from trading.relays.model import LARGEST

Digest = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9a-f]{64}$")]
SealedText = Annotated[str, msgspec.Meta(min_length=4, max_length=LARGEST, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``claim_sha256``: digest of the claim that the code on the screen gives to a telephone."""

    claim_sha256: Digest


class Claimed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``claim``: 64 hex digits, derived from the code on the screen."""

    claim: Digest


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question, sealed to whoever has seen the code."""

    request: SealedText


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to question ``number``, sealed to the page's key of that question."""

    number: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    answer: SealedText
