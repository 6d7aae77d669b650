"""The hall's steps under any order of acts and any time (fault 22, in the model)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bidding.opening.attribution import Tally, cause_at_close
from bidding.opening.model import (
    CAUSES,
    TERMINAL,
    BidState,
    DecryptionWindow,
    HallAct,
    HallFacts,
    HallStep,
    Period,
    state_after_release,
)
from bidding.opening.steps import MOVES, STEPS, admit, step_on
from storage.kernel.errors import Refused, RulesUnmet

T = datetime(2026, 12, 1, 1, tzinfo=UTC)
ORDER = [HallStep.FROZEN, *(row.after for row in STEPS)]
moments = st.integers(-3600, 7200).map(lambda seconds: T + timedelta(seconds=seconds))
periods = st.lists(st.tuples(moments, st.integers(1, 3600)), max_size=4).map(
    lambda found: DecryptionWindow(tuple(Period(at, at + timedelta(seconds=length)) for at, length in found)))


@given(moments, periods, st.integers(1, 1440))
def test_no_extension_shortens_the_window(now: datetime, window: DecryptionWindow, minutes: int) -> None:
    longer = DecryptionWindow((*window.periods, window.extended(now, timedelta(minutes=minutes))))
    assert longer.closes_at is not None
    assert window.closes_at is None or longer.closes_at > window.closes_at
    assert all(longer.admits(moment) for period in window.periods for moment in (period.opens_at,))


@given(moments, moments, periods)
def test_no_instant_before_the_opening_admits_a_release(now: datetime, deadline: datetime,
                                                         window: DecryptionWindow) -> None:
    facts = HallFacts(now=now, step=HallStep.DECRYPTING, deadline_at=deadline, window=window, states=("sealed",))
    try:
        admit(HallAct.RELEASE_BID, facts)
    except RulesUnmet:
        return
    assert now >= deadline
    assert window.admits(now)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """Any number of custodians, each sound, complaining, unsound or absent."""
    said = draw(st.lists(st.sampled_from(("sound", "complained", "unsound", "absent")), min_size=1, max_size=7))
    who = {what: frozenset(index for index, each in enumerate(said, 1) if each == what) for what in set(said)}
    return Tally(draw(st.integers(1, len(said))), len(said), **{what: who[what] for what in who if what != "absent"})


@given(st.lists(st.sampled_from(sorted(BidState))), tallies())
def test_after_the_window_every_bid_is_terminal_or_in_the_queue(states: list[BidState], tally: Tally) -> None:
    for state in states:
        cause = cause_at_close(state, tally)
        after = cause.becomes if cause else state
        assert after in TERMINAL | {BidState.QUEUED, BidState.DECRYPTING}
        if state in TERMINAL:
            assert cause is None
        if state == BidState.DAMAGED:
            assert cause_at_close(state, tally, "object-missing") is CAUSES["object-missing"]
            assert cause is not None
            assert cause.at_fault == "platform", "whoever else did what"


class HallMachine(RuleBasedStateMachine):
    """Any act at any time: steps go forward only, one at a time, and never past an unmet rule."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = HallFacts(now=T, step=HallStep.FROZEN, deadline_at=T, states=("sealed",) * 3)
        self.path = [HallStep.FROZEN]
        self.shares = 0

    @rule(act=st.sampled_from(sorted(HallAct)))
    def do(self, act: HallAct) -> None:
        try:
            if act in MOVES:
                self.facts = replace(self.facts, step=step_on(act, self.facts))
                self.path.append(self.facts.step)
            else:
                admit(act, self.facts)
        except (Refused, RulesUnmet):
            return
        self._effect(act)

    def _effect(self, act: HallAct) -> None:
        facts, now = self.facts, self.facts.now
        match act:
            case HallAct.BEGIN_DECRYPTION:
                period = Period(now, now + timedelta(minutes=30))
                self.facts = replace(facts, window=DecryptionWindow((period,)))
            case HallAct.EXTEND:
                more = (*facts.window.periods, facts.window.extended(now, timedelta(minutes=10)))
                self.facts = replace(facts, window=DecryptionWindow(more))
            case HallAct.PAUSE | HallAct.RESUME:
                self.facts = replace(facts, is_paused=act is HallAct.PAUSE)
            case HallAct.RELEASE_SHARES:
                self.shares += 1
            case HallAct.RELEASE_BID if BidState.SEALED in facts.states:
                assert facts.window.admits(now)
                assert not facts.is_paused
                states = list(facts.states)
                states[states.index(BidState.SEALED)] = state_after_release(self.shares, 2)
                self.facts = replace(facts, states=tuple(states))
            case HallAct.ANNOUNCE:
                assert all(state in TERMINAL for state in facts.states)

    @rule(minutes=st.integers(1, 40))
    def pass_time(self, minutes: int) -> None:
        self.facts = replace(self.facts, now=self.facts.now + timedelta(minutes=minutes))

    @rule()
    @precondition(lambda self: self.facts.step == HallStep.DECRYPTING)
    def close_window(self) -> None:
        if self.facts.window.is_over(self.facts.now) and not self.facts.is_paused:
            tally = Tally(2, 3, frozenset(range(1, 4)[:self.shares]))
            causes = [cause_at_close(state, tally) for state in self.facts.states]
            states = tuple(cause.becomes if cause else state
                           for cause, state in zip(causes, self.facts.states, strict=True))
            self.facts = replace(self.facts, states=states)

    @rule()
    def work_the_queue(self) -> None:
        states = tuple(BidState.DECRYPTED if state == BidState.QUEUED else state for state in self.facts.states)
        self.facts = replace(self.facts, states=states)

    @rule(signatures=st.sets(st.sampled_from(["host", "recorder"])))
    def sign(self, signatures: set[str]) -> None:
        if self.facts.step == HallStep.SIGNING:
            self.facts = replace(self.facts, signatures=self.facts.signatures | signatures)

    @invariant()
    def steps_follow_one_another(self) -> None:
        assert self.path == ORDER[:len(self.path)]

    @invariant()
    def nothing_is_published_unsigned(self) -> None:
        if self.facts.step == HallStep.PUBLISHED:
            assert self.facts.signatures == {"host", "recorder"}


TestHall = HallMachine.TestCase
TestHall.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
