"""The numbered rules of the hall, one law each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bidding.opening import rules
from bidding.opening.attribution import Tally, cause_at_close
from bidding.opening.model import (
    CAUSES,
    BidState,
    DecryptionWindow,
    HallAct,
    HallFacts,
    HallStep,
    Period,
    state_after_release,
)
from bidding.opening.ranges import Span, parse
from bidding.opening.steps import ADMISSIONS, STEPS, admit, missing, step_on
from storage.kernel.errors import RulesUnmet

T = datetime(2026, 12, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = DecryptionWindow((Period(T, T + 30 * MINUTE),))
FACTS = HallFacts(now=T, step=HallStep.DECRYPTING, deadline_at=T, window=WINDOW, states=("decrypted", "sealed"))


def test_sign_in_begins_the_announced_minutes_before_the_opening() -> None:
    assert not rules.sign_in_has_begun(replace(FACTS, now=T - 60 * MINUTE - timedelta(microseconds=1)))
    assert rules.sign_in_has_begun(replace(FACTS, now=T - 60 * MINUTE))


@pytest.mark.cts("B-016")
def test_the_deadline_is_the_first_instant_at_which_anything_may_be_decrypted() -> None:
    assert not rules.opening_time_has_come(replace(FACTS, now=T - timedelta(microseconds=1)))
    assert rules.opening_time_has_come(FACTS)


def test_the_window_is_half_open() -> None:
    assert rules.decryption_window_is_open(FACTS)
    assert not rules.decryption_window_is_open(replace(FACTS, now=T + 30 * MINUTE))
    assert not rules.decryption_window_is_open(replace(FACTS, window=DecryptionWindow()))


def test_an_extension_only_adds_a_period() -> None:
    added = WINDOW.extended(T + 10 * MINUTE, 15 * MINUTE)
    assert (added.opens_at, added.closes_at) == (T + 30 * MINUTE, T + 45 * MINUTE)
    late = WINDOW.extended(T + 40 * MINUTE, 15 * MINUTE)
    assert (late.opens_at, late.closes_at) == (T + 40 * MINUTE, T + 55 * MINUTE)


def test_a_pause_gives_back_what_it_took() -> None:
    resumed = WINDOW.resumed(T + 10 * MINUTE, T + 25 * MINUTE)
    assert resumed == Period(T + 25 * MINUTE, T + 45 * MINUTE)
    assert WINDOW.resumed(T + 30 * MINUTE, T + 40 * MINUTE) is None


def test_extension_serves_only_bids_that_are_not_terminal() -> None:
    assert rules.some_bid_can_still_be_opened(FACTS)
    assert not rules.some_bid_can_still_be_opened(replace(FACTS, states=("decrypted", "revoked")))


def test_nothing_is_announced_before_every_bid_is_terminal() -> None:
    with pytest.raises(RulesUnmet) as refused:
        step_on(HallAct.ANNOUNCE, FACTS)
    assert [rule.number for rule in refused.value.rules] == ["R-506"]
    ended = replace(FACTS, states=("decrypted", "revoked", "withdrawn_by_fault"))
    assert step_on(HallAct.ANNOUNCE, ended) is HallStep.ANNOUNCED


def test_a_pause_stops_every_step_and_release() -> None:
    paused = replace(FACTS, is_paused=True)
    for act in (HallAct.ANNOUNCE, HallAct.RELEASE_BID, HallAct.RELEASE_SHARES, HallAct.EXTEND):
        unmet = missing(act, paused)
        assert unmet is not None
        assert "R-506/2" in {rule.number for rule in unmet}
    assert missing(HallAct.RESUME, paused) == ()


def test_a_remedy_needs_a_clause_in_the_document() -> None:
    assert rules.remedy_is_in_the_document(FACTS)
    assert not rules.remedy_is_in_the_document(replace(FACTS, claims_remedy=True))
    assert rules.remedy_is_in_the_document(replace(FACTS, claims_remedy=True, remedy="backup"))


def test_prices_wait_for_a_damaged_body_until_the_window_closes() -> None:
    """R-144/3, where the document has a remedy."""
    closes = FACTS.now + timedelta(minutes=1)
    facts = replace(FACTS, remedy="backup", damaged_bodies=1,
                    window=DecryptionWindow((Period(FACTS.now - timedelta(minutes=29), closes),)))
    assert not rules.damage_had_its_time(facts)
    for other in ({"now": closes}, {"remedy": "none"}, {"damaged_bodies": 0}):
        assert rules.damage_had_its_time(replace(facts, **other))


def test_objections_are_heard_out_and_answered() -> None:
    hearing = replace(FACTS, step=HallStep.OBJECTIONS, objections_until=T + MINUTE, objections_open=1)
    with pytest.raises(RulesUnmet) as refused:
        step_on(HallAct.CLOSE_OBJECTIONS, hearing)
    assert [rule.number for rule in refused.value.rules] == ["R-509", "R-109"]
    heard = replace(hearing, now=T + MINUTE, objections_open=0)
    assert step_on(HallAct.CLOSE_OBJECTIONS, heard) is HallStep.CONFIRMING


def test_silence_after_the_time_counts_as_confirmation() -> None:
    asked = replace(FACTS, step=HallStep.CONFIRMING, confirmations_until=T + MINUTE, unconfirmed=2)
    assert not rules.bidders_confirmed_or_were_silent(asked)
    assert rules.bidders_confirmed_or_were_silent(replace(asked, now=T + MINUTE))
    assert rules.bidders_confirmed_or_were_silent(replace(asked, unconfirmed=0))


def test_the_record_needs_both_signatures() -> None:
    signing = replace(FACTS, step=HallStep.SIGNING, signatures=frozenset({"host"}))
    assert not rules.host_and_recorder_signed(signing)
    assert rules.host_and_recorder_signed(replace(signing, signatures=frozenset({"host", "recorder"})))


def _cause(sound: tuple[int, ...] = (), complained: tuple[int, ...] = (), unsound: tuple[int, ...] = (), *,
           k: int = 2, n: int = 3) -> str:
    found = cause_at_close(BidState.WAITING, Tally(k, n, frozenset(sound), frozenset(complained), frozenset(unsound)))
    assert found is not None
    return found.code


def test_who_never_released_is_at_fault_and_who_is_queued_waits_for_the_worker() -> None:
    assert cause_at_close(BidState.SEALED, Tally(2, 3, frozenset({1, 2, 3}))) is CAUSES["not-released"]
    assert cause_at_close(BidState.QUEUED, Tally(2, 3)) is None
    for cause in CAUSES.values():
        assert (cause.becomes is BidState.REVOKED) == (cause.at_fault == "bidder")
        assert ("撤销" in cause.consequence) == (cause.at_fault == "bidder")


def test_absent_and_false_custodians_are_never_the_bidders_fault() -> None:
    assert _cause() == "custodians-absent"
    assert _cause((1,)) == "custodians-absent"
    assert _cause((1,), unsound=(2, 3)) == "share-mismatch"
    assert _cause((1,), complained=(2,)) == "custodians-absent"
    assert _cause((), complained=(2,), unsound=(1,)) == "share-mismatch"


def test_complaints_of_k_custodians_are_the_bidders_fault() -> None:
    assert _cause((1,), complained=(2, 3)) == "badly-dealt"
    assert _cause((), complained=(1, 2)) == "badly-dealt"
    assert _cause((1, 2), complained=(3, 4, 5), k=3, n=5) == "badly-dealt"


def test_one_voice_alone_never_revokes_a_bid() -> None:
    assert _cause(complained=(1,), k=1, n=1) == "dealing-disputed"
    assert _cause((1,), complained=(2,), k=2, n=2) == "dealing-disputed"
    assert _cause((1, 2), complained=(3,), k=3, n=3) == "dealing-disputed"


def test_where_all_custodians_act_a_cheating_bidder_never_gets_out_through_another() -> None:
    """For every k and n that publication admits (R-506/3), and every way in which all n either give or complain."""
    for n in range(3, 8):
        for k in range(2, (n + 1) // 2 + 1):
            for sound in range(k):
                everyone = tuple(range(1, n + 1))
                assert _cause(everyone[:sound], everyone[sound:], k=k, n=n) == "badly-dealt"


def test_a_bid_is_queued_as_soon_as_enough_shares_are_there() -> None:
    assert state_after_release(1, 2) is BidState.WAITING
    assert state_after_release(2, 2) is BidState.QUEUED


def test_every_act_is_either_a_step_or_admitted_in_place() -> None:
    assert {row.act for row in STEPS} | set(ADMISSIONS) == set(HallAct)
    assert not {row.act for row in STEPS} & set(ADMISSIONS)
    with pytest.raises(RulesUnmet) as refused:
        admit(HallAct.CONFIRM, FACTS)
    assert [each.number for each in refused.value.rules] == ["R-500/2"]


@pytest.mark.parametrize(("header", "span"), [
    ("", Span(0, 10, False)), ("bytes=0-3", Span(0, 4, True)), ("bytes=4-", Span(4, 6, True)),
    ("bytes=-3", Span(7, 3, True)), ("bytes=-30", Span(0, 10, True)), ("bytes=8-30", Span(8, 2, True)),
    ("bytes=10-", None), ("bytes=-0", None), ("bytes=5-3", Span(0, 10, False)), ("bytes=0-1,4-5", Span(0, 10, False)),
    ("items=0-1", Span(0, 10, False)), ("bytes=-", Span(0, 10, False)),
])
def test_a_range_header_asks_for_one_span_or_the_whole(header: str, span: Span | None) -> None:
    assert parse(header, 10) == span
