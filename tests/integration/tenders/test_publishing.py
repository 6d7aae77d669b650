"""From a plan to a public notice, over HTTP."""

from datetime import timedelta
from hashlib import sha256

import pytest

from storage.kernel.clock import process_now, shanghai
from tests.tenders_world import (
    KNOWN,
    METHOD,
    NOTICE_FIELDS,
    Office,
    instant,
    lot_of,
    numbers,
    plan,
    published_lot,
    signed_document,
    verified_notice,
    worked_day,
    working_day_after,
)


@pytest.mark.cts("A-54", "B-001", "B-003")
async def test_a_published_notice_is_public_and_queued_with_the_same_text(office: Office) -> None:
    lot = await published_lot(office)
    assert lot["stage"] == "published"
    shown = (await office.public.get(f"/api/lots/{lot['id']}")).json()
    notice = shown["notices"][0]
    assert notice["sha256"] == sha256(f"{notice['title']}\n{notice['body']}".encode()).hexdigest()
    queued = await office.tenderee.get(f"/api/notices/{notice['id']}/delivery")
    assert [(each["kind"], each["acknowledged_at"]) for each in queued] == [("notice.tender", None)]


async def test_words_of_two_signs_find_a_notice_and_others_do_not(office: Office) -> None:
    lot = await published_lot(office)
    for asked in ("护岸", "水利", "蔷薇河", lot["code"], lot["code"][:12].lower(), "海州 清淤"):
        found = (await office.public.get("/api/notices", params={"q": asked})).json()
        assert [each["lot_id"] for each in found["items"]] == [lot["id"]], asked
    for asked in ("桥梁", "护利", "'; drop table notice; --", "!!", "％"):
        found = (await office.public.get("/api/notices", params={"q": asked})).json()
        assert found["items"] == [], asked


async def test_filters_and_pages_narrow_the_public_list(office: Office) -> None:
    lot = await published_lot(office)
    for query, expected in (({"stage": "published"}, 1), ({"stage": "opened"}, 0), ({"kind": "tender"}, 1),
                            ({"trade_kind": "goods"}, 0), ({"region": "3207"}, 1), ({"region": "3208"}, 0),
                            ({"rehearsal": "true"}, 0), ({"page": "2"}, 0)):
        found = (await office.public.get("/api/notices", params=query)).json()
        assert len(found["items"]) == expected, query
    assert lot["n"] == 3


async def test_publishing_lists_every_unmet_rule_by_number(office: Office) -> None:
    now = process_now()
    off = shanghai(now).replace(hour=9) + timedelta(days=10)
    while KNOWN.is_working(off.date()):
        off += timedelta(days=1)
    lot = await plan(
        office, project={"approval": "", "funding": ""}, estimate="12000000", compulsory=False, price_limit=None,
        minimum_price="1", deposit="240000.01", documents_until=instant(now + timedelta(days=4)),
        deadline_at=instant(off), opening_place="", k=1, remedy="无", requires_bill=True,
        announced_fields=[{"key": "days", "label": "工期", "kind": "days"}], bid_parts=[],
        review_items=[METHOD["review_items"][0], METHOD["review_items"][0]],
        scoring_items=METHOD["scoring_items"][:1], price_formula={"number": "R-312", "above": "1", "below": "2"})
    notice = await verified_notice(office, lot, qualification="须先到现场报名，审核通过后方可下载", location=" ")
    expected = {"BL-9", "R-101", "R-102", "R-103", "B-004", "R-107", "R-120", "R-121", "R-121/2", "R-123", "B-005",
                "A-65", "A-66", "A-69", "R-143", "R-142/2", "R-144/2", "A-62", "R-316", "A-63", "R-310"}
    shown = await office.centre.get(f"/api/notices/{notice['id']}")
    assert numbers(shown) == expected
    refusal = await office.centre.post(f"/api/notices/{notice['id']}/publish", {}, expect=422)
    assert numbers(refusal) == expected
    assert (await office.public.get(f"/api/lots/{lot['id']}")).status_code == 401


async def _refusal(office: Office, **changed: object) -> set[str]:
    lot = await plan(office, **changed)
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    return numbers(await office.centre.post(f"/api/notices/{notice['id']}/publish", {}, expect=422))


@pytest.mark.cts("B-009")
async def test_a_document_on_sale_for_less_than_five_days_is_refused(office: Office) -> None:
    until = process_now() + timedelta(days=5) - timedelta(minutes=1)
    assert await _refusal(office, documents_until=instant(until)) == {"R-102"}


@pytest.mark.cts("B-004")
async def test_less_than_twenty_days_to_the_opening_are_refused(office: Office) -> None:
    assert await _refusal(office, deadline_at=instant(await worked_day(office, 15))) == {"R-103"}


