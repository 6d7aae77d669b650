"""Fault 31: a bidder never decrypts; a custodian is absent."""

import asyncio
from datetime import timedelta

import pytest

from bidding.opening.commands.periods import close_window
from frontend.cli.bid_release import releases_of
from frontend.cli.identity import ClientIdentity
from storage.crypto.envelope import Recipient
from storage.crypto.errors import SealBroken
from storage.kernel.clock import process_now
from tests.opening_world import PRICES, Hall


@pytest.mark.cts("A-110", "A-112", "A-113")
async def test_fault_31_the_window_ends_it_for_who_never_decrypts(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all(hall.world.bidders[:2])
    assert not await close_window(hall.lot.id, hall.world.work())
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    assert not await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("decrypted", None, None), ("decrypted", None, None), ("revoked", "not-released", "bidder")]
    assert [row["price"] is None for row in await hall.announce()] == [False, False, True]
    assert len(await hall.entries("bid.revoked")) == 1


async def test_fault_31_two_of_three_custodians_suffice(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all()
    shown = await hall.snapshot()
    assert [each["released_at"] is not None for each in shown["custodians"]] == [True, True, False]
    assert shown["figures"]["decrypted"] == 3


async def test_fault_31_without_enough_custodians_no_bidder_is_at_fault(hall: Hall) -> None:
    await hall.begin()
    await hall.release_shares(hall.world.tenderee)
    await hall.release_bid(hall.world.bidders[0])
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["at_fault"]) for bid in shown] == [
        ("withdrawn_by_fault", "custodian"), ("revoked", "bidder"), ("revoked", "bidder")]


async def test_fault_31_who_released_in_time_is_opened_though_the_queue_ran_late(hall: Hall) -> None:
    await hall.begin()
    for custodian in hall.world.custodians:
        await hall.release_shares(custodian)
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    await hall.end_window()
    assert not await close_window(hall.lot.id, hall.world.work())
    assert await hall.worker.decrypt() == 3
    assert (await hall.snapshot())["figures"]["decrypted"] == 3


async def test_fault_31_a_share_that_does_not_open_keeps_back_no_other(empty_hall: Hall) -> None:
    """The command line of a custodian: one bidder has wrapped its share to another key (R-144)."""
    hall, keeper = empty_hall, empty_hall.world.tenderee
    own, *others = [each.recipients[0] for each in hall.world.custodians]
    astray = [Recipient(own.cert, hall.world.bidders[0].recipients[0].public_key), *others]
    first, second, third = hall.world.bidders
    opens_at = (process_now() + timedelta(seconds=20)).replace(microsecond=0)
    await hall.world.set_deadline(opens_at)
    _, bad, _ = await asyncio.gather(hall.submit(first, PRICES[0]), hall.submit(second, PRICES[1], keepers=astray),
                                     hall.submit(third, PRICES[2]))
    await asyncio.sleep((opens_at - process_now()).total_seconds())  # the client judges the hour by its own clock
    await hall.begin()
    assert await hall.worker.stamp() == 1
    found = releases_of(await hall.work_of(keeper), ClientIdentity.of(keeper.identities[0]), roots=None)
    assert len(found.made) == 4
    assert {each["bid"] for each in found.kept_back} == {str(bad.bid_id)}
    assert {each["why"] for each in found.kept_back} == {"密钥信封不能解开"}
    assert str(bad.bid_id) not in {each["bid"] for each in found.made}
    stranger = ClientIdentity.of(first.identities[0])
    with pytest.raises(SealBroken):
        releases_of(await hall.work_of(second), stranger, roots=None)
