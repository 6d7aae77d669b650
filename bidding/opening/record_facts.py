"""Gathers what the opening record tells from the rows of the hall."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import WHOLE
from bidding.opening.custody import complaints_of
from bidding.opening.damages import damages_of
from bidding.opening.holding import Hall, bids_of, periods_of
from bidding.opening.record import RecordFacts, RecordForm
from bidding.opening.tables import (
    CustodianRelease,
    HallPlan,
    OpenedBid,
    Opening,
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
    bids = await bids_of(session, opening.id)
    return RecordFacts(
        platform={"id": settings.platform_id, "name": settings.platform_name, "origin": settings.public_origin},
        lot={"id": str(lot.id), "code": lot.code, "title": lot.title, "round": lot.round, "rehearsal": lot.rehearsal,
             "place": lot.opening_place, "tenderee": known["tenderee"], "agency": known["agency"],
             **({} if opening.envelope == WHOLE else {"envelope": opening.envelope})},
        times=times, set_sha256=opening.set_sha256, staff={"host": known["host"], "recorder": known["recorder"]},
        custodians=await _custodians(session, lot, opening), periods=[
            {"number": each.number, "opens_at": to_wire(each.opens_at), "closes_at": to_wire(each.closes_at),
             "reason": each.reason, "by": each.set_by} for each in await periods_of(session, opening.id)],
        limit=f"{lot.price_limit:.2f}" if lot.price_limit is not None else None,
        rows=await _rows(session, opening.announced or [], bids), complaints=await _complaints(session, opening, bids),
        certificates=_certificates(bids),
        remedies=await _remedies(session, opening, bids),
        objections=await _objections(session, opening.id), sign_ins=await _sign_ins(session, opening),
        form=await record_form(session, lot.id))


async def record_form(session: AsyncSession, lot_id: UUID) -> RecordForm:
    """The form the hall's plan names, else the built-in one."""
    query = select(RecordTemplate).join(HallPlan, HallPlan.template_id == RecordTemplate.id).where(
        HallPlan.lot_id == lot_id)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        return RecordForm()
    return RecordForm(found.title, found.discipline, tuple(found.columns), found.closing)


async def _custodians(session: AsyncSession, lot: Lot, opening: Opening) -> list[Mapping[str, Json]]:
    rows = await session.scalars(select(CustodianRelease).where(CustodianRelease.opening_id == opening.id))
    released = {row.index: to_wire(row.at) for row in rows}
    return [{"index": int(each["index"]), "name": str(each["name"]), "role": str(each["role"]),
             "released_at": released.get(int(each["index"]))} for each in lot.custodians]


async def _rows(session: AsyncSession, announced: Sequence[Mapping[str, Json]],
                bids: Sequence[OpenedBid]) -> list[Mapping[str, Json]]:
    shown = {bid.id: str(bid.bid_id) for bid in bids}
    found = await session.scalars(select(PriceConfirmation).where(PriceConfirmation.opened_id.in_(shown)))
    confirmed: dict[str, dict[str, Json]] = {
        shown[each.opened_id]: {"at": to_wire(each.at), "certificate": each.certificate,
                           "signature": to_base64(each.signature)} for each in found}
    opened = {str(bid.bid_id): to_wire(bid.decrypted_at) if bid.decrypted_at else None for bid in bids}
    return [{**row, "decrypted_at": opened[str(row["bid"])], "confirmation": confirmed.get(str(row["bid"]))}
            for row in announced]


async def _complaints(session: AsyncSession, opening: Opening,
                      bids: Sequence[OpenedBid]) -> list[Mapping[str, Json]]:
    places = {bid.bid_id: bid.place for bid in bids}
    return [{"place": places[each.bid_id], "bid": str(each.bid_id), "kind": each.kind, "index": each.index,
             "name": each.name, "why": each.why, "at": to_wire(each.at)}
            for each in await complaints_of(session, opening, list(places))]


def _certificates(bids: Sequence[OpenedBid]) -> list[Mapping[str, Json]]:
    """What must be told of certificates, by place: at the submission, and when the bidder released (R-515)."""
    return [{"place": bid.place, "bid": str(bid.bid_id), "name": bid.bidder_name, "at": moment, "flags": list(flags)}
            for bid in bids for moment, flags in sorted(bid.certificate_flags.items(), reverse=True)]


async def _remedies(session: AsyncSession, opening: Opening,
                    bids: Sequence[OpenedBid]) -> list[Mapping[str, Json]]:
    """By ``what``: ``key``, S_B from a backup, code or recipe; ``alone``, S_P from the bidder too; ``restored`` and a
    kind, an object that the platform damaged and its bidder brought again (R-144)."""
    places = {bid.bid_id: bid.place for bid in bids}
    used: list[Mapping[str, Json]] = [
        {"place": bid.place, "bid": str(bid.bid_id), "what": "alone" if bid.opens_alone else "key", "cause": None,
         "at": to_wire(bid.released_at)} for bid in bids if bid.used_remedy and bid.released_at]
    return used + [{"place": places[each.bid_id], "bid": str(each.bid_id), "what": f"restored {each.kind}",
                    "cause": each.cause, "at": to_wire(each.restored_at)}
                   for each in await damages_of(session, opening, list(places)) if each.restored_at]


async def _objections(session: AsyncSession, opening_id: UUID) -> list[Mapping[str, Json]]:
    rows = await session.scalars(
        select(OpeningObjection).where(OpeningObjection.opening_id == opening_id).order_by(OpeningObjection.at))
    return [{"name": row.name, "text": row.text, "at": to_wire(row.at), "answer": row.answer,
             "answered_by": row.answered_by, "answered_at": to_wire(row.answered_at) if row.answered_at else None}
            for row in rows]


async def _sign_ins(session: AsyncSession, opening: Opening) -> list[Mapping[str, Json]]:
    rows = await session.scalars(select(SignIn).where(
        SignIn.lot_id == opening.lot_id, SignIn.envelope == opening.envelope).order_by(SignIn.at))
    return [{"name": row.name, "at": to_wire(row.at)} for row in rows]
