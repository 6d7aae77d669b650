"""What a witness keeps on its disk: its key, whom it follows, the last checkpoint it saw, and alarms.

The last checkpoint is replaced whole or not at all, and lies on the disk before anything is signed over it: a witness
that lost power never cosigns against what it cosigned before.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from storage.crypto import ed25519
from storage.ledger.notes import COSIGNATURE_V1, KeyText

try:
    import fcntl
except ImportError:  # no such locks on this system: two of one folder at a time are then the owner's care
    fcntl = None  # type: ignore[assignment]

_CONFIGURATION, _KEY, _SEEN = "witness.json", "witness.key", "seen.checkpoint"


class NotKept(Exception):
    """The folder holds no witness, already holds one, or is in use."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The witness's name, the log's verifier key, and the platform's address."""

    name: str
    log: str
    url: str


class Keeper:
    """The folder of one witness. Make one with ``create``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.followed = Followed(**json.loads((folder / _CONFIGURATION).read_text(encoding="utf-8")))
            self.seed = bytes.fromhex((folder / _KEY).read_text(encoding="ascii").strip())
        except (OSError, ValueError, TypeError) as error:
            raise NotKept(f"{folder} 不是见证人目录，请先 init / no witness here, run init first") from error

    @classmethod
    def create(cls, folder: Path, followed: Followed) -> "Keeper":
        """A fresh key in a folder of its own; raises ``NotKept`` where there is a witness already."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / _KEY).exists():
            raise NotKept(f"{folder} 已有见证人密钥 / there is a witness here already")
        _replace(folder / _CONFIGURATION, json.dumps(asdict(followed), ensure_ascii=False, indent=1))
        _replace(folder / _KEY, secrets.token_hex(32))
        return cls(folder)

    @property
    def key(self) -> KeyText:
        """The public key, to register and to pin."""
        return KeyText(self.followed.name, ed25519.public_key(self.seed), COSIGNATURE_V1)

    def seen(self) -> str | None:
        """The note of the last checkpoint that was found to continue the one before; None at the beginning."""
        path = self.folder / _SEEN
        return path.read_text(encoding="utf-8") if path.exists() else None

    def keep(self, note: str) -> None:
        """Puts a note in place of the last one; on the disk when this returns."""
        _replace(self.folder / _SEEN, note)

    def alarms(self) -> list[Path]:
        """Alarm files that nobody has taken away; while there is one, nothing is cosigned."""
        return sorted(self.folder.glob("alarm-*.json"))

    def keep_alarm(self, name: str, text: str) -> Path:
        """Writes an alarm file; the same alarm again is the same file."""
        path = self.folder / f"alarm-{name}.json"
        _replace(path, text)
        return path

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the folder against a second witness of it; raises ``NotKept`` when one is at work."""
        with (self.folder / _CONFIGURATION).open("rb") as file:
            if fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise NotKept(f"{self.folder} 正由另一进程使用 / another witness is at work here") from error
            yield


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8",
                   newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
