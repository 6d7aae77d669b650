"""The tender document: chapters, fields, known data, method, attachments, signature, package, clarifications."""

import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pypdf
import pytest

from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.pdf_lasting import own_trust
from storage.crypto.pdf_validation import B_LTA, validate_paper
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.signatures import sign
from storage.crypto.trust import TrustStore
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from tests.tenders_world import (
    METHOD,
    PROJECT,
    Office,
    Person,
    instant,
    lay_out_and_sign,
    lot_of,
    numbers,
    plan,
    published_lot,
    signed_document,
    verified_notice,
    worked_day,
    working_day_after,
)
from trading.tenders import attachments
from trading.tenders.housekeeping import sweep_documents

PDF = b"%PDF-1.7\n" + b"drawing " * 4096


def text_of(pdf: bytes) -> str:
    """The text of a PDF without any white space."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


async def preview(person: Person, lot: dict[str, Any]) -> bytes:
    """The newest PDF as its owners see it."""
    return bytes((await person.get(f"/api/lots/{lot['id']}/document/preview", expect=200)).content)


async def attach(person: Person, lot: dict[str, Any], name: str, data: bytes, kind: str, expect: int = 201) -> Any:
    """Uploads an attachment as a raw body."""
    answer = await person.http.post(f"/api/lots/{lot['id']}/document/files", params={"name": name, "kind": kind},
                                    content=data, headers={"content-type": "application/octet-stream"})
    assert answer.status_code == expect, answer.text
    return answer.json()


@pytest.mark.cts("A-59", "A-60", "A-61")
async def test_chapters_come_from_the_template_with_known_data_and_filled_fields(office: Office) -> None:
    lot = await plan(office)
    document = await office.agency.put(f"/api/lots/{lot['id']}/document", {
        "fields": {"site_visit": "2026年12月3日自行踏勘", "contract_terms": "预付款 10%；\n质保金 3%。"}})
    assert [each["title"] for each in document["chapters"]] == [
        "投标人须知", "评标办法", "合同条款", "工程量清单", "图纸", "技术标准和要求"]
    assert document["known"]["tenderee"] == office.tenderee.party.name
    await office.agency.post(f"/api/lots/{lot['id']}/document/render")
    text = text_of(await preview(office.tenderee, lot))
    for chapter in ("第一章招标公告", "第二章投标人须知", "第三章评标办法", "第四章合同条款及格式", "第五章工程量清单",
                    "第六章图纸", "第七章技术标准和要求", "第八章投标文件格式"):
        assert chapter in text
    for known in (lot["code"], PROJECT["name"], PROJECT["approval"], "壹仟万元整", office.tenderee.party.name,
                  "网上开标大厅", "预付款10%"):
        assert known in text
    assert "2026年12月3日自行踏勘" in text
    await office.agency.put(f"/api/lots/{lot['id']}/document", {"fields": {"nonsense": "x"}}, expect=400)


@pytest.mark.cts("A-62")
async def test_clauses_and_scoring_items_change_and_their_numbers_may_not_repeat(office: Office) -> None:
    twice = [{**METHOD["scoring_items"][0], "number": "2"}, METHOD["scoring_items"][1]]
    lot = await plan(office, scoring_items=twice)
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    refusal = await office.centre.post(f"/api/notices/{notice['id']}/publish", {}, expect=422)
    assert numbers(refusal) == {"A-62"}
    project = await office.tenderee.post("/api/projects", PROJECT)
    tender = await office.tenderee.post(f"/api/projects/{project['id']}/tender-projects",
                                        {"name": "施工", "trade_kind": "works"})
    held = await office.tenderee.post(f"/api/tender-projects/{tender['id']}/lots", lot_of(office))
    more = [*METHOD["review_items"], {"number": "3.2", "title": "工期", "stage": "response", "standard": "不超过365天"}]
    changed = await office.tenderee.put(f"/api/lots/{held['id']}", lot_of(office, review_items=more))
    assert [each["number"] for each in changed["review_items"]] == ["1.1", "2.1", "3.1", "3.2"]
    fewer = await office.tenderee.put(f"/api/lots/{held['id']}", lot_of(office, review_items=more[:1]))
    assert [each["number"] for each in fewer["review_items"]] == ["1.1"]


@pytest.mark.cts("A-63")
async def test_the_parts_of_a_bid_are_set_and_stand_in_the_document(office: Office) -> None:
    parts = [*METHOD["bid_parts"], {"number": "4", "title": "拟派项目经理业绩证明", "required": False}]
    lot = await plan(office, bid_parts=parts)
    await signed_document(office, lot)
    assert "拟派项目经理业绩证明" in text_of(await preview(office.agency, lot))


@pytest.mark.cts("A-65")
async def test_attachments_come_and_go_and_a_required_bill_must_be_there(office: Office) -> None:
    lot = await plan(office, requires_bill=True)
    drawing = await attach(office.agency, lot, "总平面图.pdf", PDF, "drawing")
    await attach(office.agency, lot, "总平面图.pdf", PDF, "drawing", expect=409)
    assert drawing["sha256"] == sha256(PDF).hexdigest()
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    path = f"/api/notices/{notice['id']}/publish"
    assert numbers(await office.centre.post(path, {}, expect=422)) == {"A-65"}
    await attach(office.agency, lot, "工程量清单.xlsx", make_bill(), "bill")
    await office.agency.delete(f"/api/document-files/{drawing['id']}", expect=204)
    assert numbers(await office.centre.post(path, {}, expect=422)) == {"A-69"}
    await lay_out_and_sign(office, lot)
    await office.centre.post(path, {})
    await attach(office.agency, lot, "迟到.pdf", PDF, "attachment", expect=409)


async def test_a_lot_holds_so_many_attachments_and_no_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attachments._MOST_FILES == 200
    monkeypatch.setattr(attachments, "_MOST_FILES", 1)
    lot = await plan(office)
    await attach(office.agency, lot, "一.pdf", PDF, "attachment")
    await attach(office.agency, lot, "二.pdf", PDF, "attachment", expect=409)


def make_bill() -> bytes:
    """A small real spreadsheet: what an .xlsx file is, a ZIP of XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/'
                      'package/2006/content-types"/>')
        book.writestr("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c><v>12000</v></c></row></sheetData>"
                      "</worksheet>")
    return out.getvalue()


