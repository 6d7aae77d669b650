"""Reads of the expert bank; the committees' room uses these."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.experts.model import ExpertStatus, Kind, Unit
from evaluation.experts.rules import Entry
from evaluation.experts.tables import Expert, ExpertRecord
from storage.database.work import Work
from storage.kernel.errors import NotFound

PAGE = 50
_NONE = "没有这名专家"


async def expert(session: AsyncSession, expert_id: UUID) -> Expert:
    """The entry; raises ``NotFound``."""
    found = await session.get(Expert, expert_id)
    if found is None:
        raise NotFound(_NONE)
    return found


async def lock_expert(uow: Work, expert_id: UUID) -> Expert:
    """The entry FOR UPDATE; raises ``NotFound``."""
    found = await uow.session.get(Expert, expert_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_NONE)
    return found


async def expert_of_party(session: AsyncSession, party_id: UUID) -> Expert | None:
    """The entry of the person who signs in as this party."""
    return (await session.scalars(select(Expert).where(Expert.party_id == party_id))).one_or_none()


async def find_experts(session: AsyncSession, *, status: str | None, kind: str | None, text: str,
                       page: int) -> tuple[Sequence[Expert], int]:
    """A page of the bank by number, and how many match."""
    query = select(Expert)
    if status:
        query = query.where(Expert.status == status)
    if kind:
        query = query.where(Expert.kind == kind)
    if text:
        like = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        query = query.where(or_(Expert.name.ilike(like), Expert.number.ilike(like)))
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    rows = await session.scalars(query.order_by(Expert.number).limit(PAGE).offset((page - 1) * PAGE))
    return rows.all(), total


async def active_experts(session: AsyncSession) -> Sequence[Expert]:
    """Everyone who may be drawn, by number: the one order that depends on nothing else."""
    query = select(Expert).where(Expert.status == ExpertStatus.ACTIVE, Expert.kind == Kind.EXPERT)
    return (await session.scalars(query.order_by(Expert.number))).all()


async def representatives_of(session: AsyncSession, uscc: str) -> Sequence[Expert]:
    """Active representatives of the body with that code, by name."""
    query = select(Expert).where(Expert.status == ExpertStatus.ACTIVE, Expert.kind == Kind.REPRESENTATIVE)
    found = (await session.scalars(query.order_by(Expert.name, Expert.number))).all()
    return [each for each in found if any(unit["uscc"] == uscc for unit in each.units)]


async def records_of(session: AsyncSession, expert_id: UUID) -> Sequence[ExpertRecord]:
    """The record of an expert, the newest line first."""
    query = select(ExpertRecord).where(ExpertRecord.expert_id == expert_id)
    return (await session.scalars(query.order_by(ExpertRecord.at.desc(), ExpertRecord.id))).all()


def units_of(held: Expert) -> Iterable[Unit]:
    """The bodies this person belongs to, belonged to, or declared to stay away from."""
    return [Unit(each["name"], each["uscc"]) for each in held.units]


def entry_of(held: Expert, verifier: str = "") -> Entry:
    """The entry as the rules judge it."""
    return Entry(kind=held.kind, specialties=tuple(held.specialties), region=held.region, is_senior=held.is_senior,
                 years=held.years, units=len(held.units), editor=held.changed_by_id, verifier=verifier)
