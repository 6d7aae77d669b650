"""What the clock does by itself between publication and deadline, and what the ledger keeps of it all."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.ledger import queries as ledger
from storage.timers.tables import Timer
from tests.tenders_world import Office, instant, published_lot
from tests.waiting import PATIENCE
from trading.tenders.queries import lots_open_for_bids
from trading.tenders.tables import Lot


async def _stage_becomes(sessions: Sessions, lot_id: str, stage: str, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while True:
            async with sessions() as session:
                if (await session.scalars(select(Lot.stage).where(Lot.id == lot_id))).one() == stage:
                    return
            await asyncio.sleep(0.1)


async def test_timers_write_down_what_time_decided(office: Office, sessions: Sessions) -> None:
    now = process_now()
    lot = await published_lot(office, kind="rehearsal", documents_from=instant(now),
                              documents_until=instant(now + timedelta(seconds=15)),
                              deadline_at=instant(now + timedelta(minutes=10)))
    await _stage_becomes(sessions, lot["id"], "selling")
    async with sessions() as session:
        assert await lots_open_for_bids(session)
        due = {each.kind for each in await session.scalars(select(Timer).where(Timer.subject == lot["id"]))}
    assert due == {"lot.selling", "lot.preparing", "lot.close_bidding"}
    await _stage_becomes(sessions, lot["id"], "preparing", 30)


async def test_every_act_stands_in_the_lots_stream_and_downloads_do_not(office: Office, sessions: Sessions) -> None:
    lot = await published_lot(office, documents_from=instant(process_now()))
    await office.bidder.get(f"/api/lots/{lot['id']}/document/download", expect=200)
    text = ""
    async with asyncio.timeout(PATIENCE):
        while "notice.published" not in text:
            async with sessions() as session:
                items = await ledger.feed(session, {"public"}, stream=f"lot:{lot['id']}")
            text = "".join(each["entry"] for each in items)
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)  # a batch of sealed acts is written meanwhile, on a stream of its own
    async with sessions() as session:
        items = await ledger.feed(session, {"public"}, stream=f"lot:{lot['id']}")
    text = "".join(each["entry"] for each in items)
    for action in ("lot.created", "lot.submitted", "document.signed", "notice.declared", "notice.reviewed",
                   "notice.verified", "lot.published", "notice.published"):
        assert f'"action":"{action}"' in text
    assert "document.downloaded" not in text
    shown = {each["entry"].split('"action":"')[1].split('"')[0] for each in items if each["payload"] is not None}
    assert {"lot.published", "notice.published"} <= shown
    assert "lot.created" not in shown


async def test_before_any_lot_is_on_offer_none_is_open_for_bids(office: Office, sessions: Sessions) -> None:
    await published_lot(office)
    async with sessions() as session:
        assert not await lots_open_for_bids(session)


@pytest.mark.cts("B-001")
async def test_without_an_address_messages_wait_visibly(office: Office, settings: Settings) -> None:
    assert settings.exchange_url == ""
    lot = await published_lot(office)
    told = await office.centre.get(f"/api/notices/{lot['notices'][0]['id']}/delivery")
    assert (told[0]["attempts"], told[0]["acknowledged_at"]) == (0, None)
