"""Two envelopes (R-318): technical first, prices of those who passed in a second opening, failers' never."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.commands.releasing import ReleaseShares, SharePart, release_shares
from bidding.opening.own_bodies import own_bodies
from bidding.opening.reading import may_read, open_body, read
from bidding.opening.tables import OpenedBid, Opening
from bidding.opening.verification import Anchors, verify_bundle
from evaluation.reports.commands import EditReport, WriteDissent, edit_report, write_dissent
from evaluation.reports.queries import report_answer
from evaluation.scoring.gathering import altered, announced_of, bid_facts, open_bids
from evaluation.scoring.queries import readable_bid
from evaluation.scoring.reviewing import by_price, headline
from evaluation.scoring.verification import verify_evaluation
from frontend.cli.bid_release import read_notice
from storage.crypto.errors import Malformed
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, RulesUnmet
from storage.ledger.checkpoints import verifier_key
from storage.objects.store import ObjectStore
from tests.opening_world import PRICES, Hall, parts_for
from tests.two_envelopes import TwoEnvelopes, found_two_envelopes
from trading.tenders.queries import lot as lot_of

FAILER = 1  # place from 0


def _anchors(hall: Hall) -> Anchors:
    return Anchors(verifier_key(f"yunkai/{hall.settings.platform_id}", hall.keys.checkpoint.public_key()))


async def _rules(numbers: set[str], act: object) -> None:
    with pytest.raises(RulesUnmet) as refused:
        await act  # type: ignore[misc]
    assert {rule.number for rule in refused.value.rules} == numbers


async def test_prices_of_those_who_passed_are_opened_second_and_no_other_ever(
        sessions: Sessions, settings: Settings, object_store: ObjectStore) -> None:
    async with found_two_envelopes(sessions, settings, object_store) as two:
        hall, desk = two.hall, two.desk
        first = await hall.snapshot()
        assert first["envelope"] == "technical"
        assert [[field["key"] for field in row["fields"]] for row in first["announced"]["rows"]] == [["days"]] * 3
        await _nothing_of_any_price(two)
        assert [await _own_states(two, place) for place in range(3)] == [["open", "sealed"]] * 3
        await _rules({"R-318/4"}, two.schedule())

        result = await two.judge({(FAILER + 1, "2.1"): "资质等级不足"})
        assert (await desk.row()).step == "technical"
        assert [row["passed"] for row in result["rows"]] == [True, False, True]
        await edit_report(desk.lot_id, EditReport("只评技术商务"), desk.actor(desk.leader), desk.work())
        await write_dissent(desk.lot_id, WriteDissent("对工期的评分偏低"), desk.actor(desk.leader), desk.work())
        refuser = next(place for place, each in enumerate(await desk.sitting(), 1) if not each.is_leader)
        await two.sign(refuser)
        assert (await desk.row()).step == "prices"
        await _rules({"R-318/5"}, two.schedule(minutes=59))
        with pytest.raises(NotAllowed):
            await two.schedule(by=hall.host)
        await two.schedule()
        assert not await two.open_now()
        await _nothing_of_any_price(two)
        await hall.worker.stamp()
        sealed = await hall.bundle()
        proven = [each.english for each in verify_bundle(sealed, _anchors(hall))]
        assert "price envelopes: all still sealed, no key or content of them is here" in proven

        await _rules({"R-318/6"}, two.take())
        await two.schedule_soon()
        await two.open()
        assert not await two.open_now()
        await two.begin()
        await _a_failers_price_is_nowhere(two)
        await _the_second_opening_is_under_way(two)
        await _no_price_body_is_out(two)
        passers = [each for place, each in enumerate(hall.world.bidders) if place != FAILER]
        rows = await two.finish(passers)
        assert [row["price"] for row in rows] == [PRICES[0], PRICES[2]]
        assert (await hall.snapshot())["envelope"] == "price"

        assert await two.take() == "competition", "what was found before any price answers nothing of them"
        assert await two.find_competition() == "ranked"
        row = await desk.row()
        outcome = row.outcome or {}
        assert [(each["price"], each["rank"] is not None) for each in outcome["rows"]] == [
            (PRICES[0], True), (None, False), (PRICES[2], True)]
        stored = await desk.everything_stored()
        assert (PRICES[0] in stored, PRICES[FAILER] in stored) == (True, False)
        await _price_bodies_are_read_where_they_were_opened(two, result["passed"])
        await _whose_envelope_stayed_shut_is_not_judged_by_price(two, result["passed"][0])
        await _all_of_it_is_proven(two, result["passed"])
        await _the_report_begins_anew(two)
        paper = await desk.lay_out()
        for place in range(1, 6):
            await desk.sign(paper, place)
        assert (await desk.row()).step == "finished"


async def test_both_envelopes_of_suite_2_are_opened_and_proven(
        sessions: Sessions, settings: Settings, object_store: ObjectStore) -> None:
    async with found_two_envelopes(sessions, settings, object_store, suite=2) as two:
        hall = two.hall
        await two.judge({})
        await two.sign()
        await two.schedule_soon()
        await two.open()
        await two.begin()
        rows = await two.finish(hall.world.bidders)
        assert [row["price"] for row in rows] == list(PRICES)
        await hall.worker.stamp()
        bundle = await hall.bundle()
        headers = [json.loads(each["header"]) for bid in bundle["bids"] for each in bid["envelopes"]]
        assert len(headers) == 12
        assert {(each["ctx"]["suite"], wrap["alg"]) for each in headers for wrap in each["wraps"]} == {(2, "sm2")}
        proven = [each.english for each in verify_bundle(bundle, _anchors(hall))]
        assert proven.count("opening statements: 3 decrypted again with the released secrets") == 2
        assert proven.count("announced: 3 rows equal what was decrypted again") == 2
        forged = json.loads(json.dumps(bundle))
        forged["prices"]["announced"][0]["price"] = "1.00"
        with pytest.raises(Malformed):
            list(verify_bundle(hall.resealed(forged), _anchors(hall)))


async def _the_report_begins_anew(two: TwoEnvelopes) -> None:
    """Remarks, dissent and refusal of the technical result stand in its paper and in the ledger, and nowhere else."""
    async with two.hall.world.sessions() as session:
        told = await report_answer(session, two.desk.lot_id, two.desk.actor(two.desk.leader))
    assert told["report"] == {"remarks": "", "to_settle": "", "dissents": [], "refusals": []}
    assert {"evaluation.report_edited", "evaluation.dissent_written", "evaluation.refusal_recorded"} <= {
        action for action, _ in await two.desk.acts()}


async def _nothing_of_any_price(two: TwoEnvelopes) -> None:
    """Before the second hour: no row of the database, no hall, no bundle holds a figure of any price."""
    stored = await two.desk.everything_stored()
    bundle = json.dumps(await two.hall.bundle())
    hall = json.dumps(await two.hall.snapshot())
    for price in PRICES:
        assert not any(price in each for each in (stored, bundle, hall))


async def _the_second_opening_is_under_way(two: TwoEnvelopes) -> None:
    bundle = await two.hall.bundle()
    while not any('"prices.frozen"' in each["entry"] for each in bundle["ledger"]["entries"]):
        bundle = await two.hall.bundle()
    assert any("under way" in each.english for each in verify_bundle(bundle, _anchors(two.hall)))


async def _second_of(session: AsyncSession, lot_id: UUID) -> list[OpenedBid]:
    query = select(OpenedBid).join(Opening, OpenedBid.opening_id == Opening.id)
    return list(await session.scalars(query.where(Opening.lot_id == lot_id, Opening.envelope == "price").order_by(
        OpenedBid.place)))


async def _no_price_body_is_out(two: TwoEnvelopes) -> None:
    """Before the record of the second opening is published nobody is answered, whatever id is asked for."""
    hall, desk = two.hall, two.desk
    async with hall.world.sessions() as session:
        for opened in await _second_of(session, desk.lot_id):
            for actor in (desk.actor(desk.leader), hall.world.supervisor.actor):
                with pytest.raises(NotFound):
                    await readable_bid(session, desk.lot_id, opened.id, actor)
            assert not await may_read(session, opened.id, hall.world.bidders[0].actor)
            assert not await may_read(session, opened.id, hall.world.supervisor.actor)
    assert [await _own_states(two, place) for place in range(3)] == [
        ["open", "left" if place == FAILER else "sealed"] for place in range(3)]


async def _own_states(two: TwoEnvelopes, place: int) -> list[str]:
    """How that bidder finds its own envelopes."""
    async with two.hall.world.sessions() as session:
        found = await own_bodies(session, two.desk.lot_id, two.hall.world.bidders[place].actor)
    assert [each["envelope"] for each in found] == ["technical", "price"]
    assert all((each["body"] is not None) == (each["state"] == "open") for each in found)
    return [each["state"] for each in found]


async def _price_bodies_are_read_where_they_were_opened(two: TwoEnvelopes, passed: list[str]) -> None:
    """Members and the supervisor at the desk, each bidder its own; and its digest is bound as the first one's is."""
    hall, desk = two.hall, two.desk
    shown = await desk.view(desk.actor(desk.members[1]))
    assert {each["bid"] for each in shown["bids"] if each["price_body"]} == set(passed)
    assert {each["price_body"]["check"] for each in shown["bids"] if each["price_body"]} == {"sound"}
    async with hall.world.sessions() as session:
        lot, opened = await lot_of(session, desk.lot_id), (await _second_of(session, desk.lot_id))[0]
        body = next(each["price_body"] for each in shown["bids"] if each["bid"] == str(opened.bid_id))
        assert body["url"].endswith(f"/evaluation/bids/{opened.id}/body")
        for actor in (desk.actor(desk.leader), hall.world.supervisor.actor):
            await readable_bid(session, desk.lot_id, opened.id, actor)
        own, other = hall.world.bidders[0].actor, hall.world.bidders[FAILER].actor
        assert [await may_read(session, opened.id, each) for each in (own, hall.world.supervisor.actor, other)] == [
            True, True, False]
        found = await open_body(session, hall.keys, opened.id)
        assert found.manifest.sha256 == body["sha256"]
        assert b"".join([chunk async for chunk in read(found, hall.store, 0, body["size"])]) == b"%PDF-1.7 bid"
        assert (await own_bodies(session, desk.lot_id, own))[1]["body"] == {
            "url": f"/api/bids/{opened.id}/body", "size": body["size"], "sha256": body["sha256"], "check": "sound"}
        (await session.get_one(Opening, opened.opening_id)).published_at = None
        assert [each["state"] for each in await own_bodies(session, desk.lot_id, own)] == ["open", "unpublished"]
        await session.rollback()
        with pytest.raises(NotFound):
            await own_bodies(session, desk.lot_id, hall.host.actor)
        kept = (await desk.row()).bids
        changed = [{**each, "price_body": {**each["price_body"], "sha256": "0" * 64}} if "price_body" in each else each
                   for each in kept]
        facts, announced = await bid_facts(session, lot), await announced_of(session, lot)
        assert (altered(kept, facts, announced), altered(changed, facts, announced)) == ([], passed)


