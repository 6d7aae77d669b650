"""What waits for a person in the papers of a tender: reviews, verifications, publications, signatures."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION, DocumentStatus, NoticeStatus
from trading.tenders.tables import Lot, Notice, TenderDocument

_MOST = 50
_FOR_CENTRE = {NoticeStatus.REVIEWED: "verify_notice", NoticeStatus.VERIFIED: "publish_notice"}
_FOR_AGENCY = {NoticeStatus.REFUSED: "amend_notice", NoticeStatus.VERIFIED: "publish_notice"}
_FOR_TENDEREE = {NoticeStatus.DECLARED: "review_notice", **_FOR_AGENCY}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Notices and documents that wait for this actor; a paper of another's never shows."""
    found: list[Task] = []
    if actor.has("centre"):
        found += await _notices(session, _FOR_CENTRE, [])
    if actor.has("tenderee"):
        found += await _notices(session, _FOR_TENDEREE, [Lot.tenderee_id == actor.party_id])
        found += await _documents(session, actor)
    if actor.has("agency"):
        found += await _notices(session, _FOR_AGENCY, [Lot.agency_id == actor.party_id])
    return found


async def _notices(session: AsyncSession, kinds: dict[NoticeStatus, str],
                   mine: Sequence[ColumnElement[bool]]) -> list[Task]:
    """A notice ought to be out when its lot's documents are to be had."""
    query = (select(Notice.status, Notice.title, Lot.id, Lot.documents_from)
             .join(Lot, Lot.id == Notice.lot_id).where(Notice.status.in_(sorted(kinds)), *mine)
             .order_by(Notice.declared_at).limit(_MOST))
    return [Task(kinds[NoticeStatus(status)], title, f"/lots/{lot_id}/manage", due_at)
            for status, title, lot_id, due_at in await session.execute(query)]


async def _documents(session: AsyncSession, actor: Actor) -> list[Task]:
    """Documents laid out for the tenderee's own signature (R-147), of lots that still need one."""
    query = (select(Lot.title, Lot.id, Lot.documents_from).join(TenderDocument, TenderDocument.lot_id == Lot.id)
             .where(TenderDocument.status == DocumentStatus.RENDERED, Lot.tenderee_id == actor.party_id,
                    or_(Lot.stage.in_(sorted(BEFORE_PUBLICATION)), Lot.stage.in_(sorted(BEFORE_DEADLINE))))
             .order_by(Lot.documents_from).limit(_MOST))
    return [Task("sign_document", title, f"/lots/{lot_id}/manage", due_at)
            for title, lot_id, due_at in await session.execute(query)]
