"""Notices: chosen, written, reviewed, verified; and never editable while they wait."""

from datetime import UTC, datetime

import pytest

from storage.kernel.clock import process_now
from tests.tenders_world import NOTICE_FIELDS, Office, plan, published_lot, signed_document, verified_notice


@pytest.mark.cts("A-50")
async def test_open_tendering_chooses_tender_or_prequalification_notice(office: Office) -> None:
    lot = await plan(office)
    path = f"/api/lots/{lot['id']}/notices"
    made = await office.agency.post(path, {"kind": "prequalification", "fields": NOTICE_FIELDS})
    assert made["title"] == "蔷薇河整治施工一标段资格预审公告"
    assert "资格预审申请文件的递交" in made["body"]
    chosen = await office.agency.put(f"/api/notices/{made['id']}", {"kind": "tender", "fields": NOTICE_FIELDS})
    assert chosen["title"] == "蔷薇河整治施工一标段招标公告"
    assert "投标文件的递交" in chosen["body"]
    await office.agency.post(path, {"kind": "failed", "fields": NOTICE_FIELDS}, expect=400)
    await office.agency.post(path, {"kind": "tender", "fields": NOTICE_FIELDS}, expect=409)


@pytest.mark.cts("A-51", "B-005")
async def test_a_notice_follows_the_standard_text_and_is_changed_and_deleted(office: Office) -> None:
    lot = await plan(office)
    path = f"/api/lots/{lot['id']}/notices"
    made = await office.agency.post(path, {"fields": {"contact": "张工"}})
    chapters = ("1. 招标条件", "2. 项目概况与招标范围", "3. 投标人资格要求", "4. 招标文件的获取", "5. 投标文件的递交",
                "6. 开标", "7. 发布公告的媒介", "8. 联系方式")
    positions = [made["body"].find(chapter) for chapter in chapters]
    assert positions == sorted(positions)
    assert -1 not in positions
    assert "B-005" in {rule["number"] for rule in made["missing"]}
    changed = await office.agency.put(f"/api/notices/{made['id']}", {"fields": NOTICE_FIELDS})
    assert NOTICE_FIELDS["qualification"] in changed["body"]
    assert "B-005" not in {rule["number"] for rule in changed["missing"]}
    await office.agency.put(f"/api/notices/{made['id']}", {"fields": {"bribe": "x"}}, expect=400)
    assert [each["id"] for each in await office.tenderee.get(path)] == [made["id"]]
    assert (await office.public.get(path)).json() == []
    await office.bidder.get(f"/api/notices/{made['id']}", expect=404)
    await office.agency.delete(f"/api/notices/{made['id']}", expect=204)
    assert await office.tenderee.get(path) == []


@pytest.mark.cts("A-52")
async def test_review_records_person_and_time_and_a_waiting_notice_is_not_editable(office: Office) -> None:
    lot = await plan(office)
    made = await office.agency.post(f"/api/lots/{lot['id']}/notices", {"fields": NOTICE_FIELDS})
    path = f"/api/notices/{made['id']}"
    await office.agency.post(f"{path}/submit")
    await office.agency.put(path, {"fields": NOTICE_FIELDS}, expect=409)
    await office.agency.delete(path, expect=409)
    await office.tenderee.post(f"/api/lots/{lot['id']}/revise", expect=409)
    await office.agency.post(f"{path}/review", {"accepted": True}, expect=403)
    await office.tenderee.post(f"{path}/review", {"accepted": False}, expect=400)
    before = process_now()
    refused = await office.tenderee.post(f"{path}/review", {"accepted": False, "reason": "质量要求写错"})
    assert (refused["status"], refused["reviewer"]) == ("refused", office.tenderee.id)
    assert refused["reason"] == "质量要求写错"
    assert before <= datetime.fromisoformat(refused["reviewed_at"]).astimezone(UTC) <= process_now()
    await office.agency.put(path, {"fields": {**NOTICE_FIELDS, "quality": "优良"}})
    await office.agency.post(f"{path}/submit")
    reviewed = await office.tenderee.post(f"{path}/review", {"accepted": True})
    assert reviewed["status"] == "reviewed"
    await office.tenderee.post(f"{path}/review", {"accepted": True}, expect=409)


@pytest.mark.cts("A-53")
async def test_the_platform_verifies_and_records_by_whom_and_when(office: Office) -> None:
    lot = await plan(office)
    made = await office.agency.post(f"/api/lots/{lot['id']}/notices", {"fields": NOTICE_FIELDS})
    path = f"/api/notices/{made['id']}"
    await office.agency.post(f"{path}/submit")
    await office.centre.post(f"{path}/verify", {"accepted": True}, expect=409)
    await office.tenderee.post(f"{path}/review", {"accepted": True})
    assert [each["id"] for each in await office.centre.get("/api/notices-waiting")] == [made["id"]]
    await office.tenderee.post(f"{path}/verify", {"accepted": True}, expect=403)
    verified = await office.centre.post(f"{path}/verify", {"accepted": True})
    assert (verified["status"], verified["verifier"]) == ("verified", office.centre.id)
    assert verified["verified_at"] is not None
    await office.centre.post(f"{path}/verify", {"accepted": True}, expect=409)


async def test_a_notice_is_published_once_and_only_after_verification(office: Office) -> None:
    lot = await plan(office)
    await signed_document(office, lot)
    made = await office.agency.post(f"/api/lots/{lot['id']}/notices", {"fields": NOTICE_FIELDS})
    await office.agency.post(f"/api/notices/{made['id']}/publish", {}, expect=409)
    await office.agency.delete(f"/api/notices/{made['id']}")
    notice = await verified_notice(office, lot)
    assert notice["missing"] == []
    assert sorted(notice["may"]) == ["publish_notice", "send_back"]
    await office.bidder.post(f"/api/notices/{notice['id']}/publish", {}, expect=403)
    await office.agency.post(f"/api/notices/{notice['id']}/publish", {})
    await office.agency.post(f"/api/notices/{notice['id']}/publish", {}, expect=409)
    await office.agency.put(f"/api/notices/{notice['id']}", {"fields": NOTICE_FIELDS}, expect=409)


async def test_a_published_lot_is_never_changed_or_deleted(office: Office) -> None:
    lot = await published_lot(office)
    for act in ("submit", "revise"):
        await office.tenderee.post(f"/api/lots/{lot['id']}/{act}", expect=409)
    await office.tenderee.delete(f"/api/lots/{lot['id']}", expect=409)
    assert lot["may"] == ["extend_deadline"], "later only, and by a notice of its own (R-210)"


async def test_a_verified_notice_that_can_no_longer_be_published_goes_back(office: Office) -> None:
    lot = await plan(office)
    notice = await verified_notice(office, lot)
    assert notice["missing"] != [], "there is no signed document yet"
    path = f"/api/notices/{notice['id']}"
    assert "send_back" in (await office.centre.get(f"/api/lots/{lot['id']}/notices"))[0]["may"]
    await office.centre.post(f"{path}/verify", {"accepted": False}, expect=400)
    await office.agency.post(f"{path}/verify", {"accepted": False, "reason": "不归代理机构"}, expect=403)
    back = await office.centre.post(f"{path}/verify", {"accepted": False, "reason": "时间已过，请重新安排"})
    assert (back["status"], back["reason"]) == ("refused", "时间已过，请重新安排")
    await office.tenderee.post(f"/api/lots/{lot['id']}/revise")
