"""Fault 25: rows edited or deleted, all chained anew: the first bad entry is named, a held checkpoint wins."""

import hashlib
import json

import psycopg
import pytest
from sqlalchemy import func, select

from storage.ledger.model import ZERO_HASH, LedgerBroken, leaf_hash
from storage.ledger.notes import Checkpoint
from storage.ledger.outbox import append
from storage.ledger.queries import feed, latest_checkpoint
from storage.ledger.rebuilding import rebuild
from storage.ledger.verification import verify_log
from tests.ledger_world import LOG, SIGNER, connect, draft, sequencing, sessions_of
from tests.waiting import eventually

SIZE = 40


async def written(url: str) -> Checkpoint:
    """A log of forty entries with checkpoints at ten and forty; answers the one others hold."""
    async with sessions_of(url) as sessions, sequencing(url):
        for goal in (10, SIZE):
            async with sessions() as session, session.begin():
                at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
                for number in range(0 if goal == 10 else 10, goal):
                    await append(session, draft(number, stream=f"lot:{number % 3}"), at)

            async def covered(size: int = goal) -> bool:
                async with sessions() as session:
                    checkpoint = await latest_checkpoint(session)
                    return checkpoint is not None and checkpoint.size == size

            await eventually(covered)
        async with sessions() as session:
            checkpoint = await latest_checkpoint(session)
    assert checkpoint is not None
    return Checkpoint(LOG, checkpoint.size, checkpoint.root)


def tamper(url: str, *statements: str) -> None:
    """As an administrator who goes round the triggers."""
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


async def first_bad(url: str, held: Checkpoint) -> tuple[object, object]:
    """The first bad entry by the sequencer's replay of the database, and by an outsider with the heads alone."""
    connection = await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True)
    async with connection:
        with pytest.raises(LedgerBroken) as inside:
            await rebuild(connection, LOG, SIGNER.public_key())
    async with sessions_of(url) as sessions, sessions() as session:
        lines = [item["entry"] for item in await feed(session, (), limit=SIZE)]
    with pytest.raises(LedgerBroken) as outside:
        verify_log(["".join(f"{line}\n" for line in lines).encode()], LOG, [held])
    return inside.value.facts["seq"], outside.value.facts["seq"]


@pytest.mark.parametrize("seq", [0, 7, 23, SIZE - 2])
async def test_fault_25_an_edited_entry_is_named(database_url: str, seq: int) -> None:
    held = await written(database_url)
    change = "UPDATE ledger_entry SET entry = replace(entry, 'lot.extended', 'lot.cancelled')"
    tamper(database_url, f"{change} WHERE seq = {seq}")
    assert await first_bad(database_url, held) == (seq, seq)


async def test_fault_25_an_edit_that_fixes_its_own_hash_is_named(database_url: str) -> None:
    held = await written(database_url)
    with connect(database_url) as connection:
        row = connection.execute("SELECT entry FROM ledger_entry WHERE seq = 17").fetchone()
    assert row is not None
    entry = str(row[0]).replace("lot.extended", "lot.cancelled")
    tamper(database_url, f"UPDATE ledger_entry SET entry = '{entry}',"
                         f" leaf = '\\x{leaf_hash(entry.encode()).hex()}' WHERE seq = 17")
    assert await first_bad(database_url, held) == (17, 17)


async def test_fault_25_a_missing_middle_is_named(database_url: str) -> None:
    held = await written(database_url)
    tamper(database_url, "DELETE FROM ledger_payload WHERE seq IN (15, 16)",
           "DELETE FROM ledger_entry WHERE seq IN (15, 16)")
    assert await first_bad(database_url, held) == (15, 15)


async def test_fault_25_a_missing_tail_is_named(database_url: str) -> None:
    held = await written(database_url)
    tamper(database_url, "DELETE FROM ledger_entry WHERE seq >= 33")
    assert await first_bad(database_url, held) == (33, 33)


def chained_anew(lines: list[str]) -> list[str]:
    """The log without entry 20, numbered and linked as if nothing had been."""
    prev, heads, result = ZERO_HASH, dict[str, str](), list[str]()
    for seq, line in enumerate(lines[:20] + lines[21:]):
        entry = json.loads(line)
        entry |= {"seq": seq, "prev": prev, "stream_prev": heads.get(entry["stream"], ZERO_HASH)}
        result.append(json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        prev = heads[entry["stream"]] = leaf_hash(result[-1].encode()).hex()
    return result


async def test_fault_25_a_log_chained_anew_is_caught_by_a_held_checkpoint(database_url: str) -> None:
    held = await written(database_url)
    with connect(database_url) as connection:
        lines = [str(row[0]) for row in connection.execute("SELECT entry FROM ledger_entry ORDER BY seq")]
    forged = chained_anew(lines)
    block = "".join(f"{line}\n" for line in forged).encode()
    assert verify_log([block], LOG).size == SIZE - 1, "by itself the forgery is sound"
    with pytest.raises(LedgerBroken):
        verify_log([block], LOG, [held])
    values = ", ".join(
        f"({seq}, '{json.loads(line)['stream']}', '{line}', '\\x{leaf_hash(line.encode()).hex()}')"
        for seq, line in enumerate(forged))
    tamper(database_url, "DELETE FROM ledger_entry",
           f"INSERT INTO ledger_entry (seq, stream, entry, leaf) VALUES {values}")
    connection_url = database_url.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(connection_url, autocommit=True) as stored:
        with pytest.raises(LedgerBroken) as caught:
            await rebuild(stored, LOG, SIGNER.public_key())
    # Ten entries still stand under the first checkpoint: the rewriting began after them.
    assert caught.value.facts["seq"] in (10, SIZE - 1)


async def test_fault_25_a_sequencer_does_not_sign_over_a_damaged_log(database_url: str) -> None:
    await written(database_url)
    tamper(database_url, "UPDATE ledger_entry SET leaf = '\\x" + hashlib.sha256(b"x").hexdigest() + "' WHERE seq = 5")
    async with sessions_of(database_url) as sessions, sequencing(database_url) as sequencer:

        async def refused() -> bool:
            return sequencer.failure is not None

        await eventually(refused)
        async with sessions() as session, session.begin():
            at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            await append(session, draft(99), at)
        assert sequencer.failure is not None
        assert sequencer.failure.facts["seq"] == 5
        assert not sequencer.is_writing
        async with sessions() as session:
            checkpoint = await latest_checkpoint(session)
            assert checkpoint is not None
            assert checkpoint.size == SIZE
