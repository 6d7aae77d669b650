"""What is kept on the bidder's computer while a bid is on its way, so that a cut line or a reboot costs one part.

The file holds the message key of the body (never S_B or S_P), beside the very files it seals; it is readable by
its owner alone, and the key goes out of it when the upload is complete.
"""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec


@dataclass
class SealedState:
    """One sealed object under way; ``message_key`` is base64 of MK, "" once it is not needed any more."""

    kind: str
    header: str
    message_key: str
    size: int
    envelope: str
    digests: dict[int, str] = field(default_factory=dict)
    digests_sm3: dict[int, str] = field(default_factory=dict)
    nonces: dict[int, str] = field(default_factory=dict)  # the IV (base64) of each part as sent, for a resealing recipe
    files: list[list[Any]] = field(default_factory=list)
    is_complete: bool = False


@dataclass
class BidState:
    """A version under way: which platform, lot and version, and its objects by kind."""

    platform: str
    lot: str
    version: str
    number: int
    opens_at: str  # bound into the seals; an extension after the version was begun does not move it
    objects: dict[str, SealedState] = field(default_factory=dict)
    receipt: str = ""
    letter: str = ""  # the file of the guarantee letter that goes sealed into the statement, "" for none

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The state kept at ``path``; None when there is none."""
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else None

    def save(self, path: Path) -> None:
        """Writes the state whole or not at all."""
        write_whole(path, msgspec.json.encode(asdict(self)))


def write_whole(path: Path, content: bytes) -> None:
    """The file is the new one or the old one, whenever the machine stops; its owner alone may read it."""
    staged = path.with_name(f".{path.name}.new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)


def fingerprints_of(files: tuple[Path, ...]) -> list[list[Any]]:
    """Name, bytes and time of change of each file: an upload is resumed only over the same files."""
    return [[str(path.resolve()), (stat := path.stat()).st_size, stat.st_mtime_ns] for path in files]
