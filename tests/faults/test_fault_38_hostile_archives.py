"""Fault 38: archives that would hurt whoever unpacks them are refused by their directory, before any unpacking."""

import io
import stat
import struct
import zipfile
from collections.abc import AsyncIterator, Callable

import pytest

from storage.kernel.errors import Invalid
from storage.objects.archives import examine_archive
from storage.objects.store import ObjectStore
from trading.tenders.attachments import receive

MIB = 1 << 20


def packed(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A deflated ZIP of these members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


def plain() -> bytes:
    """What drawings come in: folders, Chinese names, an empty file."""
    return packed(("图纸/", b""), ("图纸/总平面图.dwg", b"AC10" * 1000), ("说明.txt", b""), ("a.pdf", b"%PDF-1.7"))


def bomb() -> bytes:
    """Thirty mebibytes of nothing in thirty kibibytes."""
    return packed(("zeros.pdf", bytes(30 * MIB)))


def nested() -> bytes:
    """An archive within."""
    return packed(("inner.ZIP", packed(("a.txt", b"a"))))


def symlink() -> bytes:
    """A link to a file of the reader's machine."""
    link = zipfile.ZipInfo("passwords.pdf")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return packed((link, b"/etc/passwd"))


def named(name: str) -> bytes:
    """One member of that name, as some tool wrote it, not Python's."""
    return packed(("x" * len(name.encode()), b"x")).replace(b"x" * len(name.encode()), name.encode())


def gbk() -> bytes:
    """A name as old Windows programs write it: no flag says how to read it."""
    return packed(("abcd.pdf", b"x")).replace(b"abcd", "图纸".encode("gbk"))


def _field(data: bytes, offset: int, layout: str, value: int) -> bytes:
    """The archive with one number of its (only) directory entry changed."""
    at = data.rindex(b"PK\x01\x02") + offset
    return data[:at] + struct.pack(layout, value) + data[at + struct.calcsize(layout):]


def lying_small() -> bytes:
    """Declares a hundred bytes, unpacks to a mebibyte."""
    return _field(packed(("a.pdf", bytes(range(256)) * 4096)), 24, "<I", 100)


def lying_large() -> bytes:
    """Declares two gibibytes for a few bytes."""
    return _field(packed(("a.pdf", b"x")), 24, "<I", 2 << 30)


def encrypted() -> bytes:
    """Nobody can look into it."""
    return _field(packed(("a.pdf", b"x")), 8, "<H", 1)


def overlapping() -> bytes:
    """Two directory entries that share one content."""
    whole = packed(("a.pdf", b"x" * 100))
    begin, end = whole.rindex(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    second = whole[begin:end].replace(b"a.pdf", b"b.pdf")
    tail = bytearray(whole[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, end - begin + len(second))
    return whole[:end] + second + bytes(tail)


def torn() -> bytes:
    """The end is missing."""
    return plain()[:-30]


HOSTILE: list[tuple[Callable[[], bytes], str]] = [
    (bomb, "解压后过大"), (nested, "还有压缩包"), (symlink, "链接"), (gbk, "UTF-8"), (lying_small, "不符"),
    (lying_large, "解压后过大"), (encrypted, "加密"), (overlapping, "重叠"), (torn, "损坏")]


@pytest.mark.parametrize(("make", "reason"), HOSTILE, ids=[make.__name__ for make, _ in HOSTILE])
def test_a_hostile_archive_is_refused_with_its_reason(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        examine_archive(io.BytesIO(make()))
    assert reason in refused.value.message


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "C:\\windows\\x.pdf", "a/..\\..\\b.pdf"])
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="之外"):
        examine_archive(io.BytesIO(named(name)))


def test_more_members_than_anyone_reads_are_refused() -> None:
    with pytest.raises(Invalid, match="5000"):
        examine_archive(io.BytesIO(packed(*((f"{number}.txt", b"") for number in range(5001)))))


def test_an_honest_archive_passes() -> None:
    examine_archive(io.BytesIO(plain()))


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize("name", ["图纸.zip", "清单.xlsx"])
async def test_nothing_of_a_refused_upload_stays_in_the_store(object_store: ObjectStore, name: str) -> None:
    with pytest.raises(Invalid):
        await receive(object_store, "documents/38/bomb", name, _chunks(bomb()))
    assert await object_store.list_objects("documents/38/") == []
    received = await receive(object_store, "documents/38/plain", name, _chunks(plain()))
    assert received.size == len(plain())
    assert [each.key for each in await object_store.list_objects("documents/38/")] == ["documents/38/plain"]
    await object_store.remove("documents/38/plain")
