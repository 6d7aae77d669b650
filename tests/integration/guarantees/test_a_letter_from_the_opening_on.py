"""A letter in the hall, and what becomes of it: a verdict for every rule, given back, claimed, expired."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from bidding.guarantees.application import SignedLetter
from bidding.guarantees.commands.ending import EXPIRY
from bidding.guarantees.tables import GuaranteeLetter
from frontend.cli.client import ApiClient, ApiError
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now, shanghai
from storage.timers.tables import Timer
from tests.bids_world import Person
from tests.fresh_proof import StaleSession
from tests.guarantee_world import Guarantees, submit_with
from tests.opening_world import PRICES
from tests.waiting import until
from trading.tenders.tables import Lot

EVIDENCE = [{"name": "拒签函.pdf", "content": b64encode(b"%PDF-1.7 refused to sign").decode()}]
CLAIM = {"ground": "refuses_to_sign", "statement": "中标后拒绝签订合同", "amount": "200000.00", "evidence": EVIDENCE}


@pytest.fixture
async def guarantees(guarantees: Guarantees) -> Guarantees:
    """Whatever the hour is, the deadline of the applications lies on another day than that of the opening."""
    await guarantees.hall.world.set_deadline(process_now() + timedelta(days=1))
    return guarantees


async def open_with(guarantees: Guarantees, *letters: SignedLetter | None) -> list[dict[str, Any]]:
    """The lot is opened with these letters in its bids; gives the board once every letter was judged."""
    hall = guarantees.hall
    for bidder, price, letter in zip(hall.world.bidders, PRICES, letters, strict=True):
        await submit_with(hall, bidder, price, letter)
    await hall.begin()
    await hall.release_all()
    wanted = sum(letter is not None for letter in letters)
    return await asyncio.to_thread(until, lambda: _judged(guarantees, wanted))


def board(guarantees: Guarantees, who: Person | None = None) -> list[dict[str, Any]]:
    client = guarantees.client(who) if who else ApiClient(guarantees.node.address)
    return list(client.get(f"/api/lots/{guarantees.lot}/guarantees")["items"])


def _judged(guarantees: Guarantees, wanted: int) -> list[dict[str, Any]] | None:
    items = board(guarantees)
    return items if len(items) == wanted else None


def failed(item: dict[str, Any]) -> list[str]:
    return [each["number"] for each in item["rules"] if not each["satisfied"]]


async def end_tender(guarantees: Guarantees) -> None:
    """The contract is signed, as the award's room records it."""
    async with guarantees.hall.world.work() as uow:
        lot = await uow.session.get_one(Lot, guarantees.hall.lot.id)
        lot.stage = "contracted"
        uow.record("contract.signed", PLATFORM, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", payload={
            "lot": lot.code})
        await uow.commit()


@pytest.mark.cts("A-102", "A-103", "A-104", "A-105")
async def test_letters_come_to_light_with_their_bids_and_go_back_after_the_contract(guarantees: Guarantees) -> None:
    hall, (first, second, third) = guarantees.hall, guarantees.hall.world.bidders
    own = await asyncio.to_thread(guarantees.letter, first)
    # The second hands in a letter that was issued to the first, the third none.
    items = await open_with(guarantees, own, own, None)
    by_name = {item["bidder"]["name"]: item for item in items}
    good, borrowed = by_name[first.party.name], by_name[second.party.name]
    assert (good["verdict"], good["status"], failed(good)) == ("VALID", "verified", [])
    assert len(good["rules"]) == 10
    assert (good["number"], good["amount"]) == (own.data["number"], "200000.00")
    assert (borrowed["verdict"], failed(borrowed)) == ("INVALID", ["R-414/9"])
    assert third.party.name not in by_name

    security = {each["bidder"]["name"]: each["security"] for each in (await hall.snapshot())["bids"]}
    assert security[first.party.name] == {"form": "bank", "verdict": "VALID", "reasons": []}
    assert security[second.party.name]["reasons"][0]["number"] == "R-414/9"
    assert security[third.party.name]["form"] == "none"
    verified = {payload["bid"]: payload["verdict"] for _, payload in await hall.entries("guarantee.verified")}
    assert verified == {good["bid"]: "VALID", borrowed["bid"]: "INVALID"}

    def read() -> None:
        path = f"/api/lots/{guarantees.lot}/guarantees/{good['bid']}"
        for reader in (hall.world.tenderee, hall.host, hall.world.supervisor, first):
            assert guarantees.client(reader).get_bytes(f"{path}/pdf") == own.pdf
            assert guarantees.client(reader).get(f"{path}/data") == own.data
        for stranger, told in ((guarantees.client(second), 404), (ApiClient(guarantees.node.address), 401)):
            with pytest.raises(ApiError) as refused:
                stranger.get(f"{path}/data")
            assert refused.value.status == told

    await asyncio.to_thread(read)
    # An evaluation that fails unsays nothing of what was opened before everybody.
    await hall.change_lot(stage="failed")
    shown = await hall.snapshot()
    assert (len(shown["bids"]), shown["figures"]["total"]) == (3, 3)
    assert {item["bid"] for item in await asyncio.to_thread(board, guarantees)} == {good["bid"], borrowed["bid"]}
    await end_tender(guarantees)
    await asyncio.to_thread(until, lambda: all(
        item["status"] == "surrendered" for item in board(guarantees)))
    done = await asyncio.to_thread(until, lambda: guarantees.issuer.state["surrendered"])
    assert {each["number"] for each in done} == {own.data["number"]}


