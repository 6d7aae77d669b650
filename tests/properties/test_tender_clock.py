"""Laws of windows, calendars and steps that hold at every instant."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage.kernel.calendar import Calendar, Span
from storage.kernel.clock import SHANGHAI, shanghai
from storage.kernel.errors import DomainError
from trading.tenders.calendar_book import latest_before, on_working_day, propose
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.life import Passage, advance
from trading.tenders.model import (
    BEFORE_DEADLINE,
    Act,
    Stage,
    Window,
    bidding_is_open,
    deadline_has_passed,
    stage_now,
)

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)
moments = st.timedeltas(timedelta(0), timedelta(days=364)).map(lambda gap: NEW_YEAR + gap)
days = st.dates(date(2026, 1, 1), date(2027, 3, 1))
calendars = st.builds(lambda off, on: Calendar(holidays=frozenset(off), workdays=frozenset(on - off)),
                      st.sets(days, max_size=40), st.sets(days, max_size=10))


@given(moments, moments, moments)
def test_a_window_admits_its_first_instant_and_never_its_last(begin: datetime, end: datetime, now: datetime) -> None:
    window = Window(begin, end)
    assert window.admits(now) == (begin <= now < end)
    assert not window.admits(end)


@given(calendars, moments)
def test_a_proposed_deadline_is_worked_lawful_and_the_earliest_such(calendar: Calendar, begin: datetime) -> None:
    kind = TRADE_KINDS["works"]
    deadline = propose(kind, begin, calendar)["deadline_at"]
    earliest = calendar.add(begin, kind.spans.bidding)
    assert deadline >= earliest
    assert calendar.is_working(shanghai(deadline).date())
    day = shanghai(earliest).date()
    while day < shanghai(deadline).date():
        assert not calendar.is_working(day)
        day += timedelta(days=1)
    assert shanghai(deadline).timetz() == shanghai(earliest).timetz()


@given(calendars, moments, st.integers(1, 30))
def test_working_days_are_counted_one_by_one(calendar: Calendar, begin: datetime, length: int) -> None:
    end = shanghai(calendar.add(begin, Span(length, "working-days")))
    passed = (end.date() - shanghai(begin).date()).days
    counted = sum(calendar.is_working(shanghai(begin).date() + timedelta(days=n + 1)) for n in range(passed))
    assert counted == length
    assert calendar.is_working(end.date())


@given(moments, st.sampled_from(["change", "objection"]), st.timedeltas(timedelta(microseconds=1), timedelta(days=3)))
def test_the_last_instant_for_a_change_is_exactly_the_span_before(deadline: datetime, what: str,
                                                                  late: timedelta) -> None:
    kind = TRADE_KINDS["works"]
    span = kind.spans.change if what == "change" else kind.spans.objection
    last = latest_before(deadline, kind, what)
    assert Calendar().add(last, span) <= deadline < Calendar().add(last + late, span)


@given(calendars, moments)
def test_rolling_is_idempotent(calendar: Calendar, moment: datetime) -> None:
    rolled = on_working_day(moment, calendar)
    assert on_working_day(rolled, calendar) == rolled >= moment


class LotLife(RuleBasedStateMachine):
    """Any acts in any order while time passes: opening and bidding never meet, and nothing moves backwards."""

    suspended = False

    def __init__(self) -> None:
        super().__init__()
        self.stage: str = Stage.DRAFT
        self.now = START
        self.documents_from = START + timedelta(days=1)
        self.documents_until = START + timedelta(days=7)
        self.deadline_at = START + timedelta(days=22)
        self.opened_at: datetime | None = None

    @rule(hours=st.integers(1, 24 * 12))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_deadline_strikes(self) -> None:
        self.now = max(self.now, self.deadline_at)

    @precondition(lambda self: self.stage in BEFORE_DEADLINE)
    @rule()
    def somebody_suspends_or_resumes(self) -> None:
        self.suspended = not self.suspended

    @rule(act=st.sampled_from(Act), bids=st.none() | st.integers(0, 6))
    def somebody_acts(self, act: Act, bids: int | None) -> None:
        before = self.stage
        try:
            self.stage = advance(self.stage, act, Passage(
                now=self.now, documents_from=self.documents_from, documents_until=self.documents_until,
                deadline_at=self.deadline_at, suspended=self.suspended, sealed_bids=bids, min_bidders=3))
        except DomainError:
            assert self.stage == before
            return
        if self.stage == Stage.OPENING:
            assert bids is not None
            assert bids >= 3
            self.opened_at = self.now
        if self.stage == Stage.FAILED:
            assert bids is not None
            assert bids < 3

    @invariant()
    def nothing_opens_before_the_deadline(self) -> None:
        assert self.opened_at is None or self.opened_at >= self.deadline_at

    @invariant()
    def no_instant_admits_bids_and_permits_opening(self) -> None:
        assert not (bidding_is_open(self, self.now) and deadline_has_passed(self, self.now))

    @invariant()
    def the_shown_stage_is_never_behind_the_written_one(self) -> None:
        order = list(Stage)
        assert order.index(stage_now(self, self.now)) >= order.index(Stage(self.stage))


TestLotLife = LotLife.TestCase
