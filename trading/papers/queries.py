"""Reads of papers; other rooms use these."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from trading.papers.tables import LastingFile, Paper, PaperSignature

_NONE = "没有这份文件"
_SOON = timedelta(days=90)  # a stamp so near its end should long have been followed


def may_read(paper: Paper, actor: Actor) -> bool:
    """True for whose tags the paper is addressed to, and for those who sign it."""
    return not actor.audiences.isdisjoint(paper.audience) or str(actor.party_id) in paper.seats.values()


async def paper(session: AsyncSession, paper_id: UUID, *, lock: bool = False) -> Paper:
    """The paper; raises ``NotFound``. The caller asks who may read it."""
    found = await session.get(Paper, paper_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound(_NONE)
    return found


async def readable_paper(session: AsyncSession, paper_id: UUID, actor: Actor) -> Paper:
    """The paper as far as the actor may know of it; raises ``NotFound``."""
    found = await paper(session, paper_id)
    if not may_read(found, actor):
        raise NotFound(_NONE)
    return found


async def papers_of(session: AsyncSession, stream: str, kind: str) -> Sequence[Paper]:
    """The papers of one kind in a stream, the newest first."""
    query = select(Paper).where(Paper.stream == stream, Paper.kind == kind).order_by(Paper.created_at.desc(), Paper.id)
    return (await session.scalars(query)).all()


async def signatures_of(session: AsyncSession, paper_id: UUID) -> Sequence[PaperSignature]:
    """The signatures that stand on a paper, in order."""
    query = select(PaperSignature).where(PaperSignature.paper_id == paper_id, PaperSignature.signed_at.is_not(None))
    return (await session.scalars(query.order_by(PaperSignature.signed_at))).all()


async def paper_answer(session: AsyncSession, held: Paper, actor: Actor) -> dict[str, Any]:
    """What a client is told of a paper; ``may`` lists the capacities the asker can sign in now."""
    signed = {each.capacity: each for each in await signatures_of(session, held.id)}
    mine = [capacity for capacity, party in held.seats.items()
            if party == str(actor.party_id) and capacity not in signed and held.completed_at is None]
    return {
        "id": str(held.id), "kind": held.kind, "title": held.title, "sha256": held.pdf_sha256,
        "created_at": to_wire(held.created_at),
        "completed_at": to_wire(held.completed_at) if held.completed_at else None,
        "renewed_until": (await renewals(session, [held.pdf_key])).get(held.pdf_key),
        "seats": [{"capacity": capacity, "name": signed[capacity].name if capacity in signed else None,
                   "certificate": signed[capacity].certificate if capacity in signed else None,
                   "signed_at": _instant(signed.get(capacity))} for capacity in sorted(held.seats)],
        "may": [f"sign:{capacity}" for capacity in sorted(mine)]}


def _instant(signature: PaperSignature | None) -> str | None:
    return to_wire(signature.signed_at) if signature and signature.signed_at else None


def finished_files() -> Select[str]:
    """Where the files of completed papers lie."""
    return select(Paper.pdf_key).where(Paper.completed_at.is_not(None))


async def newest_key(session: AsyncSession, key: str, *, renewed: bool = True) -> str:
    """Where a signed file lies with its further stamps; ``key`` itself where it has none or they are not wanted."""
    found = await session.scalar(select(LastingFile.renewed_key).where(LastingFile.key == key)) if renewed else None
    return found or key


async def renewals(session: AsyncSession, keys: Collection[str | None]) -> dict[str, str]:
    """Until when files with further stamps last, as answers carry it, by the keys of the files that were signed;
    those without are absent."""
    query = select(LastingFile.key, LastingFile.stamped_until).where(
        LastingFile.key.in_([each for each in keys if each]), LastingFile.renewed_key.is_not(None))
    return {key: to_wire(until) for key, until in await session.execute(query) if until is not None}


@dataclass(frozen=True, slots=True)
class Unrenewed:
    """Stamps of one authority that should have been followed and were not: the first to end, and why (may be empty:
    the authority's stamps last no longer). How many files there are would tell of bids."""

    authority: str
    ends_at: datetime
    reason: str


async def unrenewed(session: AsyncSession, now: datetime) -> Sequence[Unrenewed]:
    """Where renewal fails, the first to end first; empty while all goes its way."""
    first = func.min(LastingFile.stamped_until)
    query = (select(LastingFile.authority, first, LastingFile.last_error)
             .where(or_(LastingFile.last_error != "", LastingFile.stamped_until < now + _SOON))
             .group_by(LastingFile.authority, LastingFile.last_error).order_by(first))
    return [Unrenewed(authority, ends_at, reason) for authority, ends_at, reason in await session.execute(query)
            if ends_at is not None]
