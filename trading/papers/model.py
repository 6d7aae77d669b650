"""A paper that several people sign, as values."""

from dataclasses import dataclass, field
from uuid import UUID

PLATFORM_FIELD = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDraft:
    """What is laid out to be signed. ``seats``: capacity → party that signs in it; ``audience``: who may read it."""

    kind: str
    stream: str
    subject: str
    title: str
    content: bytes = field(repr=False)
    seats: dict[str, UUID]
    audience: tuple[str, ...]
