"""Handing the document out: no gate but an identity; nobody else learns of it before the deadline."""

from typing import Any

import pytest
from sqlalchemy import update

from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from tests.tenders_world import Office, instant, published_lot
from trading.tenders.tables import Lot


async def close(sessions: Sessions, lot: dict[str, Any]) -> None:
    """The deadline is now and bidding closed, moved by hand as no act of the platform does."""
    now = process_now()
    async with sessions() as session:
        await session.execute(update(Lot).where(Lot.id == lot["id"]).values(
            documents_until=now, deadline_at=now, stage="opening"))
        await session.commit()


async def test_any_verified_party_downloads_at_once_and_the_public_does_not(office: Office) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    path = f"/api/lots/{lot['id']}/document/download"
    assert (await office.public.get(path)).status_code == 401
    answer = await office.bidder.get(path, expect=200)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["x-receipt"].startswith("XZ-")
    mine = await office.bidder.get(f"/api/lots/{lot['id']}/downloads/mine")
    assert [each["receipt"] for each in mine] == [answer.headers["x-receipt"]]
    assert await office.rival.get(f"/api/lots/{lot['id']}/downloads/mine") == []


async def test_before_the_announced_time_nobody_gets_the_document(office: Office) -> None:
    lot = await published_lot(office)
    for act in ("document/download", "package", "tender.json"):
        await office.bidder.get(f"/api/lots/{lot['id']}/{act}", expect=409)


@pytest.mark.cts("A-68")
async def test_downloads_are_seen_by_the_tenderee_after_the_deadline_and_by_nobody_before(
        office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    path = f"/api/lots/{lot['id']}"
    seen_before = [(await person.get(path)) for person in (office.tenderee, office.centre, office.supervisor)]
    first = await office.bidder.get(f"{path}/document/download", expect=200)
    second = await office.rival.get(f"{path}/package", expect=200)
    for person in (office.tenderee, office.agency, office.supervisor):
        await person.get(f"{path}/downloads", expect=409)
    for person in (office.centre, office.bidder):
        await person.get(f"{path}/downloads", expect=403)
    seen_after = [(await person.get(path)) for person in (office.tenderee, office.centre, office.supervisor)]
    for before, after in zip(seen_before, seen_after, strict=True):
        moving = {"server_time", "stage", "version"}  # the clock's own step to "selling" is public
        assert {k: v for k, v in before.items() if k not in moving} == {
            k: v for k, v in after.items() if k not in moving}
    await close(sessions, lot)
    told = await office.tenderee.get(f"{path}/downloads")
    assert {(each["party"], each["receipt"]) for each in told} == {
        (office.bidder.party.name, first.headers["x-receipt"]), (office.rival.party.name, second.headers["x-receipt"])}
    await office.bidder.get(f"{path}/downloads", expect=403)


async def test_after_the_sale_only_those_who_have_it_get_it_again(office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    path = f"/api/lots/{lot['id']}/document/download"
    await office.bidder.get(path, expect=200)
    async with sessions() as session:
        await session.execute(update(Lot).where(Lot.id == lot["id"]).values(documents_until=process_now()))
        await session.commit()
    await office.bidder.get(path, expect=200)
    await office.rival.get(path, expect=409)


async def test_owners_and_staff_read_without_being_counted_as_downloaders(office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    for person in (office.tenderee, office.agency, office.centre, office.supervisor):
        answer = await person.get(f"/api/lots/{lot['id']}/document/download", expect=200)
        assert "x-receipt" not in answer.headers
    await close(sessions, lot)
    assert await office.tenderee.get(f"/api/lots/{lot['id']}/downloads") == []
