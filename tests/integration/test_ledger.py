"""The ledger over a real PostgreSQL: from an act in its transaction to evidence that stands alone."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import func, select, text

from storage.database.engine import Sessions
from storage.kernel.errors import NotAllowed
from storage.ledger.checkpoints import parse_verifier_key, verify_checkpoint
from storage.ledger.export import export_stream, sealed_acts
from storage.ledger.model import actor_head
from storage.ledger.outbox import OutboxDraft, append
from storage.ledger.proofs import consistency_proof, entry_document, sealed_proof
from storage.ledger.queries import checkpoints, feed, latest_checkpoint, log_size, seq_of_act, who_acted
from storage.ledger.verification import verify_entry_document, verify_export, verify_growth, verify_sealed_document
from tests.ledger_world import (
    BIDDER,
    KEY,
    LOT,
    connect,
    draft,
    lots_open,
    sequencing,
    sessions_of,
)
from tests.waiting import eventually


async def act(sessions: Sessions, *drafts: OutboxDraft) -> datetime:
    async with sessions() as session, session.begin():
        at: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        for item in drafts:
            await append(session, item, at)
    return at


async def covered(sessions: Sessions, size: int) -> bool:
    async with sessions() as session:
        checkpoint = await latest_checkpoint(session)
        return checkpoint is not None and checkpoint.size >= size


async def test_an_act_becomes_an_entry_that_proves_itself_offline(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        drafts = [draft(number, stream=f"lot:{number % 3}") for number in range(600)]
        await act(sessions, *drafts)
        await eventually(lambda: covered(sessions, 600))
        async with sessions() as session:
            for item in drafts[::97]:
                seq = await seq_of_act(session, item.id)
                assert seq is not None
                document = await entry_document(session, seq, {"public"}, KEY)
                assert document is not None
                assert verify_entry_document(document, KEY).subject == item.subject
                assert document["entry"]["payload"] == item.payload


async def test_heads_carry_no_identity_and_payloads_only_reach_their_audience(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, draft(1, audience=("supervisor", "party:x")))
        await eventually(lambda: covered(sessions, 1))
        async with sessions() as session:
            [outside] = await feed(session, {"public"})
            [inside] = await feed(session, {"public", "supervisor"}, stream=LOT)
            who = await who_acted(session, 0)
    assert outside["payload"] is None
    assert outside["salt"] is None
    assert BIDDER.id not in json.dumps(outside)
    assert inside["payload"] == {"number": 1, "who": BIDDER.id}
    assert who is not None
    assert json.loads(outside["entry"])["actor"] == actor_head("bidder", bytes.fromhex(who[1]), who[0])


async def test_a_rollback_leaves_no_trace(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        async with sessions() as session:
            await append(session, draft(1), datetime.now(UTC))
            await session.rollback()
        await act(sessions, draft(2))
        await eventually(lambda: covered(sessions, 1))
        async with sessions() as session:
            assert [item["payload"] for item in await feed(session, {"public"})] == [{"number": 2, "who": BIDDER.id}]
            assert await session.scalar(text("SELECT count(*) FROM ledger_outbox")) == 0


async def test_sealed_acts_show_neither_themselves_nor_their_number_before_the_deadline(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url, lots_are_open=lots_open):
        own = draft(7, sealed=True, action="bid.submitted", audience=(BIDDER.id,))
        at = await act(sessions, own, draft(8, sealed=True, action="bid.withdrawn"))

        async def packed() -> bool:
            async with sessions() as session:
                return await sealed_proof(session, own.id, KEY) is not None

        await eventually(packed)
        async with sessions() as session:
            items = await feed(session, {"public"})
            assert {json.loads(item["entry"])["action"] for item in items} == {"sealed.batch"}
            assert len({len(item["entry"]) - len(str(item["seq"])) for item in items}) == 1
            receipt = await sealed_proof(session, own.id, KEY)
            assert receipt is not None
            assert verify_sealed_document(receipt, KEY).action == "bid.submitted"
            with pytest.raises(NotAllowed):
                await sealed_acts(session, LOT, {"public"}, at + timedelta(minutes=5))
            opened = await sealed_acts(session, LOT, {"public"}, at)
            bundle = await export_stream(session, LOT, {BIDDER.id}, KEY, readable_from=at)
    assert [item.get("payload") for item in opened] == [None, {"number": 8, "who": BIDDER.id}]
    assert bundle is not None
    shown = verify_export(bundle, KEY)
    assert (shown.entries, shown.sealed, shown.payloads) == (0, 2, 1)


async def test_batches_come_without_acts_while_a_lot_is_open(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url, lots_are_open=lots_open, pace=0.05):
        await eventually(lambda: covered(sessions, 5))
        async with sessions() as session:
            roots = [item["payload"] for item in await feed(session, {"public"})]
    assert len({str(root) for root in roots}) == len(roots)


async def test_checkpoints_grow_consistently(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url, lots_are_open=lots_open, pace=0.05):
        await act(sessions, *(draft(number) for number in range(300)))
        await eventually(lambda: covered(sessions, 320))
        async with sessions() as session:
            signed = await checkpoints(session)
            assert len(signed) > 1
            name, public = parse_verifier_key(KEY)
            for older, newer in pairwise(signed):
                proof = await consistency_proof(session, older.size, newer.size)
                verify_growth(older.note, newer.note, [step.hex() for step in proof], KEY)
                assert verify_checkpoint(newer.note, name, public).root == newer.root


@pytest.mark.parametrize("change", [
    "UPDATE ledger_entry SET entry = entry", "DELETE FROM ledger_entry", "TRUNCATE ledger_entry CASCADE",
    "DELETE FROM ledger_payload", "DELETE FROM ledger_checkpoint", "UPDATE sealed_act SET act = act",
    "DELETE FROM ledger_outbox", "UPDATE ledger_outbox SET payload = payload",
])
async def test_the_log_admits_no_change(database_url: str, change: str) -> None:
    async with sessions_of(database_url) as sessions:
        async with sequencing(database_url):
            await act(sessions, draft(1))
            await eventually(lambda: covered(sessions, 1))
        await act(sessions, draft(2))
        with connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


async def test_two_sequencers_never_write_together_and_the_second_takes_over(database_url: str) -> None:
    async with sessions_of(database_url) as sessions:
        async with (sequencing(database_url, lots_are_open=lots_open) as first,
                    sequencing(database_url, lots_are_open=lots_open) as second):
            for number in range(30):
                await act(sessions, draft(number))
            await eventually(lambda: covered(sessions, 30))
            assert first.is_writing != second.is_writing
            with connect(database_url) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                   " WHERE application_name = 'yunkai-sequencer' AND pid IN"
                                   " (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
            for number in range(30, 60):
                await act(sessions, draft(number))
            await eventually(lambda: covered(sessions, 70))
        async with sessions() as session:
            bundle = await export_stream(session, None, {"public"}, KEY)
            assert bundle is not None
            verify_export(bundle, KEY)
            numbered = [item["payload"] for item in await feed(session, {"public"}, stream=LOT)]
            assert numbered == [{"number": number, "who": BIDDER.id} for number in range(60)]
            assert await log_size(session) == len(await feed(session, (), limit=10_000))
