"""The decryption window: who may act when, what becomes of whom, and who is at fault."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.model import BODY, KINDS
from bidding.bids.tables import Envelope
from bidding.opening.commands.hosting import SetPlan, set_plan
from bidding.opening.commands.periods import (
    ExtendWindow,
    NextStep,
    Pause,
    begin_decryption,
    close_window,
    extend_window,
    pause,
    resume,
)
from bidding.opening.commands.releasing import release_bid
from bidding.opening.tables import OpenedBid
from storage.crypto.envelope import Sealing
from storage.crypto.manifest import Manifest, sign_manifest
from storage.kernel.clock import from_wire
from storage.kernel.errors import NotAllowed, RulesUnmet
from tests.bids_world import Client, Person, SealedObject, seal_object, statement
from tests.opening_world import Hall, parts_for, signed_release


async def _states(hall: Hall) -> list[str]:
    return [bid["state"] for bid in (await hall.snapshot())["bids"]]


@pytest.mark.cts("A-110", "A-111")
async def test_outside_the_window_nobody_decrypts(hall: Hall) -> None:
    assert await hall.close()
    with pytest.raises(RulesUnmet) as early:
        await hall.release_bid(hall.world.bidders[0])
    assert [each.number for each in early.value.rules] == ["R-500/2"]
    await begin_decryption(hall.lot.id, NextStep("frozen"), hall.host.actor, hall.world.work())
    shown = await hall.snapshot()
    assert shown["window"]["is_open"]
    assert from_wire(shown["window"]["closes_at"]) - from_wire(shown["window"]["periods"][0]["opens_at"]) == timedelta(
        minutes=30)
    await hall.release_bid(hall.world.bidders[0])
    await hall.end_window()
    for act in (hall.release_bid(hall.world.bidders[1]), hall.release_shares(hall.world.tenderee)):
        with pytest.raises(RulesUnmet) as refused:
            await act
        assert "R-503" in [rule.number for rule in refused.value.rules]


@pytest.mark.cts("A-111")
async def test_decryption_needs_both_the_bidder_and_enough_custodians(hall: Hall) -> None:
    await hall.begin()
    await hall.release_bid(hall.world.bidders[0])
    assert await hall.worker.decrypt() == 0
    await hall.release_shares(hall.world.supervisor)
    assert await _states(hall) == ["waiting", "sealed", "sealed"]
    taken = await hall.release_shares(hall.world.agency)
    assert (taken.sound, taken.unsound, taken.queued) == (6, 0, 1)
    assert await hall.worker.decrypt() == 1
    assert await _states(hall) == ["decrypted", "sealed", "sealed"]
    assert (await hall.snapshot())["bids"][0]["decrypted_at"]


async def test_a_bid_whose_rows_cannot_be_read_holds_up_no_other(hall: Hall) -> None:
    await hall.begin()
    for custodian in hall.world.custodians[:2]:
        await hall.release_shares(custodian)
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    async with hall.world.sessions() as session, session.begin():
        version = select(OpenedBid.bid_version_id).where(OpenedBid.place == 1).scalar_subquery()
        kept = dict((await session.execute(select(Envelope.id, Envelope.manifest).where(
            Envelope.bid_version_id == version))).all())
        await session.execute(update(Envelope).where(Envelope.id.in_(kept)).values(manifest="{}"))
    assert [await hall.worker.decrypt() for _ in range(2)] == [2, 0]
    assert await _states(hall) == ["queued", "decrypted", "decrypted"]
    assert [bool(await hall.worker.check()) for _ in range(3)] == [True, True, False]
    async with hall.world.sessions() as session, session.begin():
        for envelope, manifest in kept.items():
            await session.execute(update(Envelope).where(Envelope.id == envelope).values(manifest=manifest))
        await session.execute(update(OpenedBid).where(OpenedBid.state == "queued").values(claimed_until=None))
    assert await hall.worker.decrypt() == 1
    assert await _states(hall) == ["decrypted"] * 3


async def test_a_double_click_a_refresh_and_two_nodes_decrypt_once(hall: Hall) -> None:
    await hall.begin()
    for custodian in hall.world.custodians:
        await hall.release_shares(custodian)
    await asyncio.gather(*(hall.release_bid(hall.world.bidders[0]) for _ in range(6)))
    assert (await hall.release_shares(hall.world.agency)).sound == 0
    await asyncio.gather(*(hall.worker.decrypt() for _ in range(4)))
    assert len(await hall.entries("bid.released")) == 1
    assert len(await hall.entries("bid.decrypted")) == 1


@pytest.mark.cts("A-112", "B-019")
async def test_without_a_clause_in_the_document_no_remedy_is_used(hall: Hall) -> None:
    await hall.begin()
    bidder = hall.world.bidders[0]
    parts = parts_for(await hall.work_of(bidder), bidder.identities[0])
    command = signed_release(parts, bidder.identities[0], remedy=True)
    with pytest.raises(RulesUnmet) as refused:
        await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)
    assert [rule.number for rule in refused.value.rules] == ["R-144"]
    await hall.change_lot(remedy="backup")
    assert (await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)).used_remedy
    [(_, payload)] = await hall.entries("bid.released")
    assert payload["remedy"] is True


async def test_extensions_add_periods_and_a_pause_gives_its_time_back(hall: Hall) -> None:
    await hall.begin()
    work, lot_id, host = hall.world.work, hall.lot.id, hall.host.actor
    before = from_wire((await hall.snapshot())["window"]["closes_at"])
    with pytest.raises(NotAllowed):
        await extend_window(lot_id, ExtendWindow(10, "网络缓慢"), hall.recorder.actor, work())
    await extend_window(lot_id, ExtendWindow(10, "网络缓慢"), host, work())
    shown = await hall.snapshot()
    assert from_wire(shown["window"]["closes_at"]) == before + timedelta(minutes=10)
    assert [each["reason"] for each in shown["window"]["periods"]][1] == "网络缓慢"
    await pause(lot_id, Pause("机房断电"), host, work())
    with pytest.raises(RulesUnmet) as refused:
        await hall.release_bid(hall.world.bidders[0])
    assert "R-506/2" in [rule.number for rule in refused.value.rules]
    assert not (await hall.snapshot())["window"]["is_open"]
    await asyncio.sleep(0.3)
    await resume(lot_id, Pause("恢复供电"), host, work())
    shown = await hall.snapshot()
    assert from_wire(shown["window"]["closes_at"]) >= before + timedelta(minutes=10, seconds=0.3)
    assert shown["window"]["is_open"]
    await hall.release_bid(hall.world.bidders[0])


async def test_a_pause_holds_the_end_of_the_window(hall: Hall) -> None:
    await hall.begin()
    await pause(hall.lot.id, Pause("平台故障"), hall.host.actor, hall.world.work())
    await hall.end_window()
    assert not await close_window(hall.lot.id, hall.world.work())
    assert await _states(hall) == ["sealed"] * 3


async def test_an_unattended_hall_runs_to_its_record_by_itself(hall: Hall) -> None:
    await set_plan(hall.lot.id, SetPlan(is_unattended=True), hall.host.actor, hall.world.work())
    assert await hall.close()
    assert (await hall.snapshot())["step"] == "decrypting"
    assert await hall.worker.move() == 0
    await hall.release_all()
    steps = []
    while await hall.worker.move():
        steps.append((await hall.snapshot())["step"])
    assert steps == ["announced", "objections", "confirming", "signing"]
    await hall.publish()
    assert (await hall.snapshot())["step"] == "published"


async def _submit_broken(hall: Hall, bidder: Person, kind: str, content: bytes, *, deals_badly: bool) -> None:
    """Submits a bid that is well-formed as far as the platform can see, and cannot be opened or read."""
    client = Client(hall.world, bidder, hall.store)
    version = await client.start()
    for each in KINDS:
        sealed = seal_object(hall.world, bidder, version, each, content if each == kind else (
            b"%PDF-1.7" if each == BODY else statement()))
        if deals_badly and each == kind:
            sealed = _badly_dealt(sealed, bidder)
        envelope = await client.open(version, sealed)
        await client.send(envelope, sealed.parts)
        await client.complete(envelope, sealed)
    await hall.uploaded(version)
    await submit_bid(version.id, bidder.actor, hall.world.work(), Seal(hall.keys, hall.settings))


def _badly_dealt(sealed: SealedObject, bidder: Person) -> SealedObject:
    header = replace(sealed.sealing.header, com_p=bytes(32))
    manifest = Manifest(header.sha256, sealed.manifest.parts, sealed.manifest.size)
    return replace(sealed, sealing=Sealing(header, sealed.sealing.message_key), manifest=manifest,
                   signature=sign_manifest(manifest, bidder.identities[0].key))


@pytest.mark.cts("A-112", "A-113")
async def test_a_bidder_who_sealed_wrongly_is_revoked_and_the_others_go_on(empty_hall: Hall) -> None:
    one, two, three = empty_hall.world.bidders
    await empty_hall.submit(one, "8000000.00")
    await _submit_broken(empty_hall, two, BODY, b"%PDF-1.7", deals_badly=True)
    await _submit_broken(empty_hall, three, "whole/statement", b'{"fields":{"days":"1"},"v":1}', deals_badly=False)
    await empty_hall.begin()
    await empty_hall.release_all()
    shown = (await empty_hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("decrypted", None, None), ("revoked", "badly-dealt", "bidder"), ("revoked", "statement-invalid", "bidder")]
    rows = await empty_hall.announce()
    assert [row["price"] for row in rows] == ["8000000.00", None, None]
    assert rows[1]["fields"] == []
