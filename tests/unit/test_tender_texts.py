"""Search terms, feeds and file names."""

from datetime import UTC, datetime

import pytest

from storage.kernel.errors import Invalid
from trading.tenders.feeds import Event, Story, atom, icalendar
from trading.tenders.file_names import content_disposition, must_begin_like, safe_name
from trading.tenders.search import terms, tsquery

NOON = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


def test_terms_are_signs_pairs_and_whole_words() -> None:
    assert terms("河道整治 E3207，ｂｉｍ") == ["bim", "e3207", "整", "整治", "河", "河道", "治", "道", "道整"]


def test_a_query_asks_for_every_pair_and_can_carry_no_syntax() -> None:
    assert tsquery("河道整治") == "'河道' & '道整' & '整治'"
    assert tsquery("河 e32") == "'e32':* & '河'"
    assert tsquery("'); drop -- | ! & :*") == "'drop':*"
    assert tsquery("、。！ \0") == ""


def test_icalendar_escapes_folds_and_stands_in_utc() -> None:
    event = Event(uid="a@b", at=NOON, title="开标：" + "长" * 60 + "; a,b\\c\nd", place="大厅", url="http://p/lots/1",
                  stamped_at=NOON, revision=3)
    text = icalendar("日历", [event])
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "\\; a\\,b\\\\c\\nd" in unfolded
    assert "DTSTART:20261201T010000Z\r\n" in unfolded
    assert "SEQUENCE:3\r\n" in unfolded


def test_atom_escapes_text_and_drops_control_signs() -> None:
    story = Story(uid="u", title="<b>&\x0b", body="正文]]>", author="甲 & 乙", url="http://p/?a=1&b=\"",
                  published_at=NOON)
    text = atom("公告", "http://p", [story], NOON)
    assert "&lt;b&gt;&amp;</title>" in text
    assert "\x0b" not in text
    assert "<updated>2026-12-01T01:00:00.000000Z</updated>" in text


def test_names_lose_paths_controls_and_directions_and_keep_their_extension() -> None:
    assert safe_name("../../etc/图 纸.PDF") == "_.._etc_图 纸.pdf"
    assert safe_name("图‮fdp.exe\x00\r\n.pdf") == "图fdp.exe.pdf"
    long = safe_name("长" * 255 + ".xlsx")
    assert len(long.encode()) <= 200
    assert long.endswith("长.xlsx")


@pytest.mark.parametrize("name", ["", "a", ".pdf", "a.exe", "a.pdf/", "a.pdf ."])
def test_names_without_an_admitted_extension_are_refused(name: str) -> None:
    if name in {"a.pdf ."}:
        assert safe_name(name) == "a.pdf"
        return
    with pytest.raises(Invalid):
        safe_name(name)


def test_a_file_must_begin_like_its_name() -> None:
    must_begin_like("a.dwg", b"AC1032")
    with pytest.raises(Invalid):
        must_begin_like("a.dwg", b"%PDF-1.7")


def test_the_download_header_carries_the_true_name_and_no_line_break() -> None:
    header = content_disposition('图"纸\r\n.pdf')
    assert "\r" not in header
    assert 'filename="____' in header
    assert "filename*=UTF-8''%E5%9B%BE%22%E7%BA%B8%0D%0A.pdf" in header
