"""What clients send about witnesses: frozen, bounded, no unknown fields."""

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(max_length=200)]


class RegisterWitness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The witness's public key as ``yunkai witness init`` prints it: name+id+base64."""

    key: Key


class HandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cosignature over the checkpoint of ``size`` entries: its line in a signed note."""

    size: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    line: Annotated[str, msgspec.Meta(max_length=400)]
