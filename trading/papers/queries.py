"""Reads of papers; other rooms use these."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from trading.papers.tables import Paper, PaperSignature

_NONE = "没有这份文件"


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
        "seats": [{"capacity": capacity, "name": signed[capacity].name if capacity in signed else None,
                   "certificate": signed[capacity].certificate if capacity in signed else None,
                   "signed_at": _instant(signed.get(capacity))} for capacity in sorted(held.seats)],
        "may": [f"sign:{capacity}" for capacity in sorted(mine)]}


def _instant(signature: PaperSignature | None) -> str | None:
    return to_wire(signature.signed_at) if signature and signature.signed_at else None
