"""The second opening of two envelopes: who passed is fixed, its hour is set, and at the hour it begins (R-318)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import select

from bidding.bids.model import PRICE, kinds_in
from bidding.bids.tables import Envelope
from bidding.opening.commands.closing import begin_session, note_notice
from bidding.opening.commands.periods import begin_window
from bidding.opening.holding import bids_of, enter_hall, opening_of
from bidding.opening.model import BidState, HallAct, HallStep
from bidding.opening.sealed_set import FrozenBid, set_sha256
from bidding.opening.steps import admit
from bidding.opening.tables import OpenedBid, Opening, PriceOpening
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import CLOCK, Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import NotAllowed, Refused
from storage.kernel.identifiers import new_id
from storage.timers.commands import schedule
from trading.tenders.announcing import announce
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, NoticeKind, Stage
from trading.tenders.permissions import manages
from trading.tenders.queries import lock_lot
from trading.tenders.tables import Lot

OPEN_PRICES = "lot.open_prices"


class SchedulePrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hour of the second opening."""

    opens_at: Annotated[datetime, msgspec.Meta(tz=True)]


async def fix_passers(uow: Work, lot: Lot, passed: Collection[str], *, result_sha256: str, paper_sha256: str,
                      now: datetime) -> None:
    """Who passed, once for all; follows from the last signature under the result, inside its unit of work."""
    if await uow.session.get(PriceOpening, lot.id) is not None:
        raise Refused("技术商务评审结果已经签署，不能改变")
    uow.session.add(PriceOpening(lot_id=lot.id, passed=sorted(passed), result_sha256=result_sha256,
                                 paper_sha256=paper_sha256, fixed_at=now))
    uow.record("prices.passers_fixed", CLOCK, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", payload={
        "passed": sorted(passed), "result_sha256": result_sha256, "paper_sha256": paper_sha256})


async def schedule_prices(lot_id: UUID, command: SchedulePrices, actor: Actor, uow: Work) -> datetime:
    """Tenderee or agency sets the hour, publicly; another hour may be set as long as it is told of in time."""
    async with uow:
        lot = await lock_lot(uow, lot_id)
        if not manages(actor, lot):
            raise NotAllowed("只有招标人或其代理机构可以确定第二次开标时间")
        hall = await enter_hall(uow, lot_id, actor)
        hour = command.opens_at.replace(microsecond=0)
        admit(HallAct.SCHEDULE_PRICES, replace(hall.facts, price_hour=hour))
        plan = await uow.session.get_one(PriceOpening, lot_id, with_for_update=True)
        plan.scheduled_at, plan.scheduled_by, lot.price_opens_at = hall.now, actor.name, hour
        await schedule(uow.session, hall.stream, OPEN_PRICES, hour)
        uow.record("prices.scheduled", actor, stream=hall.stream, subject=hall.stream, payload={
            "code": lot.code, "opens_at": to_wire(hour), "by": actor.name})
        body = (f"{lot.title}（{lot.code}）第一信封（技术商务）评审已结束，评审结果已由评标委员会全体成员签署。"
                f"第二次开标（报价）定于 {shanghai(hour):%Y-%m-%d %H:%M:%S} 在本平台开标大厅进行，"
                f"只开启通过评审的投标人的第二信封。")
        await announce(uow, lot, NoticeKind.PRICE_OPENING, f"{lot.title}第二次开标（报价）公告", body, actor)
        await uow.commit()
        return hour


async def open_prices(lot_id: UUID, uow: Work, keys: PlatformKeys) -> bool:
    """At the second hour: the set of those who passed freezes again, under a session key of its own.

    Answers whether it did; a lot not due, suspended or opened already is left as it is.
    """
    async with uow:
        lot = await lock_lot(uow, lot_id)
        now = await uow.now()
        if lot.stage != Stage.EVALUATING or lot.suspended or lot.price_opens_at is None or now < lot.price_opens_at:
            return False
        plan = await uow.session.get_one(PriceOpening, lot_id)
        first = await uow.session.get_one(Opening, lot_id)
        if await opening_of(uow.session, lot_id, PRICE) is not None:
            return False
        lot.stage = advance(lot.stage, Act.OPEN_PRICES, Passage(
            now=now, price_opens_at=lot.price_opens_at, suspended=lot.suspended))
        await _open(uow, lot, first, plan, now, keys)
        await uow.commit()
        return True


async def _open(uow: Work, lot: Lot, first: Opening, plan: PriceOpening, now: datetime, keys: PlatformKeys) -> None:
    passed = [bid for bid in await bids_of(uow.session, first.id) if str(bid.bid_id) in plan.passed]
    frozen = await _frozen(uow, passed)
    opening = Opening(id=new_id(), lot_id=lot.id, envelope=PRICE, step=HallStep.FROZEN, step_at=now,
                      step_by=CLOCK.name, opened_at=now, set_sha256=set_sha256(frozen), count=len(frozen),
                      host_id=first.host_id, recorder_id=first.recorder_id, is_unattended=first.is_unattended)
    uow.session.add(opening)
    await begin_session(uow, lot, opening, frozen, keys, result_sha256=plan.result_sha256)
    uow.session.add_all(_row(bid, opening) for bid in passed)
    stream = f"lot:{lot.id}"
    uow.record("prices.frozen", CLOCK, stream=stream, subject=stream, payload={
        "code": lot.code, "set_sha256": opening.set_sha256, "count": len(frozen), "opened_at": to_wire(now),
        "result_sha256": plan.result_sha256, "bids": [each.to_json() for each in frozen]})
    note_notice(uow, opening)
    if opening.is_unattended:
        await begin_window(uow, lot, opening, CLOCK)


async def _frozen(uow: Work, passed: Collection[OpenedBid]) -> list[FrozenBid]:
    """The price envelopes of those who passed, and nothing else of anyone."""
    rows = await uow.session.scalars(select(Envelope).where(
        Envelope.bid_version_id.in_([bid.bid_version_id for bid in passed]), Envelope.kind.in_(kinds_in(PRICE))))
    sealed: dict[UUID, list[Envelope]] = {}
    for row in rows:
        sealed.setdefault(row.bid_version_id, []).append(row)
    return [FrozenBid(str(bid.bid_id), bid.number, bid.certificate,
                      {each.kind: each.header_sha256 for each in sealed[bid.bid_version_id]},
                      {each.kind: str(each.manifest_sha256) for each in sealed[bid.bid_version_id]}) for bid in passed]


def _row(bid: OpenedBid, opening: Opening) -> OpenedBid:
    return OpenedBid(
        id=new_id(), bid_id=bid.bid_id, opening_id=opening.id, lot_id=bid.lot_id, bid_version_id=bid.bid_version_id,
        place=bid.place, number=bid.number, party_id=bid.party_id, bidder_name=bid.bidder_name,
        bidder_uscc=bid.bidder_uscc, certificate=bid.certificate, submitted_at=bid.submitted_at,
        receipt_number=bid.receipt_number, sealed_act=bid.sealed_act, state=BidState.SEALED,
        certificate_flags={name: told for name, told in bid.certificate_flags.items() if name == "submitted"})