async def _whose_envelope_stayed_shut_is_not_judged_by_price(two: TwoEnvelopes, bid: str) -> None:
    """The platform lost it, by hand and taken back: the cause is told, and no ground of law on prices (R-144)."""
    async with two.hall.world.sessions() as session:
        lot = await lot_of(session, two.desk.lot_id)
        opened = next(each for each in await _second_of(session, lot.id) if str(each.bid_id) == bid)
        opened.state, opened.cause, opened.statement = "withdrawn_by_fault", "object-missing", None
        await session.flush()
        held = next(each for each in open_bids(await bid_facts(session, lot)) if each.bid == bid)
        await session.rollback()
    [ground] = by_price(held, two.hall.lot.price_limit, 5)
    assert headline([ground]) == (
        "R-144 第二信封未开启：平台存储的文件缺失；视为撤回投标文件，退还投标保证金；投标人有权要求责任方赔偿因此遭受的"
        "直接损失（电子招标投标办法第三十一条）")
    assert ground.against == 0, "nobody voted"


async def _a_failers_price_is_nowhere(two: TwoEnvelopes) -> None:
    """No release work names it, no release is taken of it, its bidder has no seat, and no client would release it."""
    hall, failer = two.hall, two.hall.world.bidders[FAILER]
    listed = (await two.desk.row()).bids[FAILER]["bid"]
    custodian = hall.world.custodians[0]
    work = await hall.work_of(custodian)
    assert {item["kind"] for item in work["items"]} == {"price", "price/statement"}
    assert listed not in {item["bid"] for item in work["items"]}
    assert len(work["items"]) == 4
    with pytest.raises(NotAllowed):
        await hall.work_of(failer)
    with pytest.raises(NotAllowed):
        await hall.release_bid(failer)
    part = parts_for(work, custodian.identities[0])[0]
    command = ReleaseShares([SharePart(UUID(listed), part["kind"], part["enc"], part["ct"])])
    with pytest.raises(Invalid):
        await release_shares(hall.lot.id, command, custodian.actor, hall.world.work(), hall.keys)
    notice = read_notice(work["notice"], roots=None)
    assert notice.envelope == "price"
    with pytest.raises(DomainError):
        notice.headers_of(listed)


