"""Judging a ZIP by its directory before anybody unpacks it (fault 38). The platform itself never unpacks one."""

import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from storage.kernel.errors import Invalid

MOST_MEMBERS = 5000
LARGEST_WHOLE = 2 << 30
LARGEST_MEMBER = 1 << 30
# Deflate itself ends at 1032 : 1; drawings and tables stay far below this.
HIGHEST_RATIO = 200
_SMALL = 1 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_NESTED = (".zip", ".rar", ".7z", ".gz", ".bz2", ".xz", ".tar", ".tgz", ".jar", ".war", ".iso", ".cab", ".zst")
_UTF8, _ENCRYPTED = 0x800, 0x1
_CHUNK = 1 << 18
_LOCAL_HEADER = 30

Member = zipfile.ZipInfo


@dataclass(frozen=True, slots=True)
class _Check:
    fails: Callable[[Member], bool]
    reason: str


def _leads_out(member: Member) -> bool:
    name = member.orig_filename.replace("\\", "/")
    return name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/")


def _is_link(member: Member) -> bool:
    mode = member.external_attr >> 16
    return bool(mode) and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)


def _name_is_foreign(member: Member) -> bool:
    """Neither ASCII nor marked as UTF-8: what it means depends on who reads it (GBK here, CP437 there)."""
    return not member.orig_filename.isascii() and not member.flag_bits & _UTF8


def _is_bomb(member: Member) -> bool:
    return member.file_size > LARGEST_MEMBER or (
        member.file_size > _SMALL and member.file_size > HIGHEST_RATIO * max(member.compress_size, 1))


_CHECKS = (
    _Check(_leads_out, "文件路径指向压缩包之外"), _Check(_is_link, "含有链接或特殊文件"),
    _Check(_name_is_foreign, "文件名不是 UTF-8 编码，请换用较新的压缩软件重新压缩"),
    _Check(lambda member: bool(member.flag_bits & _ENCRYPTED), "含有加密文件"),
    _Check(lambda member: member.compress_type not in _METHODS, "压缩方法不受支持，请用普通 ZIP 压缩"),
    _Check(lambda member: member.filename.lower().endswith(_NESTED), "压缩包内还有压缩包"),
    _Check(_is_bomb, "解压后过大"),
)


def examine_archive(file: IO[bytes]) -> None:
    """Raises ``Invalid`` for a ZIP that is not safe to hand out; the reason names the member.

    First the directory alone is judged; then each member is unpacked into nothing, no further than the size it
    declares, so that a size that lies is found without the space it would take.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _judge(members)
            for member in members:
                _count(file, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise Invalid("压缩包已损坏，或不是 ZIP", field="file") from error


def _judge(members: list[Member]) -> None:
    if len(members) > MOST_MEMBERS:
        raise Invalid(f"压缩包内的文件超过 {MOST_MEMBERS} 个", field="file")
    for member in members:
        for check in _CHECKS:
            if check.fails(member):
                raise Invalid(f"压缩包不能接收：{check.reason}", field="file", member=member.filename[:120])
    if sum(member.file_size for member in members) > LARGEST_WHOLE:
        raise Invalid("压缩包不能接收：解压后过大", field="file")
    _must_not_overlap(members)


def _must_not_overlap(members: list[Member]) -> None:
    """Members that share bytes multiply them, however modest each ratio looks; names must be one each as well."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise Invalid("压缩包不能接收：内部文件相互重叠", field="file", member=member.filename[:120])
        end = member.header_offset + _LOCAL_HEADER + member.compress_size
    if len({member.filename for member in members}) < len(members):
        raise Invalid("压缩包不能接收：有同名文件", field="file")


def _count(file: IO[bytes], member: Member) -> None:
    """Raises when a member is not of the size, packed and unpacked, that the directory says."""
    file.seek(member.header_offset)
    head = file.read(_LOCAL_HEADER)
    if len(head) < _LOCAL_HEADER or head[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no local header")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
    size = member.compress_size
    if member.compress_type == zipfile.ZIP_DEFLATED:
        size = _unpacked(file, member)
    if size != member.file_size:
        raise Invalid("压缩包不能接收：声明的大小与内容不符", field="file", member=member.filename[:120])


def _unpacked(file: IO[bytes], member: Member) -> int:
    """The bytes that come out, counted until one more than declared."""
    inflate, left, size = zlib.decompressobj(-zlib.MAX_WBITS), member.compress_size, 0
    while left and not inflate.eof and size <= member.file_size:
        chunk = file.read(min(_CHUNK, left))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        while chunk and size <= member.file_size:
            size += len(inflate.decompress(chunk, _CHUNK))
            chunk = inflate.unconsumed_tail
    return size
