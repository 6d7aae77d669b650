"""What the host does beside the decryption window: plan, hand over, announce, objections, conclude."""

from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from bidding.opening.commands.coefficients import draw_coefficients
from bidding.opening.commands.periods import NextStep, Reason
from bidding.opening.holding import Hall, bids_of, enter_hall, fields_of, hold_bids
from bidding.opening.model import HallAct
from bidding.opening.permissions import require_host, staff_roles
from bidding.opening.statements import AnnouncedBid, announced_rows, rows_sha256
from bidding.opening.steps import admit
from bidding.opening.tables import HallPlan, OpenedBid, OpeningObjection, RecordTemplate
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid, NotAllowed, NotFound, Refused
from trading.parties.queries import party
from trading.tenders.kinds import hall_minutes
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION, deadline_has_passed
from trading.tenders.queries import lock_lot

Text = Annotated[str, msgspec.Meta(min_length=2, max_length=4000)]


class SetPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a hall is run (R-516): by itself as far as it can, and with which form of record."""

    is_unattended: bool
    template_id: UUID | None = None


class HandOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hall changes hands: ``to`` becomes host; R-515."""

    to: UUID
    reason: Reason
    recorder: UUID | None = None


class Speech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objection or its answer."""

    text: Text


async def set_plan(lot_id: UUID, command: SetPlan, actor: Actor, uow: Work) -> None:
    """Before T, by the host or other centre staff."""
    async with uow:
        lot = await lock_lot(uow, lot_id)
        if not staff_roles(actor, lot, None) & {"host", "centre"}:
            raise NotAllowed("只有主持人或交易中心可以设置开标大厅")
        if lot.stage not in BEFORE_DEADLINE | BEFORE_PUBLICATION or deadline_has_passed(lot, await uow.now()):
            raise Refused("已到开标时间，不能再改设置")
        if command.template_id and await uow.session.get(RecordTemplate, command.template_id) is None:
            raise NotFound("没有这个开标记录模板")
        plan = await uow.session.get(HallPlan, lot_id)
        if plan is None:
            plan = HallPlan(lot_id=lot_id)
            uow.session.add(plan)
        plan.is_unattended, plan.template_id = command.is_unattended, command.template_id
        uow.record("hall.plan_set", actor, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}", payload={
            "is_unattended": command.is_unattended, "template": str(command.template_id or "")})
        await uow.commit()


async def hand_over(lot_id: UUID, command: HandOver, actor: Actor, uow: Work) -> None:
    """The host names its deputy; when the host is away another of the centre takes over itself (R-515)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        opening = hall.opening
        is_taking = "centre" in hall.seat.roles and actor.is_party(command.to)
        if "host" not in hall.seat.roles and not is_taking:
            raise NotAllowed("只有主持人可以移交；主持人不在时由交易中心人员自行接管")
        admit(HallAct.HAND_OVER, hall.facts)
        recorder = command.recorder or (opening.host_id if command.to == opening.recorder_id else opening.recorder_id)
        if recorder == command.to:
            raise Invalid("主持人与记录人须为两人", field="recorder")
        names = {}
        for each in {command.to, recorder} - {None}:
            found = await party(uow.session, each) if each else None
            if found is None or "centre" not in found.staff_roles + found.roles:
                raise Invalid("接任者须为交易中心人员", field="to")
            names[each] = found.name
        before = await party(uow.session, opening.host_id) if opening.host_id else None
        opening.host_id, opening.recorder_id = command.to, recorder
        uow.record("opening.handed_over", actor, stream=hall.stream, subject=hall.stream, payload={
            "from": before.name if before else "", "to": names[command.to], "recorder": names.get(recorder, ""),
            "reason": command.reason, "by": actor.name})
        await uow.commit()


