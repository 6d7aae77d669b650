"""Proofs out of the stored tree: a few hundred hashes are read, however long the log is.

Level 0 is the entries' leaves; roots of complete subtrees stand at levels 8, 16, 24 …; what lies
between is computed from the tile below. What is handed out is verified first.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.ledger.documents import EntryDocument, EntryProof, SealedAct, SealedDocument
from storage.ledger.merkle import (
    TILE_LEVELS,
    Node,
    Range,
    complete_subtrees,
    consistency_plan,
    inclusion_plan,
    perfect_root,
    prove,
)
from storage.ledger.model import FORMAT_VERSION, leaf_hash
from storage.ledger.queries import covering_checkpoint
from storage.ledger.tables import LedgerEntry, LedgerNode, LedgerPayload, SealedActRow
from storage.ledger.verification import verify_entry_document, verify_sealed_document

_EVERYTHING = frozenset({"public"})
_RANGES_PER_QUERY = 400


async def inclusion_proofs(session: AsyncSession, seqs: Collection[int], size: int) -> dict[int, list[bytes]]:
    """The proof of each entry against the tree of ``size`` entries."""
    plans = {seq: inclusion_plan(seq, size) for seq in seqs}
    nodes = await _nodes(session, [part for plan in plans.values() for part in plan])
    return {seq: prove(plan, lambda level, index: nodes[level, index]) for seq, plan in plans.items()}


async def consistency_proof(session: AsyncSession, old: int, new: int) -> list[bytes]:
    """That the tree of ``old`` entries is a prefix of the tree of ``new``."""
    plan = consistency_plan(old, new)
    nodes = await _nodes(session, plan)
    return prove(plan, lambda level, index: nodes[level, index])


async def _nodes(session: AsyncSession, parts: Sequence[Range]) -> dict[Node, bytes]:
    wanted = {node for part in parts for node in complete_subtrees(part)}
    below: dict[int, set[Range]] = {}
    for level, index in wanted:
        within = level % TILE_LEVELS
        below.setdefault(level - within, set()).add((index << within, (index + 1) << within))
    stored: dict[Node, bytes] = {}
    for level, ranges in below.items():
        merged = _merged(ranges)
        for start in range(0, len(merged), _RANGES_PER_QUERY):
            stored |= await _stored(session, level, merged[start : start + _RANGES_PER_QUERY])
    return {node: _computed(stored, node) for node in wanted}


def _merged(ranges: set[Range]) -> list[Range]:
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


async def _stored(session: AsyncSession, level: int, ranges: Sequence[Range]) -> dict[Node, bytes]:
    if level == 0:
        leaves = or_(*(and_(LedgerEntry.seq >= start, LedgerEntry.seq < end) for start, end in ranges))
        found = await session.execute(select(LedgerEntry.seq, LedgerEntry.leaf).where(leaves))
    else:
        inner = or_(*(and_(LedgerNode.index >= start, LedgerNode.index < end) for start, end in ranges))
        query = select(LedgerNode.index, LedgerNode.hash).where(LedgerNode.level == level, inner)
        found = await session.execute(query)
    return {(level, index): value for index, value in found}


def _computed(stored: dict[Node, bytes], node: Node) -> bytes:
    level, index = node
    within = level % TILE_LEVELS
    return perfect_root([stored[level - within, place] for place in range(index << within, (index + 1) << within)])


async def entry_proofs(session: AsyncSession, seqs: Sequence[int], size: int,
                       audiences: Collection[str]) -> list[EntryProof]:
    """Entries with their proofs, in order; payload and salt where the audience may read them."""
    proofs = await inclusion_proofs(session, seqs, size)
    query = (
        select(LedgerEntry.seq, LedgerEntry.entry, LedgerEntry.leaf, LedgerPayload)
        .join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq)
        .where(LedgerEntry.seq.in_(seqs))
        .order_by(LedgerEntry.seq)
    )
    readers, result = frozenset(audiences), list[EntryProof]()
    for seq, entry, leaf, payload in await session.execute(query):
        item = EntryProof(entry=entry, leaf=leaf.hex(), proof=[step.hex() for step in proofs[seq]])
        if not readers.isdisjoint(payload.audience):
            item["payload"] = msgspec.json.decode(payload.payload)
            item["salt"] = payload.payload_salt.hex()
        result.append(item)
    return result


def sealed_item(row: SealedActRow, *, with_payload: bool) -> SealedAct:
    """A stored sealed act as the document that leaves the platform."""
    siblings = [row.siblings[start : start + 32].hex() for start in range(0, len(row.siblings), 32)]
    item = SealedAct(act=row.act, leaf=leaf_hash(row.act.encode()).hex(), position=row.position,
                     siblings=siblings, batch=row.batch_seq)
    if with_payload:
        item["payload"] = msgspec.json.decode(row.payload)
        item["salt"] = row.payload_salt.hex()
    return item


async def entry_document(session: AsyncSession, seq: int, audiences: Collection[str], key: str) -> EntryDocument | None:
    """The offline proof of an entry; None until a checkpoint covers it (half a second or so).

    ``key`` is the log's ``checkpoints.verifier_key``; the document is verified before it is returned.
    """
    checkpoint = await covering_checkpoint(session, seq)
    if checkpoint is None:
        return None
    [proof] = await entry_proofs(session, [seq], checkpoint.size, audiences)
    document = EntryDocument(v=FORMAT_VERSION, log=key.partition("+")[0], key=key, checkpoint=checkpoint.note,
                             entry=proof)
    verify_entry_document(document, key)
    return document


async def sealed_proof(session: AsyncSession, act_id: UUID, key: str) -> SealedDocument | None:
    """The offline proof of a sealed act, payload included: what its receipt carries.

    None until it is packed and covered by a checkpoint. Before the deadline only the one who acted
    may have it: the caller permits.
    """
    row = await session.get(SealedActRow, act_id)
    checkpoint = await covering_checkpoint(session, row.batch_seq) if row else None
    if row is None or checkpoint is None:
        return None
    [batch] = await entry_proofs(session, [row.batch_seq], checkpoint.size, _EVERYTHING)
    document = SealedDocument(v=FORMAT_VERSION, log=key.partition("+")[0], key=key, checkpoint=checkpoint.note,
                              act=sealed_item(row, with_payload=True), batch=batch)
    verify_sealed_document(document, key)
    return document
