"""The whole way over a node's own interface: publicity, winner, notices, letters, courier, contract, archive."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from storage.crypto.pdf_attachments import attachments
from storage.crypto.statements import check_statement
from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import from_wire, shanghai
from storage.kernel.errors import RulesUnmet
from tests.awards_world import Courier, Evaluated, House, award_letter
from tests.tenders_world import KNOWN, Person
from tests.waiting import eventually
from trading.awards.commands.archiving import archive_lot
from trading.awards.queries import award_facts_for_archive
from trading.exchange.tables import ExchangePush
from trading.tenders.queries import lock_lot

TESTS = dict.fromkeys(("authenticity", "integrity", "usability", "safety"), True)


async def pushed(sessions: Sessions, kind: str) -> list[ExchangePush]:
    """What was queued of a kind."""
    async with sessions() as session:
        return [*await session.scalars(select(ExchangePush).where(ExchangePush.kind == kind))]


@pytest.mark.cts("A-163", "A-164", "B-026", "B-028", "B-029")
async def test_candidates_are_written_reviewed_and_public_for_three_days_here_and_on_the_public_platform(
        evaluated: Evaluated, sessions: Sessions) -> None:
    office, at = evaluated.office, evaluated.at
    before = (await office.public.get(f"{at}/award")).json()
    assert (before["candidates"], before["ranking"], before["publicity"], before["may"]) == (None, None, None, [])
    seen = await evaluated.read()
    assert [each["rank"] for each in seen["candidates"]] == [1, 2, 3]
    assert [(each["label"], each["value"]) for each in seen["candidates"][0]["values"]] == [
        ("工期", "365 日"), ("项目经理", "李工")]
    shown = await evaluated.publicise()
    begins, ends = from_wire(shown["publicity"]["from"]), from_wire(shown["publicity"]["until"])
    assert ends == KNOWN.end_of_period(begins, 3)
    assert shown["lot"]["stage"] == "publicised"
    public = (await office.public.get(f"{at}/candidates")).json()
    assert [(each["rank"], each["name"]) for each in public["candidates"]] == [
        (place + 1, person.party.name) for place, person in enumerate(evaluated.bidders[:3])]
    assert public["text"]["reviewer"] == office.tenderee.party.name
    assert f"{shanghai(ends):%Y年%m月%d日}" in public["text"]["body"]
    notice = (await office.public.get(f"/api/notices/{public['text']['notice_id']}")).json()
    assert (notice["kind"], notice["body"]) == ("candidates", public["text"]["body"])
    assert [each.payload["sha256"] for each in await pushed(sessions, "notice.candidates")] == [notice["sha256"]]


@pytest.mark.cts("A-164", "A-170")
async def test_a_text_that_waits_is_not_editable_and_one_sent_back_is(evaluated: Evaluated) -> None:
    office, path = evaluated.office, f"{evaluated.at}/award-texts/candidates"
    await office.agency.put(path, {"objection_channel": "张工"})
    await office.agency.post(f"{path}/submit", {})
    await office.agency.put(path, {"objection_channel": "李工"}, expect=409)
    await office.agency.post(f"{path}/review", {"accepted": True}, expect=403)
    await office.tenderee.post(f"{path}/review", {"accepted": False}, expect=400)
    shown = await office.tenderee.post(f"{path}/review", {"accepted": False, "reason": "电话有误"})
    assert (shown["texts"]["candidates"]["status"], shown["texts"]["candidates"]["reason"]) == ("refused", "电话有误")
    shown = await office.agency.put(path, {"objection_channel": "李工"})
    assert "李工" in shown["texts"]["candidates"]["body"]
    assert (await office.public.get(f"{evaluated.at}/candidates")).json()["text"] is None


@pytest.mark.cts("A-168", "A-169", "A-170", "A-171", "B-027", "B-029")
async def test_the_first_ranked_wins_and_the_result_goes_out_reviewed(
        evaluated: Evaluated, sessions: Sessions) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.publicise()
    await evaluated.end_publicity()
    await evaluated.read()
    second = {"bidder": evaluated.ids[1], "reason": "更合适"}
    refused = await office.tenderee.post(f"{at}/winner", second, expect=422)
    assert {rule["number"] for rule in refused["rules"]} == {"B-027"}
    shown = await office.tenderee.post(f"{at}/winner", {"bidder": evaluated.ids[0]})
    assert (shown["winner"]["name"], shown["lot"]["stage"]) == (evaluated.bidders[0].party.name, "awarded")
    assert [each["standing"] for each in shown["ranking"]] == ["winner", "lost", "lost", "rejected"]
    await evaluated.publish_result()
    public = (await office.public.get(f"{at}/result")).json()
    assert evaluated.bidders[0].party.name in public["text"]["body"]
    assert [each.subject for each in await pushed(sessions, "notice.result")] == [
        f"notice:{public['text']['notice_id']}"]
    notices = (await office.public.get(f"{at}/award-notices")).json()
    assert [each["kind"] for each in notices] == ["candidates", "result"]


@pytest.mark.cts("B-027")
async def test_another_wins_when_the_first_withdraws_on_a_ground_of_the_closed_list(evaluated: Evaluated) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.publicise()
    await evaluated.end_publicity()
    await evaluated.read()
    first, second, _ = evaluated.ids
    passed = {"bidder": first, "ground": "withdrew", "reason": "2026年来函放弃中标"}
    await office.tenderee.post(f"{at}/winner", {
        "bidder": second, "passed_over": [passed | {"ground": "too_dear"}]}, expect=400)
    shown = await office.tenderee.post(f"{at}/winner", {"bidder": second, "passed_over": [passed]})
    assert [(each["standing"], each["ground"]) for each in shown["candidates"]] == [
        ("passed_over", "withdrew"), ("winner", None), ("lost", None)]


async def test_the_report_to_the_regulator_reaches_it(evaluated: Evaluated) -> None:
    await evaluated.award()
    office, at = evaluated.office, evaluated.at
    await office.agency.post(f"{at}/award-report", {"text": "招标投标情况书面报告"}, expect=403)
    shown = await office.tenderee.post(f"{at}/award-report", {"text": "招标投标情况书面报告"})
    assert shown["report"]["is_late"] is False
    assert (await office.supervisor.get(f"{at}/award"))["report"]["text"] == "招标投标情况书面报告"
    assert (await office.public.get(f"{at}/award")).json()["report"] is None


def attached(pdf: bytes, name: str) -> dict[str, object]:
    """The JSON text that a paper carries inside."""
    found: dict[str, object] = json.loads(attachments(pdf)[name])
    return found


async def pdf(person: Person, path: str, expect: int = 200) -> bytes:
    """A paper's file."""
    answer = await person.http.get(path)
    assert answer.status_code == expect, answer.text
    return answer.content


