"""Notices and the working calendar over HTTP."""

from typing import Any
from uuid import UUID

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid
from trading.exchange.queue import of_subject
from trading.tenders import calendar_book, commands_notices, extending, mine, notice_text, publishing, queries
from trading.tenders.forms import DayMark, Judgement, Moment, NoticeDraft, Publication
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.model import OPENING_KINDS, NoticeStatus
from trading.tenders.permissions import Right, may, permit
from trading.tenders.tables import Notice
from trading.tenders.views import Json, notice_view, notice_view_for, pick


async def _told(notice: Notice, actor: Actor, reader: AsyncSession, settings: Settings) -> Json:
    """The notice as the actor may see it; ``missing`` lists all that stands against publishing it."""
    lot = await queries.lot(reader, notice.lot_id)
    if not may(actor, Right.READ_DRAFT, lot):
        return notice_view(notice)
    open_still = notice.status != NoticeStatus.PUBLISHED and notice.kind in OPENING_KINDS
    missing = await publishing.missing_for(reader, lot, notice, settings) if open_still else ()
    names = await mine.names_of(reader, [notice.declared_by, notice.reviewer, notice.verifier])
    return notice_view_for(notice, lot, actor, missing, names)


@get("/api/notice-fields", operation_id="listNoticeFields")
async def list_fields() -> list[dict[str, Any]]:
    """The fields of the standard text (B-005)."""
    return [{"key": key, "label": label, "required": required}
            for key, (label, required) in notice_text.FIELDS.items()]


@post("/api/lots/{lot_id:uuid}/notices", operation_id="createNotice")
async def create_notice(lot_id: FromPath[UUID], data: JSONBody[NoticeDraft], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                        settings: NamedDependency[Settings]) -> Json:
    """A draft of the notice that opens the tender (A-50)."""
    made = await commands_notices.create_notice(lot_id, data, actor, work(), settings)
    return await _told(made, actor, reader, settings)


