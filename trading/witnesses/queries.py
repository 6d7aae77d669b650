"""Reads of witnesses: who they are, and how each stands to the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.clock import to_wire
from storage.ledger.tables import LedgerCheckpoint, LedgerCosignature
from trading.witnesses.model import standing
from trading.witnesses.tables import Witness


async def witness_named(session: AsyncSession, name: str) -> Witness | None:
    """The registered witness of that name, while it is not retired."""
    query = select(Witness).where(Witness.name == name, Witness.retired_at.is_(None))
    return (await session.scalars(query)).one_or_none()


async def witness_views(session: AsyncSession, now: datetime) -> list[dict[str, Any]]:
    """All witnesses with what each did last, those at work first."""
    query = select(Witness).order_by(Witness.retired_at.is_not(None), Witness.registered_at)
    rows = (await session.scalars(query)).all()
    last = await _last_by_name(session, [row.name for row in rows])
    return [await _view(session, row, last.get(row.name), now) for row in rows]


async def _last_by_name(session: AsyncSession, names: list[str]) -> Mapping[str, tuple[int, datetime]]:
    found = {}
    for name in names:
        query = (select(LedgerCosignature.size, LedgerCosignature.received_at)
                 .where(LedgerCosignature.witness == name).order_by(LedgerCosignature.size.desc()).limit(1))
        if row := (await session.execute(query)).one_or_none():
            found[name] = (row[0], row[1])
    return found


async def _view(session: AsyncSession, row: Witness, last: tuple[int, datetime] | None,
                now: datetime) -> dict[str, Any]:
    waiting = None
    if last is not None:
        query = (select(LedgerCheckpoint.signed_at).where(LedgerCheckpoint.size > last[0])
                 .order_by(LedgerCheckpoint.size).limit(1))
        waiting = await session.scalar(query)
    return {"id": str(row.id), "name": row.name, "key": row.key, "party": str(row.party_id),
            "party_name": row.party_name,
            "registered_at": to_wire(row.registered_at),
            "retired_at": to_wire(row.retired_at) if row.retired_at else None,
            "standing": standing(row.retired_at, last[0] if last else None, waiting, now).value,
            "last_size": last[0] if last else None, "last_at": to_wire(last[1]) if last else None}
