"""A letter on its way: applied for under seal, issued by a program outside, known to its bidder alone."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from frontend.cli.client import ApiClient, ApiError
from storage.crypto.trust import read_trust_list
from tests.guarantee_world import CONTACT, Guarantees
from tests.waiting import eventually
from trading.tenders.tables import Lot


@pytest.mark.cts("A-102")
async def test_a_bidder_applies_and_the_issuers_program_issues_a_letter_that_holds(guarantees: Guarantees) -> None:
    bidder = guarantees.hall.world.bidders[0]
    trust = read_trust_list(guarantees.hall.settings.trust_directory)

    def apply() -> None:
        desk = guarantees.desk(bidder)
        [issuer] = desk.issuers()
        assert desk.desk()["may"] == ["apply"]
        order = desk.apply(issuer, CONTACT)
        assert (order["status"], order["letter_box"]) == ("applied", None)
        letter = desk.letter(order["number"])
        assert letter.data["order"] == order["number"]
        assert letter.data["beneficiary"] == guarantees.hall.world.tenderee.party.name
        assert desk.check(letter, issuer, trust) == []
        shown = desk.desk()
        assert shown["has_letter"]
        assert not shown["must_extend"]
        assert [each["status"] for each in shown["orders"]] == ["issued"]
        assert shown["orders"][0]["paid_at"] <= shown["orders"][0]["issued_at"]

    await asyncio.to_thread(apply)


async def test_no_row_of_the_platform_names_lot_or_bidder_of_an_application(guarantees: Guarantees) -> None:
    """R-412: ciphertext and a blinded handle; the queue and the sealed acts tell nothing of the lot either."""
    hall, bidder = guarantees.hall, guarantees.hall.world.bidders[0]
    await asyncio.to_thread(guarantees.letter, bidder)
    secrets = (str(hall.lot.id), hall.lot.code, hall.lot.title, bidder.party.name, bidder.party.uscc)
    tables = ("guarantee_order", "issuer_callback", "exchange_push")
    async with hall.world.sessions() as session:
        for table in tables:
            rows = (await session.execute(text(f"select to_jsonb(t)::text from {table} t"))).scalars().all()
            assert rows, table
            assert [secret for row in rows for secret in (*secrets, str(bidder.party.id)) if secret in row] == []
    sealed: list[str] = []

    async def all_are_sealed() -> bool:
        """Acts wait for the next batch, which goes at its own pace: applied, delivered, paid, issued."""
        async with hall.world.sessions() as session:
            sealed[:] = (await session.execute(text(
                "select concat(act, payload::text) from sealed_act "
                "where action like 'guarantee.%' or action like 'exchange.%'"))).scalars().all()
        return len(sealed) >= 4

    await eventually(all_are_sealed)
    assert [secret for act in sealed for secret in secrets if secret in act] == []


async def test_others_see_the_same_with_and_without_an_application(guarantees: Guarantees) -> None:
    """R-122: neither page, list, task, ledger nor size tells that somebody applied."""
    hall = guarantees.hall
    watchers = [hall.world.tenderee, hall.world.agency, hall.world.supervisor, hall.host, hall.world.bidders[1]]

    def seen() -> list[Any]:
        paths = ("/api/guarantee-issuers", f"/api/lots/{guarantees.lot}/guarantees",
                 f"/api/lots/{guarantees.lot}/guarantee", f"/api/lots/{guarantees.lot}/deposits", "/api/me/tasks",
                 f"/api/lots/{guarantees.lot}/hall")
        readers = (*map(guarantees.client, watchers), ApiClient(guarantees.node.address))
        return [_shown(client, path) for client in readers for path in paths]

    before = await asyncio.to_thread(seen)
    await asyncio.to_thread(guarantees.letter, hall.world.bidders[0])
    assert await asyncio.to_thread(seen) == before
    async with hall.world.sessions() as session:
        rows = await session.execute(text("select stream, entry from ledger_entry"))
        heads = [(stream, json.loads(entry)) for stream, entry in rows]
    assert {head["action"] for stream, head in heads if stream == "guarantees"} <= {
        "issuer.proposed", "issuer.decided"}
    assert [head for stream, head in heads if head["action"].startswith(("guarantee.", "exchange."))] == []


def _shown(client: ApiClient, path: str) -> Any:
    try:
        answer = client.get(path)
    except ApiError as refusal:
        return refusal.status, refusal.code
    return {name: value for name, value in answer.items() if name != "now"}


async def test_another_bidder_sees_nothing_of_an_order_nor_may_take_it_up(guarantees: Guarantees) -> None:
    first, second, _ = guarantees.hall.world.bidders

    def try_it() -> None:
        desk = guarantees.desk(first)
        order = desk.apply(guarantees.listed, CONTACT)
        desk.letter(order["number"])
        other = guarantees.desk(second)
        assert other.desk()["orders"] == []
        with pytest.raises(ApiError) as refused:
            other.apply(guarantees.listed, CONTACT, amends=order["number"])
        assert refused.value.status == 409
        with pytest.raises(ApiError) as refused:
            guarantees.client(guarantees.hall.host).get(f"/api/lots/{guarantees.lot}/guarantee")
        assert refused.value.status == 403

    await asyncio.to_thread(try_it)


async def test_after_an_extension_the_bidder_is_asked_to_lengthen_and_the_old_letter_is_amended(
        guarantees: Guarantees) -> None:
    """R-411: the deadline moved, so the period may be too short."""
    bidder = guarantees.hall.world.bidders[0]
    desk = await asyncio.to_thread(guarantees.desk, bidder)
    old = await asyncio.to_thread(desk.apply, guarantees.listed, CONTACT)
    letter = await asyncio.to_thread(desk.letter, old["number"])
    async with guarantees.hall.world.sessions() as session:
        lot = await session.get_one(Lot, guarantees.hall.lot.id)
        assert lot.deadline_at is not None
        lot.deadline_at = lot.deadline_at.replace(year=lot.deadline_at.year + 1)
        await session.commit()
    assert (await asyncio.to_thread(desk.desk))["must_extend"]
    trust = read_trust_list(guarantees.hall.settings.trust_directory)
    assert [each["number"] for each in await asyncio.to_thread(desk.check, letter, guarantees.listed, trust)] == [
        "R-414/7"]
    new = await asyncio.to_thread(desk.apply, guarantees.listed, CONTACT, old["number"])
    longer = await asyncio.to_thread(desk.letter, new["number"])
    assert await asyncio.to_thread(desk.check, longer, guarantees.listed, trust) == []
    shown = await asyncio.to_thread(desk.desk)
    assert [each["status"] for each in shown["orders"]] == ["issued", "amended"]
    assert not shown["must_extend"]


async def test_nobody_applies_from_the_deadline_on(guarantees: Guarantees) -> None:
    desk = await asyncio.to_thread(guarantees.desk, guarantees.hall.world.bidders[0])
    await guarantees.hall.world.close()
    with pytest.raises(ApiError) as refused:
        await asyncio.to_thread(desk.apply, guarantees.listed, CONTACT)
    assert [each["number"] for each in refused.value.rules] == ["R-412"]
    assert "R-412" in json.dumps((await asyncio.to_thread(desk.desk))["missing"])


async def test_the_list_is_changed_by_two_persons_alone(guarantees: Guarantees) -> None:
    hall, issuer = guarantees.hall, guarantees.issuer

    def change() -> None:
        host, deputy = guarantees.client(hall.host), guarantees.client(hall.recorder)
        path = f"/api/guarantee-issuers/{guarantees.listed['id']}"
        assert host.post(f"{path}/retire", {"reason": "不再开展业务"})["status"] == "retiring"
        with pytest.raises(ApiError) as refused:
            host.post(f"{path}/decide", {"accepted": True})
        assert [each["number"] for each in refused.value.rules] == ["R-410/2"]
        waiting = next(each for each in host.get("/api/guarantee-issuers")["items"])
        assert "approve" not in waiting["may"]
        assert waiting["missing"]["approve"][0]["number"] == "R-410/2"
        assert [each["kind"] for each in deputy.get("/api/me/tasks")["items"] if each["kind"] == "decide_issuer"]
        assert deputy.post(f"{path}/decide", {"accepted": True})["status"] == "retired"
        assert ApiClient(guarantees.node.address).get("/api/guarantee-issuers")["items"] == []
        with pytest.raises(ApiError):
            guarantees.desk(hall.world.bidders[0]).apply(guarantees.listed, CONTACT)
        with pytest.raises(ApiError) as refused:
            guarantees.client(hall.world.tenderee).post("/api/guarantee-issuers", issuer.entry)
        assert refused.value.status == 403
        again = host.post("/api/guarantee-issuers", issuer.entry)
        with pytest.raises(ApiError) as refused:
            deputy.post("/api/guarantee-issuers", issuer.entry)
        assert refused.value.code == "conflict"
        with pytest.raises(ApiError):
            host.post(f"/api/guarantee-issuers/{again['id']}/decide", {"accepted": True})

    await asyncio.to_thread(change)
