"""Money, calendar, codes, rules: the pure kernel."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from storage.kernel.calendar import Calendar, Span
from storage.kernel.clock import SHANGHAI, from_wire, to_wire
from storage.kernel.errors import Invalid, RulesUnmet
from storage.kernel.identifiers import lot_code, project_code, receipt_number
from storage.kernel.money import in_words, percent, yuan
from storage.kernel.rule import REGISTRY, require, rule


@pytest.mark.parametrize(("amount", "words"), [
    ("8730000.00", "捌佰柒拾叁万元整"), ("0.05", "伍分"), ("1050", "壹仟零伍拾元整"),
    ("100005", "壹拾万零伍元整"), ("10010.10", "壹万零壹拾元壹角"), ("12.05", "壹拾贰元零伍分"),
    ("1000010000", "壹拾亿零壹万元整"), ("0", "零元整"),
])
def test_a_figure_is_written_in_words(amount, words):
    assert in_words(Decimal(amount)) == words


@pytest.mark.parametrize("text", ["-1", "1.234", "NaN", "Infinity", "1e20", "abc", ""])
def test_money_refuses_what_is_not_yuan(text):
    with pytest.raises(Invalid):
        yuan(text)


def test_percent_rounds_half_up():
    assert percent(Decimal("8865000"), Decimal("10000000")) == Decimal("88.65")
    assert percent(Decimal("1"), Decimal("800")) == Decimal("0.13")


def test_the_worked_clock_of_r_118():
    """Publicity starts 03-25; its third day is a Saturday, so it closes on Monday 03-30."""
    start = datetime(2026, 3, 25, 10, tzinfo=SHANGHAI)
    assert Calendar().end_of_period(start, 3) == datetime(2026, 3, 31, tzinfo=SHANGHAI)
    assert Calendar().last_day(start.date(), 3) == date(2026, 3, 30)


def test_working_days_skip_holidays_and_count_worked_weekends():
    calendar = Calendar(holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
                        workdays=frozenset({date(2026, 10, 10)}))
    start = datetime(2026, 9, 30, 9, tzinfo=SHANGHAI)
    assert calendar.add(start, Span(1, "working-days")).date() == date(2026, 10, 5)
    assert calendar.is_working(date(2026, 10, 10))


def test_a_calendar_day_is_exactly_twenty_four_hours():
    start = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    assert Calendar().add(start, Span(20)) - start == timedelta(days=20)


def test_codes_have_the_national_form():
    assert project_code("E", "320700", "0001", 123) == "E3207000001000123"
    assert lot_code("E3207000001000123", 1) == "E3207000001000123001"
    with pytest.raises(Invalid):
        lot_code("E3207000001000123", 1000)


def test_receipt_numbers_carry_no_serial():
    assert len({receipt_number() for _ in range(500)}) == 500


def test_instants_cross_the_wire_to_the_microsecond():
    moment = datetime(2026, 12, 1, 9, 0, 0, 7, tzinfo=SHANGHAI)
    assert to_wire(moment) == "2026-12-01T01:00:00.000007Z"
    assert from_wire(to_wire(moment)) == moment
    with pytest.raises(ValueError, match="time zone"):
        from_wire("2026-12-01T01:00:00")


def test_all_unmet_rules_are_reported_together():
    try:
        first = rule("R-991", "甲", cites="测试", since=date(2000, 1, 1))(lambda: False)
        second = rule("R-992", "乙", cites="测试", since=date(2000, 1, 1))(lambda: False)
        with pytest.raises(RulesUnmet) as refusal:
            require((first, first()), (second, second()))
        assert [r.number for r in refusal.value.rules] == ["R-991", "R-992"]
    finally:
        REGISTRY.pop("R-991")
        REGISTRY.pop("R-992")


def test_a_rule_number_stands_once():
    try:
        rule("R-993", "丙", cites="测试", since=date(2000, 1, 1))(lambda: True)
        with pytest.raises(ValueError, match="twice"):
            rule("R-993", "丙", cites="测试", since=date(2000, 1, 1))(lambda: True)
    finally:
        REGISTRY.pop("R-993")
