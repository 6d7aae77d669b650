"""Fault 39: names that turn, cut, break or overflow are shown safely, never used as a place, and downloaded truly."""

import io
import json
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest
import structlog

from frontend.server.logs import configure_logs
from storage.kernel.errors import Invalid
from storage.objects.store import ObjectStore
from trading.tenders.attachments import receive
from trading.tenders.file_names import LONGEST_NAME_OCTETS, content_disposition, safe_name

LONG = "投" * 85 + ".pdf"  # 255 octets of Chinese and the extension
NAMES = [("\u202efdp.exe.pdf", "fdp.exe.pdf"), ("图\0纸.pdf", "图纸.pdf"),
         ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
         ("../../../etc/passwd.pdf", "_.._.._etc_passwd.pdf"), ("..\\..\\boot.pdf", "_.._boot.pdf"),
         ("\u200b\ufeff图.PDF", "图.pdf"), ("e\u0301.pdf", "é.pdf")]


@pytest.mark.parametrize(("given", "shown"), NAMES)
def test_a_hostile_name_is_shown_without_its_tricks(given: str, shown: str) -> None:
    assert safe_name(given) == shown


def test_a_long_name_keeps_whole_characters_and_its_extension() -> None:
    shown = safe_name(LONG)
    assert len(shown.encode()) <= LONGEST_NAME_OCTETS
    assert shown == "投" * ((LONGEST_NAME_OCTETS - 4) // 3) + ".pdf"


@pytest.mark.parametrize("name", ["\0.pdf", "\u202e.pdf", " . .pdf", "/", "", "\r\n", "a.pdf\0.exe"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        safe_name(name)


@pytest.mark.parametrize("name", [safe_name(LONG), *(shown for _, shown in NAMES), "quote\".pdf", "100%.pdf"])
def test_the_download_says_the_true_name_in_one_line_of_ascii(name: str) -> None:
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith("attachment; filename=\"")
    assert header.count('"') == 2
    assert unquote(header.rpartition("filename*=UTF-8''")[2]) == name


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_the_store_knows_an_object_by_its_own_key_whatever_the_name(object_store: ObjectStore) -> None:
    for number, (given, _) in enumerate([*NAMES, (LONG, "")]):
        await receive(object_store, f"documents/39/{number}", safe_name(given), _chunks(b"%PDF-1.7"))
    found = {each.key for each in await object_store.list_objects("documents/39/")}
    assert found == {f"documents/39/{number}" for number in range(len(NAMES) + 1)}
    for key in found:
        await object_store.remove(key)


def test_a_name_breaks_no_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("info")
    written = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(written))
    logger.info("attached", name="a\r\n{\"level\": \"error\"}\0\u202e")
    line = written.getvalue()
    assert line.count("\n") == 1
    assert json.loads(line)["name"] == "a\r\n{\"level\": \"error\"}\0\u202e"
