"""Which envelope what belongs into, by its name; the browser judges alike (frontend/web/tests/evaluation)."""

from pathlib import Path

import pytest

from bidding.bids.price_words import misplaced, names_price
from frontend.cli.bid_screen import show_requirements, warn_of_prices

PARTS = [{"number": "1", "title": "投标函", "required": True, "priced": True},
         {"number": "2", "title": "综合单价分析", "required": True, "priced": True},
         {"number": "3", "title": "商务文件", "required": True},
         {"number": "4", "title": "投标函附录", "required": False}]
NAMES = ("01投标函.pdf", "投标函附录.pdf", "综合单价分析.xlsx", "商务文件.pdf", "商务文件与报价.pdf",
         "投标函（不含报价）.pdf", "施工组织设计.pdf")
ASKED = {"lot": {"code": "L", "title": "标段"}, "deadline_at": "2026-03-23T01:30:00Z", "deposit": None,
         "deposit_forms": [], "announced_fields": [], "bid_parts": PARTS, "custodians": [], "k": 2, "n": 3}


def test_a_price_is_known_by_its_words_and_by_what_a_name_says_of_itself() -> None:
    named = ("投标函", "已标价工程量清单", "报价文件", "Price list", "技术文件", "投标函（不含报价）", "商务文件")
    assert [names_price(each) for each in named] == [True, True, True, True, False, False, False]


def test_what_names_a_price_is_out_of_place_in_the_first_envelope_unless_asked_for_there() -> None:
    assert misplaced(NAMES, PARTS) == ["01投标函.pdf", "综合单价分析.xlsx", "商务文件与报价.pdf"]


def test_the_command_line_says_which_envelope_and_warns(capsys: pytest.CaptureFixture[str]) -> None:
    two = {**ASKED, "envelopes": ["technical", "price"]}
    show_requirements(two)
    warn_of_prices(two, [Path("家") / name for name in NAMES])
    told = capsys.readouterr()
    assert "第二信封（报价）投标文件组成：1 投标函（--price-file）" in told.out
    assert "第一信封（技术商务）投标文件组成：4 投标函附录（--file）（可选）" in told.out
    assert "第一信封的文件和文件名均不得载明报价" in told.out
    said = told.err.replace("\n", "")
    assert "01投标函.pdf、综合单价分析.xlsx、商务文件与报价.pdf 载有报价" in said
    one = {**ASKED, "envelopes": ["whole"]}
    show_requirements(one)
    warn_of_prices(one, [Path(name) for name in NAMES])
    told = capsys.readouterr()
    assert "--price-file" not in told.out
    assert told.err == ""