@get("/api/notices/{notice_id:uuid}", operation_id="readNotice")
async def read_notice(notice_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """A published notice for everyone; a draft for its owners and the staff."""
    held = await queries.notice(reader, notice_id)
    if held.status != NoticeStatus.PUBLISHED:
        permit(actor, Right.READ_DRAFT, await queries.lot(reader, held.lot_id))
    return await _told(held, actor, reader, settings)


@put("/api/notices/{notice_id:uuid}", operation_id="changeNotice")
async def change_notice(notice_id: FromPath[UUID], data: JSONBody[NoticeDraft], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                        settings: NamedDependency[Settings]) -> Json:
    """New fields for a draft, or for one that was sent back."""
    held = await commands_notices.change_notice(notice_id, data, actor, work(), settings)
    return await _told(held, actor, reader, settings)


@delete("/api/notices/{notice_id:uuid}", operation_id="deleteNotice")
async def delete_notice(notice_id: FromPath[UUID], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> None:
    """Deletes a draft, or one that was sent back."""
    await commands_notices.delete_notice(notice_id, actor, work())


@post("/api/notices/{notice_id:uuid}/submit", operation_id="declareNotice", status_code=200)
async def declare_notice(notice_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                         reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """Hands the notice in for review; its text is fixed from here."""
    held = await commands_notices.declare_notice(notice_id, actor, work(), settings)
    return await _told(held, actor, reader, settings)


@post("/api/notices/{notice_id:uuid}/review", operation_id="reviewNotice", status_code=200)
async def review_notice(notice_id: FromPath[UUID], data: JSONBody[Judgement], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                        settings: NamedDependency[Settings]) -> Json:
    """The tenderee's review (A-52)."""
    held = await commands_notices.review_notice(notice_id, data, actor, work())
    return await _told(held, actor, reader, settings)


@post("/api/notices/{notice_id:uuid}/verify", operation_id="verifyNotice", status_code=200)
async def verify_notice(notice_id: FromPath[UUID], data: JSONBody[Judgement], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                        settings: NamedDependency[Settings]) -> Json:
    """The centre's verification (A-53)."""
    held = await commands_notices.verify_notice(notice_id, data, actor, work())
    return await _told(held, actor, reader, settings)


@post("/api/notices/{notice_id:uuid}/publish", operation_id="publishNotice", status_code=200,
      opt={"record_refusal": "notice.publication_refused"})
async def publish_notice(notice_id: FromPath[UUID], data: JSONBody[Publication], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                         settings: NamedDependency[Settings]) -> Json:
    """Opens the tender, or answers 422 with every unmet rule."""
    held = await publishing.publish_notice(notice_id, data, actor, work(), settings)
    return await _told(held, actor, reader, settings)


@get("/api/notices/{notice_id:uuid}/delivery", operation_id="readNoticeDelivery")
async def read_delivery(notice_id: FromPath[UUID], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession]) -> list[dict[str, Any]]:
    """How far the same text has come on the public service platform (A-54)."""
    held = await queries.notice(reader, notice_id)
    permit(actor, Right.READ_DRAFT, await queries.lot(reader, held.lot_id))
    names = ("id", "kind", "sha256", "created_at", "attempts", "tried_at", "last_error", "acknowledged_at",
             "acknowledgement")
    return [pick(each, names) for each in await of_subject(reader, f"notice:{held.id}")]


@get("/api/notices-waiting", operation_id="listWaitingNotices")
async def list_waiting(actor: NamedDependency[Actor],
                       reader: NamedDependency[AsyncSession]) -> list[dict[str, Any]]:
    """What waits for the actor's review, verification or publication."""
    return [notice_view_for(notice, lot, actor, (), {})
            for notice, lot in await mine.waiting_notices(reader, actor)]


@get("/api/lots/{lot_id:uuid}/notices", operation_id="listLotNotices")
async def list_lot_notices(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                           reader: NamedDependency[AsyncSession],
                           settings: NamedDependency[Settings]) -> list[dict[str, Any]]:
    """The notices of a lot: all for its owners and the staff, the published ones for everyone else."""
    lot = await queries.lot(reader, lot_id)
    inside = may(actor, Right.READ_DRAFT, lot)
    rows = await queries.notices_of(reader, lot_id)
    if inside:
        return [await _told(each, actor, reader, settings) for each in rows]
    return [notice_view(each) for each in rows if each.status == NoticeStatus.PUBLISHED]


@get("/api/calendar", operation_id="readCalendar")
async def read_calendar(reader: NamedDependency[AsyncSession], year: FromQuery[int]) -> list[dict[str, Any]]:
    """The marked days of a year (R-118)."""
    return [pick(each, ("day", "kind", "name")) for each in await queries.calendar_days(reader, year)]


@put("/api/calendar", operation_id="markDay")
async def mark_day(data: JSONBody[DayMark], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Json:
    """The centre marks a holiday or a worked weekend, or takes the mark away."""
    await calendar_book.mark_day(data, actor, work())
    return {"day": data.day, "kind": data.kind, "name": data.name}


@get("/api/clocks", operation_id="proposeClocks")
async def propose_clocks(reader: NamedDependency[AsyncSession], trade_kind: FromQuery[str],
                         documents_from: FromQuery[Moment]) -> Json:
    """The earliest instants that the rules admit; the deadline rolls to a working day (R-102, R-103, B-004)."""
    kind = TRADE_KINDS.get(trade_kind)
    if kind is None:
        raise Invalid("没有这种交易类别", field="trade_kind")
    return calendar_book.propose(kind, documents_from, await queries.calendar(reader))


@post("/api/lots/{lot_id:uuid}/extend", operation_id="extendDeadline", status_code=200)
async def extend_deadline(lot_id: FromPath[UUID], data: JSONBody[extending.ExtendDeadline],
                          actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Json:
    """Moves the deadline later; answers the notice of change that told it (R-210)."""
    return notice_view(await extending.extend_deadline(lot_id, data, actor, work()))


HANDLERS: list[ControllerRouterHandler] = [
    list_fields, create_notice, read_notice, change_notice, delete_notice, declare_notice, review_notice,
    verify_notice, publish_notice, read_delivery, list_waiting, list_lot_notices, read_calendar, mark_day,
    propose_clocks, extend_deadline,
]
