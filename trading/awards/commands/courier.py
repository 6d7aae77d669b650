"""What the courier's program reports: signed, in any order, any number of times (R-225)."""

import hashlib
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import select

from storage.crypto.callbacks import check_callback
from storage.crypto.platform_keys import PlatformKeys
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import DomainError, Invalid, NotFound
from trading.awards.award_file import AwardFile, load
from trading.awards.commands.delivering import CHANNEL
from trading.awards.commands.lettering import letter_in
from trading.awards.model import further
from trading.awards.service_record import renew_service_record
from trading.awards.tables import AwardLetter, CourierEvent, CourierOrder
from trading.tenders.forms import Moment
from trading.tenders.permissions import insiders
from trading.tenders.queries import lock_lot

COURIER = Actor(id="courier", name="快递")


class CourierReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One callback; ``at`` is when it happened on the road, by the courier's clock."""

    v: Literal[1]
    id: Annotated[str, Meta(min_length=8, max_length=80)]
    kind: Literal["courier.status"]
    order: UUID
    waybill: Annotated[str, Meta(min_length=4, max_length=60)]
    status: Literal["accepted", "collected", "in_transit", "delivering", "signed", "returned"]
    at: Moment
    place: Annotated[str, Meta(max_length=200)] = ""
    signed_by: Annotated[str, Meta(max_length=60)] = ""


async def take_report(header: str, body: bytes, uow: Work, settings: Settings, keys: PlatformKeys) -> CourierReport:
    """Takes one signed callback. The same id and body again: the same answer, no effect; another body: 422."""
    async with uow:
        if not settings.courier_key:
            raise NotFound("没有登记快递合作方")
        check_callback(settings.courier_key, CHANNEL, header, body, await uow.now())
        report, digest = _parse(body), hashlib.sha256(body).hexdigest()
        lot_id, letter_id = await _find(uow, report.order)
        lot = await lock_lot(uow, lot_id)
        if await _is_known(uow, report.id, digest):
            return report
        file = await load(uow.session, lot, COURIER, await uow.now())
        order = await uow.session.get_one(CourierOrder, report.order, populate_existing=True)
        uow.session.add(CourierEvent(id=report.id, order_id=order.id, body_sha256=digest, status=report.status,
                                     at=report.at, place=report.place, received_at=file.now))
        await _apply(uow, file, letter_in(file, letter_id), order, report, keys)
        await uow.commit()
        return report


def _parse(body: bytes) -> CourierReport:
    try:
        return msgspec.json.decode(body, type=CourierReport)
    except msgspec.MsgspecError:
        raise Invalid("快递回调的格式不对", field="body") from None


async def _find(uow: Work, order_id: UUID) -> tuple[UUID, UUID]:
    query = (select(AwardLetter.lot_id, AwardLetter.id).join(CourierOrder, CourierOrder.letter_id == AwardLetter.id)
             .where(CourierOrder.id == order_id))
    found = (await uow.session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("没有这张快递单")
    return found[0], found[1]


async def _is_known(uow: Work, event_id: str, digest: str) -> bool:
    known = (await uow.session.scalars(select(CourierEvent.body_sha256).where(
        CourierEvent.id == event_id))).one_or_none()
    if known is not None and known != digest:
        raise DomainError("同一编号的回调内容不同", status=422)
    return known is not None


async def _apply(uow: Work, file: AwardFile, letter: AwardLetter, order: CourierOrder, report: CourierReport,
                 keys: PlatformKeys) -> None:
    order.status, order.waybill = further(order.status, report.status), report.waybill
    uow.record("courier.reported", COURIER, stream=file.stream, subject=f"award-letter:{letter.id}",
               audience=(*insiders(file.lot), f"party:{letter.party_id}"), payload={
                   "number": letter.number, "order": str(order.id), "event": report.id, "waybill": report.waybill,
                   "status": report.status, "at": to_wire(report.at), "place": report.place})
    if report.status == "signed" and order.signed_at is None:
        order.signed_at, order.signed_by = report.at, report.signed_by
        await renew_service_record(uow, file, letter, order, keys)
