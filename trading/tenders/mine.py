"""What owners and staff list for their work: projects, tender projects, lots, notices that wait."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.errors import NotSignedIn
from trading.parties.tables import Party
from trading.tenders.model import NOTICE_IS_WAITING, NoticeStatus, Stage
from trading.tenders.tables import Lot, Notice, Project, TenderProject

PAGE_SIZE = 50
_STAFF = frozenset({"centre", "supervisor"})


def _like(text: str) -> str:
    return "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


def _must_be_signed_in(actor: Actor) -> None:
    if actor.party_id is None:
        raise NotSignedIn("请先登录")


async def projects(session: AsyncSession, actor: Actor, text: str, page: int) -> tuple[Sequence[Project], int]:
    """A page of projects: one's own, or all submitted ones for staff."""
    _must_be_signed_in(actor)
    query: Select[Project] = select(Project)
    if actor.roles & _STAFF:
        query = query.where(Project.status != "draft")
    else:
        query = query.where(or_(Project.tenderee_id == actor.party_id, Project.agency_id == actor.party_id))
    if text.strip():
        query = query.where(or_(Project.name.ilike(_like(text)), Project.code.ilike(_like(text))))
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    ordered = query.order_by(Project.created_at.desc(), Project.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return (await session.scalars(ordered)).all(), total


async def names_of(session: AsyncSession, parties: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of these parties, for papers that say who did what (A-52, A-53)."""
    wanted = {each for each in parties if each is not None}
    rows = await session.execute(select(Party.id, Party.name).where(Party.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def below(session: AsyncSession, project_id: UUID) -> list[tuple[TenderProject, Sequence[Lot]]]:
    """The tender projects of a project, each with its lots."""
    query = select(TenderProject).where(TenderProject.project_id == project_id).order_by(TenderProject.code)
    return [(each, await lots_of(session, each.id)) for each in (await session.scalars(query)).all()]


async def lots_of(session: AsyncSession, tender_project_id: UUID) -> Sequence[Lot]:
    """The lots of a tender project by code."""
    query = select(Lot).where(Lot.tender_project_id == tender_project_id).order_by(Lot.code)
    return (await session.scalars(query)).all()


async def lots(session: AsyncSession, actor: Actor, stage: str, text: str, page: int) -> tuple[Sequence[Lot], int]:
    """A page of lots: one's own, or all but drafts for staff."""
    _must_be_signed_in(actor)
    query: Select[Lot] = select(Lot)
    if actor.roles & _STAFF:
        query = query.where(Lot.stage != Stage.DRAFT)
    else:
        query = query.where(or_(Lot.tenderee_id == actor.party_id, Lot.agency_id == actor.party_id))
    if stage:
        query = query.where(Lot.stage == stage)
    if text.strip():
        query = query.where(or_(Lot.title.ilike(_like(text)), Lot.code.ilike(_like(text))))
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    ordered = query.order_by(Lot.created_at.desc(), Lot.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return (await session.scalars(ordered)).all(), total


async def waiting_notices(session: AsyncSession, actor: Actor) -> Sequence[tuple[Notice, Lot]]:
    """Notices that wait for the actor: its review, the centre's verification, or publication."""
    _must_be_signed_in(actor)
    query = select(Notice, Lot).join(Lot, Lot.id == Notice.lot_id).order_by(Notice.declared_at)
    if actor.has("centre"):
        query = query.where(Notice.status.in_([NoticeStatus.REVIEWED, NoticeStatus.VERIFIED]))
    else:
        query = query.where(Notice.status.in_(sorted(NOTICE_IS_WAITING)),
                            or_(Lot.tenderee_id == actor.party_id, Lot.agency_id == actor.party_id))
    return [(notice, lot) for notice, lot in await session.execute(query)]
