"""Questions to a key, ``yunkai-key/1`` (docs/keys.md): read strictly, said in words, answered under seal.

Shapes (JSON): ``{v: 1, id, origin, reply, expires_at, do, …}``; ``do`` is ``list``, ``sign`` (with ``certificate`` and
``messages``) or ``unwrap`` (with ``certificate`` and ``locked``). ``reply`` is the page's P-256 point of this question
alone, base64; only who holds its private half, the page, can read the answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.demo_pki import Identity
from storage.crypto.errors import Malformed
from storage.crypto.key_questions import open_locked, seal_answer

Base64 = Annotated[str, msgspec.Meta(max_length=1 << 20)]
Name = Annotated[str, msgspec.Meta(max_length=100)]


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ciphertext in base64; ``info`` says what it is bound to."""

    alg: Name
    info: Base64
    ct: Base64
    enc: Base64 = ""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page asks of a key; see the module."""

    v: int
    id: Name
    origin: Annotated[str, msgspec.Meta(max_length=300)]
    reply: Name
    expires_at: datetime
    do: Literal["list", "sign", "unwrap"]
    certificate: Name = ""
    messages: Annotated[tuple[Base64, ...], msgspec.Meta(max_length=100)] = ()
    locked: Annotated[tuple[Locked, ...], msgspec.Meta(max_length=5000)] = ()


def read_question(text: bytes, *, now: datetime) -> Question:
    """The question; raises ``Malformed`` for other shapes and for one whose time is over."""
    try:
        question = msgspec.json.decode(text, type=Question)
    except msgspec.MsgspecError as error:
        raise Malformed("不是签名工具的请求", field="question") from error
    if question.v != 1:
        raise Malformed("请求的版本不对", field="v")
    if question.expires_at.tzinfo is None or question.expires_at <= now:
        raise Malformed("请求已过期", field="expires_at")
    return question


def sealed_answer(question: Question, answer: Mapping[str, Any]) -> str:
    """The answer as it travels, base64: only the page that asked can read it. Raises ``Malformed``."""
    plain = msgspec.json.encode({"v": 1, "id": question.id, **answer})
    return to_base64(seal_answer(plain, from_base64(question.reply, "reply"), question.id))


def pair_of(identity: Identity) -> dict[str, Any]:
    """One item of the answer to ``list``: certificates and issuer, DER in base64; of a pair both halves (R-702)."""
    half = identity.encryption
    return {"certificate": to_base64(identity.certificate.der),
            "encryption": to_base64(half.certificate.der) if half else None,
            "chain": [to_base64(identity.issuer.public_bytes(Encoding.DER))]}


def done(question: Question, identity: ClientIdentity) -> dict[str, Any]:
    """What the key makes of it: signatures, or what opened (null for what did not)."""
    if question.do == "sign":
        return {"signatures": [to_base64(identity.sign(from_base64(each, "messages"))) for each in question.messages]}
    return {"plain": [_opened(each, identity) for each in question.locked]}


def _opened(locked: Locked, identity: ClientIdentity) -> str | None:
    info, enc, ct = (from_base64(each, "locked") for each in (locked.info, locked.enc, locked.ct))
    plain = open_locked(identity.recipient_key, locked.alg, info, (enc, ct))
    return None if plain is None else to_base64(plain)