@pytest.mark.parametrize(("name", "data"), [
    ("病毒.exe", PDF), ("假的.pdf", b"MZ" + PDF), ("空.pdf", b""), ("没有扩展名", PDF), ("../.pdf ‮", b"")])
async def test_files_of_other_kinds_are_refused_and_leave_nothing(office: Office, name: str, data: bytes) -> None:
    lot = await plan(office)
    await attach(office.agency, lot, name, data, "attachment", expect=400)
    assert (await office.agency.get(f"/api/lots/{lot['id']}/document"))["files"] == []


async def test_a_file_of_forty_megabytes_streams_through_and_comes_back_whole(office: Office) -> None:
    data = PDF + bytes(range(256)) * (40 << 12)
    lot = await plan(office, documents_from=instant(process_now()))
    made = await attach(office.agency, lot, "全套图纸‮fdp.pdf", data, "drawing")
    assert made["name"] == "全套图纸fdp.pdf"
    assert made["size"] == len(data)
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{notice['id']}/publish", {})
    answer = await office.bidder.get(f"/api/lots/{lot['id']}/document/files/{made['id']}", expect=200)
    assert sha256(answer.content).hexdigest() == sha256(data).hexdigest() == answer.headers["x-content-sha256"]
    assert "filename*=UTF-8''%E5%85%A8%E5%A5%97" in answer.headers["content-disposition"]


@pytest.mark.cts("A-66")
async def test_the_main_document_is_signed_by_the_tenderee_with_its_own_key(office: Office, settings: Settings) -> None:
    lot = await plan(office)
    await office.agency.put(f"/api/lots/{lot['id']}/document", {"fields": {}})
    await office.agency.post(f"/api/lots/{lot['id']}/document/render")
    path = f"/api/lots/{lot['id']}/document/signature"
    pem = {"certificate": office.tenderee.identity.certificate.pem}
    await office.agency.post(f"{path}/prepare", pem, expect=403)
    other = {"certificate": office.agency.identity.certificate.pem}
    await office.tenderee.post(f"{path}/prepare", other, expect=409)
    await office.tenderee.post(f"{path}/prepare", pem)
    wrong = sign(office.agency.identity.key, b"something else")
    await office.tenderee.post(f"{path}/complete", {"signature": to_base64(wrong)}, expect=409)
    signed = await lay_out_and_sign(office, lot)
    assert signed["signed_certificate"] == office.tenderee.identity.certificate.fingerprint
    pdf = await preview(office.tenderee, lot)
    assert sha256(pdf).hexdigest() == signed["sha256"]
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    trust = TrustStore(settings.trust_directory).current().joined(own_trust(keys, process_now()))
    paper = await validate_paper(pdf, trust, process_now())
    assert [(each.certificate.organisation, each.holds, each.level) for each in paper.signatures] == [
        (office.tenderee.party.name, True, B_LTA)]


@pytest.mark.cts("A-69")
async def test_a_document_that_no_longer_agrees_with_its_lot_is_not_published(office: Office) -> None:
    lot = await plan(office)
    await signed_document(office, lot)
    await office.tenderee.post(f"/api/lots/{lot['id']}/revise")
    other = instant(working_day_after(process_now(), 30))
    await office.tenderee.put(f"/api/lots/{lot['id']}", lot_of(office, deadline_at=other))
    await office.tenderee.post(f"/api/lots/{lot['id']}/submit")
    notice = await verified_notice(office, lot)
    path = f"/api/notices/{notice['id']}/publish"
    assert numbers(await office.centre.post(path, {}, expect=422)) == {"A-69"}
    assert not (await office.agency.get(f"/api/lots/{lot['id']}/document"))["agrees"]
    await lay_out_and_sign(office, lot)
    await office.centre.post(path, {})


