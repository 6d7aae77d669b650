"""Fault 20: an extension against the closing timer."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bidding.opening.commands.closing import close_bidding
from bidding.opening.timers import timers
from storage.kernel.calendar import Calendar
from storage.kernel.clock import process_now, shanghai, to_wire
from storage.kernel.errors import Refused, RulesUnmet
from storage.timers.commands import schedule
from storage.timers.sweep import sweep
from storage.timers.tables import Timer
from tests.bids_world import Founder
from tests.opening_world import Hall
from trading.tenders.extending import ExtendDeadline, extend_deadline
from trading.tenders.tables import Lot

SERIALS = count(100)


@cache
def _working_day() -> datetime:
    """Ten o'clock on a working day to come; the same one when midnight passes meanwhile."""
    day = Calendar().next_working(shanghai(process_now()).date() + timedelta(days=1))
    return datetime(day.year, day.month, day.day, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


async def _race(hall: Hall, place: int, lead: float) -> tuple[str, list[str]]:
    """A fresh lot whose deadline comes in ``lead`` s, while both act, the one at its place among 30 from now to beyond.

    Gives the lot's stage and the ledger's order of what was done.
    """
    folders = hall.settings.key_directory.parent / "ca", hall.settings.trust_directory
    world, founder = hall.world, Founder(hall.world.sessions, *folders)
    lot = await founder.lot(world.tenderee, world.agency, world.custodians, timedelta(hours=1),
                             serial=next(SERIALS))
    hall.world.lot = lot
    deadline = process_now() + timedelta(seconds=lead)
    await world.set_deadline(deadline)

    async def extend() -> str:
        await asyncio.sleep(lead * place / 15)
        try:
            command = ExtendDeadline(_working_day(), "补充图纸")
            await extend_deadline(lot.id, command, world.tenderee.actor, world.work())
        except (Refused, RulesUnmet):
            return "late"
        return "extended"

    async def close() -> bool:
        is_over = False
        while not is_over:
            is_over = process_now() > deadline + timedelta(seconds=lead)
            if await close_bidding(lot.id, world.work(), hall.keys):
                return True
            await asyncio.sleep(0.005)
        return False

    word, closed = await asyncio.gather(extend(), close())
    assert closed == (word == "late")
    async with world.sessions() as session:
        stage = (await session.get_one(Lot, lot.id)).stage
    acts = [action for action, _ in await hall.entries() if action in ("lot.deadline_extended", "lot.failed")]
    return stage, acts


async def test_fault_20_one_of_extension_and_closing_wins(empty_hall: Hall) -> None:
    both, found = {"('failed', ['lot.failed'])", "('selling', ['lot.deadline_extended'])"}, set()
    for lead in (0.15, 0.6, 3):  # seconds; where the machine is too slow for one of the two, there is more room
        found |= {str(await _race(empty_hall, place, lead)) for place in range(30)}
        if found >= both:
            break
    assert found == both


async def test_fault_20_a_swept_timer_is_settled_by_the_closing_or_moved_by_the_extension(empty_hall: Hall) -> None:
    """Two nodes sweep the very timer that the extension moves; it never ends settled with the lot still open."""
    world, both = empty_hall.world, {("failed", True, False), ("selling", False, True)}
    folders = empty_hall.settings.key_directory.parent / "ca", empty_hall.settings.trust_directory
    founder, stop, found = Founder(world.sessions, *folders), asyncio.Event(), list[tuple[str, bool, bool]]()

    async def node() -> None:
        while not stop.is_set():
            await sweep(world.sessions, timers(empty_hall.keys))
            await asyncio.sleep(0.002)

    async def race(place: int, lead: timedelta) -> tuple[str, bool, bool]:
        lot = await founder.lot(world.tenderee, world.agency, world.custodians, timedelta(hours=1),
                                serial=next(SERIALS))
        world.lot = lot
        deadline = process_now() + lead
        await world.set_deadline(deadline)
        async with world.sessions() as session, session.begin():
            await schedule(session, str(lot.id), "lot.close_bidding", deadline)
        # Around the deadline itself, from well before it to a breath after it.
        await asyncio.sleep((deadline - process_now()).total_seconds() - 0.2 + 0.015 * place)
        command = ExtendDeadline(_working_day(), "补充图纸")
        with suppress(Refused, RulesUnmet):
            await extend_deadline(lot.id, command, world.tenderee.actor, world.work())
        await asyncio.sleep(max(0.0, (deadline - process_now()).total_seconds()) + 0.2)
        while True:  # a busy node sweeps late
            async with world.sessions() as session:
                timer = (await session.scalars(select(Timer).where(Timer.subject == str(lot.id)))).one()
                stage = (await session.get_one(Lot, lot.id)).stage
            if timer.done_at is not None or timer.due_at == _working_day():
                break
            await asyncio.sleep(0.05)
        acts = [action for action, _ in await empty_hall.entries() if action in ("lot.deadline_extended", "lot.failed")]
        assert acts == ["lot.failed" if stage == "failed" else "lot.deadline_extended"]
        return stage, timer.done_at is not None, timer.due_at == _working_day()

    nodes = [asyncio.create_task(node()) for _ in range(2)]
    try:
        for lead in (0.5, 2, 8):  # seconds; where the machine is too slow for one of the two, there is more room
            for place in range(20):
                found.append(await race(place, timedelta(seconds=lead)))
            if set(found) >= both:
                break
    finally:
        stop.set()
        await asyncio.gather(*nodes)
    assert set(found) == both


async def test_a_deadline_moves_later_only_and_before_it_passes_and_bids_stay(hall: Hall) -> None:
    work, lot_id, tenderee = hall.world.work, hall.lot.id, hall.world.tenderee.actor
    for moment in (process_now() + timedelta(minutes=1), _working_day() - timedelta(days=7)):
        with pytest.raises(RulesUnmet) as refused:
            await extend_deadline(lot_id, ExtendDeadline(moment, "理由"), tenderee, work())
        assert "R-210/2" in [rule.number for rule in refused.value.rules]
    sunday = _working_day() + timedelta(days=6 - shanghai(_working_day()).weekday())
    with pytest.raises(RulesUnmet) as refused:
        await extend_deadline(lot_id, ExtendDeadline(sunday, "理由"), tenderee, work())
    assert "R-210/3" in [rule.number for rule in refused.value.rules]
    with pytest.raises(Exception, match=r"权限|没有"):
        await extend_deadline(lot_id, ExtendDeadline(_working_day(), "理由"), hall.world.bidders[0].actor, work())
    notice = await extend_deadline(lot_id, ExtendDeadline(_working_day(), "补充图纸"), tenderee, work())
    assert "补充图纸" in notice.body
    assert not await close_bidding(lot_id, work(), hall.keys)
    [(_, payload)] = await hall.entries("lot.deadline_extended")
    assert payload["deadline_at"] == to_wire(_working_day())
    await hall.begin()
    await hall.release_all()
    assert (await hall.snapshot())["figures"]["decrypted"] == 3