async def announce(lot_id: UUID, command: NextStep, actor: Actor, uow: Work, keys: PlatformKeys) -> None:
    """All prices at once: figure, words, deviation from the limit, by order of submission (R-143, R-508)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        hall.expect(command.expected)
        await hold_bids(uow, hall.opening.id)
        await announce_prices(uow, hall, actor, keys)
        await uow.commit()


async def announce_prices(uow: Work, hall: Hall, actor: Actor, keys: PlatformKeys) -> None:
    """The act itself, inside an entered unit of work: coefficients are drawn first, then all prices shown (R-507)."""
    hall.move(HallAct.ANNOUNCE, actor)
    await draw_coefficients(uow, hall, actor, keys)
    lot, bids = hall.lot, await bids_of(uow.session, hall.opening.id)
    rows = announced_rows([_announced(bid) for bid in bids], fields_of(lot, hall.opening.envelope), lot.price_limit)
    hall.opening.announced, hall.opening.announced_at = list(rows), hall.now
    limit = f"{lot.price_limit:.2f}" if lot.price_limit is not None else None
    uow.record("opening.announced", actor, stream=hall.stream, subject=hall.stream, payload={
        "limit": limit, "rows": rows, "rows_sha256": rows_sha256(rows), "by": actor.name})


def _announced(bid: OpenedBid) -> AnnouncedBid:
    return AnnouncedBid(
        place=bid.place, bid=str(bid.bid_id), version=bid.number, name=bid.bidder_name, uscc=bid.bidder_uscc,
        submitted_at=to_wire(bid.submitted_at), state=bid.state, cause=bid.cause, values=bid.statement)


async def open_objections(lot_id: UUID, command: NextStep, actor: Actor, uow: Work) -> None:
    """Objections are heard for at least the minutes the lot names (R-509)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        hall.expect(command.expected)
        await hear_objections(uow, hall, actor)
        await uow.commit()


async def hear_objections(uow: Work, hall: Hall, actor: Actor) -> None:
    """The act itself, inside an entered unit of work."""
    hall.move(HallAct.OPEN_OBJECTIONS, actor)
    until = hall.now + hall_minutes(hall.lot.trade_kind, hall.lot.objection_minutes)
    hall.opening.objections_until = until
    uow.record("opening.objections_opened", actor, stream=hall.stream, subject=hall.stream,
               payload={"until": to_wire(until), "by": actor.name})


async def close_objections(lot_id: UUID, command: NextStep, actor: Actor, uow: Work) -> None:
    """Every objection answered, the minimum time run: bidders are asked to confirm (R-109, R-510)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        hall.expect(command.expected)
        await ask_confirmations(uow, hall, actor)
        await uow.commit()


async def ask_confirmations(uow: Work, hall: Hall, actor: Actor) -> None:
    """The act itself, inside an entered unit of work."""
    hall.move(HallAct.CLOSE_OBJECTIONS, actor)
    until = hall.now + hall_minutes(hall.lot.trade_kind, hall.lot.objection_minutes)
    hall.opening.confirmations_until = until
    uow.record("opening.objections_closed", actor, stream=hall.stream, subject=hall.stream,
               payload={"confirmations_until": to_wire(until), "by": actor.name})


async def raise_objection(lot_id: UUID, command: Speech, actor: Actor, uow: Work) -> UUID:
    """A bidder objects on the spot; it goes on the record (R-109)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        hall.seat.require("bidder", "只有本标段的投标人可以对开标提出异议")
        admit(HallAct.OBJECT, hall.facts)
        count = select(func.count()).select_from(OpeningObjection).where(
            OpeningObjection.opening_id == hall.opening.id, OpeningObjection.party_id == actor.party_id)
        if (await uow.session.execute(count)).scalar_one() >= 20:
            raise Refused("每家投标人的异议不超过 20 条")
        row = OpeningObjection(opening_id=hall.opening.id, party_id=actor.party_id, name=actor.name,
                               text=command.text, at=hall.now)
        uow.session.add(row)
        await uow.session.flush()
        uow.record("objection.raised", actor, stream=hall.stream, subject=hall.stream,
                   payload={"id": str(row.id), "name": actor.name, "text": command.text})
        await uow.commit()
        return row.id


async def answer_objection(lot_id: UUID, objection_id: UUID, command: Speech, actor: Actor, uow: Work) -> None:
    """The host answers on the spot; an answer is given once (R-109)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        admit(HallAct.ANSWER, hall.facts)
        row = await uow.session.get(OpeningObjection, objection_id, with_for_update=True)
        if row is None or row.opening_id != hall.opening.id:
            raise NotFound("没有这条异议")
        if row.answered_at is not None:
            raise Refused("该异议已答复")
        row.answer, row.answered_by, row.answered_at = command.text, actor.name, hall.now
        uow.record("objection.answered", actor, stream=hall.stream, subject=hall.stream,
                   payload={"id": str(row.id), "text": command.text, "by": actor.name})
        await uow.commit()


