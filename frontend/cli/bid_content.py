"""The one body that is sealed: a single file as it is, several as an uncompressed ZIP that depends on nothing
but names and contents. The browser makes the same bytes (frontend/web/src/sealing/zip.ts)."""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 0xFFFFFFFF
_MANY = 0xFFFF
_CHUNK = 4 << 20
_DATE = 0x21  # 1980-01-01, the earliest a ZIP can say: no clock enters the bytes
_UTF8_NAMES = 0x0800
_ENDING = re.compile(r"(\.[^.]*)?\Z")

# What a body consists of, in order: bytes of our own, or a whole file.
Piece = bytes | Path


@dataclass(frozen=True, slots=True)
class Content:
    """A plaintext that can be read from any offset without ever being held whole."""

    pieces: tuple[Piece, ...]
    lengths: tuple[int, ...]
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.lengths)

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``, fewer at the end. Raises ``OSError`` when a file became shorter."""
        found, end, begin = [], offset + length, 0
        for piece, size in zip(self.pieces, self.lengths, strict=True):
            start, stop = max(offset, begin), min(end, begin + size)
            if start < stop:
                found.append(_part(piece, start - begin, stop - start))
            begin += size
        return b"".join(found)


@dataclass(frozen=True, slots=True)
class _Member:
    name: bytes
    path: Path
    size: int
    crc: int
    offset: int


def content_of(files: Sequence[Path]) -> Content:
    """The body of a bid from its files; raises ``OSError`` for one that cannot be read."""
    ordered = sorted(files, key=lambda path: _units(path.name))
    if len(ordered) == 1:
        only = ordered[0]
        return Content((only,), (only.stat().st_size,), (only,))
    members: list[_Member] = []
    pieces: list[Piece] = []
    offset = 0
    for name, path in uniquely_named(ordered):
        member = _Member(name.encode(), path, path.stat().st_size, _crc(path), offset)
        local = _local_header(member)
        members.append(member)
        pieces += [local, path]
        offset += len(local) + member.size
    directory = b"".join(_directory_entry(member) for member in members)
    pieces.append(directory + _end(len(members), len(directory), offset))
    sizes = [len(piece) if isinstance(piece, bytes) else piece.stat().st_size for piece in pieces]
    return Content(tuple(pieces), tuple(sizes), tuple(ordered))


def bytes_content(data: bytes) -> Content:
    """A body that is at hand, such as an opening statement."""
    return Content((data,), (len(data),), ())


def uniquely_named(files: Sequence[Path]) -> list[tuple[str, Path]]:
    """Names in NFC, sorted by UTF-16 unit as browsers do; a second file of a name becomes "name (2).ext"."""
    seen: dict[str, int] = {}
    named = []
    for path in files:
        name = re.sub(r"[/\\]", "_", unicodedata.normalize("NFC", path.name))
        seen[name] = count = seen.get(name, 0) + 1
        named.append((name if count == 1 else _ENDING.sub(rf" ({count})\1", name, count=1), path))
    return sorted(named, key=lambda item: _units(item[0]))


def _units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _part(piece: Piece, offset: int, length: int) -> bytes:
    if isinstance(piece, bytes):
        return piece[offset:offset + length]
    with piece.open("rb") as file:
        file.seek(offset)
        data = file.read(length)
    if len(data) != length:
        raise OSError(f"{piece.name} 在投标过程中变短了")
    return data


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = zlib.crc32(chunk, value)
    return value


def _le(width: int, *values: int) -> bytes:
    return b"".join(value.to_bytes(width, "little") for value in values)


def _local_header(member: _Member) -> bytes:
    large = member.size >= _LIMIT
    extra = _le(2, 1, 16) + _le(8, member.size, member.size) if large else b""
    size = _LIMIT if large else member.size
    head = _le(4, 0x04034B50) + _le(2, 45 if large else 20, _UTF8_NAMES, 0, 0, _DATE)
    return head + _le(4, member.crc, size, size) + _le(2, len(member.name), len(extra)) + member.name + extra


def _directory_entry(member: _Member) -> bytes:
    large = member.size >= _LIMIT or member.offset >= _LIMIT
    extra = _le(2, 1, 24) + _le(8, member.size, member.size, member.offset) if large else b""
    size, offset, version = (_LIMIT, _LIMIT, 45) if large else (member.size, member.offset, 20)
    head = _le(4, 0x02014B50) + _le(2, version, version, _UTF8_NAMES, 0, 0, _DATE) + _le(4, member.crc, size, size)
    return head + _le(2, len(member.name), len(extra), 0, 0, 0) + _le(4, 0, offset) + member.name + extra


def _end(count: int, length: int, offset: int) -> bytes:
    large = offset >= _LIMIT or length >= _LIMIT or count >= _MANY
    counts = _le(2, *(min(count, _MANY) if large else count,) * 2)
    last = _le(4, 0x06054B50, 0) + counts + _le(4, min(length, _LIMIT), min(offset, _LIMIT)) + _le(2, 0)
    if not large:
        return last
    end64 = _le(4, 0x06064B50) + _le(8, 44) + _le(2, 45, 45) + _le(4, 0, 0) + _le(8, count, count, length, offset)
    return end64 + _le(4, 0x07064B50, 0) + _le(8, offset + length) + _le(4, 1) + last
