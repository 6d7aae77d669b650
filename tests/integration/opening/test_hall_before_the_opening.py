"""Until T nobody learns who bids or how many; at T the set freezes once, or the lot fails."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from bidding.opening.commands.attending import sign_in
from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.periods import NextStep, begin_decryption
from bidding.opening.commands.releasing import ReleaseBid, ReleaseShares, release_bid, release_shares
from bidding.opening.tables import OpenedBid, Opening
from storage.kernel.actor import PUBLIC, Actor
from storage.kernel.clock import process_now
from storage.kernel.errors import NotAllowed, Refused, RulesUnmet
from tests.bids_world import Founder
from tests.opening_world import PRICES, Hall
from trading.tenders.tables import Lot, Notice


async def _stage(hall: Hall) -> Lot:
    async with hall.world.sessions() as session:
        return await session.get_one(Lot, hall.lot.id)


@pytest.mark.cts("A-107", "B-016")
async def test_before_the_opening_nobody_sees_bids_and_nobody_can_release(hall: Hall) -> None:
    work, lot_id, world = hall.world.work, hall.lot.id, hall.world
    await sign_in(lot_id, world.bidders[0].actor, work())
    everyone = [PUBLIC, hall.host.actor, hall.recorder.actor, world.tenderee.actor, world.supervisor.actor,
                world.bidders[1].actor]
    for actor in everyone:
        shown = await hall.snapshot(actor)
        assert (shown["step"], shown["bids"], shown["figures"], shown["set_sha256"]) == ("waiting", None, None, None)
        assert world.bidders[0].party.name not in json.dumps(shown, ensure_ascii=False)
    assert await hall.entries("hall.signed_in") == []
    assert not await close_bidding(lot_id, work(), hall.keys)
    for act in (begin_decryption(lot_id, NextStep("waiting"), hall.host.actor, work()),
                release_bid(lot_id, ReleaseBid([]), world.bidders[0].actor, work(), hall.keys),
                release_shares(lot_id, ReleaseShares([]), world.tenderee.actor, work(), hall.keys)):
        with pytest.raises(Refused):
            await act
    with pytest.raises(Refused):
        await hall.work_of(world.tenderee)


async def test_what_a_stranger_sees_before_the_opening_does_not_depend_on_what_was_submitted(empty_hall: Hall) -> None:
    async def seen() -> str:
        shown = await empty_hall.snapshot()
        return json.dumps({**shown, "now": "", "feed": {}}, sort_keys=True)

    before = await seen()
    await empty_hall.submit(empty_hall.world.bidders[0], PRICES[0])
    await sign_in(empty_hall.lot.id, empty_hall.world.bidders[0].actor, empty_hall.world.work())
    assert await seen() == before


@pytest.mark.cts("A-106")
async def test_signing_in_is_for_those_who_delivered_and_from_its_time_on(hall: Hall) -> None:
    work, lot_id, bidder = hall.world.work, hall.lot.id, hall.world.bidders[0].actor
    with pytest.raises(NotAllowed):
        await sign_in(lot_id, await _stranger(hall), work())
    await hall.world.set_deadline(process_now() + timedelta(hours=2))
    with pytest.raises(RulesUnmet) as refused:
        await sign_in(lot_id, bidder, work())
    assert [rule.number for rule in refused.value.rules] == ["R-500"]
    await hall.world.set_deadline(process_now() + timedelta(minutes=59))
    first = await sign_in(lot_id, bidder, work())
    assert (await sign_in(lot_id, bidder, work())).at == first.at
    assert (await hall.snapshot(bidder))["me"]["signed_in_at"] is not None


async def _stranger(hall: Hall) -> Actor:
    folders = hall.settings.key_directory.parent / "ca", hall.settings.trust_directory
    return (await Founder(hall.world.sessions, *folders).person("江苏旁观建设有限公司", "bidder")).actor


@pytest.mark.cts("A-109", "B-018", "B-033")
async def test_fewer_than_three_bids_fail_the_lot_and_stay_sealed(empty_hall: Hall) -> None:
    for bidder, price in zip(empty_hall.world.bidders[:2], PRICES, strict=False):
        await empty_hall.submit(bidder, price)
    assert await empty_hall.close()
    lot = await _stage(empty_hall)
    assert lot.stage == "failed"
    assert "重新招标" in (lot.failed_reason or "")
    shown = await empty_hall.snapshot(empty_hall.host.actor)
    assert (shown["step"], shown["bids"], shown["figures"]) == ("failed", None, None)
    told = json.dumps(await empty_hall.entries(), ensure_ascii=False)
    assert not any(bidder.party.name in told for bidder in empty_hall.world.bidders)
    [(_, payload)] = await empty_hall.entries("lot.failed")
    assert payload["rule"] == "R-108"
    async with empty_hall.world.sessions() as session:
        opening = await session.get_one(Opening, lot.id)
        assert (opening.session_sealed, opening.notice) == (None, None)
        assert (await session.scalars(select(OpenedBid))).all() == []
        assert [notice.kind for notice in await session.scalars(select(Notice))] == ["failed"]
    with pytest.raises(Refused):
        await begin_decryption(lot.id, NextStep("failed"), empty_hall.host.actor, empty_hall.world.work())


@pytest.mark.cts("A-108", "A-109")
async def test_eight_nodes_at_once_freeze_the_set_once(hall: Hall) -> None:
    await hall.world.close()
    done = await asyncio.gather(*(close_bidding(hall.lot.id, hall.world.work(), hall.keys) for _ in range(8)))
    assert sorted(done) == [False] * 7 + [True]
    [(_, frozen)] = await hall.entries("lot.bids_frozen")
    assert frozen["count"] == 3
    assert [bid["place"] for bid in frozen["bids"]] == [1, 2, 3]
    assert [bid["submitted_at"] for bid in frozen["bids"]] == sorted(bid["submitted_at"] for bid in frozen["bids"])
    assert all(bid["sealed_act"] for bid in frozen["bids"])
    shown = await hall.snapshot()
    assert [bid["state"] for bid in shown["bids"]] == ["sealed"] * 3
    assert all(bid["submitted_at"] for bid in shown["bids"])


async def test_a_suspended_lot_is_held_at_its_deadline(hall: Hall) -> None:
    await hall.change_lot(suspended=True)
    assert not await hall.close()
    assert (await hall.snapshot())["step"] == "waiting"
    await hall.change_lot(suspended=False)
    assert await close_bidding(hall.lot.id, hall.world.work(), hall.keys)
    [(_, frozen)] = await hall.entries("lot.bids_frozen")
    assert frozen["late_ms"] >= 0
