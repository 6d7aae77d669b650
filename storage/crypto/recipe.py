"""A resealing recipe: what a bidder keeps to seal its own plaintext again to the very bytes that it signed (R-511).

FLOE takes a fresh IV for every segment, so the same plaintext never gives the same object twice. A recipe holds what
was drawn by chance: S_B, S_P, and the IV of each stored segment (12 bytes; they stand in the object anyhow). The
secrets are locked under the digest of the body that was sealed: PBKDF2-HMAC-SHA256 of its SHA-256, AES-256-GCM bound to
``"ebid/1 recipe\\0"‖SHA-256(H)``. So the recipe alone opens nothing: it takes the plaintext, to its last byte. Of an
opening statement, which a thief could guess, the recipe holds the plaintext too and is locked under its body's digest.
"""

import secrets as chance
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.crypto.canonical import Json, canonical_bytes, from_base64, from_hex, parse_object, to_base64
from storage.crypto.context import Secrets
from storage.crypto.envelope import message_key_of
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.floe import MessageKey
from storage.crypto.header import Header
from storage.crypto.manifest import Manifest
from storage.crypto.reader import Layout

NONCE = 12
ROUNDS = 600_000
_MOST_ROUNDS = 10_000_000
_SALT = 16
_LONGEST = 8 << 20

# read(offset, length) gives bytes of the plaintext, fewer at its end.
Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The secrets of one object, the IVs of its segments in order, and of a statement its plaintext (else empty)."""

    secrets: Secrets
    nonces: tuple[bytes, ...]
    statement: bytes = field(default=b"", repr=False)


def lock(both: Secrets, header_sha256: str, body: bytes, statement: bytes = b"",
         randomness: Callable[[int], bytes] = chance.token_bytes) -> dict[str, Json]:
    """The secrets of one object, under ``body``: the SHA-256 (32 bytes) of the plaintext of its envelope's body.

    ``randomness`` is asked for salt and IV, and chosen for vectors only.
    """
    salt, iv = randomness(_SALT), randomness(NONCE)
    text = canonical_bytes({"s_b": both.bidder.hex(), "s_p": both.custody.hex(), "statement": to_base64(statement)})
    sealed = _cipher(body, salt, ROUNDS).encrypt(iv, text, _place(header_sha256))
    return {"salt": to_base64(salt), "rounds": ROUNDS, "ct": to_base64(iv + sealed)}


def unlock(kept: Mapping[str, Json], header_sha256: str, body: bytes) -> Recipe:
    """The recipe as ``lock`` kept it, with ``nonces`` (base64 of all IVs) beside.

    Raises ``SealBroken`` where the body is not the one that was sealed, or the recipe was changed.
    """
    rounds, salt = kept.get("rounds"), from_base64(kept.get("salt"), "salt")
    ct, nonces = from_base64(kept.get("ct"), "ct"), from_base64(kept.get("nonces", ""), "nonces")
    if type(rounds) is not int or not ROUNDS <= rounds <= _MOST_ROUNDS or len(ct) <= NONCE or len(nonces) % NONCE:
        raise Malformed("复原单的内容不对", field="recipe")
    try:
        text = _cipher(body, salt, rounds).decrypt(ct[:NONCE], ct[NONCE:], _place(header_sha256))
    except InvalidTag as error:
        raise SealBroken("投标文件正文不是密封时的原文，或复原单已被改动", part="plaintext") from error
    told = parse_object(text, limit=_LONGEST)
    both = Secrets(from_hex(told["s_b"], "s_b"), from_hex(told["s_p"], "s_p"))
    return Recipe(both, tuple(nonces[at:at + NONCE] for at in range(0, len(nonces), NONCE)),
                  from_base64(told["statement"], "statement"))


@dataclass(frozen=True, slots=True)
class Resealing:
    """An object made again, segment by segment; none leaves that is not the one of the signed manifest."""

    header: Header
    manifest: Manifest
    layout: Layout
    key: MessageKey
    nonces: tuple[bytes, ...]
    read: Read

    def part(self, index: int) -> bytes:
        """The stored bytes of segment ``index``; raises ``SealBroken`` naming the first that differs."""
        plain = self.layout.plain
        data = self.key.encrypt_segment(index, self.read(index * plain, min(plain, self.layout.size - index * plain)),
                                        last=index == self.layout.count - 1, nonce=self.nonces[index])
        if sha256(data).hexdigest() != self.manifest.parts[index]:
            raise _differs(self.header, f"第 {index + 1} 个分片与签名清单不符", position=index)
        return data

    def check(self) -> None:
        """Makes every segment once and keeps none; raises as ``part``."""
        for index in range(self.layout.count):
            self.part(index)


def reseal(header: Header, manifest: Manifest, recipe: Recipe, read: Read, size: int) -> Resealing:
    """Seals a plaintext of ``size`` bytes again; raises ``SealBroken`` where size, secrets or segments do not fit."""
    if manifest.header_sha256 != header.sha256:
        raise _differs(header, "清单不属于这个信封头")
    if size != manifest.size:
        raise _differs(header, f"原文大小不同：现为 {size} 字节，密封时为 {manifest.size} 字节")
    layout = Layout(size, header.ctx.seg)
    if len(recipe.nonces) != layout.count or len(manifest.parts) != layout.count:
        raise _differs(header, f"复原单记有 {len(recipe.nonces)} 个分片，应为 {layout.count} 个")
    both = header.join_whole(recipe.secrets.bidder, recipe.secrets.custody)
    return Resealing(header, manifest, layout, message_key_of(header, both), recipe.nonces, read)


def _differs(header: Header, what: str, **facts: int) -> SealBroken:
    return SealBroken(f"不能复原“{header.ctx.envelope}”：{what}", part="plaintext", kind=header.ctx.envelope, **facts)


def _cipher(body: bytes, salt: bytes, rounds: int) -> AESGCM:
    return AESGCM(pbkdf2_hmac("sha256", body, salt, rounds))


def _place(header_sha256: str) -> bytes:
    return b"ebid/1 recipe\0" + bytes.fromhex(header_sha256)