async def _all_of_it_is_proven(two: TwoEnvelopes, passed: list[str]) -> None:
    hall = two.hall
    await hall.worker.stamp()
    bundle = await hall.bundle()
    proven = [each.english for each in verify_bundle(bundle, _anchors(hall))]
    assert "1 bids did not pass: their price envelopes are sealed, without any key" in proven
    assert {bid["bid"] for bid in bundle["prices"]["bids"]} == set(passed)
    merged = [{**row, "price": next((each["price"] for each in bundle["prices"]["announced"]
                                     if each["bid"] == row["bid"]), row["price"])} for row in bundle["announced"]]
    document = await two.desk.document()
    told = [each.english for each in verify_evaluation(document, announced=merged, acts=await two.desk.acts())]
    assert "technical review: 2 passed, again without any price, signed before prices" in told
    invented = {**document, "bids": [{**each, "unopened": "lost"} for each in document["bids"]]}
    with pytest.raises(Malformed, match="格式不对"):
        list(verify_evaluation(invented, announced=merged))
    forged = json.loads(json.dumps(bundle))
    failer = next(bid for bid in forged["bids"] if bid["bid"] not in passed)
    failer["secrets"] = {**failer["secrets"], "kind": "price/statement"}
    with pytest.raises(Malformed, match="第二信封不应带有密钥或内容"):
        list(verify_bundle(hall.resealed(forged), _anchors(hall)))
    _the_second_opening_cannot_be_left_out(two, bundle)


def _the_second_opening_cannot_be_left_out(two: TwoEnvelopes, bundle: dict[str, Any]) -> None:
    """Not by the platform's own hand either, nor by taking out of the ledger what the entries stand for."""
    without = two.hall.resealed({**bundle, "prices": None})
    with pytest.raises(Malformed, match="第二次开标已公布"):
        list(verify_bundle(without, _anchors(two.hall)))
    entries = bundle["ledger"]["entries"]
    begun = next(at for at, each in enumerate(entries) if '"prices.frozen"' in each["entry"])
    bare = [*entries[:begun], *({**each, "payload": None, "salt": None} for each in entries[begun:])]
    silent = two.hall.resealed({**bundle, "prices": None, "ledger": {**bundle["ledger"], "entries": bare}})
    with pytest.raises(Malformed, match="第二次开标已公布"):
        list(verify_bundle(silent, _anchors(two.hall)))
