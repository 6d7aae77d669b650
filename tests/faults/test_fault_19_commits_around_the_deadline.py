"""Fault 19: one reading of the database clock, under the lot's lock, decides; nothing else does."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.tables import Receipt
from storage.kernel.clock import from_wire, process_now
from storage.kernel.errors import RulesUnmet
from tests.bids_world import World
from tests.ready_bids import Ready, make_ready
from trading.tenders.queries import lock_lot

EACH = 40


async def attempt(world: World, ready: Ready, seal: Seal) -> Receipt | str:
    """The receipt, or the number of the rule that refused."""
    try:
        return await submit_bid(ready.version_id, ready.actor, world.work(), seal)
    except RulesUnmet as refused:
        return refused.rules[0].number


async def deadline_in(world: World, seconds: float) -> datetime:
    """Moves the deadline to so many seconds from now."""
    moment = process_now() + timedelta(seconds=seconds)
    await world.set_deadline(moment)
    return moment


@pytest.mark.cts("A-92", "A-93", "A-97")
async def test_commits_a_breath_before_and_after_the_deadline_fall_on_their_side_of_it(
        world: World, seal: Seal) -> None:
    early, *ready = await make_ready(world, 1 + 3 * EACH)
    await deadline_in(world, 3600)
    assert isinstance(await attempt(world, early, seal), Receipt), "in good time; and now everything is warm"
    receipts = []
    for span in (0.3, 1.2, 6):  # seconds before the deadline; where the machine stands still in one, there is more room
        turn, ready = ready[:EACH], ready[EACH:]
        deadline = await deadline_in(world, span)
        found = await asyncio.gather(*(_at(deadline, span, place, world, one, seal) for place, one in enumerate(turn)))
        assert {each for each in found if isinstance(each, str)} == {"R-141"}, "the last ones came late"
        in_time = [each for each in found if isinstance(each, Receipt)]
        assert all(from_wire(json.loads(each.body)["decided_at"]) < deadline for each in in_time)
        receipts += in_time
        if in_time:
            break
    assert receipts, "the first ones came in time"
    async with world.sessions() as session:
        assert (await session.execute(select(func.count()).select_from(Receipt))).scalar_one() == len(receipts) + 1


async def _at(deadline: datetime, span: float, place: int, world: World, one: Ready, seal: Seal) -> Receipt | str:
    """An attempt at its place among those from the span before the deadline to a breath after it."""
    offset = span * (place * 4 / 3 / EACH - 1)
    await asyncio.sleep(max(0.0, (deadline - process_now()).total_seconds() + offset))
    return await attempt(world, one, seal)


async def test_a_transaction_begun_before_the_deadline_is_late_after_it(world: World, seal: Seal) -> None:
    (ready,) = await make_ready(world, 1)
    deadline = await deadline_in(world, 2)
    uow = world.work()
    async with world.work() as holder:
        await lock_lot(holder, world.lot.id)
        waiting = asyncio.create_task(submit_bid(ready.version_id, ready.actor, uow, seal))
        await asyncio.sleep(max(0.0, (deadline - process_now()).total_seconds() + 0.05))
        assert not waiting.done(), "it waits for the lot's lock, its transaction open since before the deadline"
    with pytest.raises(RulesUnmet) as refused:
        await waiting
    assert [rule.number for rule in refused.value.rules] == ["R-141"]


async def test_now_of_a_transaction_would_have_let_it_in(world: World) -> None:
    """Why the clock is clock_timestamp(): now() is the instant at which the transaction began."""
    async with world.work() as uow:
        began = (await uow.session.execute(text("select now()"))).scalar_one()
        await asyncio.sleep(0.05)
        assert (await uow.session.execute(text("select now()"))).scalar_one() == began
        assert await uow.now() > began
