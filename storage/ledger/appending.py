"""The sequencer's transactions: number what waits, chain it, store it, tell the listeners.

Nothing in memory changes before the commit; a head that is not the one in memory stops the writer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from storage.database.fault_points import reach
from storage.kernel.clock import to_wire
from storage.ledger.chain import Chain
from storage.ledger.merkle import Frontier
from storage.ledger.model import ZERO_HASH, Entry, LedgerBroken, canonical, leaf_hash

LEDGER_CHANNEL = "yunkai_ledger"
BATCH_ROWS = 1000
Connection = AsyncConnection[Any]

_HEAD = "SELECT seq, leaf FROM ledger_entry ORDER BY seq DESC LIMIT 1"
_WAITING = """
    SELECT id, at, action, actor, stream, subject, payload_sha256
    FROM ledger_outbox WHERE NOT sealed ORDER BY id LIMIT %s
"""
_ENTRIES = """
    INSERT INTO ledger_entry (seq, stream, entry, leaf)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[])
"""
_PAYLOADS = """
    INSERT INTO ledger_payload (seq, act_id, payload, payload_salt, audience, actor_id, actor_salt)
    SELECT n.seq, o.act_id, o.payload, o.payload_salt, o.audience, o.actor_id, o.actor_salt
    FROM ledger_outbox o JOIN unnest(%s::bigint[], %s::bigint[]) AS n(id, seq) USING (id)
"""
_NODES = """
    INSERT INTO ledger_node (level, index, hash)
    SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
"""
_LEAVE = "DELETE FROM ledger_outbox WHERE id = ANY(%s)"
_TELL = "SELECT pg_notify(%s, told) FROM unnest(%s::text[]) AS told"


class HeadMoved(LedgerBroken):
    """Another hand wrote the log since this sequencer last did: it must let go and rebuild."""

    code = "ledger-head-moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What of an outbox row goes into an entry."""

    at: datetime
    action: str
    actor: str
    stream: str
    subject: str
    payload_sha256: str


@dataclass(slots=True)
class Draft:
    """Entries numbered after a chain, and the state to take over once they are committed."""

    seqs: list[int]
    streams: list[str]
    entries: list[str]
    leaves: list[bytes]
    heads: dict[str, str]
    prev: str
    frontier: Frontier
    nodes: list[tuple[int, int, bytes]]

    def adopt(self, chain: Chain) -> None:
        """The chain becomes what was committed."""
        chain.prev, chain.frontier = self.prev, self.frontier
        chain.heads.update(self.heads)


def number(chain: Chain, acts: Sequence[Act]) -> Draft:
    """Gives each act its entry after the chain's head; the chain is left as it is."""
    frontier = chain.frontier.copy()
    draft = Draft([], [], [], [], {}, chain.prev, frontier, [])
    for seq, act in enumerate(acts, chain.size):
        before = draft.heads.get(act.stream) or chain.heads.get(act.stream, ZERO_HASH)
        raw = canonical(Entry(
            action=act.action, actor=act.actor, log=chain.log, payload_sha256=act.payload_sha256, prev=draft.prev,
            seq=seq, stream=act.stream, stream_prev=before, subject=act.subject, ts=to_wire(act.at)))
        leaf = leaf_hash(raw)
        draft.prev = draft.heads[act.stream] = leaf.hex()
        draft.seqs.append(seq)
        draft.streams.append(act.stream)
        draft.entries.append(raw.decode())
        draft.leaves.append(leaf)
    draft.nodes = frontier.extend(draft.leaves)
    return draft


async def require_head(connection: Connection, chain: Chain) -> None:
    """Raises ``HeadMoved`` unless the last stored entry is the chain's head."""
    row = await (await connection.execute(_HEAD)).fetchone()
    size, prev = (row[0] + 1, bytes(row[1]).hex()) if row else (0, ZERO_HASH)
    if (size, prev) != (chain.size, chain.prev):
        raise HeadMoved("账本的最后一条不是本进程所写", seq=chain.size)


async def store(connection: Connection, draft: Draft) -> None:
    """Writes entries and tree nodes, and tells listeners the last ``seq`` of each stream on commit."""
    await connection.execute(_ENTRIES, (draft.seqs, draft.streams, draft.entries, draft.leaves))
    if draft.nodes:
        await connection.execute(_NODES, tuple(list(column) for column in zip(*draft.nodes, strict=True)))
    last = dict(zip(draft.streams, draft.seqs, strict=True))
    told = [json.dumps({"stream": stream, "seq": seq}) for stream, seq in last.items()]
    await connection.execute(_TELL, (LEDGER_CHANNEL, told))


async def leave_outbox(connection: Connection, ids: Sequence[int]) -> None:
    """Takes rows out of the outbox; the database refuses any that is not in the log."""
    await connection.execute(_LEAVE, (list(ids),))


async def append_waiting(connection: Connection, chain: Chain) -> int:
    """One transaction: up to a thousand waiting acts become entries. Answers how many."""
    async with connection.transaction():
        rows = await (await connection.execute(_WAITING, (BATCH_ROWS,))).fetchall()
        if not rows:
            return 0
        await require_head(connection, chain)
        ids = [row[0] for row in rows]
        draft = number(chain, [
            Act(at=row[1], action=row[2], actor=row[3], stream=row[4], subject=row[5], payload_sha256=row[6])
            for row in rows])
        await store(connection, draft)
        await connection.execute(_PAYLOADS, (ids, draft.seqs))
        await leave_outbox(connection, ids)
        reach("sequencer.written")
    reach("sequencer.committed")
    draft.adopt(chain)
    return len(rows)
