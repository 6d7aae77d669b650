"""A lot of two envelopes for tests: from three sealed bids to the second opening of those who passed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from bidding.opening.commands.periods import NextStep, begin_decryption
from bidding.opening.commands.prices import SchedulePrices, open_prices, schedule_prices
from evaluation.reports.commands import RecordRefusal, record_refusal
from evaluation.scoring.commands.pricing import take_prices
from evaluation.scoring.commands.reviewing import Competition, vote_competition
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.desk_world import Desk, found_desk
from tests.opening_world import PRICES, Hall, background, found_hall
from tests.waiting import eventually

FIELDS = [{"key": "price", "label": "投标总价", "kind": "money", "required": True, "priced": True},
          {"key": "days", "label": "工期", "kind": "days", "required": True, "priced": False}]


@dataclass
class TwoEnvelopes:
    """The desk of a lot of two envelopes, opened once."""

    desk: Desk

    @property
    def hall(self) -> Hall:
        return self.desk.hall

    async def judge(self, against: Mapping[tuple[int, str], str]) -> dict[str, Any]:
        """The technical part as far as its result; who is voted against fails."""
        await self.desk.review_all(against)
        if (await self.desk.row()).step == "competition":
            await self.find_competition()
        row = await self.desk.row()
        valid = [bid for bid in row.bids if not (row.rejections or {})[bid["bid"]]]
        await self.desk.score_all(*[["25.00"] * len(valid)] * len(self.desk.members))
        found: dict[str, Any] = (await self.desk.row()).technical or {}
        return found

    async def find_competition(self) -> str:
        """Every member finds that there is competition enough; answers the step."""
        for member in self.desk.members:
            step = await vote_competition(self.desk.lot_id, Competition(False, "竞争充分"), self.desk.actor(member),
                                          self.desk.work())
        return step

    async def sign(self, refuser: int | None = None) -> UUID:
        """All members but one who refuses, by place from 1, sign the technical result; it fixes who passed."""
        if refuser is not None:
            refusal = RecordRefusal((await self.desk.sitting())[refuser - 1].alias, "当场拒绝签字，也不写明理由")
            await record_refusal(self.desk.lot_id, refusal, self.hall.host.actor, self.desk.work())
        paper = await self.desk.lay_out("technical")
        for place in range(1, len(self.desk.members) + 1):
            if place != refuser:
                await self.desk.sign(paper, place)
        return paper

    async def schedule(self, minutes: int = 61, by: Person | None = None) -> None:
        """The tenderee, or who is named, sets the second hour."""
        hour, person = process_now() + timedelta(minutes=minutes), by or self.hall.world.tenderee
        await schedule_prices(self.desk.lot_id, SchedulePrices(hour), person.actor, self.desk.work())

    async def schedule_soon(self) -> None:
        """The document asks for no notice, by hand, and the tenderee sets a moment that is near."""
        await self.hall.change_lot(price_notice_minutes=0)
        command = SchedulePrices(process_now() + timedelta(seconds=4))
        await schedule_prices(self.desk.lot_id, command, self.hall.world.tenderee.actor, self.desk.work())

    async def open(self) -> None:
        """Waits for the second hour, at which its opening begins."""
        await eventually(self.open_now)

    async def open_now(self) -> bool:
        """Tries to begin the second opening."""
        return await open_prices(self.desk.lot_id, self.desk.work(), self.hall.keys)

    async def begin(self) -> None:
        """The host opens the second decryption window."""
        await begin_decryption(self.desk.lot_id, NextStep("frozen"), self.hall.host.actor, self.desk.work())

    async def finish(self, bidders: list[Any]) -> list[dict[str, Any]]:
        """Custodians and these bidders release; prices are announced, the record signed and published."""
        await self.hall.release_all(bidders)
        rows = await self.hall.announce()
        await self.hall.conclude(rows)
        await self.hall.publish()
        while await self.hall.worker.check():
            pass
        return rows

    async def take(self) -> str:
        """The leader takes the prices; answers the step."""
        return await take_prices(self.desk.lot_id, self.desk.actor(self.desk.leader), self.desk.work())


@asynccontextmanager
async def found_two_envelopes(sessions: Sessions, settings: Settings, store: ObjectStore,
                              suite: int = 1) -> AsyncIterator[TwoEnvelopes]:
    """Three bids of two envelopes, the technical ones opened, the committee at its desk."""
    hall = await found_hall(sessions, settings, store, suite=suite)
    await hall.change_lot(two_envelopes=True, announced_fields=FIELDS)
    async with background(hall):
        for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
            await hall.submit(bidder, price)
        yield TwoEnvelopes(await found_desk(hall))
