"""Cash deposits: every verdict, interest, due dates, the closed list, and the rules one law each."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.deposits import forfeiture, rules
from bidding.deposits.judging import judge
from bidding.deposits.model import (
    ADDS_UP,
    Claim,
    Payment,
    Rate,
    Reason,
    Verdict,
    days_held,
    interest_of,
    new_account_number,
    percent_on,
    refund_due_at,
)
from storage.kernel.calendar import Calendar
from storage.kernel.clock import SHANGHAI

T = datetime(2026, 3, 23, 9, tzinfo=SHANGHAI)
DEPOSIT = Decimal(200_000)
CLAIM = Claim(required=DEPOSIT, deadline_at=T, payer_name="江苏第一建设有限公司", payer_account="3204 0166 8899 0001")
PAYMENT = Payment("江苏第一建设有限公司", "32040166-88990001", DEPOSIT, T - timedelta(days=1))


@pytest.mark.cts("A-104")
@pytest.mark.parametrize(("payment", "claim", "verdict", "numbers"), [
    (PAYMENT, CLAIM, Verdict.MATCHED, ()),
    (replace(PAYMENT, payer_name="江苏第一建设 有限公司"), CLAIM, Verdict.MATCHED, ()),
    (replace(PAYMENT, amount=Decimal("200000.01")), CLAIM, Verdict.OVERPAID, ()),
    (replace(PAYMENT, amount=Decimal("199999.99")), CLAIM, Verdict.SHORT, ("R-401/5",)),
    (replace(PAYMENT, value_at=T), CLAIM, Verdict.MATCHED, ()),
    (replace(PAYMENT, value_at=T + timedelta(microseconds=1)), CLAIM, Verdict.LATE, ("R-401/3",)),
    (replace(PAYMENT, payer_name="江苏第二建设有限公司"), CLAIM, Verdict.WRONG_PAYER, ("R-401",)),
    (replace(PAYMENT, payer_account="9999"), CLAIM, Verdict.NOT_BASIC, ("R-401/2",)),
    (PAYMENT, replace(CLAIM, already=DEPOSIT, is_complete=True), Verdict.DUPLICATE, ("R-401/4",)),
    (PAYMENT, None, Verdict.UNKNOWN, ()),
])
def test_every_verdict_on_a_payment_has_its_rule(payment: Payment, claim: Claim | None, verdict: Verdict,
                                                 numbers: tuple[str, ...]) -> None:
    assert (judge(payment, claim).verdict, judge(payment, claim).reasons) == (verdict, numbers)


def test_all_rules_against_a_payment_are_told_and_the_gravest_gives_the_word() -> None:
    judged = judge(Payment("别人", "1", Decimal(1), T + timedelta(days=1)), CLAIM)
    assert judged.verdict == Verdict.WRONG_PAYER
    assert judged.reasons == ("R-401", "R-401/2", "R-401/3", "R-401/5")


def test_a_deposit_may_come_in_parts() -> None:
    rest = replace(PAYMENT, amount=Decimal(50_000))
    assert judge(rest, replace(CLAIM, already=Decimal(150_000))).verdict == Verdict.MATCHED
    assert judge(rest, replace(CLAIM, already=Decimal(149_999))).verdict == Verdict.SHORT


@given(amount=st.decimals(min_value=1, max_value=10**9, places=2), before=st.decimals(0, 10**9, places=2))
def test_money_stands_exactly_when_the_sum_reaches_what_is_asked(amount: Decimal, before: Decimal) -> None:
    verdict = judge(replace(PAYMENT, amount=amount), replace(CLAIM, already=before)).verdict
    assert (verdict in {Verdict.MATCHED, Verdict.OVERPAID}) == (amount + before >= DEPOSIT)
    assert verdict in ADDS_UP


@pytest.mark.cts("B-047")
@pytest.mark.parametrize(("principal", "percent", "days", "interest"), [
    ("200000", "0.20", 45, "50.00"), ("200000", "0.20", 0, "0.00"), ("150000.00", "0.05", 30, "6.25"),
    ("1000", "0.20", 9, "0.05"), ("800000", "0.35", 360, "2800.00"),
])
def test_r_402_interest_is_principal_times_rate_times_days_over_360(principal: str, percent: str, days: int,
                                                                    interest: str) -> None:
    assert interest_of(Decimal(principal), Decimal(percent), days) == Decimal(interest)


def test_interest_runs_by_the_days_of_shanghai() -> None:
    late_evening = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    assert days_held(late_evening, late_evening + timedelta(minutes=2)) == 1
    assert days_held(late_evening, late_evening - timedelta(days=3)) == 0


def test_the_rate_is_that_of_the_day_the_money_leaves() -> None:
    rates = [Rate(date(2026, 1, 1), Decimal("0.20")), Rate(date(2026, 5, 20), Decimal("0.05"))]
    assert percent_on(rates, date(2026, 5, 19)) == Decimal("0.20")
    assert percent_on(rates, date(2026, 5, 20)) == Decimal("0.05")
    assert percent_on([], date(2026, 5, 20)) == Decimal("0.20")


HOLIDAYS = Calendar(holidays=frozenset({date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5)}))


@pytest.mark.cts("B-047")
@pytest.mark.parametrize(("reason", "kind", "since", "due"), [
    # five days, the day of signing not counted, to the end of the fifth
    (Reason.CONTRACT, "works", datetime(2026, 4, 13, 10, tzinfo=SHANGHAI), datetime(2026, 4, 21, tzinfo=SHANGHAI)),
    # there the fifth day is a Saturday: the period ends with Monday
    (Reason.CONTRACT, "works", datetime(2026, 4, 14, 10, tzinfo=SHANGHAI), datetime(2026, 4, 21, tzinfo=SHANGHAI)),
    (Reason.WITHDRAWN, "works", datetime(2026, 4, 15, 10, tzinfo=SHANGHAI), datetime(2026, 4, 21, tzinfo=SHANGHAI)),
    # government procurement counts working days: five after Wednesday 29 April, over the holidays
    (Reason.AWARD, "government", datetime(2026, 4, 29, 10, tzinfo=SHANGHAI),
     datetime(2026, 5, 11, 10, tzinfo=SHANGHAI)),
    (Reason.CONTRACT, "government", datetime(2026, 4, 13, 10, tzinfo=SHANGHAI),
     datetime(2026, 4, 20, 10, tzinfo=SHANGHAI)),
])
def test_refunds_are_due_when_the_law_says(reason: Reason, kind: str, since: datetime, due: datetime) -> None:
    assert refund_due_at(reason, kind, since, HOLIDAYS) == due


def test_r_402_a_refund_is_late_after_its_day_and_not_before() -> None:
    assert rules.is_back_in_time(T, None, T)
    assert not rules.is_back_in_time(T, None, T + timedelta(microseconds=1))
    assert rules.is_back_in_time(T, T - timedelta(days=1), T + timedelta(days=9))
    assert not rules.is_back_in_time(T, T + timedelta(days=1), T + timedelta(days=9))


def test_r_402_money_goes_back_to_the_account_it_came_from() -> None:
    assert rules.goes_back_where_it_came_from("6222 0001", "62220001")
    assert not rules.goes_back_where_it_came_from("6222 0002", "62220001")


def test_r_161_procurement_losers_do_not_wait_for_the_contract() -> None:
    assert rules.goes_back_at_the_award(False, "government")
    assert not rules.goes_back_at_the_award(True, "government")
    assert not rules.goes_back_at_the_award(False, "works")


def test_r_120_money_is_taken_only_where_the_document_admits_it_and_the_account_is_known() -> None:
    assert rules.cash_is_admitted(DEPOSIT, ["cash", "bank"])
    assert not rules.cash_is_admitted(DEPOSIT, ["bank"])
    assert not rules.cash_is_admitted(None, ["cash"])
    assert rules.basic_account_is_registered("3204")
    assert not rules.basic_account_is_registered(" - ")


def test_r_400_an_account_number_tells_neither_lot_nor_bidder() -> None:
    codes = ("E320700000100000100", "91320700MA1XXXXX0Y")
    numbers = {new_account_number() for _ in range(500)}
    assert len(numbers) == 500
    assert all(len(each) == 18 and each.isdigit() for each in numbers)
    assert rules.account_betrays_nobody("882345678901234567", codes)  # one that would is drawn anew
    assert not rules.account_betrays_nobody("882345000100234567", codes), "the last six of the lot's code"
    assert not rules.account_betrays_nobody("88000001000001001234", ("E32070000010000010",))


def test_r_131_a_bid_that_counts_needs_its_deposit() -> None:
    assert rules.nothing_is_submitted(None)
    assert rules.nothing_is_submitted("withdrawn")
    assert not rules.nothing_is_submitted("submitted")


def test_r_404_books_and_bank_agree_to_the_cent() -> None:
    assert rules.ledger_equals_bank(Decimal("0.10"), Decimal("0.1"))
    assert not rules.ledger_equals_bank(Decimal("0.10"), Decimal("0.11"))


def test_r_901_one_payer_for_two_bidders_is_a_sign_of_collusion() -> None:
    first, second = uuid4(), uuid4()
    assert rules.payer_pays_for_one_bidder([first, first])
    assert not rules.payer_pays_for_one_bidder([first, second])


@pytest.mark.parametrize("code", sorted(forfeiture.GROUNDS))
def test_r_403_only_grounds_of_the_closed_list_keep_a_deposit(code: str) -> None:
    assert forfeiture.ground_is_on_the_list(code, "投标人须知 3.4.4")
    assert forfeiture.ground_is_on_the_list(code, "") == (code != "document")
    assert not forfeiture.ground_is_on_the_list("because", "3.4.4")


def test_r_403_evidence_and_a_second_person_are_needed() -> None:
    person, other = uuid4(), uuid4()
    assert forfeiture.evidence_is_given("拒签合同", 1)
    assert not forfeiture.evidence_is_given("拒签合同", 0)
    assert not forfeiture.evidence_is_given("  ", 1)
    assert forfeiture.decided_by_another(person, other)
    assert not forfeiture.decided_by_another(person, person)
    assert not forfeiture.decided_by_another(person, None)


def test_r_120_a_deposit_that_is_asked_for_is_secured_by_money_that_stands():
    assert rules.is_secured(None, False)
    assert rules.is_secured(DEPOSIT, True)
    assert not rules.is_secured(DEPOSIT, False)
