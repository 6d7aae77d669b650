"""The rules of the award one by one, on facts; the calendar of R-118; the table of acts."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from storage.kernel.calendar import Calendar, Span
from storage.kernel.clock import SHANGHAI
from storage.kernel.errors import Conflict, NotAllowed, NotSignedIn, RulesUnmet
from trading.awards.acts import ELSEWHERE, ROWS, AwardAct, acts_of, admit, is_over, missing
from trading.awards.delivery_rules import contract_is_made_in_time
from trading.awards.model import (
    AwardFacts,
    Choice,
    CourierStatus,
    Paperwork,
    RankedBid,
    Standing,
    further,
    in_order,
    reason_of,
    term_end,
)
from trading.awards.notice_texts import Line, NoticeSource, candidates_body, candidates_title, result_body, with_times
from trading.awards.terms import terms_of
from trading.tenders.calendar_book import known_days

KNOWN = Calendar(holidays=frozenset(each["day"] for each in known_days() if each["kind"] == "holiday"),
                 workdays=frozenset(each["day"] for each in known_days() if each["kind"] == "workday"))


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


TICK = timedelta(microseconds=1)
REPORT, BEGIN, END = at(3, 24, 17), at(3, 25, 10), at(3, 31)
READY = AwardFacts(
    now=BEGIN, candidates=3, candidates_text=Paperwork.REVIEWED, candidates_text_is_complete=True,
    publicise_by=at(3, 28), earliest_until=END, until=END)
PUBLIC = replace(READY, candidates_text=Paperwork.PUBLISHED, publicised_at=BEGIN, now=at(3, 26))
CHOICES = (Choice(1, is_chosen=True), Choice(2), Choice(3))
OVER = replace(PUBLIC, now=END, must_be_first=True, choices=CHOICES)
AWARDED = replace(OVER, winner_at=END, result_text=Paperwork.REVIEWED, letters=Paperwork.VERIFIED,
                  report_due_at=at(4, 16))
SENT = replace(AWARDED, letters=Paperwork.SENT, letters_sent_at=END, contract_by=at(5, 6), has_address=True,
               contract=Paperwork.DRAFT, contract_price=Decimal(1_000_000))


def against(act: AwardAct, facts: AwardFacts) -> set[str]:
    """Numbers of the rules that stand against an act."""
    return {each.number for each in missing(act, facts)}


@pytest.mark.cts("B-028")
def test_worked_clock_publicity_from_the_twenty_fifth_closes_with_monday_the_thirtieth() -> None:
    for start in (at(3, 25), BEGIN, at(3, 25, 23, 59)):
        assert term_end(start, Span(3), KNOWN) == at(3, 31)  # the first instant after Monday 03-30
    assert term_end(at(3, 24, 9), Span(3), KNOWN) == at(3, 28)
    # Three days that end within a holiday roll past all of it.
    assert term_end(at(9, 24, 9), Span(3), KNOWN) == at(9, 29)


def test_terms_in_working_days_and_in_a_rehearsals_seconds() -> None:
    assert term_end(at(3, 27, 9), Span(1, "working-days"), KNOWN) == at(3, 31)
    assert term_end(at(4, 29, 9), Span(5, "working-days"), KNOWN) == at(5, 10)
    assert term_end(BEGIN, Span(3, "seconds"), KNOWN) == BEGIN + timedelta(seconds=3)


def test_government_procurement_has_terms_of_its_own() -> None:
    works, government = terms_of("works"), terms_of("government")
    assert (works.publicise, works.answer, works.report, works.contract) == (Span(3), Span(3), Span(15), Span(30))
    assert (government.answer, government.publicise) == (Span(7, "working-days"), Span(5, "working-days"))
    assert (works.names_experts, government.names_experts) == (False, True)


def test_what_is_ready_may_be_publicised() -> None:
    assert against(AwardAct.PUBLISH_CANDIDATES, READY) == set()


@pytest.mark.cts("B-028")
def test_a_publicity_of_a_moment_less_than_the_law_asks_is_refused() -> None:
    assert against(AwardAct.PUBLISH_CANDIDATES, replace(READY, until=END - TICK)) == {"B-028"}
    assert against(AwardAct.PUBLISH_CANDIDATES, replace(READY, until=END + timedelta(days=5))) == set()


def test_after_three_days_from_the_report_a_publicity_says_why_it_is_late() -> None:
    assert term_end(REPORT, terms_of("works").publicise, KNOWN) == at(3, 28)
    assert against(AwardAct.PUBLISH_CANDIDATES, replace(READY, now=at(3, 28) - TICK)) == set()
    late = replace(READY, now=at(3, 28))
    assert against(AwardAct.PUBLISH_CANDIDATES, late) == {"R-110"}
    assert against(AwardAct.PUBLISH_CANDIDATES, replace(late, late_reason="系统检修")) == set()


@pytest.mark.cts("B-026")
@pytest.mark.parametrize(("changed", "numbers"), [
    ({"candidates": 4}, {"R-128"}), ({"candidates": 0}, {"R-128"}), ({"ranks_are_marked": False}, {"R-128"}),
    ({"candidates": 2, "most_candidates": 1}, {"R-128"}), ({"candidates": 1}, set()),
    ({"candidates_text_is_complete": False}, {"R-110/3"}),
    ({"candidates_text": Paperwork.SUBMITTED}, {"A-164"}), ({"candidates_text": Paperwork.DRAFT}, {"A-164"}),
    ({"candidates_text": Paperwork.NONE, "candidates_text_is_complete": False}, {"A-164", "R-110/3"}),
])
def test_candidates_are_few_ranked_and_reviewed(changed: dict[str, object], numbers: set[str]) -> None:
    assert against(AwardAct.PUBLISH_CANDIDATES, replace(READY, **changed)) == numbers  # type: ignore[arg-type]


def test_only_what_was_handed_in_is_reviewed() -> None:
    assert against(AwardAct.REVIEW_CANDIDATES, replace(READY, candidates_text=Paperwork.DRAFT)) == {"A-163"}
    assert against(AwardAct.REVIEW_CANDIDATES, replace(READY, candidates_text=Paperwork.SUBMITTED)) == set()
    assert against(AwardAct.REVIEW_RESULT, replace(AWARDED, result_text=Paperwork.DRAFT)) == {"A-169"}


@pytest.mark.cts("A-195")
def test_an_objection_is_admitted_from_the_first_instant_of_the_publicity_up_to_its_last() -> None:
    assert against(AwardAct.OBJECT, replace(PUBLIC, now=BEGIN)) == set()
    assert against(AwardAct.OBJECT, replace(PUBLIC, now=END - TICK)) == set()
    assert against(AwardAct.OBJECT, replace(PUBLIC, now=END)) == {"R-111"}
    assert against(AwardAct.OBJECT, READY) == {"R-111", "R-110/4"}


@pytest.mark.cts("A-196", "B-031")
def test_an_answer_after_three_days_says_why_it_is_late() -> None:
    asked = replace(PUBLIC, objections_open=1, answer_due_at=at(3, 31))
    assert against(AwardAct.ANSWER_OBJECTION, replace(asked, now=at(3, 31) - TICK)) == set()
    assert against(AwardAct.ANSWER_OBJECTION, replace(asked, now=at(3, 31))) == {"B-031"}
    assert against(AwardAct.ANSWER_OBJECTION, replace(asked, now=at(4, 1), late_reason="调阅资料")) == set()
    assert is_over(AwardAct.ANSWER_OBJECTION, replace(asked, objections_open=0))


@pytest.mark.cts("B-027")
@pytest.mark.parametrize(("choices", "reason", "numbers"), [
    (CHOICES, "", set()),
    ((Choice(1), Choice(2, is_chosen=True), Choice(3)), "", {"B-027"}),
    ((Choice(1), Choice(2, is_chosen=True), Choice(3)), "报价更优", {"B-027"}),
    ((Choice(1, ground="withdrew", reason="来函放弃"), Choice(2, is_chosen=True), Choice(3)), "", set()),
    ((Choice(1, ground="withdrew", reason=" "), Choice(2, is_chosen=True)), "", {"B-027"}),
    ((Choice(1, ground="too_dear", reason="贵"), Choice(2, is_chosen=True)), "", {"B-027", "R-128/2"}),
    ((Choice(1, ground="no_bond", reason="未交"), Choice(2), Choice(3, is_chosen=True)), "", {"B-027"}),
    ((Choice(1, ground="no_bond", reason="未交"), Choice(2, ground="offence", reason="行贿查实"),
      Choice(3, is_chosen=True)), "", set()),
    ((Choice(1), Choice(2)), "", {"A-168"}),
    ((Choice(1, is_chosen=True), Choice(2, is_chosen=True)), "", {"A-168"}),
])
def test_where_the_first_must_win_another_wins_on_a_ground_of_the_closed_list_alone(
        choices: tuple[Choice, ...], reason: str, numbers: set[str]) -> None:
    assert against(AwardAct.CONFIRM_WINNER, replace(OVER, choices=choices, choice_reason=reason)) == numbers


def test_where_the_choice_is_free_it_is_never_silent() -> None:
    free = replace(OVER, must_be_first=False, choices=(Choice(1), Choice(2, is_chosen=True)))
    assert against(AwardAct.CONFIRM_WINNER, free) == {"R-128/2"}
    assert against(AwardAct.CONFIRM_WINNER, replace(free, choice_reason="工期更短")) == set()


def test_a_complaint_that_is_held_keeps_the_award_waiting() -> None:
    assert against(AwardAct.CONFIRM_WINNER, replace(OVER, holds_complaint=True)) == {"R-112"}
    assert is_over(AwardAct.LIFT_HOLD, OVER)


def test_a_complaint_holds_back_no_award_that_was_made() -> None:
    assert against(AwardAct.HOLD, OVER) == set()
    assert against(AwardAct.HOLD, replace(OVER, winner_at=OVER.now)) == {"R-112/2"}
    assert not is_over(AwardAct.HOLD, replace(OVER, winner_at=OVER.now)), "it is told by its rule"


def test_nothing_follows_an_award_that_was_not_made() -> None:
    early = replace(OVER, result_text=Paperwork.REVIEWED, letters=Paperwork.VERIFIED)
    for act in (AwardAct.WRITE_RESULT, AwardAct.SUBMIT_RESULT, AwardAct.PUBLISH_RESULT, AwardAct.FILE_REPORT,
                AwardAct.WRITE_LETTERS, AwardAct.SEND_LETTERS):
        assert "A-168/2" in against(act, early), act


def test_the_result_goes_out_reviewed_and_in_government_procurement_with_the_experts_names() -> None:
    assert against(AwardAct.PUBLISH_RESULT, AWARDED) == set()
    assert against(AwardAct.PUBLISH_RESULT, replace(AWARDED, result_text=Paperwork.SUBMITTED)) == {"A-170"}
    government = replace(AWARDED, experts_must_be_named=True)
    assert against(AwardAct.PUBLISH_RESULT, government) == {"R-163"}
    assert against(AwardAct.PUBLISH_RESULT, replace(government, experts_are_named=True)) == set()


def test_the_report_to_the_regulator_is_due_in_fifteen_days_and_late_with_a_reason() -> None:
    assert term_end(END, terms_of("works").report, KNOWN) == at(4, 16)
    assert against(AwardAct.FILE_REPORT, replace(AWARDED, now=at(4, 16) - TICK)) == set()
    assert against(AwardAct.FILE_REPORT, replace(AWARDED, now=at(4, 16))) == {"R-115"}


@pytest.mark.parametrize(("status", "numbers"), [
    (Paperwork.NONE, {"A-174"}), (Paperwork.DRAFT, {"A-174"}), (Paperwork.SUBMITTED, {"A-174"}),
    (Paperwork.SIGNED, {"A-174"}), (Paperwork.VERIFIED, set())])
@pytest.mark.cts("A-174")
def test_no_letter_goes_out_that_nobody_verified(status: Paperwork, numbers: set[str]) -> None:
    assert against(AwardAct.SEND_LETTERS, replace(AWARDED, letters=status)) == numbers


def test_letters_are_verified_only_when_the_tenderee_has_signed_and_handed_in_only_when_written() -> None:
    assert against(AwardAct.VERIFY_LETTERS, replace(AWARDED, letters=Paperwork.SUBMITTED)) == {"A-174/2"}
    assert against(AwardAct.VERIFY_LETTERS, replace(AWARDED, letters=Paperwork.SIGNED)) == set()
    assert against(AwardAct.SUBMIT_LETTERS, replace(AWARDED, letters=Paperwork.NONE)) == {"A-172"}


def test_a_courier_goes_only_with_consent_and_after_the_notice() -> None:
    assert against(AwardAct.COURIER, SENT) == set()
    assert against(AwardAct.COURIER, replace(SENT, has_address=False)) == {"R-225"}
    assert against(AwardAct.COURIER, AWARDED) == {"BL-45", "R-225"}
    assert against(AwardAct.READ, AWARDED) == {"BL-45"}


def test_a_contract_follows_the_letter_and_asks_no_more_than_a_tenth() -> None:
    assert against(AwardAct.WRITE_CONTRACT, AWARDED) == {"BL-45"}
    assert against(AwardAct.SUBMIT_CONTRACT, replace(SENT, performance_bond=Decimal(100_000))) == set()
    assert against(AwardAct.SUBMIT_CONTRACT, replace(SENT, performance_bond=Decimal("100000.01"))) == {"R-117"}
    assert against(AwardAct.SUBMIT_CONTRACT, replace(SENT, contract=Paperwork.NONE)) == {"A-181/2"}
    assert against(AwardAct.VERIFY_CONTRACT, SENT) == {"A-181"}


def test_a_contract_after_thirty_days_is_marked() -> None:
    assert term_end(at(4, 3, 9), terms_of("works").contract, KNOWN) == at(5, 7)  # 05-03 lies in the Labour Day holiday
    assert contract_is_made_in_time(replace(SENT, now=at(5, 6) - TICK))
    assert not contract_is_made_in_time(replace(SENT, now=at(5, 6)))
    assert contract_is_made_in_time(replace(SENT, now=at(6, 1), contract_signed_at=at(5, 1)))


def test_the_file_is_closed_after_the_contract_the_refunds_and_four_tests() -> None:
    whole = dict.fromkeys(("authenticity", "integrity", "usability", "safety"), True)
    assert against(AwardAct.ARCHIVE, SENT) == {"BL-46", "R-811", "R-811/2"}
    done = replace(SENT, contract_signed_at=END, package_tests=whole, refunds_are_settled=True)
    assert against(AwardAct.ARCHIVE, done) == set()
    assert against(AwardAct.ARCHIVE, replace(done, package_tests=whole | {"safety": False})) == {"R-811"}


def test_everybody_has_his_own_acts_and_the_public_has_none() -> None:
    assert acts_of(frozenset()) == []
    assert acts_of(frozenset({"party"})) == []
    assert acts_of(frozenset({"interested", "party", "bidder"})) == [AwardAct.OBJECT]
    assert set(acts_of(frozenset({"supervisor"}))) == {AwardAct.HOLD, AwardAct.LIFT_HOLD}
    assert set(acts_of(frozenset({"centre"}))) == {AwardAct.VERIFY_LETTERS, AwardAct.VERIFY_CONTRACT, AwardAct.ARCHIVE}
    assert AwardAct.REVIEW_CANDIDATES not in acts_of(frozenset({"agency"}))
    assert AwardAct.CONFIRM_WINNER not in acts_of(frozenset({"agency"}))
    assert set(ROWS) == set(AwardAct)
    assert set(AwardAct) >= ELSEWHERE


def test_rights_come_before_states_and_states_before_rules() -> None:
    with pytest.raises(NotSignedIn):
        admit(AwardAct.CONFIRM_WINNER, frozenset(), AWARDED)
    with pytest.raises(NotAllowed):
        admit(AwardAct.CONFIRM_WINNER, frozenset({"agency"}), OVER)
    with pytest.raises(Conflict):
        admit(AwardAct.CONFIRM_WINNER, frozenset({"tenderee"}), AWARDED)
    with pytest.raises(RulesUnmet) as unmet:
        admit(AwardAct.CONFIRM_WINNER, frozenset({"tenderee"}), replace(READY, holds_complaint=True))
    assert {each.number for each in unmet.value.rules} == {"R-110/4", "R-112", "A-168"}


def bid(rank: int | None, name: str = "甲", rejected: str | None = None) -> RankedBid:
    return RankedBid(uuid4(), uuid4(), name, "x", Decimal(1), None, rank, rejected)


def test_a_ranking_has_no_gap_and_no_rejected_bid_in_it() -> None:
    assert [row.rank for row in in_order([bid(None, "乙", "超限价"), bid(2), bid(1)])] == [1, 2, None]
    for rows in ([bid(2)], [bid(1), bid(1)], [bid(1), bid(3)], [bid(1, rejected="超限价")]):
        with pytest.raises(ValueError, match="ranks"):
            in_order(rows)


def test_a_parcel_never_moves_back() -> None:
    assert further("delivering", "collected") is CourierStatus.DELIVERING
    assert further("ordered", "signed") is CourierStatus.SIGNED
    assert further("delivering", "returned") is CourierStatus.RETURNED


def test_a_letter_tells_its_addressee_of_its_own_result_alone() -> None:
    assert reason_of(Standing.LOST, 2, Decimal("88.50"), None) == "经评标委员会评审，排名第 2 名，得分 88.50，未中标"
    assert reason_of(Standing.REJECTED, None, None, "报价高于限价") == "投标被否决：报价高于限价"
    assert reason_of(Standing.WINNER, 1, None, None).endswith("，经招标人依法确定为中标人")


SOURCE = NoticeSource(
    lot="一标段", code="E3207000001000123001", tenderee="水利处", agency="", names_winner=False, opened_at=at(3, 23, 9),
    lines=[Line(1, "甲公司", "91", Decimal("8730000.00"), Decimal("95.20"), [("工期", "365")]),
           Line(2, "乙公司", "92", Decimal("8800000.00"), None)],
    channel="张工 0518", remarks="", publicity="三日", address="http://p.example", experts=["专家一", "专家二"])


@pytest.mark.cts("A-163", "A-166")
def test_the_publicity_names_rank_price_and_where_to_object() -> None:
    body = candidates_body(SOURCE)
    told = ("第 1 名：甲公司（91）；投标报价：8,730,000.00 元；评标得分：95.20；工期：365。", "第 2 名：乙公司",
            "张工 0518", "http://p.example", "三日")
    assert [each for each in told if each not in body] == []
    assert candidates_title(SOURCE) == "一标段中标候选人公示"
    named = replace(SOURCE, names_winner=True, lines=SOURCE.lines[:1])
    assert candidates_title(named) == "一标段拟中标人公示"
    assert "中标候选人" not in candidates_body(named)
    out = with_times(body, BEGIN, END)
    assert out.startswith(body)
    assert out.endswith("公示时间：2026年03月25日 10:00:00至2026年03月31日 00:00:00。")


def test_the_result_notice_names_the_winner_and_where_the_law_wants_it_the_experts() -> None:
    body = result_body(SOURCE)
    assert "甲公司" in body
    assert "乙公司" not in body
    assert "专家一、专家二" in body
    assert "评审专家" not in result_body(replace(SOURCE, experts=()))
