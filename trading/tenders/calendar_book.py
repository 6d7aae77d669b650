"""The working calendar's table, and the clocks it gives (R-118, B-004)."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.calendar import Calendar
from storage.kernel.clock import shanghai
from trading.tenders.forms import DayMark
from trading.tenders.kinds import TradeKind
from trading.tenders.permissions import Right, permit
from trading.tenders.tables import CalendarDay

# General Office of the State Council, arrangement for 2026: first day, last day, name; worked weekends.
_HOLIDAYS_2026 = (
    (date(2026, 1, 1), date(2026, 1, 3), "元旦"), (date(2026, 2, 15), date(2026, 2, 23), "春节"),
    (date(2026, 4, 4), date(2026, 4, 6), "清明节"), (date(2026, 5, 1), date(2026, 5, 5), "劳动节"),
    (date(2026, 6, 19), date(2026, 6, 21), "端午节"), (date(2026, 9, 25), date(2026, 9, 27), "中秋节"),
    (date(2026, 10, 1), date(2026, 10, 7), "国庆节"),
    (date(2027, 1, 1), date(2027, 1, 1), "元旦"),  # by law; the arrangement for 2027 is entered when it appears
)
_WORKED_2026 = (date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20),
                date(2026, 10, 10))


def known_days() -> list[dict[str, Any]]:
    """The days the platform knows when it is new; the centre edits them afterwards."""
    days = [{"day": first + timedelta(days=n), "kind": "holiday", "name": name}
            for first, last, name in _HOLIDAYS_2026 for n in range((last - first).days + 1)]
    return days + [{"day": day, "kind": "workday", "name": "调休上班"} for day in _WORKED_2026]


async def seed_calendar(uow: Work) -> None:
    """Enters the known days once, into an empty table."""
    async with uow:
        if (await uow.session.scalars(select(CalendarDay.day).limit(1))).first() is not None:
            return
        await uow.session.execute(insert(CalendarDay).values(known_days()).on_conflict_do_nothing())
        uow.record("calendar.seeded", PLATFORM, stream="platform", subject="calendar",
                   payload={"days": len(known_days())})
        await uow.commit()


async def mark_day(mark: DayMark, actor: Actor, uow: Work) -> None:
    """Marks a day, changes its mark, or takes it away; lots already published keep their times."""
    async with uow:
        permit(actor, Right.EDIT_CALENDAR)
        held = await uow.session.get(CalendarDay, mark.day, with_for_update=True)
        if mark.kind is None:
            if held is not None:
                await uow.session.delete(held)
        elif held is None:
            uow.session.add(CalendarDay(day=mark.day, kind=mark.kind, name=mark.name))
        else:
            held.kind, held.name = mark.kind, mark.name
        uow.record("calendar.marked", actor, stream="platform", subject="calendar",
                   payload={"day": mark.day.isoformat(), "kind": mark.kind, "name": mark.name})
        await uow.commit()


def propose(kind: TradeKind, documents_from: datetime, calendar: Calendar) -> dict[str, Any]:
    """The earliest end of sale and deadline; a deadline on a day off rolls to the next working day (B-004)."""
    until = calendar.add(documents_from, kind.spans.documents)
    earliest = calendar.add(documents_from, kind.spans.bidding)
    deadline = earliest if kind.rehearsal else on_working_day(earliest, calendar)
    return {"documents_until": until, "deadline_at": deadline, "rolled": deadline != earliest,
            "last_change_at": latest_before(deadline, kind, "change"),
            "last_objection_at": latest_before(deadline, kind, "objection")}


def on_working_day(moment: datetime, calendar: Calendar) -> datetime:
    """The same time of day on the day itself when it is worked, else on the next that is."""
    local = shanghai(moment)
    return datetime.combine(calendar.next_working(local.date()), local.timetz())


def latest_before(deadline: datetime, kind: TradeKind, what: str) -> datetime:
    """The last instant for a change (R-105) or an objection (R-106): exactly the span before the deadline."""
    span = kind.spans.change if what == "change" else kind.spans.objection
    return deadline - timedelta(**{"seconds" if span.unit == "seconds" else "days": span.length})
