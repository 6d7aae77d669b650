"""Which envelope what belongs into, by its name; the browser judges alike (frontend/web/tests/evaluation)."""

from pathlib import Path

import msgspec
import pytest

from bidding.bids.price_words import doubtful, forbidden
from frontend.cli.bid_screen import show_requirements, warn_of_prices
from trading.tenders.forms import LotDraft
from trading.tenders.price_words import names_price, surely_names_price

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
    assert forbidden(NAMES, PARTS) == ["01投标函.pdf", "综合单价分析.xlsx"]
    assert doubtful(NAMES, PARTS) == ["商务文件与报价.pdf"]


def test_some_titles_are_a_price_beyond_doubt() -> None:
    titles = ("已标价工程量清单", "报价文件", "综合单价分析", "下浮率承诺", "投标函", "工程量清单", "报价有效期",
              "报价表（不含报价）")
    assert [surely_names_price(each, ["下浮率", "价"]) for each in titles] == [True] * 4 + [False] * 4


def test_what_nobody_placed_lies_where_its_name_and_kind_say() -> None:
    given = {"title": "标段", "two_envelopes": True,
             "announced_fields": [{"key": "price", "label": "投标总价", "kind": "money"},
                                  {"key": "days", "label": "工期", "kind": "days"}],
             "bid_parts": [{"number": "1", "title": "投标函"}, {"number": "2", "title": "商务文件"},
                           {"number": "3", "title": "报价说明", "priced": False}]}
    two = msgspec.convert(given, LotDraft)
    assert [each.placed(two_envelopes=True).priced for each in two.announced_fields] == [True, False]
    assert [each.placed(two_envelopes=True).priced for each in two.bid_parts] == [True, False, False]
    assert not any(each.placed(two_envelopes=False).priced for each in (*two.announced_fields, *two.bid_parts))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given | {"bid_parts": [{"number": "", "title": "投标函"}]}, LotDraft)


def test_the_command_line_says_which_envelope_refuses_and_warns(capsys: pytest.CaptureFixture[str]) -> None:
    two = {**ASKED, "envelopes": ["technical", "price"]}
    show_requirements(two)
    with pytest.raises(SystemExit):
        warn_of_prices(two, [Path("家") / name for name in NAMES])
    refused = capsys.readouterr()
    assert "01投标函.pdf、综合单价分析.xlsx 是第二信封的组成部分" in refused.err.replace("\n", "")
    warn_of_prices(two, [Path("家") / name for name in NAMES if name not in ("01投标函.pdf", "综合单价分析.xlsx")])
    told = capsys.readouterr()
    assert "第二信封（报价）投标文件组成：1 投标函（--price-file）" in refused.out
    assert "第一信封（技术商务）投标文件组成：4 投标函附录（--file）（可选）" in refused.out
    assert "第一信封的文件和文件名均不得载明报价" in refused.out
    said = told.err.replace("\n", "")
    assert "商务文件与报价.pdf 载有报价" in said
    one = {**ASKED, "envelopes": ["whole"]}
    show_requirements(one)
    warn_of_prices(one, [Path(name) for name in NAMES])
    told = capsys.readouterr()
    assert "--price-file" not in told.out
    assert told.err == ""
