"""A sealed object as one file: ``preface ‖ H ‖ floe_header ‖ segments``; what a bidder keeps or hands over."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from storage.crypto.context import Secrets
from storage.crypto.envelope import message_key_of
from storage.crypto.errors import Malformed
from storage.crypto.floe import HEADER_LENGTH, Parameters, decrypt_stream
from storage.crypto.header import LARGEST, Header, read_header
from storage.crypto.suites import suite_of

_MAGIC = b"EBID\x01"
_PREFACE = 12


@dataclass(frozen=True, slots=True)
class SingleFile:
    """What stands before the segments; ``body_offset`` is where segment 0 begins."""

    header: Header
    body_offset: int


def export_single(header: Header, segments: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of the file, piece by piece; ``segments`` are the stored parts in order."""
    data = header.to_bytes()
    yield _MAGIC + bytes([header.ctx.suite]) + b"\0\0" + len(data).to_bytes(4) + data + header.floe
    yield from segments


def read_single(source: BinaryIO) -> SingleFile:
    """Reads up to segment 0; raises ``Malformed`` or ``NotSupported``."""
    preface = source.read(_PREFACE)
    if len(preface) != _PREFACE or preface[:5] != _MAGIC or preface[6:8] != b"\0\0":
        raise Malformed("不是 EBID/1 文件")
    suite_of(preface[5])
    length = int.from_bytes(preface[8:])
    if length > LARGEST:
        raise Malformed("信封头过长")
    header = read_header(source.read(length))
    if header.ctx.suite != preface[5] or source.read(HEADER_LENGTH) != header.floe:
        raise Malformed("文件前言与信封头不符")
    return SingleFile(header, _PREFACE + length + HEADER_LENGTH)


def decrypt_single(source: BinaryIO, both: Secrets) -> Iterator[bytes]:
    """The plaintext of the file, segment by segment; ``SealBroken`` for truncated, swapped or trailing bytes.

    Nothing counts until the iterator has ended without an error.
    """
    header = read_single(source).header
    parameters = Parameters(header.ctx.seg)
    return decrypt_stream(message_key_of(header, both), iter(lambda: source.read(parameters.segment), b""))