async def test_a_claim_needs_a_ground_of_the_list_evidence_and_two_persons_and_the_issuer_pays(
        guarantees: Guarantees) -> None:
    hall, first = guarantees.hall, guarantees.hall.world.bidders[0]
    letter = await asyncio.to_thread(guarantees.letter, first)
    [item] = await open_with(guarantees, letter, None, None)

    def claim() -> None:
        path = f"/api/lots/{guarantees.lot}/guarantees/{item['bid']}/claim"
        tenderee, host = guarantees.client(hall.world.tenderee), guarantees.client(hall.host)
        with pytest.raises(ApiError) as refused:
            tenderee.post(path, CLAIM | {"ground": "dislike", "amount": "200000.01", "evidence": []})
        assert [each["number"] for each in refused.value.rules] == ["R-403", "R-403/2", "R-411/2"]
        for other in (host, guarantees.client(hall.world.agency), guarantees.client(first)):
            with pytest.raises(ApiError) as refused:
                other.post(path, CLAIM)
            assert refused.value.status == 403
        made = tenderee.act(path, CLAIM)
        assert made["status"] == "proposed"
        with pytest.raises(ApiError) as refused:
            tenderee.post(path, CLAIM)
        assert refused.value.status == 409
        with pytest.raises(ApiError) as refused:
            tenderee.post(f"/api/guarantee-claims/{made['id']}/decide", {"accepted": True})
        assert refused.value.status == 403
        assert [each["kind"] for each in host.get("/api/me/tasks")["items"] if each["kind"] == "decide_claim"]
        assert guarantees.issuer.state["claims"] == {}
        assert host.get_bytes(f"/api/guarantee-claims/{made['id']}/evidence/0").startswith(b"%PDF")
        decided = StaleSession(host, guarantees.node.settings).act(
            f"/api/guarantee-claims/{made['id']}/decide", {"accepted": True}, by="touch")
        assert decided["status"] == "approved"
        until(lambda: board(guarantees)[0]["status"] == "paid")
        shown = board(guarantees, hall.world.tenderee)[0]["claim"]
        assert (shown["status"], shown["decided_by"]["name"]) == ("paid", hall.host.party.name)
        assert board(guarantees, hall.world.bidders[1])[0]["claim"] is None
        assert guarantees.issuer.state["claims"][made["id"]]["amount"] == "200000.00"

    await asyncio.to_thread(claim)
    # What was claimed is not given back when the tender ends with another.
    await end_tender(guarantees)
    await asyncio.sleep(2)
    assert (await asyncio.to_thread(board, guarantees))[0]["status"] == "paid"


async def test_a_letter_runs_out_by_the_clock_and_nobody_claims_on_it_then(guarantees: Guarantees) -> None:
    hall = guarantees.hall
    letter = await asyncio.to_thread(guarantees.letter, hall.world.bidders[0])
    [item] = await open_with(guarantees, letter, None, None)
    bid_id = UUID(item["bid"])
    async with hall.world.sessions() as session:
        due = await session.scalar(select(Timer.due_at).where(Timer.subject == str(bid_id), Timer.kind == EXPIRY))
        assert due is not None
        assert shanghai(due - timedelta(seconds=1)).date().isoformat() == item["end"]
        # The day is over: by hand, as no act of the platform can.
        yesterday = (shanghai(process_now()) - timedelta(days=1)).date()
        await session.execute(update(GuaranteeLetter).where(GuaranteeLetter.bid_id == bid_id).values(ends_on=yesterday))
        await session.commit()

    def late() -> None:
        path = f"/api/lots/{guarantees.lot}/guarantees/{item['bid']}/claim"
        with pytest.raises(ApiError) as refused:
            guarantees.client(hall.world.tenderee).post(path, CLAIM)
        assert [each["number"] for each in refused.value.rules] == ["R-411"]

    await asyncio.to_thread(late)
    async with hall.world.sessions() as session:
        await session.execute(update(Timer).where(Timer.subject == str(bid_id)).values(due_at=process_now()))
        await session.commit()
    await asyncio.to_thread(until, lambda: board(guarantees)[0]["status"] == "expired")
    assert [payload["bid"] for _, payload in await hall.entries("guarantee.expired")] == [item["bid"]]


async def test_what_was_tampered_with_on_its_way_into_the_bid_is_shown_as_such(guarantees: Guarantees) -> None:
    letter = await asyncio.to_thread(guarantees.letter, guarantees.hall.world.bidders[0])
    richer = replace(letter, data={**letter.data, "amount": "900000.00"})
    torn = replace(letter, pdf=letter.pdf[:-600])
    items = await open_with(guarantees, richer, torn, None)
    assert failed(items[0]) == ["R-414/2"]
    assert {"R-414", "R-414/9"} <= set(failed(items[1]))
