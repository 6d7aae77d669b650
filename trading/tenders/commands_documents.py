"""The tender document: chapters by template, filled in, laid out (A-59 to A-61, A-69)."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from storage.database.settings import Settings
from storage.database.work import Work
from storage.documents.render import render
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, Refused
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from trading.tenders import queries
from trading.tenders.document_paper import TEMPLATE_FILE, paper_data
from trading.tenders.document_text import FIELDS, TEMPLATE, document_digest
from trading.tenders.forms import DocumentDraft
from trading.tenders.model import DocumentStatus, Stage
from trading.tenders.permissions import Right, insiders, permit
from trading.tenders.surroundings import Surroundings, digest_now, document_data, file_digests, look_around
from trading.tenders.tables import Lot, TenderDocument


def note(uow: Work, action: str, actor: Actor, lot: Lot, held: TenderDocument, **facts: object) -> None:
    """Records an act on a document that is not issued yet."""
    uow.record(action, actor, stream=f"lot:{lot.id}", subject=f"document:{held.id}", audience=insiders(lot), payload={
        "lot": lot.code, "number": held.number, "facts_sha256": held.facts_sha256, "sha256": held.sha256,
        "by": actor.id, **facts})


async def lock_document(uow: Work, lot_id: UUID) -> tuple[Lot, TenderDocument]:
    """The lot FOR SHARE, for bids go on meanwhile, and its document being written FOR UPDATE; raises ``Refused``."""
    lot = await queries.share_lot(uow, lot_id)
    query = (select(TenderDocument).where(TenderDocument.lot_id == lot_id, TenderDocument.issued_at.is_(None))
             .with_for_update().execution_options(populate_existing=True))
    held = (await uow.session.scalars(query)).one_or_none()
    if held is None:
        raise Refused("没有正在编制的招标文件")
    return lot, held


def reopen(held: TenderDocument) -> None:
    """Back to a draft: what was laid out or signed no longer counts."""
    held.status, held.facts_sha256, held.pdf_key, held.pdf_sha256 = DocumentStatus.DRAFT, None, None, None
    held.signing, held.signed_pdf_key, held.sha256, held.size = {}, None, None, None
    held.signed_by = held.signed_certificate = held.signed_at = None


async def write_document(lot_id: UUID, draft: DocumentDraft, actor: Actor, uow: Work) -> TenderDocument:
    """Fills in the fields of the chapters; the first call generates the chapters from the template (A-59)."""
    unknown = sorted(set(draft.fields) - set(FIELDS))
    if unknown:
        raise Invalid(f"模板没有这些栏目：{'、'.join(unknown)}", field="fields")
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        held = await queries.newest_document(uow.session, lot_id)
        if held is None:
            if lot.stage != Stage.PLANNED:
                raise Refused("标段提交后、发布前方可编制招标文件", stage=lot.stage)
            held = TenderDocument(id=new_id(), lot_id=lot.id, number=1, template=TEMPLATE, clarifications=[],
                                  created_at=await uow.now())
            uow.session.add(held)
        elif held.issued_at is not None:
            raise Refused("招标文件已发出，只能发布澄清与修改")
        reopen(held)
        held.fields = dict(draft.fields)
        note(uow, "document.written", actor, lot, held)
        await uow.commit()
        return held


def _lay_out(around: Surroundings, settings: Settings, now: datetime) -> bytes:
    files = [(each.name, each.kind, each.size, each.sha256) for each in around.files]
    data = paper_data(document_data(around, settings), files, demo=settings.demo)
    return render(TEMPLATE_FILE, data, created_at=now, qr=f"{settings.public_origin}/lots/{around.lot.id}")


async def render_document(lot_id: UUID, actor: Actor, uow: Work, store: ObjectStore,
                          settings: Settings) -> TenderDocument:
    """Lays the document out from today's data. The object is stored before the row that names it."""
    async with uow:
        lot = await queries.lot(uow.session, lot_id)
        permit(actor, Right.MANAGE, lot)
        around, now = await look_around(uow.session, lot), await uow.now()
        if around.document is None:
            raise Refused("没有正在编制的招标文件")
        pdf = await asyncio.to_thread(_lay_out, around, settings, now)
        drawn_from = document_digest(document_data(around, settings), file_digests(around))
    key = f"documents/{lot_id}/{new_id()}.pdf"
    await store.put(key, pdf, "application/pdf")
    async with uow:
        lot, held = await lock_document(uow, lot_id)
        if digest_now(await look_around(uow.session, lot), settings) != drawn_from:
            raise Conflict("生成期间资料已变化，请重新生成")
        reopen(held)
        held.status, held.pdf_key, held.facts_sha256 = DocumentStatus.RENDERED, key, drawn_from
        note(uow, "document.rendered", actor, lot, held)
        await uow.commit()
        return held
