"""What the public reads: notices by search and filter, openings by day. No count of bidders anywhere (R-122)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, cast, func, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from trading.parties.tables import Party
from trading.tenders.disclosure import Subject, stages_showing
from trading.tenders.model import BEFORE_DEADLINE, NoticeStatus, Stage
from trading.tenders.search import tsquery
from trading.tenders.tables import Lot, Notice

PAGE_SIZE = 20
LATEST = 50
OPENINGS_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Search and filters of the public list; empty means any."""

    text: str = ""
    kind: str = ""
    stage: str = ""
    trade_kind: str = ""
    region: str = ""
    rehearsal: bool | None = None


Row = tuple[Notice, Lot, str]


def _at_stage(stage: str, now: datetime) -> ColumnElement[bool]:
    """The stage that time has reached: the list says what ``stage_now`` says of each row."""
    waiting = Lot.stage.in_(sorted(BEFORE_DEADLINE))
    if stage == Stage.PUBLISHED:
        return waiting & (Lot.documents_from > now)
    if stage == Stage.SELLING:
        return waiting & (Lot.documents_from <= now) & (Lot.documents_until > now)
    if stage == Stage.PREPARING:
        return waiting & (Lot.documents_until <= now)
    return Lot.stage == stage


def _published() -> Select[Notice, Lot, str]:
    return (select(Notice, Lot, Party.name).join(Lot, Lot.id == Notice.lot_id)
            .join(Party, Party.id == Lot.tenderee_id).where(Notice.status == NoticeStatus.PUBLISHED))


def _narrowed(query: Select[Notice, Lot, str], wanted: Wanted, now: datetime) -> Select[Notice, Lot, str]:
    if wanted.text.strip():
        asked = tsquery(wanted.text)
        found = Notice.search_terms.op("@@")(cast(asked, TSQUERY)) if asked else Notice.id.is_(None)
        query = query.where(found)
    if wanted.kind:
        query = query.where(Notice.kind == wanted.kind)
    if wanted.stage:
        query = query.where(_at_stage(wanted.stage, now))
    if wanted.trade_kind:
        query = query.where(Lot.trade_kind == wanted.trade_kind)
    if wanted.region:
        query = query.where(Lot.region.startswith(wanted.region, autoescape=True))
    return query if wanted.rehearsal is None else query.where(Lot.rehearsal == wanted.rehearsal)


async def find_notices(session: AsyncSession, wanted: Wanted, page: int, now: datetime) -> tuple[list[Row], int]:
    """A page of published notices, the newest first, and how many there are."""
    query = _narrowed(_published(), wanted, now)
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    ordered = query.order_by(Notice.published_at.desc(), Notice.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return [(notice, lot, name) for notice, lot, name in await session.execute(ordered)], total


async def latest_notices(session: AsyncSession) -> list[Row]:
    """The newest notices, for the feed."""
    query = _published().order_by(Notice.published_at.desc(), Notice.id).limit(LATEST)
    return [(notice, lot, name) for notice, lot, name in await session.execute(query)]


async def openings(session: AsyncSession, begin: datetime, end: datetime) -> Sequence[tuple[Lot, str]]:
    """Published lots whose opening falls into [begin, end), in order of time."""
    query = (select(Lot, Party.name).join(Party, Party.id == Lot.tenderee_id)
             .where(Lot.stage.in_(sorted(stages_showing(Subject.LOT))), Lot.deadline_at >= begin, Lot.deadline_at < end)
             .order_by(Lot.deadline_at, Lot.code).limit(OPENINGS_LIMIT))
    return [(lot, name) for lot, name in await session.execute(query)]


async def public_notices_of(session: AsyncSession, lot_id: object) -> Sequence[Notice]:
    """What was published about a lot, the newest first."""
    query = (select(Notice).where(Notice.lot_id == lot_id, Notice.status == NoticeStatus.PUBLISHED)
             .order_by(Notice.published_at.desc(), Notice.id))
    return (await session.scalars(query)).all()
