"""Reading the log: the feed for an audience, who acted, checkpoints and their witnesses."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, UnaryExpression, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.ledger.documents import FeedItem
from storage.ledger.notes import with_cosignatures
from storage.ledger.tables import PLATFORM_STREAM, LedgerCheckpoint, LedgerCosignature, LedgerEntry, LedgerPayload

COSIGN_SECONDS = 5
_COSIGNED_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A published checkpoint; ``note`` carries the cosignatures that came in so far."""

    size: int
    root: bytes
    note: str
    signed_at: datetime
    witnesses: tuple[str, ...]


async def feed(session: AsyncSession, audiences: Collection[str], *, stream: str | None = None,
               from_seq: int = 0, limit: int = 500) -> list[FeedItem]:
    """Entries of a stream (or of the whole log) from ``from_seq`` on, itself included, in order.

    Heads are for all; ``salt`` and ``payload`` only for audiences the act was addressed to.
    """
    query = _heads().where(LedgerEntry.seq >= from_seq).order_by(LedgerEntry.seq).limit(limit)
    if stream is not None:
        query = query.where(LedgerEntry.stream == stream)
    return await _items(session, query, audiences)


async def history(session: AsyncSession, audiences: Collection[str], *, before: int,
                  limit: int = 100) -> list[FeedItem]:
    """Acts smaller in number than ``before``, the newest first, without the platform's own stream.

    That stream is sealed batches at a steady pace, whether or not anything happened: for a reader, mere noise.
    """
    query = (_heads().where(LedgerEntry.seq < before, LedgerEntry.stream != PLATFORM_STREAM)
             .order_by(LedgerEntry.seq.desc()).limit(limit))
    return await _items(session, query, audiences)


async def addressed(session: AsyncSession, tag: str, *, before: int, limit: int = 100) -> list[FeedItem]:
    """Acts addressed to the tag, smaller in number than ``before``, the newest first, with their payloads."""
    query = (_heads().where(LedgerEntry.seq < before, LedgerPayload.audience.contains([tag]))
             .order_by(LedgerEntry.seq.desc()).limit(limit))
    return await _items(session, query, {tag})


async def newest_of(session: AsyncSession, stream: str) -> FeedItem | None:
    """The newest entry of a stream as everyone may read it."""
    query = _heads().where(LedgerEntry.stream == stream).order_by(LedgerEntry.seq.desc()).limit(1)
    return next(iter(await _items(session, query, {"public"})), None)


Heads = Select[int, str, bytes, str, bytes, list[str]]


def _heads() -> Heads:
    return (select(LedgerEntry.seq, LedgerEntry.entry, LedgerEntry.leaf, LedgerPayload.payload,
                   LedgerPayload.payload_salt, LedgerPayload.audience)
            .join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq))


async def _items(session: AsyncSession, query: Heads, audiences: Collection[str]) -> list[FeedItem]:
    readers = frozenset(audiences)
    items: list[FeedItem] = []
    for seq, entry, leaf, payload, salt, audience in await session.execute(query):
        readable = not readers.isdisjoint(audience)
        items.append(FeedItem(
            seq=seq, entry=entry, leaf=leaf.hex(), salt=salt.hex() if readable else None,
            payload=msgspec.json.decode(payload) if readable else None))
    return items


async def log_size(session: AsyncSession) -> int:
    """How many entries the log has."""
    return (await session.execute(select(func.coalesce(func.max(LedgerEntry.seq) + 1, 0)))).scalar_one()


async def seq_of_act(session: AsyncSession, act_id: UUID) -> int | None:
    """The entry of an act; None while it waits for its number, and for sealed acts always."""
    return await session.scalar(select(LedgerPayload.seq).where(LedgerPayload.act_id == act_id))


async def who_acted(session: AsyncSession, seq: int) -> tuple[str, str] | None:
    """Actor id and salt (hex) that the entry's head commits to. The caller decides who may know."""
    query = select(LedgerPayload.actor_id, LedgerPayload.actor_salt).where(LedgerPayload.seq == seq)
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1].hex()) if row else None


