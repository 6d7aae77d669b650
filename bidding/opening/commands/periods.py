"""The decryption window: begun, extended, paused, resumed, and closed when its time is over."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from bidding.opening.attribution import cause_at_close
from bidding.opening.commands.judging import settle
from bidding.opening.custody import tallies
from bidding.opening.holding import Hall, enter_hall, hold_bids, hold_latest, periods_of, window_of
from bidding.opening.model import CAUSES, TERMINAL, BidState, HallAct, HallStep, Period
from bidding.opening.permissions import require_host
from bidding.opening.sealed_objects import spoilt_rows
from bidding.opening.steps import admit
from bidding.opening.tables import DecryptionPeriod, Opening
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import CLOCK, Actor
from storage.kernel.clock import to_wire
from storage.timers.commands import schedule
from trading.tenders.kinds import hall_minutes
from trading.tenders.tables import Lot

CLOSE_WINDOW = "opening.close_window"
Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class NextStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host's step on, from the step the host saw."""

    expected: Annotated[str, msgspec.Meta(max_length=40)]


class ExtendWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """More time for all bidders alike, with its reason (R-504)."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)]
    reason: Reason


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pause or its end, with its reason (R-506)."""

    reason: Reason


async def begin_decryption(lot_id: UUID, command: NextStep, actor: Actor, uow: Work) -> None:
    """The host opens the decryption window (R-503)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        hall.expect(command.expected)
        admit(HallAct.BEGIN_DECRYPTION, hall.facts)
        await begin_window(uow, hall.lot, hall.opening, actor)
        await uow.commit()


async def begin_window(uow: Work, lot: Lot, opening: Opening, actor: Actor) -> None:
    """The first period, from now, for the minutes the tender document names; inside an entered unit of work."""
    now = await uow.now()
    opening.step, opening.step_at, opening.step_by = HallStep.DECRYPTING, now, actor.name
    period = Period(now, now + hall_minutes(lot.trade_kind, lot.decryption_minutes))
    row = await _add_period(uow, opening, period, "招标文件规定的解密时间", actor)
    uow.record("opening.decryption_begun", actor, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}",
               payload=_described(row))


async def extend_window(lot_id: UUID, command: ExtendWindow, actor: Actor, uow: Work) -> None:
    """Another period, never a shorter one (R-504)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        admit(HallAct.EXTEND, hall.facts)
        period = hall.facts.window.extended(hall.now, hall_minutes(hall.lot.trade_kind, command.minutes))
        row = await _add_period(uow, hall.opening, period, command.reason, actor)
        uow.record("opening.extended", actor, stream=hall.stream, subject=hall.stream, payload=_described(row))
        await uow.commit()


async def pause(lot_id: UUID, command: Pause, actor: Actor, uow: Work) -> None:
    """Stops every step and clock of the hall."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        admit(HallAct.PAUSE, hall.facts)
        hall.opening.paused_at, hall.opening.pause_reason = hall.now, command.reason
        uow.record("opening.paused", actor, stream=hall.stream, subject=hall.stream,
                   payload={"reason": command.reason, "by": actor.name})
        await uow.commit()


async def resume(lot_id: UUID, command: Pause, actor: Actor, uow: Work) -> None:
    """Ends a pause; what it took from the window, objections and confirmations is given back (R-506)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        admit(HallAct.RESUME, hall.facts)
        paused_at = hall.opening.paused_at
        if paused_at is None:
            await uow.session.rollback()
            return
        row = await _give_back(uow, hall, hall.now - paused_at, command.reason, actor)
        hall.opening.paused_at, hall.opening.pause_reason = None, None
        uow.record("opening.resumed", actor, stream=hall.stream, subject=hall.stream, payload={
            "reason": command.reason, "by": actor.name, "period": _described(row) if row else None})
        await uow.commit()


async def _give_back(uow: Work, hall: Hall, lost: timedelta, reason: str, actor: Actor) -> DecryptionPeriod | None:
    opening = hall.opening
    if opening.objections_until:
        opening.objections_until += lost
    if opening.confirmations_until:
        opening.confirmations_until += lost
    if opening.step != HallStep.DECRYPTING:
        return None
    period = hall.facts.window.resumed(hall.now - lost, hall.now)
    if period is None:  # the window was over before the pause: its end was only put off
        await schedule(uow.session, str(hall.lot.id), CLOSE_WINDOW, hall.now)
        return None
    return await _add_period(uow, opening, period, f"暂停后恢复：{reason}", actor)


async def _add_period(uow: Work, opening: Opening, period: Period, reason: str, actor: Actor) -> DecryptionPeriod:
    count = select(func.count()).select_from(DecryptionPeriod).where(DecryptionPeriod.opening_id == opening.id)
    number = (await uow.session.execute(count)).scalar_one() + 1
    row = DecryptionPeriod(opening_id=opening.id, number=number, opens_at=period.opens_at, closes_at=period.closes_at,
                           reason=reason, set_by=actor.name, set_at=await uow.now())
    uow.session.add(row)
    await schedule(uow.session, str(opening.lot_id), CLOSE_WINDOW, period.closes_at)
    return row


def _described(row: DecryptionPeriod) -> dict[str, object]:
    return {"number": row.number, "opens_at": to_wire(row.opens_at), "closes_at": to_wire(row.closes_at),
            "reason": row.reason, "by": row.set_by}


async def close_window(lot_id: UUID, uow: Work) -> bool:
    """Makes every bid that was not released terminal once the window is over (R-506, fault 31).

    Answers whether anything changed. Bids in the queue are left to the worker: whoever released in time has done
    its part.
    """
    async with uow:
        changed = await _close_window(uow, lot_id)
        reach("opening.closing_window")
        if changed:
            await uow.commit()
        return changed


async def _close_window(uow: Work, lot_id: UUID) -> bool:
    opening = await hold_latest(uow, lot_id)
    if opening is None or opening.step != HallStep.DECRYPTING or opening.paused_at is not None:
        return False
    bids = await hold_bids(uow, opening.id)
    now = await uow.now()
    if not window_of(await periods_of(uow.session, opening.id)).is_over(now):
        return False
    bids = [bid for bid in bids if bid.state not in TERMINAL]
    found = await tallies(uow.session, await uow.session.get_one(Lot, lot_id), opening, [bid.bid_id for bid in bids])
    spoilt = await spoilt_rows(uow.session, opening, bids)
    changed = False
    for bid in bids:
        # Rows that are not what was signed at the hour open to nobody: no silence of others is judged then.
        is_spoilt = bid.bid_id in spoilt and bid.state != BidState.DAMAGED
        cause = CAUSES["object-altered"] if is_spoilt else cause_at_close(bid.state, found[bid.bid_id], bid.cause)
        if cause is not None:
            damage: dict[str, object] = {"damage": bid.evidence} if bid.state == BidState.DAMAGED else {}
            damage |= {"rows": spoilt[bid.bid_id]} if is_spoilt else {}
            settle(uow, bid, cause, {"closed_at": to_wire(now), "attempts": bid.attempts, "last_cause": bid.cause,
                                     "custodians": found[bid.bid_id].evidence(), **damage}, CLOCK)
            changed = True
    return changed
