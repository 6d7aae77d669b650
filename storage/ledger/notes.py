"""Signed notes as text: checkpoints, signature lines, keys to pin. Plain Python; who signs or verifies comes above.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (v1).
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from dataclasses import dataclass

from storage.kernel.errors import DomainError

ED25519 = b"\x01"
COSIGNATURE_V1 = b"\x04"
# How the log says that it has fewer entries than it was asked to prove: to a witness, its confession.
NOT_SO_LONG = "log-not-so-long"
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


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key to pin, as text ``name+id+base64(kind ‖ key)``; ``kind`` tells a log's key from a witness's."""

    name: str
    public: bytes
    kind: bytes

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ LF ‖ kind ‖ key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self.kind + self.public).decode()}"


def parse_key(text: str, kind: bytes) -> KeyText:
    """Reads the text of a key of that kind; raises ``CheckpointRefused``."""
    try:
        name, identity, encoded = text.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
    except (ValueError, BadBase64) as error:
        raise CheckpointRefused("公钥格式有误") from error
    key = KeyText(name, raw[1:], raw[:1])
    if not name or any(character.isspace() for character in name) or len(raw) != 33 or key.kind != kind:
        raise CheckpointRefused("公钥格式有误")
    if key.id.hex() != identity:
        raise CheckpointRefused("公钥与其编号不符")
    return key


def parse_note(note: str) -> Note:
    """Splits a signed note; raises ``CheckpointRefused`` when it is not one."""
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise CheckpointRefused("检查点格式有误")
    return Note(f"{text}\n", tuple(parse_line(line) for line in lines[:-1].split("\n")))


def parse_line(line: str) -> NoteSignature:
    """One signature line without its line feed; raises ``CheckpointRefused``."""
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


def signature_by(note: Note, key: KeyText) -> bytes | None:
    """What the note carries under this key's name and number; None where it carries nothing."""
    found = (line.signature for line in note.signatures if line.name == key.name and line.key_id == key.id)
    return next(found, None)


def signed_by_log(note: str, origin: str) -> str:
    """The note with the log's own lines alone: as it was first published, before any witness came."""
    parsed = parse_note(note)
    return Note(parsed.text, tuple(line for line in parsed.signatures if line.name == origin)).format()


def cosigned_message(text: str, seconds: int) -> bytes:
    """What a witness signs of a note's text; ``seconds`` since the epoch."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosignature_line(key: KeyText, seconds: int, signature: bytes) -> str:
    """A witness's line, with its line feed."""
    return NoteSignature(key.name, key.id, seconds.to_bytes(8, "big") + signature).line()


def split_cosignature(signature: bytes) -> tuple[int, bytes]:
    """When the witness signed, seconds since the epoch, and its 64 bytes; raises ``CheckpointRefused``."""
    if len(signature) != 72:
        raise CheckpointRefused("见证签名长度有误")
    return int.from_bytes(signature[:8], "big"), signature[8:]


def with_cosignatures(note: str, lines: Iterable[str]) -> str:
    """The note with witness lines added."""
    return note + "".join(lines)