async def latest_checkpoint(session: AsyncSession) -> StoredCheckpoint | None:
    """The newest checkpoint."""
    found = await _checkpoints(session, true(), LedgerCheckpoint.size.desc(), 1)
    return found[0] if found else None


async def covering_checkpoint(session: AsyncSession, seq: int) -> StoredCheckpoint | None:
    """A checkpoint that covers entry ``seq``: of the next ones that were cosigned the one with most witnesses; where
    none was, the newest. So evidence that is fetched again some seconds later carries cosignatures."""
    query = (select(LedgerCosignature.size).where(LedgerCosignature.size > seq)
             .order_by(LedgerCosignature.size).limit(_COSIGNED_LOOKED_AT))
    counted = Counter((await session.scalars(query)).all())
    if counted:
        size = max(counted, key=lambda each: (counted[each], -each))
        return (await _checkpoints(session, LedgerCheckpoint.size == size, LedgerCheckpoint.size.asc(), 1))[0]
    newest = await latest_checkpoint(session)
    return newest if newest and newest.size > seq else None


async def witnessed_checkpoint(session: AsyncSession) -> StoredCheckpoint | None:
    """The newest checkpoint that some witness cosigned."""
    newest = select(func.max(LedgerCosignature.size)).scalar_subquery()
    found = await _checkpoints(session, LedgerCheckpoint.size == newest, LedgerCheckpoint.size.desc(), 1)
    return found[0] if found else None


async def checkpoint_to_cosign(session: AsyncSession) -> StoredCheckpoint | None:
    """The newest checkpoint signed before the present span of five seconds began, by the database clock.

    The log signs faster than witnesses look; so those who look within one span meet on one checkpoint.
    """
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    begun = datetime.fromtimestamp(now.timestamp() // COSIGN_SECONDS * COSIGN_SECONDS, UTC)
    found = await _checkpoints(session, LedgerCheckpoint.signed_at < begun, LedgerCheckpoint.size.desc(), 1)
    return found[0] if found else None


async def published_note(session: AsyncSession, size: int) -> str | None:
    """The note of a checkpoint as the log signed it, without cosignatures."""
    return await session.scalar(select(LedgerCheckpoint.note).where(LedgerCheckpoint.size == size))


async def checkpoints(session: AsyncSession, *, from_size: int = 0, limit: int = 100) -> list[StoredCheckpoint]:
    """Checkpoints by size, from ``from_size`` on."""
    return await _checkpoints(session, LedgerCheckpoint.size >= from_size, LedgerCheckpoint.size.asc(), limit)


async def checkpoints_before(session: AsyncSession, size: int, *, limit: int = 100) -> list[StoredCheckpoint]:
    """Checkpoints smaller than ``size``, the newest first."""
    return await _checkpoints(session, LedgerCheckpoint.size < size, LedgerCheckpoint.size.desc(), limit)


async def _checkpoints(session: AsyncSession, which: ColumnElement[bool], order: UnaryExpression[int],
                       limit: int) -> list[StoredCheckpoint]:
    lines = func.array_agg(LedgerCosignature.line).filter(LedgerCosignature.line.is_not(None))
    names = func.array_agg(LedgerCosignature.witness).filter(LedgerCosignature.witness.is_not(None))
    query = (
        select(LedgerCheckpoint, lines, names)
        .outerjoin(LedgerCosignature, LedgerCosignature.size == LedgerCheckpoint.size)
        .where(which)
        .group_by(LedgerCheckpoint.size)
        .order_by(order)
        .limit(limit)
    )
    return [
        StoredCheckpoint(row.size, row.root, with_cosignatures(row.note, signed or ()), row.signed_at,
                         tuple(witnesses or ()))
        for row, signed, witnesses in await session.execute(query)
    ]


async def add_cosignature(session: AsyncSession, size: int, witness: str, line: str, at: datetime) -> None:
    """Keeps a witness's line, verified by the caller; the same witness a second time changes nothing."""
    row = {"size": size, "witness": witness, "line": line, "received_at": at}
    await session.execute(insert(LedgerCosignature).values(row).on_conflict_do_nothing())
