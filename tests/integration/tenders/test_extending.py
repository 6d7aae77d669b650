"""Extension over HTTP: who may, when, with which notice, and together with a clarification that came late (R-105)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from storage.database.engine import Sessions
from storage.kernel.clock import from_wire, process_now, shanghai
from storage.timers.tables import Timer
from tests.tenders_world import (
    KNOWN,
    Json,
    Office,
    instant,
    lay_out_and_sign,
    numbers,
    plan,
    published_lot,
    signed_document,
    verified_notice,
    worked_day,
    working_day_after,
)
from trading.tenders.tables import Lot


async def _closes_at(sessions: Sessions, lot: Json) -> datetime:
    async with sessions() as session:
        query = select(Timer.due_at).where(Timer.subject == lot["id"], Timer.kind == "lot.close_bidding")
        return (await session.scalars(query)).one()


def _deadline(lot: Json) -> datetime:
    return datetime.fromisoformat(lot["deadline_at"])


async def test_the_agency_moves_the_deadline_later_and_everyone_reads_it(office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office)
    path, later = f"/api/lots/{lot['id']}", working_day_after(_deadline(lot), 7)
    assert "extend_deadline" in lot["may"]
    for other in (office.bidder, office.centre, office.supervisor):
        assert "extend_deadline" not in (await other.get(path))["may"]
    notice = await office.agency.post(f"{path}/extend", {
        "deadline_at": instant(later + timedelta(milliseconds=700)), "reason": "补充地质勘察资料"}, expect=200)
    told = (await office.public.get(path)).json()
    assert _deadline(told) == datetime.fromisoformat(told["opens_at"]) == later, "whole seconds"
    shown = next(each for each in told["notices"] if each["kind"] == "change")
    assert shown["id"] == notice["id"]
    for text in (f"{shanghai(_deadline(lot)):%Y-%m-%d %H:%M:%S}", f"{later:%Y-%m-%d %H:%M:%S}", "补充地质勘察资料"):
        assert text in shown["body"]
    assert await _closes_at(sessions, lot) == later


@pytest.mark.parametrize("by", ["bidder", "centre", "supervisor"])
async def test_only_the_tenderee_and_its_agency_extend(office: Office, by: str) -> None:
    lot = await published_lot(office)
    body = {"deadline_at": instant(working_day_after(_deadline(lot), 7)), "reason": "理由"}
    await getattr(office, by).post(f"/api/lots/{lot['id']}/extend", body, expect=403)
    assert (await office.public.get(f"/api/lots/{lot['id']}")).json()["deadline_at"] == lot["deadline_at"]


async def test_a_deadline_moves_neither_earlier_nor_to_a_holiday_nor_once_it_has_passed(
        office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office)
    path, deadline = f"/api/lots/{lot['id']}/extend", _deadline(lot)
    sunday = shanghai(deadline) + timedelta(days=1)
    while KNOWN.is_working(sunday.date()):
        sunday += timedelta(days=1)
    for moment, number in ((deadline, "R-210/2"), (deadline - timedelta(seconds=1), "R-210/2"), (sunday, "R-210/3")):
        refused = await office.tenderee.post(path, {"deadline_at": instant(moment), "reason": "理由"}, expect=422)
        assert number in numbers(refused)
    async with sessions() as session:
        row = await session.get_one(Lot, UUID(lot["id"]))
        now = process_now()
        row.documents_from, row.documents_until, row.deadline_at = now - timedelta(days=9), now - timedelta(days=1), now
        await session.commit()
    later = {"deadline_at": instant(working_day_after(deadline, 7)), "reason": "理由"}
    assert numbers(await office.tenderee.post(path, later, expect=422)) == {"R-210/2"}
    assert "extend_deadline" not in (await office.tenderee.get(f"/api/lots/{lot['id']}"))["may"]
    told = (await office.public.get(f"/api/lots/{lot['id']}")).json()
    assert "change" not in {each["kind"] for each in told["notices"]}


async def test_a_change_that_comes_late_extends_the_deadline_in_the_same_act(
        office: Office, sessions: Sessions) -> None:
    lot = await plan(office, estimate="3000000", deposit=None, compulsory=False,
                     deadline_at=instant(await worked_day(office, 10)))
    await signed_document(office, lot)
    opening = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{opening['id']}/publish", {"waiver_reason": "应急"})
    path = f"/api/lots/{lot['id']}"
    await office.agency.post(f"{path}/clarifications", {"title": "改", "body": "改工期", "affects_bids": True})
    await lay_out_and_sign(office, lot)

    issue = f"{path}/clarifications/issue"
    refused = await office.agency.post(issue, {}, expect=422)
    assert numbers(refused) == {"R-105"}
    too_soon = {"deadline_at": instant(await worked_day(office, 11))}
    assert numbers(await office.agency.post(issue, too_soon, expect=422)) == {"R-105"}
    held = (await office.public.get(path)).json()
    assert held["deadline_at"] == lot["deadline_at"], "neither happened"
    assert [each["kind"] for each in held["notices"]] == ["tender"]

    lawful = working_day_after(from_wire(refused["facts"]["earliest_deadline"]), 1)
    made = await office.agency.post(issue, {"deadline_at": instant(lawful)}, expect=200)
    told = (await office.public.get(path)).json()
    assert (_deadline(told), await _closes_at(sessions, lot)) == (lawful, lawful)
    kinds = {each["kind"]: each for each in told["notices"]}
    assert set(kinds) == {"tender", "change", "clarification"}
    assert kinds["change"]["published_at"] == kinds["clarification"]["published_at"] == made["published_at"], "one act"
    assert "顺延" in kinds["change"]["body"]
