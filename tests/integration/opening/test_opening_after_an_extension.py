"""Bids sealed before an extension stay: one submitted before it, one submitted after the old deadline (R-210)."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.tables import BidVersion
from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.periods import NextStep, begin_decryption
from bidding.opening.commands.releasing import ReleaseShares, SharePart
from bidding.opening.commands.releasing import release_bid as release
from bidding.opening.commands.releasing import release_shares as give
from frontend.cli.bid_release import releases_of
from frontend.cli.identity import ClientIdentity
from storage.kernel.clock import process_now, shanghai
from storage.kernel.errors import RulesUnmet
from tests.bids_world import Client, Person
from tests.opening_world import PRICES, Hall, signed_release
from tests.tenders_world import working_day_after
from trading.tenders.extending import ExtendDeadline, extend_deadline
from trading.tenders.tables import CalendarDay

BEFORE_T1, AFTER_T1 = timedelta(seconds=30), timedelta(seconds=20)  # a busy machine gets there too


async def _work_on(hall: Hall, moment: datetime) -> None:
    """The test may run on a Sunday; its opening may not."""
    async with hall.world.sessions() as session:
        session.add(CalendarDay(day=shanghai(moment).date(), kind="workday", name="调休上班"))
        await session.commit()


async def _release(hall: Hall, person: Person, role: str) -> None:
    """As the person's own client does: it checks the notice against its clock and the headers before it releases."""
    work, lot_id = await hall.work_of(person), hall.lot.id
    found = releases_of(work, ClientIdentity.of(person.identities[0]), roots=None)
    parts = found.made
    if role == "bidder":
        command = signed_release([{"bid": found.bid, **each} for each in parts], person.identities[0])
        await release(lot_id, command, person.actor, hall.world.work(), hall.keys)
        return
    await give(lot_id, ReleaseShares([SharePart(UUID(str(each["bid"])), str(each["kind"]), str(each["enc"]),
                                                str(each["ct"])) for each in parts]),
               person.actor, hall.world.work(), hall.keys)


async def _begin_at(hall: Hall, moment: datetime) -> None:
    await asyncio.sleep((moment - process_now()).total_seconds() + 0.1)
    assert await close_bidding(hall.lot.id, hall.world.work(), hall.keys)
    await begin_decryption(hall.lot.id, NextStep("frozen"), hall.host.actor, hall.world.work())
    assert await hall.worker.stamp() == 1


async def _opening_of(hall: Hall, version: BidVersion) -> datetime:
    async with hall.world.sessions() as session:
        return (await session.get_one(BidVersion, version.id)).opens_at


async def _extend(hall: Hall, moment: datetime) -> list[str]:
    """The numbers of the rules that refused it."""
    command = ExtendDeadline(moment, "补充图纸")
    try:
        await extend_deadline(hall.lot.id, command, hall.world.agency.actor, hall.world.work())
    except RulesUnmet as refused:
        return [rule.number for rule in refused.rules]
    return []


async def test_bids_sealed_before_an_extension_are_submitted_replaced_and_opened_after_it(empty_hall: Hall) -> None:
    hall = empty_hall
    early, late = hall.world.bidders[:2]
    await hall.change_lot(min_bidders=2)
    first = (process_now() + BEFORE_T1).replace(microsecond=0)
    second = first + AFTER_T1
    await _work_on(hall, second)
    await hall.world.set_deadline(first)
    _, uploaded = await asyncio.gather(hall.submit(early, PRICES[0]), hall.upload(late, PRICES[1]))
    assert await _extend(hall, first) == ["R-210/2"], "the same instant is not later"
    assert await _extend(hall, second) == []

    await asyncio.sleep((first - process_now()).total_seconds() + 0.1)
    assert not await close_bidding(hall.lot.id, hall.world.work(), hall.keys), "the old deadline closes nothing"
    await submit_bid(uploaded.id, late.actor, hall.world.work(), Seal(hall.keys, hall.settings))
    replacing = await Client(hall.world, early, hall.store).start()
    assert (await _opening_of(hall, uploaded), await _opening_of(hall, replacing)) == (first, second)

    await _begin_at(hall, second)
    later = working_day_after(second, 1)
    if shanghai(later).weekday() > 4:  # a weekend that is worked, which this lot's calendar does not know
        await _work_on(hall, later)
    assert await _extend(hall, later) == ["R-210/2"], "the hall is open"
    for custodian in hall.world.custodians[:2]:
        await _release(hall, custodian, "custodian")
    for bidder in (early, late):
        await _release(hall, bidder, "bidder")
    while await hall.worker.decrypt():
        pass
    assert (await hall.snapshot())["figures"]["decrypted"] == 2
