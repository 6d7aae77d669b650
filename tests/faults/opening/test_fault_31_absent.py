"""Fault 31: a bidder never decrypts; a custodian is absent."""

import pytest

from bidding.opening.commands.periods import close_window
from tests.opening_world import Hall


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
