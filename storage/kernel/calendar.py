"""The working calendar: statutory days, and how they are counted (R-118, Civil Code 201–203)."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from storage.kernel.clock import SHANGHAI, shanghai


@dataclass(frozen=True)
class Span:
    """A statutory length: whole calendar days, working days, or (rehearsal only) seconds."""

    length: int
    unit: str = "days"  # "days" | "working-days" | "seconds"


@dataclass(frozen=True)
class Calendar:
    """Weekends and an editable table: holidays off, make-up weekends worked."""

    holidays: frozenset[date] = field(default_factory=frozenset)
    workdays: frozenset[date] = field(default_factory=frozenset)

    def is_working(self, day: date) -> bool:
        """True for a working day."""
        if day in self.workdays:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def next_working(self, day: date) -> date:
        """The day itself when it is worked, else the next that is."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def add(self, start: datetime, span: Span) -> datetime:
        """The earliest instant at which the span has run out, counted as elapsed time.

        For days exactly n × 24 h is enough [P, R-118]; a working-day span ends at the same
        time of day on the nth working day after the start.
        """
        if span.unit == "seconds":
            return start + timedelta(seconds=span.length)
        if span.unit == "days":
            return start + timedelta(days=span.length)
        local = shanghai(start)
        day, left = local.date(), span.length
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return datetime.combine(day, local.timetz())

    def last_day(self, start: date, days: int) -> date:
        """The last day of a period: start day excluded, rolled to a working day (R-118)."""
        return self.next_working(start + timedelta(days=days))

    def end_of_period(self, start: datetime, days: int) -> datetime:
        """The end (24:00 Shanghai) of a period of days that excludes its start day (R-110, R-118)."""
        last = self.last_day(shanghai(start).date(), days)
        return datetime.combine(last + timedelta(days=1), time(0), tzinfo=SHANGHAI)
