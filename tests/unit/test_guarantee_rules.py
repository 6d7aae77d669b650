"""The rules of guarantee letters and the tables of their lives, as pure decisions."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.guarantees.blinding import handle_of, term_of
from bidding.guarantees.model import (
    CLAIM_STEPS,
    ISSUER_STEPS,
    LETTER_STEPS,
    ORDER_STEPS,
    Act,
    ClaimFacts,
    IssuerStatus,
    Letter,
    LetterFacts,
    LetterStatus,
    OrderStatus,
    after,
    expires_at,
    last_day_needed,
    read_letter,
)
from bidding.guarantees.rules import (
    applies_before_the_deadline,
    claim_comes_in_time,
    claim_is_covered,
    judged,
    list_is_kept_by_two,
)
from storage.kernel.clock import SHANGHAI
from storage.kernel.errors import Invalid, Refused
from storage.kernel.identifiers import new_id

# V5 of domain.md: deadline 2026-03-23, validity 90 days.
DEADLINE = datetime(2026, 3, 23, 9, 0, tzinfo=SHANGHAI)
LETTER = Letter(
    order="BH-2345-6789-ABCD", lot="E3207000001000001001", bidder="江苏新浦建设集团有限公司", uscc="91320700MA1XXXXX0A",
    type="bank", number="BH20260320", beneficiary="连云港市水利工程建设处", issuer="江苏某银行",
    amount=Decimal("200000.00"), begin=date(2026, 3, 23), end=date(2026, 6, 21), on_demand=True, irrevocable=True)
FACTS = LetterFacts(
    letter=LETTER, issuer_kind="bank", signed_by_issuer=True, digest_agrees=True, required=Decimal("200000.00"),
    forms=frozenset({"bank"}), beneficiary=LETTER.beneficiary, lot_code=LETTER.lot, bidder=LETTER.bidder,
    uscc=LETTER.uscc, deadline_at=DEADLINE, validity_days=90)


def failed(facts: LetterFacts) -> list[str]:
    return [asked.number for asked, satisfied in judged(facts) if not satisfied]


def test_v5_a_letter_lasts_to_the_deadlines_day_and_the_bids_validity():
    assert last_day_needed(DEADLINE, 90) == date(2026, 6, 21)
    assert failed(FACTS) == []
    assert failed(replace(FACTS, letter=replace(LETTER, end=date(2026, 6, 20)))) == ["R-414/7"]


def test_the_day_is_the_one_in_shanghai():
    half_past_midnight = datetime(2026, 3, 22, 16, 30, tzinfo=UTC)  # the 23rd there
    assert last_day_needed(half_past_midnight, 90) == date(2026, 6, 21)


@pytest.mark.parametrize(("number", "changed"), [
    ("R-414", {"signed_by_issuer": False}), ("R-414/2", {"digest_agrees": False}), ("R-410", {"forms": frozenset()}),
    ("R-414/3", {"beneficiary": "另一招标人"}), ("R-414/4", {"required": Decimal("200000.01")}),
    ("R-414/5", {"lot_code": "E3207000001000001002"}), ("R-414/9", {"uscc": "91320700MA1XXXXX1B"}),
    ("R-414/9", {"bidder": "另一投标人"})])
def test_each_rule_fails_alone_for_its_own_reason(number: str, changed: dict[str, object]):
    assert failed(replace(FACTS, **changed)) == [number]  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "changed"), [
    ("R-414/6", {"begin": date(2026, 3, 24)}), ("R-414/8", {"on_demand": False}), ("R-414/8", {"irrevocable": False}),
    ("R-414/4", {"amount": Decimal("199999.99")})])
def test_each_term_of_the_letter_is_asked(number: str, changed: dict[str, object]):
    assert failed(replace(FACTS, letter=replace(LETTER, **changed))) == [number]  # type: ignore[arg-type]


def test_a_letter_of_nobody_on_the_list_or_without_readable_data_meets_no_rule_by_chance():
    assert {"R-410", "R-414"} <= set(failed(replace(FACTS, issuer_kind=None)))
    # The form is the issuer's, not the data's: it alone may still be right.
    assert len(failed(replace(FACTS, letter=None))) == len(judged(FACTS)) - 1


@given(st.integers(0, 400), st.integers(1, 365))
def test_a_later_end_never_makes_a_letter_worse(more: int, validity: int):
    facts = replace(FACTS, validity_days=validity)
    end = last_day_needed(DEADLINE, validity) + timedelta(days=more)
    assert failed(replace(facts, letter=replace(LETTER, end=end))) == []


def test_an_application_at_the_deadline_is_late():
    assert applies_before_the_deadline(DEADLINE - timedelta(microseconds=1), DEADLINE)
    assert not applies_before_the_deadline(DEADLINE, DEADLINE)


def test_a_claim_comes_on_the_last_day_still_and_never_after_nor_above_the_letter():
    last = expires_at(LETTER.end)
    claim = ClaimFacts(amount=Decimal(200_000), letter_amount=Decimal(200_000), now=last - timedelta(seconds=1),
                       ends_on=LETTER.end)
    assert claim_comes_in_time(claim)
    assert claim_is_covered(claim)
    assert not claim_comes_in_time(replace(claim, now=last))
    assert not claim_is_covered(replace(claim, amount=Decimal("200000.01")))
    assert not claim_is_covered(replace(claim, amount=Decimal(0)))


def test_whoever_asked_for_an_entry_does_not_decide_it():
    assert list_is_kept_by_two("party:a", "party:b")
    assert not list_is_kept_by_two("party:a", "party:a")


def test_the_life_of_a_letter_has_no_other_ways():
    assert after(LETTER_STEPS, LetterStatus.VERIFIED, Act.CLAIM) is LetterStatus.CLAIMED
    assert after(LETTER_STEPS, LetterStatus.INVALID, Act.SURRENDER) is LetterStatus.SURRENDERED
    for status, act in ((LetterStatus.INVALID, Act.CLAIM), (LetterStatus.CLAIMED, Act.SURRENDER),
                        (LetterStatus.SURRENDERED, Act.CLAIM), (LetterStatus.EXPIRED, Act.CLAIM)):
        with pytest.raises(Refused):
            after(LETTER_STEPS, status, act)
    with pytest.raises(Refused):
        after(ORDER_STEPS, OrderStatus.APPLIED, Act.ISSUE)  # nothing is issued unpaid
    with pytest.raises(Refused):
        after(ISSUER_STEPS, IssuerStatus.ACTIVE, Act.APPROVE)
    with pytest.raises(Refused):
        after(CLAIM_STEPS, "proposed", Act.PAY)  # nothing is paid unapproved


def test_a_handle_tells_neither_lot_nor_bidder_and_holds_for_both_alone():
    lot, party, other, master = new_id(), new_id(), new_id(), b"k" * 32
    handle = handle_of(master, lot, party)
    assert handle == handle_of(master, lot, party)
    assert len({handle, handle_of(master, lot, other), handle_of(master, other, party),
                handle_of(b"x" * 32, lot, party)}) == 4
    assert term_of(master, handle, DEADLINE) != term_of(master, handle, DEADLINE + timedelta(days=1))


@pytest.mark.parametrize("broken", [{"amount": "1e5"}, {"amount": ""}, {"end": "2026-13-01"}, {"lot": 7},
                                    {"wording": "on demand"}, {"uscc": None}, {"end": "20260621"},
                                    {"end": "9999-12-31"}, {"number": "a\0b"}, {"issuer": "甲\u202e乙"}])
def test_malformed_data_names_its_field(broken: dict[str, object]):
    data = {"order": "BH", "lot": "E", "bidder": "b", "uscc": "u", "type": "bank", "number": "n", "beneficiary": "t",
            "issuer": "i", "amount": "1.00", "begin": "2026-03-23", "end": "2026-06-21",
            "wording": {"on_demand": True, "irrevocable": True}}
    assert read_letter(data).amount == Decimal("1.00")
    with pytest.raises(Invalid) as error:
        read_letter(data | broken)
    assert error.value.facts["field"] in broken
