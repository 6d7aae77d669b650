"""What leaves the platform of a stream: entries, payloads for an audience, sealed acts, all with proofs."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.errors import NotAllowed
from storage.ledger.documents import EntryProof, Export, SealedAct
from storage.ledger.model import FORMAT_VERSION
from storage.ledger.notes import parse_checkpoint, parse_note
from storage.ledger.proofs import entry_proofs, sealed_item
from storage.ledger.queries import StoredCheckpoint, covering_checkpoint, latest_checkpoint
from storage.ledger.tables import LedgerEntry, SealedActRow
from storage.ledger.verification import decode_entry, verify_export


async def sealed_acts(session: AsyncSession, stream: str, audiences: Collection[str],
                      readable_from: datetime) -> list[SealedAct]:
    """The sealed acts of a stream, in the order of acting; payloads where the audience may read them.

    Raises ``NotAllowed`` before ``readable_from`` by the database clock: until then not even their
    number is known (R-122).
    """
    rows = await _sealed_rows(session, stream, readable_from, None)
    return [_item(row, audiences) for row in rows]


def _item(row: SealedActRow, audiences: Collection[str]) -> SealedAct:
    return sealed_item(row, with_payload=not frozenset(audiences).isdisjoint(row.audience))


async def _sealed_rows(session: AsyncSession, stream: str, readable_from: datetime,
                       size: int | None) -> list[SealedActRow]:
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    if now < readable_from:
        raise NotAllowed("截止时间之前不得查看密封记录", readable_from=readable_from.isoformat())
    query = select(SealedActRow).where(SealedActRow.stream == stream)
    if size is not None:
        query = query.where(SealedActRow.batch_seq < size)
    query = query.order_by(SealedActRow.ordinal)
    return list(await session.scalars(query))


async def export_stream(session: AsyncSession, stream: str | None, audiences: Collection[str], key: str, *,
                        readable_from: datetime | None = None) -> Export | None:
    """A stream as far as a checkpoint that covers it (None: the whole log); None where there is no checkpoint yet.

    ``readable_from`` is the deadline of the lot; without it the bundle carries no sealed acts. The
    bundle is verified with ``key`` before it is returned.
    """
    checkpoint = await _checkpoint_over(session, stream)
    if checkpoint is None:
        return None
    entries = await entry_proofs(session, await _seqs(session, stream, checkpoint), checkpoint.size, audiences)
    rows = await _sealed_rows(session, stream, readable_from, checkpoint.size) if stream and readable_from else []
    batches = sorted({row.batch_seq for row in rows})
    document = Export(
        v=FORMAT_VERSION, log=key.partition("+")[0], key=key, checkpoint=checkpoint.note, stream=stream,
        entries=entries, batches=await entry_proofs(session, batches, checkpoint.size, ("public",)),
        sealed=[_item(row, audiences) for row in rows])
    verify_export(document, key)
    return document


async def entries_about(session: AsyncSession, stream: str, subjects: Collection[str],
                        export: Export) -> list[EntryProof]:
    """Public entries of another, short stream about those subjects, proven by the checkpoint of an export."""
    size = parse_checkpoint(parse_note(export["checkpoint"]).text).size
    query = select(LedgerEntry.seq, LedgerEntry.entry).where(LedgerEntry.stream == stream, LedgerEntry.seq < size)
    wanted = [seq for seq, entry in await session.execute(query) if decode_entry(entry).subject in subjects]
    return await entry_proofs(session, sorted(wanted), size, ("public",))


async def _checkpoint_over(session: AsyncSession, stream: str | None) -> StoredCheckpoint | None:
    """One over all that the stream holds now, cosigned if possible; the newest while some of it is not covered."""
    newest = await latest_checkpoint(session)
    if stream is None or newest is None:
        return newest
    last = await session.scalar(select(func.max(LedgerEntry.seq)).where(LedgerEntry.stream == stream))
    batch = await session.scalar(select(func.max(SealedActRow.batch_seq)).where(SealedActRow.stream == stream))
    return await covering_checkpoint(session, max(last or 0, batch or 0)) or newest


async def _seqs(session: AsyncSession, stream: str | None, checkpoint: StoredCheckpoint) -> list[int]:
    query = select(LedgerEntry.seq).where(LedgerEntry.seq < checkpoint.size).order_by(LedgerEntry.seq)
    if stream is not None:
        query = query.where(LedgerEntry.stream == stream)
    return list(await session.scalars(query))
