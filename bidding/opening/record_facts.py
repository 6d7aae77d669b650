"""Gathers what the opening record tells from the rows of the hall."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.holding import Hall, bids_of, periods_of
from bidding.opening.record import RecordFacts, RecordForm
from bidding.opening.tables import (
    CustodianRelease,
    HallPlan,
    OpenedBid,
    OpeningObjection,
    PriceConfirmation,
    RecordTemplate,
    SignIn,
)
from storage.crypto.canonical import Json, to_base64
from storage.database.settings import Settings
from storage.kernel.clock import to_wire
from trading.parties.queries import party
from trading.tenders.tables import Lot


async def gather_record(session: AsyncSession, hall: Hall, settings: Settings) -> RecordFacts:
    """The record's facts at this moment."""
    lot, opening = hall.lot, hall.opening
    names = {"tenderee": lot.tenderee_id, "agency": lot.agency_id, "host": opening.host_id,
             "recorder": opening.recorder_id}
    known = {role: (await party(session, each)).name if each else "" for role, each in names.items()}
    times: dict[str, Json] = {"opens_at": to_wire(hall.facts.deadline_at), "opened_at": to_wire(opening.opened_at),
                              "announced_at": to_wire(opening.announced_at or hall.now),
                              "concluded_at": to_wire(hall.now)}
    return RecordFacts(
        platform={"id": settings.platform_id, "name": settings.platform_name, "origin": settings.public_origin},
        lot={"id": str(lot.id), "code": lot.code, "title": lot.title, "round": lot.round, "rehearsal": lot.rehearsal,
             "place": lot.opening_place, "tenderee": known["tenderee"], "agency": known["agency"]},
        times=times, set_sha256=opening.set_sha256, staff={"host": known["host"], "recorder": known["recorder"]},
        custodians=await _custodians(session, lot), periods=[
            {"number": each.number, "opens_at": to_wire(each.opens_at), "closes_at": to_wire(each.closes_at),
             "reason": each.reason, "by": each.set_by} for each in await periods_of(session, lot.id)],
        limit=f"{lot.price_limit:.2f}" if lot.price_limit is not None else None,
        rows=await _rows(session, opening.announced or [], await bids_of(session, lot.id)),
        objections=await _objections(session, lot.id), sign_ins=await _sign_ins(session, lot.id),
        form=await record_form(session, lot.id))


async def record_form(session: AsyncSession, lot_id: UUID) -> RecordForm:
    """The form the hall's plan names, else the built-in one."""
    query = select(RecordTemplate).join(HallPlan, HallPlan.template_id == RecordTemplate.id).where(
        HallPlan.lot_id == lot_id)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        return RecordForm()
    return RecordForm(found.title, found.discipline, tuple(found.columns), found.closing)


async def _custodians(session: AsyncSession, lot: Lot) -> list[Mapping[str, Json]]:
    rows = await session.scalars(select(CustodianRelease).where(CustodianRelease.lot_id == lot.id))
    released = {row.index: to_wire(row.at) for row in rows}
    return [{"index": int(each["index"]), "name": str(each["name"]), "role": str(each["role"]),
             "released_at": released.get(int(each["index"]))} for each in lot.custodians]


async def _rows(session: AsyncSession, announced: Sequence[Mapping[str, Json]],
                bids: Sequence[OpenedBid]) -> list[Mapping[str, Json]]:
    found = await session.scalars(select(PriceConfirmation).where(
        PriceConfirmation.bid_id.in_([bid.bid_id for bid in bids])))
    confirmed: dict[str, dict[str, Json]] = {
        str(each.bid_id): {"at": to_wire(each.at), "certificate": each.certificate,
                           "signature": to_base64(each.signature)} for each in found}
    opened = {str(bid.bid_id): to_wire(bid.decrypted_at) if bid.decrypted_at else None for bid in bids}
    return [{**row, "decrypted_at": opened[str(row["bid"])], "confirmation": confirmed.get(str(row["bid"]))}
            for row in announced]


async def _objections(session: AsyncSession, lot_id: UUID) -> list[Mapping[str, Json]]:
    rows = await session.scalars(
        select(OpeningObjection).where(OpeningObjection.lot_id == lot_id).order_by(OpeningObjection.at))
    return [{"name": row.name, "text": row.text, "at": to_wire(row.at), "answer": row.answer,
             "answered_by": row.answered_by, "answered_at": to_wire(row.answered_at) if row.answered_at else None}
            for row in rows]


async def _sign_ins(session: AsyncSession, lot_id: UUID) -> list[Mapping[str, Json]]:
    rows = await session.scalars(select(SignIn).where(SignIn.lot_id == lot_id).order_by(SignIn.at))
    return [{"name": row.name, "at": to_wire(row.at)} for row in rows]
