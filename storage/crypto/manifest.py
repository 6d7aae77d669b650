"""M, the manifest over everything that is stored of a sealed object, and the bidder's signature over it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from storage.crypto.canonical import Json, canonical_bytes, from_hex, parse_object
from storage.crypto.errors import Malformed, NotSupported, ObjectAltered
from storage.crypto.header import Header
from storage.crypto.signatures import PrivateKey, check_signature, sign
from storage.crypto.sm2 import Sm2PublicKey
from storage.crypto.suites import sm3

LONGEST = 1 << 20
_PREFIX = b"ebid/1 manifest\0"
_KEYS = {"v", "header_sha256", "parts", "size"}
_TWICE = {"header_sm3", "parts_sm3"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """M = {v:1, header_sha256, parts:[sha256 of each stored segment], size: plaintext bytes}; in suite 2 with
    ``header_sm3`` and ``parts_sm3`` besides, which name the same bytes by SM3."""

    header_sha256: str
    parts: tuple[str, ...]
    size: int
    header_sm3: str = ""
    parts_sm3: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The JCS bytes."""
        value: dict[str, Json] = {
            "v": 1, "header_sha256": self.header_sha256, "parts": list(self.parts), "size": self.size}
        twice: dict[str, Json] = {"header_sm3": self.header_sm3, "parts_sm3": list(self.parts_sm3)}
        return canonical_bytes(value | (twice if self.header_sm3 else {}))

    @property
    def signed_bytes(self) -> bytes:
        """What the bidder signs: "ebid/1 manifest\\0"‖M."""
        return _PREFIX + self.to_bytes()

    @property
    def sha256(self) -> str:
        """Lower-case hex over M."""
        return sha256(self.to_bytes()).hexdigest()

    @property
    def parts_root(self) -> str:
        """RFC 6962 root over the 32-byte part digests: one line on a receipt for 513 parts."""
        return parts_root(self.parts)


def read_manifest(data: bytes) -> Manifest:
    """M from its bytes; raises ``Malformed`` for anything but a well-formed canonical M."""
    value = parse_object(data, limit=LONGEST)
    parts, size = value.get("parts"), value.get("size")
    twice = set(value) & _TWICE
    if set(value) - twice != _KEYS or twice not in (set(), _TWICE) or value["v"] != 1 or type(value["v"]) is not int:
        raise Malformed("清单的字段不对", field="manifest")
    if not isinstance(parts, list) or not parts or type(size) is not int or size < 0:
        raise Malformed("清单的分段或大小不对", field="parts")
    header = from_hex(value["header_sha256"], "header_sha256").hex()
    manifest = Manifest(header, tuple(from_hex(part, "parts").hex() for part in parts), size)
    return _with_sm3(manifest, value["header_sm3"], value["parts_sm3"]) if twice else manifest


def _with_sm3(manifest: Manifest, header: Json, parts: Json) -> Manifest:
    if not isinstance(parts, list) or len(parts) != len(manifest.parts):
        raise Malformed("清单的分段与 SM3 摘要数不符", field="parts_sm3")
    return replace(manifest, header_sm3=from_hex(header, "header_sm3").hex(),
                   parts_sm3=tuple(from_hex(part, "parts_sm3").hex() for part in parts))


def manifest_over(header: Header, parts: Sequence[tuple[str, str]], size: int) -> Manifest:
    """M of a sealed object; ``parts``: (SHA-256, SM3) of each stored segment in order, SM3 "" in suite 1."""
    manifest = Manifest(header.sha256, tuple(digest for digest, _ in parts), size)
    if not header.ctx.algorithms.is_sm:
        return manifest
    return replace(manifest, header_sm3=sm3(header.to_bytes()), parts_sm3=tuple(digest for _, digest in parts))


def check_manifest(manifest: Manifest, header: Header, public_key: object, signature: bytes) -> None:
    """The manifest is this header's, its parts fit its size, and the holder of ``public_key`` signed it.

    Raises ``Malformed``, ``SignatureRefused``, ``NotSupported``. The stored parts are checked by ``check_parts``.
    """
    if manifest.header_sha256 != header.sha256:
        raise Malformed("清单不属于这个信封头", field="header_sha256")
    is_sm = header.ctx.algorithms.is_sm
    if manifest.header_sm3 != (sm3(header.to_bytes()) if is_sm else ""):
        raise Malformed("清单的 SM3 摘要与信封头的套件不符", field="header_sm3")
    if is_sm and not isinstance(public_key, Sm2PublicKey):
        raise NotSupported("国密标段的清单须以 SM2 签名", field="signature")
    plain = header.ctx.seg - 32
    if len(manifest.parts) != max(1, -(-manifest.size // plain)):
        raise Malformed("清单的分段数与大小不符", field="parts")
    check_signature(public_key, manifest.signed_bytes, signature)


def check_parts(manifest: Manifest, stored: Sequence[str]) -> None:
    """Raises ``ObjectAltered`` unless the digests read back from the store are those of the manifest, in order."""
    if len(stored) != len(manifest.parts):
        raise ObjectAltered("分段数与清单不符", stored=len(stored), signed=len(manifest.parts))
    for index, (found, signed) in enumerate(zip(stored, manifest.parts, strict=True)):
        if found != signed:
            raise ObjectAltered("分段与清单不符", index=index)


def sign_manifest(manifest: Manifest, private_key: PrivateKey) -> bytes:
    """The bidder's signature, in the form of its key's kind."""
    return sign(private_key, manifest.signed_bytes)


def parts_root(parts: Sequence[str]) -> str:
    """RFC 6962 tree hash (hex) with the raw digests as leaf data."""
    return _tree([sha256(b"\0" + bytes.fromhex(part)).digest() for part in parts]).hex()


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + _tree(leaves[:middle]) + _tree(leaves[middle:])).digest()
