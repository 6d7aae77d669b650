"""The two suites of sealed objects: which hash, key derivation and cipher each uses.

Suite 1 is FLOE as published (c2sp.org/FLOE). Suite 2, FLOE-SM, is the same construction with SM3 and SM4-GCM: ours, not
standard FLOE (docs/sealing.md). What a digest is *named* sha256 stays SHA-256 in both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SM3, Hash, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.crypto.errors import NotSupported

_TAG = 16


class Aead(Protocol):
    """Encryption under one key: 12-byte nonce, tag of 16 bytes at the end; ``InvalidTag`` where it breaks."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Ciphertext ‖ tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The plaintext."""


class Sm4Gcm:
    """SM4-GCM with the interface of ``AESGCM``; the key has 16 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Ciphertext ‖ tag."""
        made = Cipher(self._key, modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(associated_data or b"")
        return made.update(data) + made.finalize() + made.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The plaintext; raises ``InvalidTag``, and then nothing of it counts."""
        if len(data) < _TAG:
            raise InvalidTag
        made = Cipher(self._key, modes.GCM(nonce, data[-_TAG:])).decryptor()
        made.authenticate_additional_data(associated_data or b"")
        return made.update(data[:-_TAG]) + made.finalize()


@dataclass(frozen=True, slots=True)
class Suite:
    """``mark``: the first two parameter bytes of a FLOE header; lengths of keys in bytes; ``mac``: of FLOE's key
    derivation. ``is_sm``: every wrap and signature is SM2, and a manifest names its parts by SM3 as well."""

    number: int
    name: str
    mark: bytes
    message_key: int
    cipher_key: int
    is_sm: bool
    hash: HashAlgorithm = field(compare=False)
    mac_hash: HashAlgorithm = field(compare=False)
    cipher: Callable[[bytes], Aead] = field(compare=False)

    def digest(self, data: bytes) -> bytes:
        """32 bytes: for contexts, commitments and the mark of a wrap."""
        return _digest(self.hash, data)

    def mac(self, key: bytes, message: bytes) -> bytes:
        """The whole HMAC."""
        made = HMAC(key, self.mac_hash)
        made.update(message)
        return made.finalize()

    def derive(self, material: bytes, *, salt: bytes, info: bytes, length: int = 32) -> bytes:
        """HKDF with this suite's hash."""
        return HKDF(self.hash, length, salt, info).derive(material)


FLOE = Suite(1, "FLOE", b"\0\0", 48, 32, False, SHA256(), SHA384(), AESGCM)
FLOE_SM = Suite(2, "FLOE-SM", b"SM", 32, 16, True, SM3(), SM3(), Sm4Gcm)
SUITES = {each.number: each for each in (FLOE, FLOE_SM)}
BY_MARK = {each.mark: each for each in SUITES.values()}


def suite_of(number: object) -> Suite:
    """The suite of that number; raises ``NotSupported`` for any other."""
    found = SUITES.get(number) if type(number) is int else None
    if found is None:
        raise NotSupported("不支持的密码套件", suite=str(number)[:20])
    return found


def sm3(data: bytes) -> str:
    """SM3 in lower-case hex."""
    return _digest(FLOE_SM.hash, data).hex()


def _digest(algorithm: HashAlgorithm, data: bytes) -> bytes:
    made = Hash(algorithm)
    made.update(data)
    return made.finalize()
