"""SM2 (GB/T 32918): signatures with SM3 and encryption on the Chinese 256-bit curve, through the system's OpenSSL.

Keys are id-ecPublicKey with the curve 1.2.156.10197.1.301. Signatures are DER of (r, s), always under the signer's
identifier of GM/T 0009; ciphertexts DER in the order C1 C3 C2. No message names a key or what was encrypted.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_size_t, create_string_buffer
from dataclasses import dataclass, field
from typing import Any, ClassVar

from asn1crypto import algos, core, keys

from storage.crypto.errors import Malformed
from storage.crypto.libcrypto import libcrypto, public_bytes, read_key
from storage.kernel.errors import Unavailable

SM2 = "sm2"
CURVE = "1.2.156.10197.1.301"
SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM3_OID = "1.2.156.10197.1.401"
SIGNER_ID = b"1234567812345678"
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# The fixed beginnings of SPKI and PKCS#8 (without and with the public point): only scalar and point differ.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_BARE = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")
_PKCS8 = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_POINT = bytes.fromhex("a144034200")
_LONGEST_SIGNATURE, _MARGIN = 72, 160

keys.NamedCurve.register(SM2, CURVE, 32)
algos.DigestAlgorithmId._map[SM3_OID] = "sm3"  # asn1crypto offers no other way to make a digest known


class _Ciphertext(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """GM/T 0009, 7.2."""

    _fields: ClassVar = [("x", core.Integer), ("y", core.Integer), ("hash", core.OctetString),
                         ("cipher", core.OctetString)]


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """``point``: 04 ‖ x ‖ y, 65 bytes, on the curve."""

    point: bytes

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return _SPKI + self.point


@dataclass(frozen=True, slots=True)
class Sm2PrivateKey:
    """``scalar``: 32 bytes, 1 … order - 2. Never stored, logged or recorded in the clear."""

    scalar: bytes = field(repr=False)
    public: Sm2PublicKey

    @property
    def pkcs8(self) -> bytes:
        """PrivateKeyInfo without a password, DER, as OpenSSL writes it."""
        return _PKCS8 + self.scalar + _POINT + self.public.point

    def public_key(self) -> Sm2PublicKey:
        """As the keys of ``cryptography`` have it."""
        return self.public


def new_key() -> Sm2PrivateKey:
    """A fresh key."""
    return private_key(1 + secrets.randbelow(ORDER - 2))


def private_key(scalar: int) -> Sm2PrivateKey:
    """The key of a scalar; raises ``Malformed`` outside 1 … order - 2."""
    if not 1 <= scalar <= ORDER - 2:
        raise Malformed("不是合法的 SM2 私钥", field="key")
    octets = scalar.to_bytes(32)
    with _key(_BARE + octets, is_private=True) as handle:
        return Sm2PrivateKey(octets, Sm2PublicKey(public_bytes(handle)[-65:]))


def public_key(point: bytes) -> Sm2PublicKey:
    """The key of an uncompressed point; raises ``Malformed`` for another form, or a point off the curve."""
    if len(point) != 65 or point[0] != 4:
        raise Malformed("不是合法的 SM2 公钥", field="key")
    with _key(_SPKI + point, is_private=False):
        return Sm2PublicKey(point)


def public_key_of(info: Any) -> Sm2PublicKey | None:
    """The SM2 key of an asn1crypto ``PublicKeyInfo``; None for any other kind of key; raises ``Malformed``."""
    return public_key(info["public_key"].native) if _is_sm2(info["algorithm"]) else None


def private_key_of(der: bytes) -> Sm2PrivateKey | None:
    """The SM2 key of PKCS#8 bytes without a password; None for any other kind of key; raises ``Malformed``."""
    try:
        info = keys.PrivateKeyInfo.load(der, strict=True)
        if not _is_sm2(info["private_key_algorithm"]):
            return None
        scalar = int.from_bytes(info["private_key"].parsed["private_key"].contents)
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("私钥无法读取", field="key") from error
    return private_key(scalar)


