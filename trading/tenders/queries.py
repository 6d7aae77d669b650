"""Reads of projects, lots and the calendar; other rooms use these."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.calendar import Calendar
from storage.kernel.errors import NotFound
from trading.tenders.content import Structure
from trading.tenders.model import BEFORE_DEADLINE, ENDED, Stage
from trading.tenders.tables import CalendarDay, DocumentFile, Lot, Notice, Project, TenderDocument, TenderProject

_NO_LOT = "没有这个标段"


async def lot(session: AsyncSession, lot_id: UUID) -> Lot:
    """The lot; raises ``NotFound``. Public callers must ask whether it is published."""
    found = await session.get(Lot, lot_id)
    if found is None:
        raise NotFound(_NO_LOT)
    return found


async def _locked(uow: Work, lot_id: UUID, *, share: bool) -> Lot:
    query = select(Lot).where(Lot.id == lot_id).with_for_update(read=share).execution_options(populate_existing=True)
    found = (await uow.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(_NO_LOT)
    return found


async def lock_lot(uow: Work, lot_id: UUID) -> Lot:
    """The lot FOR UPDATE: for acts that move it. Read the clock after this."""
    return await _locked(uow, lot_id, share=False)


async def share_lot(uow: Work, lot_id: UUID) -> Lot:
    """The lot FOR SHARE: for acts that need it to stand still, side by side. Read the clock after this."""
    return await _locked(uow, lot_id, share=True)


async def lots_open_for_bids(session: AsyncSession) -> bool:
    """True while some lot is between its issue and its deadline, by the database clock: public knowledge."""
    now = func.clock_timestamp()
    query = select(exists().where(Lot.stage.in_(sorted(BEFORE_DEADLINE)), Lot.documents_from <= now,
                                  Lot.deadline_at > now))
    return bool((await session.execute(query)).scalar_one())


async def lots_in_opening(session: AsyncSession, lot_ids: Collection[UUID]) -> set[UUID]:
    """Those of the lots whose hall is open now, for bids or, of two envelopes, for prices."""
    query = select(Lot.id).where(Lot.id.in_(lot_ids), Lot.stage.in_((Stage.OPENING, Stage.PRICE_OPENING)))
    return set(await session.scalars(query))


async def ties(session: AsyncSession, party_id: UUID) -> list[str]:
    """How a party is tied to lots under way: ``owner`` (tenderee or agency), ``custodian``; their papers say so."""
    running = select(Lot.tenderee_id, Lot.agency_id, Lot.custodians).where(
        Lot.stage.not_in(sorted(ENDED)),
        or_(Lot.tenderee_id == party_id, Lot.agency_id == party_id,
            Lot.custodians.contains([{"party_id": str(party_id)}])))
    found = set()
    for tenderee, agency, custodians in await session.execute(running):
        found |= {"owner"} if party_id in {tenderee, agency} else set()
        found |= {"custodian"} if any(str(each["party_id"]) == str(party_id) for each in custodians) else set()
    return sorted(found)


async def tender_code(session: AsyncSession, held: Lot) -> str:
    """The code of the lot's tender project: ``ctx.tender`` of every envelope (sealing.md §1)."""
    query = select(TenderProject.code).where(TenderProject.id == held.tender_project_id)
    return (await session.execute(query)).scalar_one()


def structure_of(held: Lot) -> Structure:
    """The lot's structured part as one value."""
    return msgspec.convert({
        "announced_fields": held.announced_fields, "custodians": held.custodians, "k": held.k, "suite": held.suite,
        "bid_parts": held.bid_parts, "review_items": held.review_items, "scoring_items": held.scoring_items,
        "price_formula": held.price_formula or None, "remedy": held.remedy, "deposit_forms": held.deposit_forms,
        "award": held.award, "two_envelopes": held.two_envelopes,
        "price_notice_minutes": held.price_notice_minutes}, Structure)


async def calendar(session: AsyncSession) -> Calendar:
    """The working calendar as its table stands (R-118)."""
    days = (await session.scalars(select(CalendarDay))).all()
    return Calendar(holidays=frozenset(each.day for each in days if each.kind == "holiday"),
                    workdays=frozenset(each.day for each in days if each.kind == "workday"))


async def calendar_days(session: AsyncSession, year: int) -> Sequence[CalendarDay]:
    """The marked days of a year, in order."""
    query = select(CalendarDay).where(func.extract("year", CalendarDay.day) == year).order_by(CalendarDay.day)
    return (await session.scalars(query)).all()


async def project(session: AsyncSession, project_id: UUID, *, lock: bool = False) -> Project:
    """The project, locked when it is to be changed; raises ``NotFound``."""
    found = await session.get(Project, project_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("没有这个项目")
    return found


async def tender_project(session: AsyncSession, tender_project_id: UUID, *, lock: bool = False) -> TenderProject:
    """The tender project, locked when it is to be changed; raises ``NotFound``."""
    found = await session.get(TenderProject, tender_project_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("没有这个招标项目")
    return found


async def notice(session: AsyncSession, notice_id: UUID) -> Notice:
    """The notice; raises ``NotFound``. Public callers must ask whether it is published."""
    found = await session.get(Notice, notice_id)
    if found is None:
        raise NotFound("没有这份公告")
    return found


async def notices_of(session: AsyncSession, lot_id: UUID) -> Sequence[Notice]:
    """All notices of a lot, the newest first."""
    query = select(Notice).where(Notice.lot_id == lot_id).order_by(Notice.created_at.desc(), Notice.id)
    return (await session.scalars(query)).all()


async def newest_document(session: AsyncSession, lot_id: UUID) -> TenderDocument | None:
    """The document of the highest number, in whatever state."""
    query = select(TenderDocument).where(TenderDocument.lot_id == lot_id).order_by(TenderDocument.number.desc())
    return (await session.scalars(query.limit(1))).first()


async def issued_document(session: AsyncSession, lot_id: UUID) -> TenderDocument | None:
    """The newest document that bidders may have."""
    query = (select(TenderDocument).where(TenderDocument.lot_id == lot_id, TenderDocument.issued_at.is_not(None))
             .order_by(TenderDocument.number.desc()).limit(1))
    return (await session.scalars(query)).first()


async def files_of(session: AsyncSession, lot_id: UUID) -> Sequence[DocumentFile]:
    """The files that belong to the document, in the order they came."""
    query = select(DocumentFile).where(DocumentFile.lot_id == lot_id).order_by(DocumentFile.uploaded_at)
    return (await session.scalars(query)).all()


def signed_documents() -> Select[str | None]:
    """Where the signed tender documents lie."""
    return select(TenderDocument.signed_pdf_key).where(TenderDocument.signed_pdf_key.is_not(None))


async def now_of(session: AsyncSession) -> datetime:
    """The database clock, for reads; commands ask their unit of work."""
    moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return moment
