"""Fault 40: a script in a company's name is text in the feed, the calendar and the laid-out paper.

The page is tried in a browser (``tests/faults/browser``); that no page builds markup is a test of the sources.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest

from storage.documents.render import render
from trading.tenders.feeds import Event, Story, atom, icalendar

AT = datetime(2026, 3, 23, 1, 0, tzinfo=UTC)
NAMES = ["<script>alert(1)</script>有限公司", "\"><img src=x onerror=alert(1)>公司", "]]><x xmlns='y'/>公司",
         "&lt;b&gt;公司", "#panic() $x$ `#read(\"/etc/passwd\")` 公司"]
ATOM = "{http://www.w3.org/2005/Atom}"
PAPER = """#import "/common.typ": *
#show: paper.with(title: "开标记录", number: data.number)
#facts(("投标人", data.bidder))
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_feed_carries_it_as_text(name: str) -> None:
    story = Story(uid="1", title=f"{name}公告", body=name, author=name, url="https://t.example/lots/1", published_at=AT)
    [entry] = ElementTree.fromstring(atom("云开", "https://t.example", [story], AT)).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == f"{name}公告"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == entry.findtext(f"{ATOM}content") == name
    assert {each.tag.removeprefix(ATOM) for each in entry.iter()} == {
        "entry", "id", "title", "link", "published", "updated", "author", "name", "content"}


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\ud800", "\ufffe"])
def test_what_xml_cannot_carry_is_left_out_and_the_feed_stays_readable(sign: str) -> None:
    story = Story(uid="1", title=f"甲{sign}乙", body="", author="丙", url="https://t.example", published_at=AT)
    feed = ElementTree.fromstring(atom("云开", "https://t.example", [story], AT).encode())
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == "甲乙"


def test_the_calendar_gains_no_line_by_it() -> None:
    event = Event(uid="1", at=AT, title="甲\r\nBEGIN:VALARM\nATTACH:file:///etc/passwd", place="网上;X", url="https://t.example",
                  stamped_at=AT, revision=0)
    lines = icalendar("云开", [event]).split("\r\n")
    assert not [line for line in lines if line.startswith(("BEGIN:VALARM", "ATTACH"))]


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_shows_it_as_text(tmp_path: Path, name: str) -> None:
    template = tmp_path / "paper.typ"
    template.write_text(PAPER)
    made = render(template, {"platform": "云开", "demo": True, "number": "1", "bidder": name}, created_at=AT)
    text = pypdf.PdfReader(BytesIO(made)).pages[0].extract_text()
    assert "".join(name.split()) in "".join(text.split())
