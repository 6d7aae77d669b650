"""What tests of witnesses share: the packed program, run where nothing but Python is, and checkpoints to show to it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.ledger.checkpoints import sign_checkpoint, verifier_key
from storage.ledger.merkle import Frontier, consistency_plan, node_reader, prove
from storage.ledger.model import leaf_hash
from storage.ledger.notes import Checkpoint

ORIGIN = "yunkai/E3207000001"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = verifier_key(ORIGIN, LOG_KEY.public_key())
ENTRIES = [leaf_hash(f"entry {number}".encode()) for number in range(40)]
# The same for ten entries, and another story from then on.
FORGED = [*ENTRIES[:10], *(leaf_hash(f"forged {number}".encode()) for number in range(10, 40))]


def note_of(leaves: Sequence[bytes]) -> str:
    """The log's signed checkpoint over these leaves."""
    tree = Frontier()
    tree.extend(leaves)
    return sign_checkpoint(Checkpoint(ORIGIN, len(leaves), tree.root()), LOG_KEY)


def proof_of(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first ``old`` of these leaves are a prefix."""
    return prove(consistency_plan(old, len(leaves)), node_reader(leaves))


@dataclass
class WitnessProgram:
    """The packed witness in a folder of its own; ``-I -S`` keep every library but Python's own away from it."""

    program: Path
    folder: Path

    def _command(self, act: str, *words: str) -> list[str]:
        where = [] if act == "judge" else ["--folder", str(self.folder)]
        return [sys.executable, "-I", "-S", str(self.program), act, *where, *words]

    def run(self, act: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """One command to its end."""
        return subprocess.run(self._command(act, *words), text=True, capture_output=True, timeout=60, cwd="/")

    def init(self, name: str, log: str, url: str) -> str:
        """Makes the witness; answers its public key."""
        made = self.run("init", "--name", name, "--log", log, "--url", url)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    @contextmanager
    def follow(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A process that follows, looking often; killed at the end of the block."""
        command = self._command("follow", "--every", "0.2", *words)
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd="/", text=True, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder.with_suffix(".log")

    def alarms(self) -> list[Path]:
        """Its alarm files."""
        return sorted(self.folder.glob("alarm-*.json"))
