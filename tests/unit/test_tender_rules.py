"""The rules of publication one by one, on facts; and the worked clock of R-118."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from storage.kernel.calendar import Calendar, Span
from storage.kernel.clock import SHANGHAI
from storage.kernel.errors import RulesUnmet
from trading.tenders import content_rules, rules
from trading.tenders.calendar_book import known_days, latest_before, on_working_day, propose
from trading.tenders.change_rules import Change, change_comes_in_time
from trading.tenders.content import (
    AnnouncedField,
    BidPart,
    Custodian,
    PriceFormula,
    ReviewItem,
    ScoringItem,
    Structure,
)
from trading.tenders.facts import DocumentFacts, LotFacts, NoticeFacts
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act
from trading.tenders.publishing import rules_against

WORKS, GOVERNMENT, REHEARSAL = (TRADE_KINDS[code] for code in ("works", "government", "rehearsal"))
CALENDAR = Calendar(holidays=frozenset(each["day"] for each in known_days() if each["kind"] == "holiday"),
                    workdays=frozenset(each["day"] for each in known_days() if each["kind"] == "workday"))


def at(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=SHANGHAI)


# issue 2026-03-02, deadline Monday 2026-03-23 09:00.
ISSUED, DEADLINE = at(3, 2), at(3, 23, 9)
FORMULA = PriceFormula("R-312", above=Decimal(2), below=Decimal(1), k_set=[Decimal(97), Decimal(95)])
STRUCTURE = Structure(
    announced_fields=[AnnouncedField("price", "投标总价", "money")],
    custodians=[Custodian(n, uuid4(), f"保管人{n}", "tenderee", f"{n:02x}" * 32) for n in (1, 2, 3)], k=2,
    bid_parts=[BidPart("1", "投标函")], review_items=[ReviewItem("1", "名称", "form", "一致")],
    scoring_items=[ScoringItem("1", "报价", Decimal(0), Decimal(60), "公式", "price"),
                   ScoringItem("2", "技术", Decimal(0), Decimal(40), "评价")], price_formula=FORMULA,
    deposit_forms=["cash", "bank"])
NOTICE = NoticeFacts(body="开标大厅 http://p.example 张工 0518", template_body="开标大厅 http://p.example 张工 0518",
                     fields={"contact": "张工 0518"}, sha256="a", reviewed_sha256="a",
                     platform_address="http://p.example")
LAWFUL = LotFacts(
    kind=WORKS, calendar=CALENDAR, structure=STRUCTURE, approval="批文", funding="财政", estimate=Decimal(12_000_000),
    price_limit=Decimal(10_000_000), deposit=Decimal(200_000), issued_at=ISSUED, documents_until=at(3, 9, 17),
    deadline_at=DEADLINE, opening_place="开标大厅", notice=NOTICE, document=DocumentFacts(signed=True, agrees=True))


def against(**changed: object) -> set[str]:
    """Numbers of the rules that stand against the lawful lot with these changes."""
    return {each.number for each in rules_against(replace(LAWFUL, **changed))}  # type: ignore[arg-type]


def structured(**changed: object) -> set[str]:
    """The same for changes of the structured part."""
    return against(structure=replace(STRUCTURE, **changed))  # type: ignore[arg-type]


def test_a_lawful_lot_meets_every_rule() -> None:
    assert against() == set()


def test_worked_clock_the_sale_may_not_end_before_the_seventh_of_march() -> None:
    assert against(documents_until=at(3, 7)) == set()
    assert against(documents_until=at(3, 7) - timedelta(seconds=1)) == {"R-102"}
    assert against(documents_until=at(3, 6, 23, 59, 59)) == {"R-102"}


def test_worked_clock_twenty_days_end_on_sunday_and_the_opening_rolls_to_monday() -> None:
    assert against(deadline_at=at(3, 22)) == {"B-004"}
    assert against(deadline_at=at(3, 20, 9)) == {"R-103"}
    proposed = propose(WORKS, at(3, 2, 9), CALENDAR)
    assert (proposed["deadline_at"], proposed["rolled"]) == (DEADLINE, True)


def test_worked_clock_last_modification_and_last_objection() -> None:
    assert latest_before(DEADLINE, WORKS, "change") == at(3, 8, 9)
    assert latest_before(DEADLINE, WORKS, "objection") == at(3, 13, 9)
    change = Change(WORKS, CALENDAR, affects_bids=True, issued_at=at(3, 8, 9), deadline_at=DEADLINE)
    assert change_comes_in_time(change)
    assert not change_comes_in_time(replace(change, issued_at=at(3, 8, 9, 0, 1)))
    assert change_comes_in_time(replace(change, issued_at=at(3, 20), affects_bids=False))


def test_worked_clock_publicity_closes_on_monday() -> None:
    assert CALENDAR.last_day(date(2026, 3, 25), 3) == date(2026, 3, 30)


def test_opening_on_the_spring_festival_rolls_past_it_and_a_worked_saturday_counts() -> None:
    assert on_working_day(at(2, 16, 9), CALENDAR) == at(2, 24, 9)
    assert on_working_day(at(2, 14, 9), CALENDAR) == at(2, 14, 9)
    assert on_working_day(at(10, 3, 9), CALENDAR) == at(10, 8, 9)


def test_government_procurement_counts_working_days_for_the_document() -> None:
    # Five working days from Wednesday 2026-04-29 lie behind the Labour Day holiday; Saturday May 9 is worked.
    issued = at(4, 29, 9)
    facts = {"kind": GOVERNMENT, "issued_at": issued, "deadline_at": at(5, 25, 9), "estimate": Decimal(12_000_000)}
    assert CALENDAR.add(issued, Span(5, "working-days")) == at(5, 9, 9)
    assert against(**facts, documents_until=at(5, 9, 9)) == set()
    assert against(**facts, documents_until=at(5, 9, 8, 59, 59)) == {"R-102"}


def test_a_document_already_on_offer_counts_from_its_issue_not_from_the_announced_time() -> None:
    assert against(issued_at=at(3, 4, 10)) == {"R-103"}


@pytest.mark.parametrize(("changed", "numbers"), [
    ({"approval": " "}, {"BL-9"}), ({"plan_is_submitted": False}, {"BL-9"}),
    ({"compulsory": False}, {"R-101"}), ({"compulsory": False, "estimate": None, "deposit": None}, {"R-101"}),
    ({"compulsory": False, "in_scope": False}, set()),
    ({"compulsory": False, "estimate": Decimal("3999999.99"), "deposit": None}, set()),
    ({"deposit": Decimal("240000.01")}, {"R-120"}), ({"deposit": Decimal(240_000)}, set()),
    ({"estimate": Decimal(60_000_000), "deposit": Decimal(800_000)}, set()),
    ({"estimate": Decimal(60_000_000), "deposit": Decimal("800000.01")}, {"R-120"}),
    ({"price_limit": None}, {"R-121"}), ({"price_limit": None, "kind": TRADE_KINDS["goods"]}, set()),
    ({"minimum_price": Decimal(1)}, {"R-121/2"}),
    ({"kind": GOVERNMENT, "price_limit": Decimal("12000000.01"), "documents_until": at(3, 10)}, {"R-162"}),
    ({"opening_place": ""}, {"R-107"}), ({"opening_place": "别处"}, {"R-107"}),
    ({"documents_until": None}, {"R-102"}), ({"documents_until": at(3, 24)}, {"R-102"}),
    ({"requires_bill": True}, {"A-65"}),
    ({"requires_bill": True, "document": DocumentFacts(signed=True, agrees=True,
                                                       attachment_kinds=frozenset({"bill"}))}, set()),
    ({"document": DocumentFacts()}, {"A-66", "A-69"}), ({"share_roles": frozenset({"centre"})}, {"R-200"}),
    ({"share_roles": frozenset({"supervisor"})}, set()),
    ({"prequalification": True, "deadline_at": at(3, 16, 9)}, set()),
    ({"prequalification": True, "deadline_at": at(3, 13, 9)}, {"R-104"}),
])
def test_each_rule_speaks_for_itself(changed: dict[str, object], numbers: set[str]) -> None:
    assert against(**changed) == numbers


@pytest.mark.parametrize("text", [
    "请先报名", "须到现场领取招标文件", "资格确认后下载", "审核通过后方可获取", "仅限本地企业下载"])
def test_no_gate_stands_before_the_document(text: str) -> None:
    assert against(notice=replace(NOTICE, fields={**NOTICE.fields, "remarks": text})) == {"R-123"}


@pytest.mark.parametrize(("changed", "numbers"), [
    ({"platform_address": "http://elsewhere"}, {"B-002"}), ({"fields": {}}, {"B-002"}),
    ({"reviewed_sha256": "b"}, {"B-003"}), ({"template_body": "另一文本"}, {"B-003"}),
    ({"empty_fields": ("scope",)}, {"B-005"}),
])
def test_the_notice_is_the_reviewed_standard_text_with_address(changed: dict[str, object], numbers: set[str]) -> None:
    assert against(notice=replace(NOTICE, **changed)) == numbers  # type: ignore[arg-type]


def test_prices_are_opened_at_their_hour_and_the_evaluation_goes_on_after() -> None:
    hour = at(5, 4, 9)
    with pytest.raises(RulesUnmet) as early:
        advance("evaluating", Act.OPEN_PRICES, Passage(now=hour - timedelta(microseconds=1), price_opens_at=hour))
    assert [rule.number for rule in early.value.rules] == ["R-318/3"]
    assert advance("evaluating", Act.OPEN_PRICES, Passage(now=hour, price_opens_at=hour)) == "price_opening"
    assert advance("price_opening", Act.CONCLUDE_PRICES, Passage(now=hour)) == "evaluating"


KEEPERS = STRUCTURE.custodians
PRICED = [AnnouncedField("price", "报价", "money", priced=True), AnnouncedField("days", "工期", "days")]
TWO_PARTS = [BidPart("1", "技术文件"), BidPart("2", "报价文件", priced=True)]


@pytest.mark.parametrize(("changed", "numbers"), [
    ({"k": 1}, {"R-142/2"}), ({"k": 4}, {"R-142/2"}), ({"custodians": []}, {"R-142/2"}),
    ({"custodians": KEEPERS[:1], "k": 1}, set()), ({"custodians": KEEPERS[1:]}, {"R-142/2"}),
    ({"custodians": [KEEPERS[0], replace(KEEPERS[0], index=2)]}, {"R-142/2"}),
    ({"custodians": KEEPERS[:2]}, {"R-506/3"}), ({"k": 3}, {"R-506/3"}),
    ({"remedy": "host opens it"}, {"R-144/2"}), ({"bid_parts": []}, {"A-63"}),
    ({"bid_parts": [BidPart("1", "a", required=False)]}, {"A-63"}),
    ({"bid_parts": [BidPart("1", "a"), BidPart("1", "b")]}, {"A-63"}),
    ({"review_items": []}, {"A-62"}), ({"scoring_items": STRUCTURE.scoring_items[:1]}, {"R-316"}),
    ({"scoring_items": [replace(each, drops_extremes=True) for each in STRUCTURE.scoring_items]}, {"R-331"}),
    ({"scoring_items": [replace(each, drops_extremes=each.group != "price") for each in STRUCTURE.scoring_items]},
     set()), ({"price_formula": replace(FORMULA, recomputes_after_rejection=True)}, {"R-310/2"}),
    ({"scoring_items": []}, set()), ({"price_formula": None}, {"R-310"}),
    ({"announced_fields": []}, {"R-143"}),
    ({"deposit_forms": []}, {"R-120/2"}), ({"deposit_forms": ["cash"]}, {"R-120/2"}),
    ({"deposit_forms": ["bank", "bank"]}, {"R-120/2"}), ({"deposit_forms": ["bank", "cheque"]}, {"R-120/2"}),
    ({"deposit_forms": ["insurer"]}, set()),
    ({"announced_fields": [AnnouncedField("price", "报价", "text")]}, {"R-143"}),
    ({"announced_fields": [AnnouncedField("price", "报价", "money", required=False)]}, {"R-143"}),
    ({"announced_fields": [AnnouncedField("price", "报价", "money")] * 2}, {"R-143"}),
    ({"announced_fields": PRICED}, {"R-318"}), ({"bid_parts": [BidPart("1", "a", priced=True)]}, {"R-318"}),
    ({"two_envelopes": True}, {"R-318"}),
    ({"two_envelopes": True, "announced_fields": PRICED, "bid_parts": TWO_PARTS}, set()),
    ({"two_envelopes": True, "announced_fields": PRICED[:1], "bid_parts": TWO_PARTS}, {"R-318"}),
    ({"two_envelopes": True, "announced_fields": PRICED, "bid_parts": TWO_PARTS[:1]}, {"R-318"}),
    ({"two_envelopes": True, "announced_fields": [*PRICED, AnnouncedField("rate", "下浮率", "percent")],
      "bid_parts": TWO_PARTS}, {"R-318"}),
    ({"two_envelopes": True, "announced_fields": PRICED, "bid_parts": [*TWO_PARTS, BidPart("3", "综合单价分析")]},
     {"R-318/7"}),
    ({"two_envelopes": True, "announced_fields": [*PRICED, AnnouncedField("words", "投标总价（大写）", "text")],
      "bid_parts": TWO_PARTS}, {"R-318/7"}),
    ({"two_envelopes": True, "announced_fields": PRICED, "bid_parts": [*TWO_PARTS, BidPart("3", "投标函")]}, set()),
    ({"two_envelopes": True, "announced_fields": PRICED, "bid_parts": TWO_PARTS, "price_notice_minutes": 29},
     {"R-318/2"}),
])
def test_the_structured_part_fits_together(changed: dict[str, object], numbers: set[str]) -> None:
    assert structured(**changed) == numbers


@pytest.mark.parametrize(("formula", "fits"), [
    (PriceFormula("R-310", above=Decimal(2), below=Decimal(1)), True),
    (PriceFormula("R-311", above=Decimal(1), below=Decimal(1)), False),
    (PriceFormula("R-311", above=Decimal(2), below=Decimal(0)), False),
    (PriceFormula("R-312", above=Decimal(2), below=Decimal(1)), False),
    (PriceFormula("R-312", above=Decimal(2), below=Decimal(1), k_set=[Decimal(97), Decimal(97)]), False),
    (PriceFormula("R-313", above=Decimal(2), below=Decimal(1), k_set=[Decimal("0.97")], d_set=[Decimal(2)],
                  lambda_set=[Decimal("0.35")]), True),
    (PriceFormula("R-313", above=Decimal(2), below=Decimal(1), k_set=[Decimal(97)], d_set=[Decimal(2)],
                  lambda_set=[Decimal("0.35")]), False),
    (PriceFormula("R-314", above=Decimal(2), below=Decimal(1), k_set=[Decimal("0.5"), Decimal(3)]), True),
    (PriceFormula("R-317"), True), (PriceFormula("R-320"), False), (PriceFormula("R-320", weight=Decimal(30)), True),
    (PriceFormula("R-320", weight=Decimal(130)), False),
])
def test_price_formulas_need_their_parameters_in_range(formula: PriceFormula, fits: bool) -> None:
    facts = replace(LAWFUL, structure=replace(STRUCTURE, price_formula=formula))
    assert content_rules.price_formula_is_complete(facts) is fits


def test_every_rule_has_a_chinese_title_a_citation_and_a_date() -> None:
    for each in (*rules.NOTICE_RULES, *content_rules.STRUCTURE_RULES):
        assert any("一" <= sign <= "鿿" for sign in each.title)
        assert each.cites
        assert each.since <= date(2026, 1, 1)


def test_rehearsal_clocks_run_in_seconds_on_any_day() -> None:
    sunday = datetime(2026, 3, 22, 3, 0, tzinfo=UTC)
    facts = replace(LAWFUL, kind=REHEARSAL, issued_at=sunday, documents_until=sunday + timedelta(seconds=1),
                    deadline_at=sunday + timedelta(seconds=2), approval="", funding="", compulsory=False)
    assert rules_against(facts) == ()
    assert REHEARSAL.letter == "X"
