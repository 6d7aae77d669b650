"""A guarantee letter on its bidder's computer: the data as JSON with the signed file, and the same PDF for people."""

import json
import os
from pathlib import Path

from bidding.guarantees.application import SignedLetter, read_signed_letter
from storage.crypto.canonical import canonical_bytes
from storage.crypto.errors import Malformed
from storage.kernel.errors import Refused


def save_letter(letter: SignedLetter, order: str, folder: Path) -> tuple[Path, Path]:
    """Keeps ``<order>.json``, which ``--letter`` takes, and ``<order>.pdf``; readable by their owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    data, paper = folder / f"{order}.json", folder / f"{order}.pdf"
    _write(data, canonical_bytes(letter.to_json()))
    _write(paper, letter.pdf)
    return data, paper


def load_letter(path: Path) -> SignedLetter:
    """A letter kept before; raises ``Refused`` when it is gone, ``Malformed`` when it is no letter."""
    if not path.is_file():
        raise Refused(f"找不到保函文件 {path}：请用 --letter 指明，或用 --without-security 不附保函")
    try:
        member = json.loads(path.read_bytes())
    except ValueError:
        member = None
    if not isinstance(member, dict):
        raise Malformed(f"{path} 不是保函文件：请指明 yunkai bid letter fetch 存下的 .json", field="letter")
    return read_signed_letter(member)


def _write(path: Path, content: bytes) -> None:
    """Until the opening nobody else may learn that there is a letter, not on this computer either (R-122)."""
    staged = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    staged.replace(path)
