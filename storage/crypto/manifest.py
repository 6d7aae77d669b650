"""M, the manifest over everything that is stored of a sealed object, and the bidder's signature over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from storage.crypto.canonical import Json, canonical_bytes, from_hex, parse_object
from storage.crypto.errors import Malformed, ObjectAltered
from storage.crypto.header import Header
from storage.crypto.signatures import PrivateKey, check_signature, sign

LONGEST = 1 << 20
_PREFIX = b"ebid/1 manifest\0"


@dataclass(frozen=True, slots=True)
class Manifest:
    """M = {v:1, header_sha256, parts:[sha256 of each stored segment], size: plaintext bytes}."""

    header_sha256: str
    parts: tuple[str, ...]
    size: int

    def to_bytes(self) -> bytes:
        """The JCS bytes."""
        value: dict[str, Json] = {
            "v": 1, "header_sha256": self.header_sha256, "parts": list(self.parts), "size": self.size}
        return canonical_bytes(value)

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
    if set(value) != {"v", "header_sha256", "parts", "size"} or value["v"] != 1 or type(value["v"]) is not int:
        raise Malformed("清单的字段不对", field="manifest")
    if not isinstance(parts, list) or not parts or type(size) is not int or size < 0:
        raise Malformed("清单的分段或大小不对", field="parts")
    header = from_hex(value["header_sha256"], "header_sha256").hex()
    return Manifest(header, tuple(from_hex(part, "parts").hex() for part in parts), size)


def check_manifest(manifest: Manifest, header: Header, public_key: object, signature: bytes) -> None:
    """The manifest is this header's, its parts fit its size, and the holder of ``public_key`` signed it.

    Raises ``Malformed``, ``SignatureRefused``, ``NotSupported``. The stored parts are checked by ``check_parts``.
    """
    if manifest.header_sha256 != header.sha256:
        raise Malformed("清单不属于这个信封头", field="header_sha256")
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
    """The bidder's signature: ECDSA-SHA256 DER or RSA PKCS#1 v1.5 SHA-256."""
    return sign(private_key, manifest.signed_bytes)


def parts_root(parts: Sequence[str]) -> str:
    """RFC 6962 tree hash (hex) with the raw digests as leaf data."""
    return _tree([sha256(b"\0" + bytes.fromhex(part)).digest() for part in parts]).hex()


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + _tree(leaves[:middle]) + _tree(leaves[middle:])).digest()
