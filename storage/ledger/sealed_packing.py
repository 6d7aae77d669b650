"""Packs the sealed acts that wait into one ``sealed.batch`` entry (R-122)."""

import secrets
from typing import Any
from uuid import uuid4

from storage.database.fault_points import reach
from storage.kernel.clock import to_wire
from storage.ledger.appending import Act, Connection, leave_outbox, number, require_head, store
from storage.ledger.chain import Chain
from storage.ledger.model import (
    BATCH_ACTION,
    SALT_BYTES,
    SealedAct,
    actor_head,
    canonical,
    leaf_hash,
    payload_digest,
    payload_text,
)
from storage.ledger.sealed_batch import LARGEST_BATCH, seal_batch

BATCH_STREAM = "platform"
BATCH_SUBJECT = "batch"
_PLATFORM = "platform"

_WAITING = """
    SELECT id, at, action, actor, stream, subject, payload_sha256
    FROM ledger_outbox WHERE sealed ORDER BY id LIMIT %s
"""
_ACTS = """
    INSERT INTO sealed_act (act_id, ordinal, batch_seq, position, siblings, act, at, action, stream, subject,
                            payload, payload_salt, audience, actor_id, actor_salt)
    SELECT o.act_id, o.id, %s, n.position, n.siblings, n.act, o.at, o.action, o.stream, o.subject,
           o.payload, o.payload_salt, o.audience, o.actor_id, o.actor_salt
    FROM ledger_outbox o
    JOIN unnest(%s::bigint[], %s::int[], %s::bytea[], %s::text[]) AS n(id, position, siblings, act) USING (id)
"""
_BATCH_PAYLOAD = """
    INSERT INTO ledger_payload (seq, act_id, payload, payload_salt, audience, actor_id, actor_salt)
    VALUES (%s, %s, %s, %s, ARRAY['public'], %s, %s)
"""


def sealed_head(row: tuple[Any, ...]) -> bytes:
    """The canonical sealed act of an outbox row, with a salt of its own."""
    return canonical(SealedAct(
        action=row[2], actor=row[3], at=to_wire(row[1]), payload_sha256=row[6],
        salt=secrets.token_hex(SALT_BYTES), stream=row[4], subject=row[5]))


async def sealed_acts_wait(connection: Connection) -> bool:
    """True when an act waits to be packed."""
    row = await (await connection.execute("SELECT EXISTS (SELECT FROM ledger_outbox WHERE sealed)")).fetchone()
    return bool(row and row[0])


async def pack_sealed(connection: Connection, chain: Chain) -> int:
    """One transaction: writes a batch entry over what waits, were it nothing. Answers how many acts."""
    async with connection.transaction():
        await require_head(connection, chain)
        rows = await (await connection.execute(_WAITING, (LARGEST_BATCH,))).fetchall()
        acts = [sealed_head(row) for row in rows]
        root, proofs = seal_batch([leaf_hash(act) for act in acts])
        text = payload_text({"root": root.hex()})
        salt, actor_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        clock = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        assert clock is not None
        draft = number(chain, [Act(
            at=clock[0], action=BATCH_ACTION, actor=actor_head(_PLATFORM, actor_salt, _PLATFORM),
            stream=BATCH_STREAM, subject=BATCH_SUBJECT, payload_sha256=payload_digest(text, salt))])
        await store(connection, draft)
        await connection.execute(_BATCH_PAYLOAD, (draft.seqs[0], uuid4(), text, salt, _PLATFORM, actor_salt))
        if rows:
            ids = [row[0] for row in rows]
            await connection.execute(_ACTS, (
                draft.seqs[0], ids, [proof.position for proof in proofs],
                [b"".join(proof.siblings) for proof in proofs], [act.decode() for act in acts]))
            await leave_outbox(connection, ids)
        reach("sequencer.packed")
    draft.adopt(chain)
    return len(rows)
