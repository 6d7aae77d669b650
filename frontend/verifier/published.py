"""The web client as the ledger tells of it: the digest of every file that a node serves, in one public entry.

Scripts come from the operator, who could give out others that cheat. It cannot do so and keep them the ones it told of.
"""

from hashlib import sha256
from pathlib import Path

from storage.crypto.canonical import canonical_bytes

ACTION, STREAM, INDEX = "client.published", "client", "index.html"

Files = dict[str, str]


def files_of(folder: Path) -> Files:
    """SHA-256, in hexadecimal, of each file below the folder, by its path there."""
    return {file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*") if file.is_file()}


def digest_of(files: Files) -> str:
    """One digest for all of them: two people compare it over the telephone."""
    return sha256(canonical_bytes(files)).hexdigest()
