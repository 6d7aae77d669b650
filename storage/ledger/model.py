"""What the ledger hashes, byte for byte: entries, sealed acts, salted payload digests.

The structs declare their fields in alphabetical order, so that encoding one gives RFC 8785 (JCS)
bytes at once; heads hold no floats, no control characters and no text that is not NFC.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from storage.crypto.canonical import Json, canonical_bytes
from storage.kernel.errors import DomainError, Invalid

FORMAT_VERSION: Final = 1
ZERO_HASH = "0" * 64
SALT_BYTES = 16
BATCH_ACTION = "sealed.batch"
_ENCODER = msgspec.json.Encoder()


class LedgerBroken(DomainError):
    """The log does not hold together; fact ``seq`` names the first bad entry where one can be named."""

    code = "ledger-broken"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """One public head of the log (sealing.md section 6). Hashes are lower-case hex, ``ts`` RFC 3339 UTC."""

    action: str
    actor: str
    log: str
    payload_sha256: str
    prev: str
    seq: int
    stream: str
    stream_prev: str
    subject: str
    ts: str
    v: Literal[1] = FORMAT_VERSION


class SealedAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """An act that must stay unseen until the deadline (R-122); ``salt`` hides it inside other acts' proofs."""

    action: str
    actor: str
    at: str
    payload_sha256: str
    salt: str
    stream: str
    subject: str
    v: Literal[1] = FORMAT_VERSION


def canonical(head: Entry | SealedAct) -> bytes:
    """The RFC 8785 bytes of a head: exactly what is stored and hashed."""
    return _ENCODER.encode(head)


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 leaf: SHA-256(0x00 ‖ data), 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def actor_head(word: str, salt: bytes, actor_id: str) -> str:
    """``word#16 hex``: the head tells the role, and the identity only to one who is given the salt."""
    return f"{word}#{hashlib.sha256(salt + actor_id.encode()).hexdigest()[:16]}"


def head_text(text: str) -> str:
    """NFC text without control characters, for the fields of a head; raises ``Invalid``."""
    normal = unicodedata.normalize("NFC", text)
    if not normal or any(unicodedata.category(character) in ("Cc", "Cs") for character in normal):
        raise Invalid("账目字段为空或含控制字符", field="ledger-head")
    return normal


def normal(value: object) -> Json:
    """The JSON value with NFC text.

    Raises ``TypeError`` for what a payload cannot hold: floats, UUIDs, decimals and instants go in as text.
    """
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return _normal_object(value)
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    raise TypeError(f"a ledger payload cannot hold {type(value).__name__}")


def _normal_object(value: Mapping[Any, object]) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError("payload keys are text")
        name = unicodedata.normalize("NFC", key)
        if name in result:
            raise TypeError("two payload keys are the same text in NFC")
        result[name] = normal(item)
    return result


def payload_text(payload: Mapping[str, object]) -> str:
    """The payload as stored: JCS of its NFC form; raises ``TypeError`` or ``Malformed``."""
    return canonical_bytes(normal(payload)).decode()


def payload_digest(text: str, salt: bytes) -> str:
    """SHA-256(JCS({"payload": …, "salt": 32 hex})) as hex; ``text`` is what ``payload_text`` gave."""
    return hashlib.sha256(f'{{"payload":{text},"salt":"{salt.hex()}"}}'.encode()).hexdigest()
