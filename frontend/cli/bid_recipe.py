"""A bidder's resealing recipe: with it and the plaintext the very bytes that were signed are made again (R-511).

The file holds one entry for each sealed object under the digest of its header, see ``storage/crypto/recipe.py``. It
opens nothing for whoever lacks the plaintext, and with the plaintext the sealed bid without any custodian: keep it as
the plaintext is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from bidding.bids.model import ENVELOPES
from frontend.cli.bid_content import Content, Piece
from frontend.cli.bid_keeping import Keeper
from frontend.cli.bid_state import SealedState, write_whole
from frontend.cli.bid_work import BidWork
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.context import Secrets
from storage.crypto.header import Header
from storage.crypto.recipe import Recipe, lock, unlock
from storage.kernel.errors import Invalid, NotFound, Refused

_KIND = "ebid-resealing-recipe"
_CHUNK = 8 << 20

recipe_option = click.option(
    "--recipe", type=click.Path(path_type=Path, dir_okay=False), default=None,
    help="另存复原单，日后凭原文逐字节复原投标文件，仅在招标文件规定补救方案时可用 "
         "keeps a resealing recipe for bid remedy, where the document has a remedy")


def recipe_into(work: BidWork, path: Path | None) -> None:
    """What is sealed from now on leaves its recipe in the file; refused where the document has no remedy (R-144)."""
    if path is None:
        return
    if work.api.get(f"/api/lots/{work.lot}")["remedy"] == "none":
        raise Refused("招标文件未规定补救方案，复原单不能使用")
    work.keepers.append(RecipeFile(path))


def digest_of(content: Content) -> bytes:
    """SHA-256 of a plaintext, read through once."""
    digest = sha256()
    for offset in range(0, content.size, _CHUNK):
        digest.update(content.read(offset, _CHUNK))
    return digest.digest()


@dataclass(frozen=True, slots=True)
class RecipeFile(Keeper):
    """The file, which its owner alone may read."""

    path: Path
    _digests: dict[tuple[Piece, ...], bytes] = field(default_factory=dict)

    def keep(self, header: Header, both: Secrets, body: Content, content: Content) -> None:
        """Locks S_B and S_P under the body's digest; the IVs follow when the parts are sent."""
        known = self._digests.get(body.pieces)
        if known is None:
            known = self._digests[body.pieces] = digest_of(body)
        statement = b"" if header.ctx.envelope in ENVELOPES else content.read(0, content.size)
        objects = self._objects()
        objects[header.sha256] = {"of": header.ctx.envelope, **lock(both, header.sha256, known, statement)}
        self._write(objects)

    def holds(self, header: str) -> bool:
        """Whether the object of this header was sealed with a recipe."""
        return sha256(header.encode()).hexdigest() in self._objects()

    def finish(self, sealed: SealedState) -> None:
        """Adds the IV of each part as it was sent last."""
        objects, name = self._objects(), sha256(sealed.header.encode()).hexdigest()
        if name not in objects:
            raise NotFound("复原单在上传途中被移走或改动，请换用新的 --state 重新加密", field="recipe")
        nonces = b"".join(from_base64(sealed.nonces[number], "nonces") for number in sorted(sealed.nonces))
        objects[name] = {**objects[name], "nonces": to_base64(nonces)}
        self._write(objects)

    def recipe_of(self, header: Header, body: bytes) -> Recipe:
        """The recipe of one object for whoever has its body, by digest.

        Raises ``NotFound`` for an object sealed without, ``SealBroken`` for another body.
        """
        kept = self._objects().get(header.sha256)
        if kept is None or "nonces" not in kept:
            raise NotFound(f"复原单中没有这份投标文件的“{header.ctx.envelope}”", kind=header.ctx.envelope)
        return unlock(kept, header.sha256, body)

    def _objects(self) -> dict[str, dict[str, Any]]:
        if not self.path.exists():
            return {}
        try:
            value = json.loads(self.path.read_text())
        except ValueError as error:
            raise Invalid("不是复原单文件", field="recipe") from error
        objects = value.get("objects") if isinstance(value, dict) and value.get("kind") == _KIND else None
        if not isinstance(objects, dict) or not all(isinstance(each, dict) for each in objects.values()):
            raise Invalid("不是复原单文件", field="recipe")
        return dict(objects)

    def _write(self, objects: Mapping[str, Any]) -> None:
        write_whole(self.path, json.dumps({"v": 1, "kind": _KIND, "objects": objects}).encode())
