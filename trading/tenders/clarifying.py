"""Clarifications and amendments: a new version of the document, announced when it is issued (B-015, R-105)."""

from uuid import UUID

from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Refused, RulesUnmet
from storage.kernel.identifiers import new_id
from storage.kernel.rule import unmet
from trading.tenders import queries
from trading.tenders.announcing import announce
from trading.tenders.change_rules import Change, change_comes_in_time
from trading.tenders.commands_documents import lock_document, note, reopen
from trading.tenders.document_text import TEMPLATE
from trading.tenders.extending import ExtendDeadline, first_working_moment, in_whole_seconds, move_deadline
from trading.tenders.forms import ClarificationDraft, ClarificationIssue
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.model import BEFORE_DEADLINE, DocumentStatus, NoticeKind, deadline_has_passed
from trading.tenders.permissions import Right, permit
from trading.tenders.rules import document_agrees_with_the_lot, document_is_signed
from trading.tenders.surroundings import digest_now, look_around
from trading.tenders.tables import Lot, Notice, TenderDocument


async def _must_be_running(uow: Work, lot: Lot) -> None:
    if lot.stage not in BEFORE_DEADLINE or deadline_has_passed(lot, await uow.now()):
        raise Refused("公告发布后、投标截止前方可澄清或者修改招标文件", stage=lot.stage)


async def draft_clarification(lot_id: UUID, draft: ClarificationDraft, actor: Actor, uow: Work) -> TenderDocument:
    """Adds a clarification to the next version of the document; the issued version stays what it is meanwhile."""
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        await _must_be_running(uow, lot)
        last = await queries.newest_document(uow.session, lot_id)
        if last is None:
            raise Refused("标段没有招标文件")
        held = last if last.issued_at is None else TenderDocument(
            id=new_id(), lot_id=lot.id, number=last.number + 1, template=TEMPLATE, fields=last.fields,
            clarifications=last.clarifications, created_at=await uow.now())
        uow.session.add(held)
        reopen(held)
        held.clarifications = [*held.clarifications, {
            "number": held.number, "title": draft.title, "body": draft.body, "affects_bids": draft.affects_bids,
            "at": to_wire(await uow.now())}]
        note(uow, "document.clarification_drafted", actor, lot, held)
        await uow.commit()
        return held


async def drop_clarification(lot_id: UUID, actor: Actor, uow: Work) -> None:
    """Takes back the next version of the document before it is issued."""
    async with uow:
        permit(actor, Right.MANAGE, await queries.lock_lot(uow, lot_id))
        lot, held = await lock_document(uow, lot_id)
        if held.number == 1:
            raise Refused("招标文件首个版本不能撤回")
        note(uow, "document.clarification_dropped", actor, lot, held)
        await uow.session.delete(held)
        await uow.commit()


def _told(held: TenderDocument) -> str:
    new = [each for each in held.clarifications if each["number"] == held.number]
    parts = [f"{index}. {each['title']}\n{each['body']}" for index, each in enumerate(new, start=1)]
    parts.append(f"招标文件第 {held.number} 版已发出，以此为准；已下载招标文件的，请重新下载。SHA-256：{held.sha256}")
    return "\n\n".join(parts)


async def issue_clarification(lot_id: UUID, issue: ClarificationIssue, actor: Actor, uow: Work,
                              settings: Settings) -> Notice:
    """Issues the signed new version and announces it; R-105 is asked at this instant, under the lock.

    A change that comes too late carries the new deadline in the same act: both happen, with a notice each, or
    neither. Raises ``RulesUnmet``; with R-105, fact ``earliest_deadline`` is the first that would do.
    """
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        _, held = await lock_document(uow, lot_id)
        await _must_be_running(uow, lot)
        await _judge(uow, lot, held, issue, settings)
        if issue.deadline_at is not None:
            reason = f"招标文件澄清与修改（第{held.number}版）影响投标文件编制，顺延投标截止时间。"
            await move_deadline(uow, lot, ExtendDeadline(issue.deadline_at, reason), actor)
        held.status, held.issued_at = DocumentStatus.ISSUED, await uow.now()
        uow.record("document.issued", actor, stream=f"lot:{lot.id}", subject=f"document:{held.id}", payload={
            "lot": lot.code, "number": held.number, "sha256": held.sha256})
        made = await announce(uow, lot, NoticeKind.CLARIFICATION, f"{lot.title}澄清与修改公告（第{held.number}版）",
                              _told(held), actor)
        await uow.commit()
        return made


async def _judge(uow: Work, lot: Lot, held: TenderDocument, issue: ClarificationIssue, settings: Settings) -> None:
    """All rules of issuing at once. The document agrees with the lot as it stood when it was signed (A-69): a deadline
    moved in this very act is told by the notice of change, which goes before the document."""
    now, kind = await uow.now(), TRADE_KINDS[lot.trade_kind]
    calendar, around = await queries.calendar(uow.session), await look_around(uow.session, lot)
    affects = any(each["affects_bids"] for each in held.clarifications if each["number"] == held.number)
    deadline_at = in_whole_seconds(issue.deadline_at) if issue.deadline_at else lot.deadline_at or now
    change = Change(kind, calendar, affects, now, deadline_at)
    is_in_time = change_comes_in_time(change)
    failed = unmet((
        (change_comes_in_time, is_in_time),
        (document_is_signed, held.status == DocumentStatus.SIGNED),
        (document_agrees_with_the_lot, held.facts_sha256 == digest_now(around, settings))))
    earliest = first_working_moment(calendar.add(now, kind.spans.change), calendar, is_rehearsal=kind.rehearsal)
    if failed:
        raise RulesUnmet(failed, **({} if is_in_time else {"earliest_deadline": to_wire(earliest)}))
