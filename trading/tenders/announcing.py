"""One way by which a notice becomes public: here, in the ledger and in the queue, in one transaction (A-54, B-001)."""

from sqlalchemy import func

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.identifiers import new_id
from storage.ledger.printing import printed_checkpoint
from trading.exchange.queue import enqueue
from trading.tenders.model import NoticeStatus
from trading.tenders.search import terms
from trading.tenders.surroundings import notice_digest
from trading.tenders.tables import Lot, Notice


async def make_public(uow: Work, lot: Lot, notice: Notice, actor: Actor) -> None:
    """Marks the notice published now, records its digest, and queues the same text for the other media (B-003)."""
    now = await uow.now()
    notice.status, notice.published_at = NoticeStatus.PUBLISHED, now
    notice.sha256 = notice_digest(notice.title, notice.body)
    notice.checkpoint = await printed_checkpoint(uow.session)
    notice.search_terms = func.array_to_tsvector(terms(notice.title, notice.body, lot.title, lot.code))
    await enqueue(uow, f"notice.{notice.kind}", f"notice:{notice.id}", {
        "notice": str(notice.id), "kind": notice.kind, "lot_code": lot.code, "title": notice.title,
        "body": notice.body, "sha256": notice.sha256, "published_at": to_wire(now), "rehearsal": lot.rehearsal,
        "compulsory": lot.compulsory, "checkpoint": notice.checkpoint})
    uow.record("notice.published", actor, stream=f"lot:{lot.id}", subject=f"notice:{notice.id}", payload={
        "lot": lot.code, "kind": notice.kind, "title": notice.title, "sha256": notice.sha256,
        "rehearsal": lot.rehearsal, "checkpoint": notice.checkpoint})


async def announce(uow: Work, lot: Lot, kind: str, title: str, body: str, actor: Actor) -> Notice:
    """A notice that follows from an act and needs no review of its own: a failed lot, an opening record.

    The unit of work must be entered; its owner commits. A rehearsal's title carries its mark.
    """
    mark = "【演练】" if lot.rehearsal and not title.startswith("【演练】") else ""
    made = Notice(id=new_id(), lot_id=lot.id, kind=kind, title=mark + title, body=body, fields={},
                  status=NoticeStatus.DRAFT, created_at=await uow.now())
    uow.session.add(made)
    await make_public(uow, lot, made, actor)
    return made
