"""Fault 44: .jsp, .py, .svg, .html and their like are refused, or handed out to be kept, and never run or rendered."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bidding.opening.body_answer import body_answer, file_answer
from bidding.opening.ranges import Span
from bidding.opening.reading import OpenBody
from storage.crypto.manifest import Manifest
from storage.crypto.reader import Layout
from storage.kernel.errors import Invalid
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from trading.tenders.attachments import receive
from trading.tenders.file_names import media_type, safe_name

PROGRAMS = ["shell.jsp", "run.py", "logo.svg", "page.html", "page.xhtml", "style.css", "x.php", "x.exe", "x.pdf.js"]
HTML = b"<script>alert(1)</script>"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_no_attachment(name: str) -> None:
    with pytest.raises(Invalid):
        safe_name(name)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize("name", ["page.pdf", "page.zip", "page.xlsx", "page.dwg"])
async def test_a_page_under_another_name_is_refused_by_its_first_bytes(object_store: ObjectStore, name: str) -> None:
    with pytest.raises(Invalid):
        await receive(object_store, "documents/44/page", name, _chunks(HTML))
    assert await object_store.list_objects("documents/44/") == []


def test_no_admitted_file_is_of_a_kind_that_browsers_render_as_a_page() -> None:
    assert {media_type(f"a.{each}").partition("/")[0] for each in ("pdf", "zip", "xlsx", "dwg")} <= {
        "application", "image"}


@pytest.fixture
def opened() -> OpenBody:
    """An opened body; nothing of it is read here."""
    key: Any = None
    manifest = Manifest("0" * 64, ("0" * 64,), 1000)
    return OpenBody(new_id(), new_id(), new_id(), manifest, "bids/44", Layout(1000, 1), key)


@pytest.mark.parametrize("name", [*PROGRAMS, "a.SVG", "a.htm", "a.pdf.html", "noname"])
def test_a_program_within_a_bid_is_kept_not_shown(opened: OpenBody, object_store: ObjectStore, name: str) -> None:
    answer = file_answer(opened, object_store, "", Span(0, 10, is_partial=True), name)
    assert answer.media_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]


def test_a_whole_body_is_octets_to_be_kept(opened: OpenBody, object_store: ObjectStore) -> None:
    headers = body_answer(opened, object_store, "").headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_store_itself_hands_out_octets_to_be_kept_and_runs_nothing(object_store: ObjectStore) -> None:
    await object_store.put("sealed/44.html", HTML, "text/html")
    async with httpx.AsyncClient() as http:
        answer = await http.get(object_store.presign_get("sealed/44.html"))
    await object_store.remove("sealed/44.html")
    assert answer.content == HTML
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-type"] == "application/octet-stream"