@pytest.mark.cts("B-004")
async def test_an_opening_on_a_holiday_is_refused_and_the_proposal_rolls_past_it(office: Office) -> None:
    marked = working_day_after(process_now(), 25)
    await office.centre.put("/api/calendar", {"day": marked.date().isoformat(), "kind": "holiday", "name": "试"})
    assert await _refusal(office, deadline_at=instant(marked)) == {"B-004"}
    begin = marked - timedelta(days=20)
    proposed = (await office.public.get("/api/clocks", params={
        "trade_kind": "works", "documents_from": instant(begin)})).json()
    assert proposed["rolled"]
    assert proposed["deadline_at"] > instant(marked)
    await office.bidder.put("/api/calendar", {"day": marked.date().isoformat(), "kind": None}, expect=403)


async def test_a_lot_that_need_not_be_tendered_may_be_shorter_with_a_reason(office: Office) -> None:
    lot = await plan(office, estimate="3000000", deposit="60000", compulsory=False,
                     deadline_at=instant(await worked_day(office, 10)))
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    path = f"/api/notices/{notice['id']}/publish"
    assert numbers(await office.centre.post(path, {}, expect=422)) == {"R-103"}
    await office.centre.post(path, {"waiver_reason": "应急修复，工期紧迫"})
    shown = (await office.public.get(f"/api/lots/{lot['id']}")).json()
    assert shown["waiver_reason"] == "应急修复，工期紧迫"


async def test_a_reason_does_not_excuse_a_compulsory_lot(office: Office) -> None:
    lot = await plan(office, deadline_at=instant(await worked_day(office, 10)))
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    refusal = await office.centre.post(f"/api/notices/{notice['id']}/publish", {"waiver_reason": "急"}, expect=422)
    assert numbers(refusal) == {"R-103"}


@pytest.mark.cts("B-002")
async def test_the_notice_says_where_the_platform_is_and_whom_to_call(office: Office) -> None:
    lot = await published_lot(office)
    body = (await office.public.get(f"/api/lots/{lot['id']}")).json()["notices"][0]["body"]
    assert str(office.public.base_url).rstrip("/") in body
    assert NOTICE_FIELDS["contact"] in body


@pytest.mark.cts("B-002")
async def test_a_notice_without_a_contact_is_not_published(office: Office) -> None:
    lot = await plan(office)
    await signed_document(office, lot)
    notice = await verified_notice(office, lot, contact="")
    refusal = await office.centre.post(f"/api/notices/{notice['id']}/publish", {}, expect=422)
    assert numbers(refusal) == {"B-002", "B-005"}


async def test_centre_staff_hold_no_share_of_a_key(office: Office) -> None:
    keepers = [{"party_id": each.id} for each in (office.tenderee, office.agency, office.centre)]
    assert await _refusal(office, custodians=keepers) == {"R-200"}


async def test_a_rehearsal_is_marked_everywhere_and_never_becomes_real(office: Office) -> None:
    now = process_now()
    short = {"documents_from": instant(now), "documents_until": instant(now + timedelta(seconds=30)),
             "deadline_at": instant(now + timedelta(seconds=60))}
    lot = await published_lot(office, kind="rehearsal", **short)
    assert lot["rehearsal"] is True
    assert lot["code"].startswith("X")
    shown = (await office.public.get(f"/api/lots/{lot['id']}")).json()
    assert shown["notices"][0]["title"].startswith("【演练】")
    assert "不是真实交易" in shown["notices"][0]["body"]
    listed = (await office.public.get("/api/notices", params={"rehearsal": "false"})).json()
    assert listed["items"] == []


async def test_rehearsal_and_real_do_not_mix(office: Office) -> None:
    real = await office.tenderee.post("/api/projects", {"name": "真实项目"})
    body = {"name": "演练", "trade_kind": "rehearsal"}
    await office.tenderee.post(f"/api/projects/{real['id']}/tender-projects", body, expect=409)
    played = await office.tenderee.post("/api/projects", {"name": "演练项目", "rehearsal": True})
    await office.tenderee.post(f"/api/projects/{played['id']}/tender-projects",
                               {"name": "真", "trade_kind": "works"}, expect=409)
    await office.tenderee.put(f"/api/projects/{played['id']}", {"name": "演练项目", "rehearsal": False}, expect=409)
    short = lot_of(office, deadline_at=instant(process_now() + timedelta(hours=1)),
                   documents_from=instant(process_now()), documents_until=instant(process_now() + timedelta(minutes=5)))
    below = await office.tenderee.post(f"/api/projects/{real['id']}/tender-projects",
                                       {"name": "真", "trade_kind": "works"})
    await office.tenderee.post(f"/api/tender-projects/{below['id']}/lots", {**short, "trade_kind": "rehearsal"},
                               expect=400)


async def test_openings_stand_in_calendar_and_feeds(office: Office) -> None:
    lot = await published_lot(office)
    now = process_now()
    found = (await office.public.get("/api/openings", params={
        "from": instant(now), "to": instant(now + timedelta(days=40))})).json()
    assert [(each["lot_id"], each["has_begun"]) for each in found["items"]] == [(lot["id"], False)]
    calendar = (await office.public.get("/api/openings.ics")).text
    assert f"UID:{lot['id']}@" in calendar
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    feed = await office.public.get("/api/notices.atom")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert lot["title"] in feed.text
