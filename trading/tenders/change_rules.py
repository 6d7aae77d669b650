"""The numbered rules of what happens to a published document."""

from dataclasses import dataclass
from datetime import date, datetime

from storage.kernel.calendar import Calendar
from storage.kernel.clock import shanghai
from storage.kernel.rule import rule
from trading.tenders.kinds import TradeKind


@dataclass(frozen=True, slots=True)
class Change:
    """A clarification or amendment at the instant at which it would be issued."""

    kind: TradeKind
    calendar: Calendar
    affects_bids: bool
    issued_at: datetime
    deadline_at: datetime


@rule("R-105", "影响投标文件编制的澄清修改，须在投标截止十五日前发出，否则顺延截止时间",
      cites="招标投标法实施条例 第二十一条；B-012", since=date(2012, 2, 1))
def change_comes_in_time(change: Change) -> bool:
    """Exactly fifteen times twenty-four hours before the deadline is in time; a second later is not (R-118)."""
    if not change.affects_bids:
        return True
    return change.calendar.add(change.issued_at, change.kind.spans.change) <= change.deadline_at


@dataclass(frozen=True, slots=True)
class Extension:
    """A deadline about to be moved."""

    before: datetime
    after: datetime
    now: datetime
    calendar: Calendar
    is_rehearsal: bool


@rule("R-210/2", "延期须在原投标截止时间之前作出，且只能向后",
      cites="招标投标法实施条例 第二十一条", since=date(2012, 2, 1))
def extension_is_later(extension: Extension) -> bool:
    """The deadline instant itself is too late to extend it (R-221)."""
    return extension.now < extension.before < extension.after


@rule("R-210/3", "延期后的开标时间不得在法定休息日",
      cites="国务院办公厅关于节假日安排；B-004", since=date(2016, 1, 1))
def extension_is_on_a_working_day(extension: Extension) -> bool:
    """A rehearsal may be held on any day."""
    return extension.is_rehearsal or extension.calendar.is_working(shanghai(extension.after).date())