def sign(key: Sm2PrivateKey, message: bytes) -> bytes:
    """The signature of SM3(Z ‖ message), DER."""
    library, length = libcrypto(), c_size_t(_LONGEST_SIGNATURE)
    place = create_string_buffer(_LONGEST_SIGNATURE)
    with _key(key.pkcs8, is_private=True) as handle, _digesting(handle, library.EVP_DigestSignInit) as context:
        _require(library.EVP_DigestSign(context, place, byref(length), message, len(message)))
    return place.raw[:length.value]


def verifies(key: Sm2PublicKey, message: bytes, signature: bytes) -> bool:
    """True where the holder of ``key`` signed ``message``."""
    library = libcrypto()
    with _key(key.spki, is_private=False) as handle, _digesting(handle, library.EVP_DigestVerifyInit) as context:
        answer: int = library.EVP_DigestVerify(context, signature, len(signature), message, len(message))
    library.ERR_clear_error()
    return answer == 1


def encrypt(key: Sm2PublicKey, plaintext: bytes) -> bytes:
    """The ciphertext, DER; another at each call."""
    with _key(key.spki, is_private=False) as handle:
        return _crypt(handle, "encrypt", plaintext, len(plaintext) + _MARGIN) or _broken()


def decrypt(key: Sm2PrivateKey, ciphertext: bytes) -> bytes | None:
    """The plaintext; None for another key's ciphertext, one that was altered, and anything but its strict form."""
    length = cipher_length(ciphertext)
    if not length:
        return None
    with _key(key.pkcs8, is_private=True) as handle:
        return _crypt(handle, "decrypt", ciphertext, length + _MARGIN)


def cipher_length(ciphertext: bytes) -> int | None:
    """Bytes of plaintext in a ciphertext of strict DER; None for any other form."""
    try:
        read = _Ciphertext.load(ciphertext, strict=True)
        x, y, digest, cipher = (read[name].native for name in ("x", "y", "hash", "cipher"))
    except (ValueError, TypeError, KeyError):
        return None
    if len(digest) != 32 or min(x, y) < 0 or max(x, y) >> 256:
        return None
    same = _Ciphertext({"x": x, "y": y, "hash": digest, "cipher": cipher}).dump() == ciphertext
    return len(cipher) if same else None


def _is_sm2(algorithm: Any) -> bool:
    parameters = algorithm["parameters"]
    return bool(algorithm["algorithm"].native == "ec" and parameters.name == "named"
                and parameters.chosen.dotted == CURVE)


@contextmanager
def _key(der: bytes, *, is_private: bool) -> Iterator[int]:
    handle = read_key(der, is_private=is_private)
    if handle is None:
        raise Malformed("不是合法的 SM2 密钥", field="key")
    try:
        yield handle
    finally:
        libcrypto().EVP_PKEY_free(handle)


@contextmanager
def _digesting(handle: int, begin: Callable[..., int]) -> Iterator[int]:
    """A context that signs or verifies with SM3 under the one signer's identifier."""
    library = libcrypto()
    context, inner = library.EVP_MD_CTX_new(), library.EVP_PKEY_CTX_new(handle, None)
    try:
        _require(library.EVP_PKEY_CTX_set1_id(inner, SIGNER_ID, len(SIGNER_ID)))
        library.EVP_MD_CTX_set_pkey_ctx(context, inner)
        _require(begin(context, None, library.EVP_sm3(), None, handle))
        yield context
    finally:
        library.EVP_MD_CTX_free(context)
        library.EVP_PKEY_CTX_free(inner)


def _crypt(handle: int, way: str, data: bytes, room: int) -> bytes | None:
    library, length, place = libcrypto(), c_size_t(room), create_string_buffer(room)
    context = library.EVP_PKEY_CTX_new(handle, None)
    try:
        _require(getattr(library, f"EVP_PKEY_{way}_init")(context))
        answer = getattr(library, f"EVP_PKEY_{way}")(context, place, byref(length), data, len(data))
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()
    return place.raw[:length.value] if answer == 1 else None


def _require(answer: int) -> None:
    if answer != 1:
        libcrypto().ERR_clear_error()
        _broken()


def _broken() -> bytes:
    raise Unavailable("系统的 OpenSSL 未能完成国密运算")
