"""The public portal over HTTP: no login, no cookie, no count of bidders (R-122)."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid
from trading.parties.tables import Party
from trading.tenders import portal, queries
from trading.tenders.disclosure import is_public
from trading.tenders.feeds import Event, Story, atom, icalendar
from trading.tenders.forms import Moment
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.model import Stage, stage_now
from trading.tenders.permissions import Right, permit
from trading.tenders.tables import Lot
from trading.tenders.views import Json, lot_view_for, notice_line, notice_view

_LONGEST_SPAN = timedelta(days=400)


@get("/api/notices", operation_id="findNotices")
async def find_notices(reader: NamedDependency[AsyncSession], q: FromQuery[str] = "", kind: FromQuery[str] = "",
                       stage: FromQuery[str] = "", trade_kind: FromQuery[str] = "", region: FromQuery[str] = "",
                       rehearsal: FromQuery[bool | None] = None, page: FromQuery[int] = 1) -> Json:
    """Published notices by search (Chinese words of two signs too) and filter, the newest first."""
    if not 1 <= page <= 10_000:
        raise Invalid("页码须为 1 至 10000", field="page")
    now = await queries.now_of(reader)
    wanted = portal.Wanted(text=q, kind=kind, stage=stage, trade_kind=trade_kind, region=region, rehearsal=rehearsal)
    rows, total = await portal.find_notices(reader, wanted, page, now)
    return {"items": [notice_line(notice, lot, name, now) for notice, lot, name in rows], "total": total,
            "page": page, "page_size": portal.PAGE_SIZE, "server_time": now}


@get("/api/lots/{lot_id:uuid}", operation_id="readLot")
async def read_lot(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                   reader: NamedDependency[AsyncSession]) -> Json:
    """A published lot for everyone, with its notices; a planned one for its owners and the staff."""
    held = await queries.lot(reader, lot_id)
    if not is_public(held):
        permit(actor, Right.READ_DRAFT, held)
    now = await queries.now_of(reader)
    tenderee = await reader.get(Party, held.tenderee_id)
    agency = await reader.get(Party, held.agency_id) if held.agency_id else None
    notices = await portal.public_notices_of(reader, lot_id)
    return {**lot_view_for(held, actor, now), "tenderee": tenderee.name if tenderee else "",
            "agency": agency.name if agency else "", "tender_code": await queries.tender_code(reader, held),
            "notices": [notice_view(each) for each in notices]}


def _span(begin: datetime, end: datetime) -> tuple[datetime, datetime]:
    if not begin < end <= begin + _LONGEST_SPAN:
        raise Invalid("时间范围须为正，且不超过四百日", field="to")
    return begin, end


def _opening_line(lot: Lot, tenderee: str, now: datetime) -> dict[str, Any]:
    return {"lot_id": lot.id, "tenderee": tenderee, "code": lot.code, "title": lot.title,
            "region": lot.region, "opens_at": lot.deadline_at, "place": lot.opening_place, "stage": stage_now(lot, now),
            "rehearsal": lot.rehearsal, "suspended": lot.suspended,
            "trade_kind": lot.trade_kind, "has_begun": lot.deadline_at is not None and lot.deadline_at <= now}


@get("/api/openings", operation_id="listOpenings")
async def list_openings(reader: NamedDependency[AsyncSession],
                        begin: Annotated[Moment, QueryParameter(name="from")],
                        end: Annotated[Moment, QueryParameter(name="to")]) -> Json:
    """Openings between two instants, in order of time."""
    now = await queries.now_of(reader)
    rows = await portal.openings(reader, *_span(begin, end))
    return {"items": [_opening_line(lot, name, now) for lot, name in rows], "server_time": now}


@get("/api/openings.ics", operation_id="openingsCalendar", media_type="text/calendar")
async def openings_calendar(reader: NamedDependency[AsyncSession],
                            settings: NamedDependency[Settings]) -> Response[str]:
    """Openings of the last month and the coming year, to subscribe to."""
    now = await queries.now_of(reader)
    rows = await portal.openings(reader, now - timedelta(days=30), now + timedelta(days=365))
    events = [_event(lot, name, settings) for lot, name in rows]
    return Response(icalendar(f"{settings.platform_name} 开标日历", events), media_type="text/calendar; charset=utf-8")


def _event(lot: Lot, tenderee: str, settings: Settings) -> Event:
    if lot.deadline_at is None or lot.published_at is None:
        raise Invalid("标段尚未发布", field="lot")
    return Event(uid=f"{lot.id}@{settings.platform_id}", at=lot.deadline_at, revision=lot.version,
                 title=f"{'【演练】' if lot.rehearsal else ''}开标：{lot.title}（{tenderee}）", place=lot.opening_place,
                 url=f"{settings.public_origin}/lots/{lot.id}", stamped_at=lot.published_at,
                 cancelled=lot.stage in {Stage.FAILED, Stage.TERMINATED})


@get("/api/notices.atom", operation_id="noticesFeed", media_type="application/atom+xml")
async def notices_feed(reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Response[str]:
    """The newest notices, to subscribe to."""
    rows = await portal.latest_notices(reader)
    stories = [Story(uid=str(notice.id), title=notice.title, body=notice.body, author=name,
                     url=f"{settings.public_origin}/lots/{notice.lot_id}", published_at=notice.published_at)
               for notice, _, name in rows if notice.published_at is not None]
    text = atom(f"{settings.platform_name} 公告", settings.public_origin, stories, await queries.now_of(reader))
    return Response(text, media_type="application/atom+xml; charset=utf-8")


@get("/api/trade-kinds", operation_id="listTradeKinds")
async def list_trade_kinds() -> list[dict[str, Any]]:
    """Kinds of trade with their clocks and thresholds."""
    return [{"code": kind.code, "title": kind.title, "edition": kind.edition, "rehearsal": kind.rehearsal,
             "min_bidders": kind.min_bidders, "compulsory_from": kind.compulsory_from,
             "limit_is_needed": kind.limit_is_needed} for kind in TRADE_KINDS.values()]


HANDLERS: list[ControllerRouterHandler] = [
    find_notices, read_lot, list_openings, openings_calendar, notices_feed, list_trade_kinds,
]
