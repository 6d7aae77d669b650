"""Handing the document out: to any verified party, at once, recorded, and unseen until the deadline (R-122, R-123)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn, Refused
from storage.kernel.identifiers import new_id, receipt_number
from trading.parties.tables import Party
from trading.tenders import queries
from trading.tenders.disclosure import Subject, is_public, is_sealed, shows
from trading.tenders.model import documents_are_on_offer
from trading.tenders.permissions import Right, may, viewers
from trading.tenders.tables import DocumentFile, Download, Lot, TenderDocument


@dataclass(frozen=True)
class Handed:
    """What may be streamed now; ``receipt`` is None for owners and staff, whose reading is no download."""

    lot: Lot
    document: TenderDocument
    files: Sequence[DocumentFile]
    receipt: str | None


async def _own(session: AsyncSession, lot_id: UUID, party_id: UUID) -> Sequence[Download]:
    query = select(Download).where(Download.lot_id == lot_id, Download.party_id == party_id).order_by(Download.at)
    return (await session.scalars(query)).all()


async def _issued(uow: Work, lot: Lot) -> TenderDocument:
    found = await queries.issued_document(uow.session, lot.id)
    now = await uow.now()
    if found is None or found.issued_at is None or now < found.issued_at:
        raise Refused("招标文件尚未到发售起始时间", documents_from=lot.documents_from)
    return found


async def hand_out(lot_id: UUID, actor: Actor, uow: Work, *, keep: bool = True) -> Handed:
    """Records the download before a byte goes out, as a sealed act; ``keep`` False only asks whether one may.

    Any verified party may, with no other gate (R-123): while the document is on offer for the first time, and for
    as long as it likes once it has it.
    """
    async with uow:
        lot = await queries.share_lot(uow, lot_id)
        if not is_public(lot) and not may(actor, Right.READ_DRAFT, lot):
            raise NotFound("没有这个标段")
        if actor.party_id is None:
            raise NotSignedIn("下载招标文件须先用数字证书登录")
        files = await queries.files_of(uow.session, lot_id)
        if may(actor, Right.READ_DRAFT, lot):
            return Handed(lot, await _issued(uow, lot), files, None)
        if not actor.roles:
            raise NotAllowed("您的单位尚未通过验证，或已被暂停业务")
        document = await _issued(uow, lot)
        if not documents_are_on_offer(lot, await uow.now()) and not await _own(uow.session, lot_id, actor.party_id):
            raise Refused("招标文件发售期已满", documents_until=lot.documents_until)
        if not keep:
            return Handed(lot, document, files, None)
        receipt = await _record(uow, lot, document, actor, actor.party_id)
        await uow.commit()
        return Handed(lot, document, files, receipt)


async def _record(uow: Work, lot: Lot, document: TenderDocument, actor: Actor, party_id: UUID) -> str:
    made = Download(id=new_id(), lot_id=lot.id, party_id=party_id, document_number=document.number,
                    at=await uow.now(), receipt=f"XZ{receipt_number()[2:]}")
    uow.session.add(made)
    owners = {f"party:{each}" for each in (lot.tenderee_id, lot.agency_id) if each}
    uow.record("document.downloaded", actor, stream=f"lot:{lot.id}", subject=f"download:{made.id}",
               sealed=is_sealed(Subject.DOWNLOADS), audience=("supervisor", actor.id, *owners),
               payload={"lot": lot.code, "number": document.number, "sha256": document.sha256,
                        "receipt": made.receipt, "by": actor.id, "address": actor.address})
    return made.receipt


async def own_downloads(session: AsyncSession, lot_id: UUID, actor: Actor) -> Sequence[Download]:
    """One's own downloads of a lot, at any time."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    return await _own(session, lot_id, actor.party_id)


async def all_downloads(session: AsyncSession, lot_id: UUID, actor: Actor) -> Sequence[tuple[Download, Party]]:
    """Who fetched the document, for the tenderee, the agency and the supervisors: after the deadline alone (A-68)."""
    lot = await queries.lot(session, lot_id)
    if not (may(actor, Right.MANAGE, lot) or actor.has("supervisor")):
        raise NotAllowed("您没有权限查看下载记录")
    if not shows(Subject.DOWNLOADS, lot, await queries.now_of(session), viewers(actor, lot)):
        raise Refused("投标截止前，任何人不得查看下载记录（R-122）", deadline_at=lot.deadline_at)
    query = (select(Download, Party).join(Party, Party.id == Download.party_id)
             .where(Download.lot_id == lot_id).order_by(Download.at, Download.id))
    return [(download, party) for download, party in await session.execute(query)]