@pytest.mark.cts("A-172", "A-173", "A-174", "A-175")
async def test_letters_are_signed_verified_sent_and_their_reading_is_recorded(
        evaluated: Evaluated, sessions: Sessions) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.award()
    shown = await office.agency.post(f"{at}/letters", {"remarks": "请妥善保存。"})
    losers = [each for each in shown["letters"]["items"] if each["kind"] == "result"]
    assert len(losers) == 3
    await office.agency.put(f"/api/award-letters/{losers[0]['id']}", {"reason": "技术部分得分较低"})
    await office.bidder.get(f"/api/award-letters/{award_letter(shown)['id']}", expect=404)
    letters = await evaluated.letters()
    shown = await evaluated.read()
    assert (shown["letters"]["verifier"], shown["letters"]["status"]) == (office.centre.party.name, "sent")
    own = (await office.rival.get("/api/me/award-letters"))["items"]
    assert [(each["kind"], each["may"]) for each in own] == [("result", ["read", "address"])]
    assert own[0]["id"] in {each["id"] for each in letters}
    await office.bidder.post(f"/api/award-letters/{own[0]['id']}/read", {}, expect=404)
    read = await office.rival.post(f"/api/award-letters/{own[0]['id']}/read", {})
    again = await office.rival.post(f"/api/award-letters/{own[0]['id']}/read", {})
    assert read["read_at"] == again["read_at"]
    path = f"/api/award-letters/{own[0]['id']}/pdf"
    first = await pdf(office.rival, path)
    assert first == await pdf(office.rival, path)
    letter = attached(first, "letter.json")
    assert (letter["bidder"]["name"], letter["reason"]) == (office.rival.party.name, own[0]["reason"])  # type: ignore[index]
    await pdf(office.bidder, path, expect=404)
    assert len(await pushed(sessions, "letter.result")) == 3
    winning = attached(await pdf(office.bidder, f"/api/award-letters/{award_letter(shown)['id']}/pdf"), "letter.json")
    assert winning["kind"] == "award-letter"


async def test_letters_taken_back_before_the_signature_void_the_paper(evaluated: Evaluated) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.award()
    await office.agency.post(f"{at}/letters", {})
    old = award_letter(await office.agency.post(f"{at}/letters/submit", {}))["paper_id"]
    await office.agency.post(f"{at}/letters", {"remarks": "改正"})
    with pytest.raises(AssertionError, match="请签署新的文件"):
        await evaluated.sign(old, office.tenderee, "tenderee")
    shown = await office.agency.post(f"{at}/letters/submit", {})
    await evaluated.sign(award_letter(shown)["paper_id"], office.tenderee, "tenderee")
    shown = await office.centre.post(f"{at}/letters/verify", {"accepted": False, "reason": "日期有误"})
    assert (shown["letters"]["status"], shown["letters"]["reason"]) == ("refused", "日期有误")
    await office.agency.post(f"{at}/letters/submit", {})


