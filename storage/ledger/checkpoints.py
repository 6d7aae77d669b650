"""Checkpoints others hold: C2SP tlog-checkpoint bodies in signed notes, Ed25519, with cosignatures.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (v1).
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.kernel.errors import DomainError

_ED25519 = b"\x01"
_COSIGNATURE_V1 = b"\x04"
_DASH = "— "


class CheckpointRefused(DomainError):
    """A note is malformed, unsigned by the key asked for, or belongs to another log."""

    code = "checkpoint-refused"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A promise: the log ``origin`` had ``size`` entries with this tree head (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 4-byte key id, and the algorithm's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """``— name base64(id ‖ signature)``."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note, parsed and not yet believed."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def format(self) -> str:
        """The note as it is published."""
        return f"{self.text}\n" + "".join(signature.line() for signature in self.signatures)


def key_id(name: str, public: Ed25519PublicKey, kind: bytes = _ED25519) -> bytes:
    """First four bytes of SHA-256(name ‖ LF ‖ kind ‖ key)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public.public_bytes_raw()).digest()[:4]


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The text form ``name+id+base64`` to print beside a checkpoint and to pin."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(_ED25519 + public.public_bytes_raw()).decode()}"


def parse_verifier_key(text: str) -> tuple[str, Ed25519PublicKey]:
    """Name and key of a ``verifier_key``; raises ``CheckpointRefused``."""
    try:
        name, identity, encoded = text.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw[1:])
    except (ValueError, BadBase64) as error:
        raise CheckpointRefused("公钥格式有误") from error
    if raw[:1] != _ED25519 or key_id(name, public).hex() != identity:
        raise CheckpointRefused("公钥与其编号不符")
    return name, public


def parse_note(note: str) -> Note:
    """Splits a signed note; raises ``CheckpointRefused`` when it is not one."""
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise CheckpointRefused("检查点格式有误")
    return Note(f"{text}\n", tuple(_parse_line(line) for line in lines[:-1].split("\n")))


def _parse_line(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = b64decode(encoded, validate=True)
    except (ValueError, BadBase64) as error:
        raise CheckpointRefused("检查点签名行有误") from error
    if not line.startswith(_DASH) or not name or len(raw) < 5:
        raise CheckpointRefused("检查点签名行有误")
    return NoteSignature(name, raw[:4], raw[4:])


def parse_checkpoint(text: str) -> Checkpoint:
    """The body of a note as a checkpoint; extension lines are allowed and ignored."""
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], lines[1], b64decode(lines[2], validate=True)
        checkpoint = Checkpoint(origin, int(size), root)
    except (IndexError, ValueError, BadBase64) as error:
        raise CheckpointRefused("检查点正文有误") from error
    if len(root) != 32 or not origin or str(checkpoint.size) != size or checkpoint.size < 0:
        raise CheckpointRefused("检查点正文有误")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note signed under the log's own name; the signer verifies its output before release."""
    body = checkpoint.body()
    identity = key_id(checkpoint.origin, key.public_key())
    note = Note(body, (NoteSignature(checkpoint.origin, identity, key.sign(body.encode())),)).format()
    if verify_checkpoint(note, checkpoint.origin, key.public_key()) != checkpoint:
        raise CheckpointRefused("签出的检查点未通过自检")
    return note


def verify_checkpoint(note: str, origin: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a note that this key signed for this origin; raises ``CheckpointRefused``."""
    parsed = parse_note(note)
    identity = key_id(origin, public)
    for line in parsed.signatures:
        if line.name == origin and line.key_id == identity:
            _verify(public, line.signature, parsed.text.encode())
            checkpoint = parse_checkpoint(parsed.text)
            if checkpoint.origin == origin:
                return checkpoint
    raise CheckpointRefused("检查点没有该日志的签名", origin=origin)


def _verify(public: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    try:
        public.verify(signature, message)
    except InvalidSignature as error:
        raise CheckpointRefused("检查点签名无效") from error


def _cosigned_message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosign(note: str, name: str, key: Ed25519PrivateKey, seconds: int) -> str:
    """A witness's line (with its line feed) over the note; ``seconds`` since the epoch."""
    message = _cosigned_message(parse_note(note).text, seconds)
    identity = key_id(name, key.public_key(), _COSIGNATURE_V1)
    return NoteSignature(name, identity, seconds.to_bytes(8, "big") + key.sign(message)).line()


def verify_cosignature(note: str, name: str, public: Ed25519PublicKey) -> int:
    """When the witness cosigned, seconds since the epoch; raises ``CheckpointRefused`` when it did not."""
    parsed = parse_note(note)
    identity = key_id(name, public, _COSIGNATURE_V1)
    for line in parsed.signatures:
        if line.name == name and line.key_id == identity and len(line.signature) == 72:
            seconds = int.from_bytes(line.signature[:8], "big")
            _verify(public, line.signature[8:], _cosigned_message(parsed.text, seconds))
            return seconds
    raise CheckpointRefused("检查点没有该见证人的签名", witness=name)


def with_cosignatures(note: str, lines: Iterable[str]) -> str:
    """The note with witness lines added."""
    return note + "".join(lines)
