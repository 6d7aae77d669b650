"""Fault 18: five hundred submissions in the last seconds; each is a receipt or a clear refusal, none half done."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.model import BidStatus, VersionStatus
from bidding.bids.tables import Bid, BidVersion, Receipt
from storage.kernel.clock import process_now
from storage.kernel.errors import RulesUnmet
from storage.ledger.tables import LedgerOutbox
from tests.bids_world import World
from tests.ready_bids import Ready, make_ready

COUNT = 500


async def test_each_of_five_hundred_has_a_receipt_or_a_refusal(world: World, seal: Seal) -> None:
    ready = await make_ready(world, COUNT)
    await world.set_deadline(process_now() + timedelta(seconds=8))
    lanes = asyncio.Semaphore(10)

    async def submit(place: int, one: Ready) -> str:
        # Spread over the last eight seconds and a little beyond.
        await asyncio.sleep(place * 8.4 / COUNT)
        async with lanes:
            try:
                return (await submit_bid(one.version_id, one.actor, world.work(), seal)).number
            except RulesUnmet as refused:
                return refused.rules[0].number
    answers = await asyncio.gather(*(submit(place, one) for place, one in enumerate(ready)))
    numbers = {each for each in answers if each.startswith("HZ-")}
    assert set(answers) - numbers == {"R-141"}
    assert numbers, "the first ones came in time"
    assert len(numbers) == len([each for each in answers if each.startswith("HZ-")])
    async with world.sessions() as session:
        assert set((await session.scalars(select(Receipt.number))).all()) == numbers
        submitted = select(func.count()).select_from(BidVersion).where(BidVersion.status == VersionStatus.SUBMITTED)
        assert (await session.execute(submitted)).scalar_one() == len(numbers)
        counting = select(func.count()).select_from(Bid).where(Bid.status == BidStatus.SUBMITTED)
        assert (await session.execute(counting)).scalar_one() == len(numbers)
        acts = select(func.count()).select_from(LedgerOutbox).where(LedgerOutbox.action == "bid.submitted")
        assert (await session.execute(acts)).scalar_one() == len(numbers)
