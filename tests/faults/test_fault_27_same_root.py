"""Fault 27: dump and restore, NFC and NFD, key order, microseconds: the same root."""

import asyncio
import subprocess
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
from sqlalchemy import func, select

from storage.embedded.postgres import EmbeddedPostgres, binaries
from storage.kernel.clock import to_wire
from storage.ledger.appending import Act, number
from storage.ledger.chain import Chain
from storage.ledger.model import payload_digest, payload_text
from storage.ledger.outbox import OutboxDraft, append, outbox_row
from storage.ledger.queries import latest_checkpoint
from storage.ledger.rebuilding import rebuild
from tests.ledger_world import BIDDER, LOG, LOT, SIGNER, connect, draft, lots_open, sequencing, sessions_of
from tests.waiting import eventually


async def root_of(url: str) -> tuple[int, bytes]:
    connection = await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True)
    async with connection:
        chain, _ = await rebuild(connection, LOG, SIGNER.public_key())
    return chain.size, chain.frontier.root()


async def run(command: Sequence[str | Path], given: bytes = b"") -> bytes:
    done = await asyncio.to_thread(subprocess.run, command, input=given, capture_output=True, check=True)
    return done.stdout


async def test_fault_27_a_restored_dump_has_the_same_root_and_still_only_grows(
        postgres: EmbeddedPostgres, database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url, lots_are_open=lots_open):
        async with sessions() as session, session.begin():
            at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            for place in range(300):
                await append(session, draft(place, sealed=place % 5 == 0, stream=f"lot:云龙大桥-{place % 3}"), at)

        async def covered() -> bool:
            async with sessions() as session:
                checkpoint = await latest_checkpoint(session)
                return checkpoint is not None and checkpoint.size > 240

        await eventually(covered)
    before = await root_of(database_url)
    host = str(postgres.socket_directory)
    source = database_url.partition("?")[0].rpartition("/")[2]
    tools = ["-h", host, "-U", "postgres"]
    dump = await run([binaries() / "pg_dump", *tools, source])
    target = f"{source}_restored"
    with connect(postgres.url()) as connection:
        connection.execute(f"CREATE DATABASE {target}".encode())
    try:
        await run([binaries() / "psql", *tools, "-q", "-v", "ON_ERROR_STOP=1", "-d", target], dump)
        assert await root_of(postgres.url(target)) == before
        async with sessions_of(postgres.url(target)) as sessions, sequencing(postgres.url(target)) as sequencer:
            async with sessions() as session, session.begin():
                await append(session, draft(301), at)

            async def grew() -> bool:
                async with sessions() as session:
                    checkpoint = await latest_checkpoint(session)
                    return checkpoint is not None and checkpoint.size == before[0] + 1

            await eventually(grew)
            assert sequencer.failure is None
    finally:
        with connect(postgres.url()) as connection:
            connection.execute(f"DROP DATABASE {target} WITH (FORCE)".encode())


def entry_of(draft: OutboxDraft, at: datetime) -> str:
    row = outbox_row(draft, at)
    act = Act(at=at, action=str(row["action"]), actor="bidder#00", stream=str(row["stream"]),
              subject=str(row["subject"]), payload_sha256=payload_digest(str(row["payload"]), bytes(16)))
    return number(Chain(LOG), [act]).entries[0]


def test_fault_27_composed_and_decomposed_text_in_any_key_order_give_the_same_entry() -> None:
    at = datetime(2026, 11, 30, 1, 0, 0, 123456, UTC)
    name = "Café Ünïversität がぎぐ 云龙"
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
    assert forms[0] != forms[1]
    entries = {
        entry_of(OutboxDraft(action="lot.published", actor=BIDDER, stream=LOT, subject=form, payload=payload), at)
        for form in forms
        for payload in ({"b": form, "a": {form: 1, "z": [form]}}, {"a": {"z": [form], form: 1}, "b": form})
    }
    assert len(entries) == 1
    assert payload_text({"b": 1, "a": 2}) == '{"a":2,"b":1}'


async def test_fault_27_the_database_gives_back_the_microseconds_that_were_hashed(database_url: str) -> None:
    shanghai = timezone(timedelta(hours=8))
    async with sessions_of(database_url) as sessions:
        for micro in (0, 1, 999_999, 123_456):
            at = datetime(2026, 11, 30, 9, 0, 0, micro, shanghai)
            async with sessions() as session, session.begin():
                await append(session, draft(micro), at)
    with connect(database_url) as connection:
        stored = [row[0] for row in connection.execute("SELECT at FROM ledger_outbox ORDER BY id")]
    assert [to_wire(at) for at in stored if isinstance(at, datetime)] == [
        f"2026-11-30T01:00:00.{micro:06d}Z" for micro in (0, 1, 999_999, 123_456)]