async def test_a_courier_carries_the_letter_and_one_signed_record_joins_both_services(
        evaluated: Evaluated, courier: Courier, house: House) -> None:
    await courier.start(house.settings.public_origin, "0.05")
    office = evaluated.office
    await evaluated.award()
    letter = award_letter({"letters": {"items": await evaluated.letters()}})
    path = f"/api/award-letters/{letter['id']}"
    refused = await office.agency.post(f"{path}/courier", {}, expect=422)
    assert [rule["number"] for rule in refused["rules"]] == ["R-225"]
    address = {"recipient": "王经理", "phone": "13800000000", "address": "连云港市海州区海连中路1号"}
    await office.bidder.post(f"{path}/address", {**address, "consents": False}, expect=400)
    await office.bidder.post(f"{path}/address", {**address, "consents": True})
    await office.agency.post(f"{path}/courier", {})
    await office.agency.post(f"{path}/courier", {}, expect=409)
    told = await _when_signed_for(office.bidder, path)
    assert [each["status"] for each in told["courier"]["events"]] == [
        "accepted", "collected", "in_transit", "delivering", "signed"]
    unread = await office.bidder.get(f"{path}/service-record")
    await office.bidder.post(f"{path}/read", {})
    record = await office.bidder.get(f"{path}/service-record")
    said = json.loads(record["text"])
    check_statement("service-record", record["text"].encode(), record["signature"], at=from_wire(said["at"]))
    assert json.loads(unread["text"])["letter"]["read_at"] is None
    assert said["letter"]["certificate"] == office.bidder.identity.certificate.fingerprint
    assert (said["courier"]["waybill"], said["courier"]["signed_by"]) == (told["courier"]["waybill"], "王经理")
    await office.rival.get(f"{path}/service-record", expect=404)


async def _when_signed_for(person: Person, path: str) -> dict[str, object]:
    async def signed_for() -> dict[str, object] | None:
        told: dict[str, object] = await person.get(path)
        return told if told["has_service_record"] else None
    return await eventually(signed_for) or {}


@pytest.mark.cts("A-180", "A-181", "A-182", "A-183", "A-184")
async def test_the_contract_is_the_bids_own_verified_and_signed_by_both(
        evaluated: Evaluated, sessions: Sessions, work: Callable[[], Work]) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.award()
    await evaluated.letters()
    await office.agency.put(f"{at}/contract", {"fields": {"price": "1"}}, expect=400)
    await office.agency.put(f"{at}/contract", {"fields": {}, "performance_bond": "873000.01"})
    refused = await office.agency.post(f"{at}/contract/submit", {}, expect=422)
    assert [rule["number"] for rule in refused["rules"]] == ["R-117"]
    shown = await evaluated.contract()
    contract = shown["contract"]
    assert (contract["status"], contract["price"], contract["is_late"]) == ("signed", "8730000.00", False)
    assert contract["verifier"] == office.centre.party.name
    assert shown["lot"]["stage"] == "contracted"
    said = attached(await pdf(office.bidder, f"/api/papers/{contract['paper_id']}/pdf"), "contract.json")
    assert (said["price"], said["lot"]["id"]) == ("8730000.00", evaluated.lot["id"])  # type: ignore[index]
    assert [each.payload["price"] for each in await pushed(sessions, "contract.signed")] == ["8730000.00"]
    public = (await office.public.get(f"{at}/contract")).json()
    assert set(public) == {"status", "signed_at", "price"}
    await _archive(evaluated, sessions, work)


async def _archive(evaluated: Evaluated, sessions: Sessions, work: Callable[[], Work]) -> None:
    async def close(tests: dict[str, bool], settled: bool) -> None:
        async with work() as uow:
            lot = await lock_lot(uow, UUID(evaluated.lot["id"]))
            centre = Actor(id="party:x", name="中心", roles=frozenset({"centre"}), party_id=lot.id)
            await archive_lot(uow, lot, package_sha256="a" * 64, tests=tests, refunds_are_settled=settled,
                              actor=centre)
            await uow.commit()

    with pytest.raises(RulesUnmet) as unmet:
        await close(TESTS | {"safety": False}, settled=False)
    assert {rule.number for rule in unmet.value.rules} == {"R-811", "R-811/2"}
    await close(TESTS, settled=True)
    shown = await evaluated.read()
    assert (shown["lot"]["stage"], shown["package_sha256"]) == ("archived", "a" * 64)
    async with sessions() as session:
        kept = await award_facts_for_archive(session, UUID(evaluated.lot["id"]))
    assert kept is not None
    assert json.loads(json.dumps(kept))["contract"]["price"] == "8730000.00"
    assert not any("address" in letter for letter in kept["letters"])
