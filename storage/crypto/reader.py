"""Reading a sealed object by range: which stored bytes a range needs, and what they say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from storage.crypto.errors import Malformed, ObjectAltered, SealBroken
from storage.crypto.floe import OVERHEAD, MessageKey
from storage.crypto.manifest import Manifest
from storage.crypto.suites import sm3

# fetch(offset, length) gives stored bytes of the object, as an S3 range request does.
Fetch = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Layout:
    """How ``size`` plaintext bytes lie in segments of ``seg`` stored bytes."""

    size: int
    seg: int

    @property
    def plain(self) -> int:
        """Plaintext bytes of a full segment."""
        return self.seg - OVERHEAD

    @property
    def count(self) -> int:
        """Segments, at least one; an empty last segment after a full one does not occur."""
        return max(1, -(-self.size // self.plain))

    @property
    def stored_size(self) -> int:
        """Bytes of the stored object."""
        return self.size + OVERHEAD * self.count

    def segment_range(self, index: int) -> tuple[int, int]:
        """(offset, length) of segment ``index`` in the stored object; ``Malformed`` when there is no such segment."""
        if not 0 <= index < self.count:
            raise Malformed("没有这一分段", index=index)
        offset = index * self.seg
        return offset, min(self.seg, self.stored_size - offset)

    def segments_of(self, offset: int, length: int) -> range:
        """The segments that hold plaintext bytes [offset, offset+length), clipped to the size."""
        end = min(offset + length, self.size)
        return range(offset // self.plain, -(-end // self.plain)) if 0 <= offset < end else range(0)


def decrypt_segment(message_key: MessageKey, manifest: Manifest, index: int, data: bytes) -> bytes:
    """The plaintext of stored segment ``index``.

    Raises ``ObjectAltered`` when the bytes are not what the bidder signed (the platform's fault, fault 11), and
    ``SealBroken`` when they are, yet do not decrypt (the bidder's): the two are never mixed (R-144).
    """
    layout = Layout(manifest.size, message_key.parameters.segment)
    if layout.count != len(manifest.parts) or not 0 <= index < layout.count:
        raise Malformed("分段与清单不符", field="parts")
    if sha256(data).hexdigest() != manifest.parts[index]:
        raise ObjectAltered("存储的分段与投标人签名的清单不符", index=index)
    if manifest.parts_sm3 and sm3(data) != manifest.parts_sm3[index]:
        raise SealBroken("分段的 SM3 摘要与清单不符", part="segment", position=index)
    plaintext = message_key.decrypt_segment(index, data, last=index == layout.count - 1)
    if len(plaintext) + OVERHEAD != layout.segment_range(index)[1]:
        raise SealBroken("密文长度与清单不符", part="segment", position=index)
    return plaintext


class SealedReader:
    """Random access to the plaintext; keeps the last few segments it decrypted."""

    def __init__(self, message_key: MessageKey, manifest: Manifest, fetch: Fetch, *, keep: int = 2) -> None:
        self.layout = Layout(manifest.size, message_key.parameters.segment)
        self._key, self._manifest, self._fetch = message_key, manifest, fetch
        self._segment = lru_cache(maxsize=keep)(self._load)

    def read(self, offset: int, length: int) -> bytes:
        """Plaintext bytes [offset, offset+length), fewer at the end. Errors as ``decrypt_segment``."""
        return b"".join(self.stream(offset, length))

    def stream(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same, segment by segment: what an HTTP range answer sends."""
        plain = self.layout.plain
        length = self.layout.size - offset if length is None else length
        for index in self.layout.segments_of(offset, length):
            begin = max(offset - index * plain, 0)
            yield self._segment(index)[begin:offset + length - index * plain]

    def check(self) -> None:
        """Decrypts everything once, keeping nothing; raises at the first segment that fails."""
        for index in range(self.layout.count):
            self._load(index)

    def _load(self, index: int) -> bytes:
        return decrypt_segment(self._key, self._manifest, index, self._fetch(*self.layout.segment_range(index)))
