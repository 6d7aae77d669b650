"""FLOE (c2sp.org/FLOE): AES-256-GCM segments under HKDF-Expand-SHA-384 keys; written from its specification. With the
suite FLOE-SM the same construction over SM4-GCM and HMAC-SM3, which is not standard FLOE.

Header: ``00 00 (FLOE-SM: 53 4d) ‖ u32be segment ‖ u32be 32 ‖ iv[32] ‖ tag[32]`` (74 bytes).
Segment: ``u32be(0xFFFFFFFF, or own length when last) ‖ iv[12] ‖ ciphertext ‖ tag[16]``.
Every segment can be written again and read alone: its IV is random, its place and end are authenticated.
"""

import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidTag

from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.suites import BY_MARK, FLOE, Aead, Suite

HEADER_LENGTH = 74
OVERHEAD = 32
ROTATION = 20
_IV = 32
_FURTHER = b"\xff\xff\xff\xff"
_MOST_SEGMENTS = 1 << 40


@dataclass(frozen=True, slots=True)
class Parameters:
    """``segment``: bytes of a whole encrypted segment, overhead included; ``rotation``: low bits of a position
    that share one data key (20 in production; the published vectors also use 2)."""

    segment: int
    rotation: int = ROTATION
    suite: Suite = FLOE

    def __post_init__(self) -> None:
        if not OVERHEAD < self.segment < 1 << 31:
            raise Malformed("分段长度不在允许范围", field="seg")

    @property
    def plain(self) -> int:
        """Plaintext bytes of a full segment."""
        return self.segment - OVERHEAD

    @property
    def encoded(self) -> bytes:
        """The ten parameter bytes."""
        return self.suite.mark + self.segment.to_bytes(4) + _IV.to_bytes(4)


def _expand(key: bytes, parameters: Parameters, iv: bytes, purpose: bytes, aad: bytes, length: int) -> bytes:
    message = parameters.encoded + iv + purpose + aad + b"\x01"
    return parameters.suite.mac(key, message)[:length]


@lru_cache(maxsize=64)
def _data_key(message_key: "MessageKey", position: int) -> Aead:
    purpose, suite = b"DEK:" + position.to_bytes(8), message_key.parameters.suite
    return suite.cipher(_expand(
        message_key.secret, message_key.parameters, message_key.iv, purpose, message_key.aad, suite.cipher_key))


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The key of one message (MK; 48 bytes, 32 in FLOE-SM) with what it is bound to. Holding it allows to go on
    sealing."""

    parameters: Parameters
    iv: bytes
    aad: bytes
    secret: bytes = field(repr=False)

    def encrypt_segment(self, position: int, plaintext: bytes, *, last: bool, nonce: bytes | None = None) -> bytes:
        """One encrypted segment. ``nonce`` (12 bytes) is given only to reproduce what was made before: a vector, or
        from a resealing recipe the very segment of the same plaintext."""
        plain = self.parameters.plain
        if len(plaintext) > plain or (not last and len(plaintext) != plain) or position >= _MOST_SEGMENTS:
            raise Malformed("分段明文长度不对", position=position)
        nonce = secrets.token_bytes(12) if nonce is None else nonce
        mark = (len(plaintext) + OVERHEAD).to_bytes(4) if last else _FURTHER
        return mark + nonce + self._key(position).encrypt(nonce, plaintext, _segment_aad(position, last))

    def decrypt_segment(self, position: int, data: bytes, *, last: bool) -> bytes:
        """The plaintext of the segment at ``position``; ``last`` is what the reader expects, not what it is told.

        Raises ``SealBroken`` when the bytes are not exactly that segment.
        """
        mark = len(data).to_bytes(4) if last else _FURTHER
        whole = OVERHEAD <= len(data) <= self.parameters.segment if last else len(data) == self.parameters.segment
        if not whole or data[:4] != mark:
            raise SealBroken("密文分段不完整", part="segment", position=position)
        try:
            return self._key(position).decrypt(data[4:16], data[16:], _segment_aad(position, last))
        except InvalidTag as error:
            raise SealBroken("密文分段不能解开", part="segment", position=position) from error

    def _key(self, position: int) -> Aead:
        return _data_key(self, position >> self.parameters.rotation << self.parameters.rotation)


def start(key: bytes, parameters: Parameters, aad: bytes, iv: bytes | None = None) -> tuple[bytes, MessageKey]:
    """A new message: its 74-byte header and its key. ``key`` is 32 bytes; ``iv`` only reproduces a vector."""
    iv = secrets.token_bytes(_IV) if iv is None else iv
    tag = _expand(key, parameters, iv, b"HEADER_TAG:", aad, 32)
    secret = _expand(key, parameters, iv, b"MESSAGE_KEY:", aad, parameters.suite.message_key)
    return parameters.encoded + iv + tag, MessageKey(parameters, iv, aad, secret)


def read_header(header: bytes, rotation: int = ROTATION) -> tuple[Parameters, bytes]:
    """The parameters, the suite among them, and the IV of a header; raises ``Malformed`` for another form."""
    suite = BY_MARK.get(header[:2])
    if suite is None or len(header) != HEADER_LENGTH or header[6:10] != _IV.to_bytes(4):
        raise Malformed("密文头格式不对", field="floe")
    return Parameters(int.from_bytes(header[2:6]), rotation, suite), header[10:42]


def open_header(key: bytes, header: bytes, aad: bytes, rotation: int = ROTATION) -> MessageKey:
    """The message key; the tag commits to ``key`` and ``aad``. Raises ``SealBroken`` when it does not verify."""
    parameters, iv = read_header(header, rotation)
    if not hmac.compare_digest(header[42:], _expand(key, parameters, iv, b"HEADER_TAG:", aad, 32)):
        raise SealBroken("密钥与密文头不符", part="header")
    length = parameters.suite.message_key
    return MessageKey(parameters, iv, aad, _expand(key, parameters, iv, b"MESSAGE_KEY:", aad, length))


def resume(header: bytes, aad: bytes, secret: bytes, rotation: int = ROTATION) -> MessageKey:
    """The message key from its kept bytes; the caller vouches that they belong to ``header``."""
    parameters, iv = read_header(header, rotation)
    if len(secret) != parameters.suite.message_key:
        raise Malformed("续传密钥长度不对", field="message_key")
    return MessageKey(parameters, iv, aad, secret)


def nonce_of(data: bytes) -> bytes:
    """The IV (12 bytes) of an encrypted segment."""
    return data[4:16]


def decrypt_stream(message_key: MessageKey, segments: Iterable[bytes]) -> Iterator[bytes]:
    """Plaintexts of segments in order; each segment is whole and only the last may be short.

    Raises ``SealBroken`` at the first that is altered, at trailing segments, and at the end when the last is missing.
    """
    ended = False
    for position, data in enumerate(segments):
        if ended:
            raise SealBroken("密文末尾多出内容", part="segment", position=position)
        ended = data[:4] != _FURTHER
        yield message_key.decrypt_segment(position, data, last=ended)
    if not ended:
        raise SealBroken("密文被截断", part="segment")


def _segment_aad(position: int, last: bool) -> bytes:
    return position.to_bytes(8) + (b"\x01" if last else b"\x00")