@pytest.mark.cts("A-67", "A-87")
async def test_one_package_holds_structure_document_and_attachments(office: Office) -> None:
    now = process_now()
    lot = await plan(office, documents_from=instant(now), requires_bill=True)
    await attach(office.agency, lot, "工程量清单.xlsx", make_bill(), "bill")
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{notice['id']}/publish", {})
    answer = await office.bidder.get(f"/api/lots/{lot['id']}/package", expect=200)
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    assert packed.namelist() == ["tender.json", "digests.json", "招标文件.pdf", "附件/工程量清单.xlsx"]
    for each in json.loads(packed.read("digests.json"))["files"]:
        data = packed.read(each["name"])
        assert (sha256(data).hexdigest(), len(data)) == (each["sha256"], each["size"])
    told = json.loads(packed.read("tender.json"))
    assert canonical_bytes(told) == packed.read("tender.json")
    assert (told["lot"], told["k"], told["n"]) == (lot["code"], 2, 3)
    assert [each["title"] for each in told["bid_parts"]] == [each["title"] for each in METHOD["bid_parts"]]
    assert [each["key"] for each in told["announced_fields"]] == ["price", "duration", "manager"]
    assert all(each["pem"].startswith("-----BEGIN CERTIFICATE") for each in told["custodians"])
    assert told["price_formula"]["number"] == "R-312"
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]


@pytest.mark.cts("B-015")
async def test_a_clarification_becomes_part_of_the_document(office: Office) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    path = f"/api/lots/{lot['id']}"
    first = await office.bidder.get(f"{path}/tender.json", expect=200)
    await office.agency.post(f"{path}/clarifications", {
        "title": "关于护岸材料", "body": "护岸块石强度等级改为 MU30。", "affects_bids": True})
    await office.agency.post(f"{path}/clarifications/issue", {}, expect=422)
    still = await office.bidder.get(f"{path}/tender.json", expect=200)
    assert still["document"] == first["document"]
    await lay_out_and_sign(office, lot)
    issued = await office.agency.post(f"{path}/clarifications/issue", {})
    assert issued["kind"] == "clarification"
    assert "护岸块石强度等级改为 MU30。" in issued["body"]
    second = await office.bidder.get(f"{path}/tender.json", expect=200)
    assert second["document"]["number"] == 2
    assert second["document"]["clarifications"][0]["title"] == "关于护岸材料"
    pdf = await office.bidder.get(f"{path}/document/download", expect=200)
    assert "护岸块石强度等级改为MU30" in text_of(pdf.content)
    assert sha256(pdf.content).hexdigest() == second["document"]["sha256"] == pdf.headers["x-content-sha256"]


async def test_a_change_less_than_fifteen_days_before_the_deadline_is_refused_by_number(office: Office) -> None:
    lot = await plan(office, estimate="3000000", deposit=None, compulsory=False,
                     deadline_at=instant(await worked_day(office, 10)))
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{notice['id']}/publish", {"waiver_reason": "应急"})
    path = f"/api/lots/{lot['id']}/clarifications"
    await office.agency.post(path, {"title": "改", "body": "改工期", "affects_bids": True})
    await lay_out_and_sign(office, lot)
    assert numbers(await office.agency.post(f"{path}/issue", {}, expect=422)) == {"R-105"}
    await office.agency.delete(path, expect=204)
    await office.agency.post(path, {"title": "勘误", "body": "联系电话更正", "affects_bids": False})
    await lay_out_and_sign(office, lot)
    await office.agency.post(f"{path}/issue", {}, expect=200)


async def test_objects_that_no_document_names_are_swept_and_the_others_stay(
        office: Office, sessions: Sessions, object_store: ObjectStore) -> None:
    lot = await plan(office, documents_from=instant(process_now()))
    kept = await attach(office.agency, lot, "留.pdf", PDF, "attachment")
    gone = await attach(office.agency, lot, "去.pdf", PDF, "attachment")
    await office.agency.delete(f"/api/document-files/{gone['id']}", expect=204)
    await signed_document(office, lot)
    await lay_out_and_sign(office, lot)
    before = {each.key for each in await object_store.list_objects(f"documents/{lot['id']}/")}
    swept = {key for key in await sweep_documents(sessions, object_store, age=timedelta(0)) if lot["id"] in key}
    # Taken away: one file, the first layout with its prepared and signed copies, the second's prepared copy.
    assert (len(before), len(swept)) == (8, 5)
    notice = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{notice['id']}/publish", {})
    packed = await office.bidder.get(f"/api/lots/{lot['id']}/package", expect=200)
    assert zipfile.ZipFile(io.BytesIO(packed.content)).testzip() is None
    assert kept["sha256"] in packed.content.decode(errors="ignore")
