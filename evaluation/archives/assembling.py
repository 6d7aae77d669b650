"""Puts a lot's package together from what every room keeps of it."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE
from bidding.deposits.summary import security_answer, security_of
from bidding.opening.bundle import Shelf, lot_bundle
from bidding.opening.tables import Opening
from evaluation.archives.model import ARCHIVE_KIND, AUDIENCES, ArchivedFile
from evaluation.scoring.archive import evaluation_document
from storage.crypto.canonical import canonical_bytes as canonical
from storage.crypto.canonical import to_base64
from storage.crypto.export_seal import seal_export
from storage.kernel.clock import process_now
from storage.kernel.errors import Refused
from storage.objects.store import ObjectStore
from trading.awards.queries import award_facts_for_archive
from trading.papers.tables import Paper
from trading.tenders.queries import issued_document
from trading.tenders.tables import Lot

_LARGEST = 64 << 20


async def assemble(shelf: Shelf, lot: Lot) -> bytes:
    """The package as JSON bytes; raises ``Refused`` while a part is missing, ``Unavailable`` for a moment.

    Bids stay in the store as the sealed objects they are; the package carries their manifests, and the opened
    statements whole. Addresses of the courier and scores before their reveal are no part of it.
    """
    session = shelf.session
    evaluation = await evaluation_document(session, lot.id)
    award = await award_facts_for_archive(session, lot.id)
    if evaluation is None or award is None:
        raise Refused("评标和定标完成后方可归档", stage=lot.stage)
    files = await _files(session, shelf.store, lot)
    package: dict[str, Any] = {
        "v": 1, "kind": ARCHIVE_KIND, "title": lot.title, "code": lot.code, "rehearsal": lot.rehearsal,
        "opening": await lot_bundle(shelf, lot.id, audiences=AUDIENCES), "evaluation": evaluation, "award": award,
        "security": [{"bid": str(each.bid), **security_answer(each)} for each in await security_of(session, lot.id)],
        "files": [each.to_json(to_base64(each.content)) for each in files]}
    plain = json.loads(json.dumps(package, default=str))
    return canonical(seal_export(plain, shelf.keys.document, process_now()))


async def _files(session: AsyncSession, store: ObjectStore, lot: Lot) -> list[ArchivedFile]:
    """Tender document, opening record, and every paper that was signed to the end."""
    found = []
    document = await issued_document(session, lot.id)
    if document is not None and document.signed_pdf_key is not None:
        found.append(await _file(store, "tender-document", "招标文件", document.signed_pdf_key))
    openings = await session.scalars(select(Opening).where(Opening.lot_id == lot.id).order_by(Opening.opened_at))
    for opening in openings:
        if opening.record_pdf_key is not None:
            is_second = opening.envelope == PRICE
            found.append(await _file(store, "price-opening-record" if is_second else "opening-record",
                                     "第二次开标（报价）记录" if is_second else "开标记录", opening.record_pdf_key))
    for paper in await _papers(session, lot.id):
        found.append(await _file(store, paper.kind, paper.title, paper.pdf_key, str(paper.id)))
    return found


async def _papers(session: AsyncSession, lot_id: UUID) -> list[Paper]:
    query = select(Paper).where(Paper.stream == f"lot:{lot_id}", Paper.completed_at.is_not(None))
    return list(await session.scalars(query.order_by(Paper.completed_at, Paper.id)))


async def _file(store: ObjectStore, kind: str, title: str, key: str, number: str = "") -> ArchivedFile:
    content = await store.get_range(key, 0, _LARGEST)
    name = f"{kind}-{number}.pdf" if number else f"{kind}.pdf"
    return ArchivedFile(name, kind, title, sha256(content).hexdigest(), len(content), content)
