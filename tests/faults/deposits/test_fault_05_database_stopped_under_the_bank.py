"""Fault 05: PostgreSQL stops at once under fifty calls of the bank: each is booked once, and 503 is said meanwhile.

The bank tells every payment under one id until it is acknowledged, as its program does.
"""

import json
import os
import signal
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.crypto.callbacks import HEADER, sign_callback
from storage.database.engine import make_engine, make_sessions
from storage.database.migrating import migrate
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.kernel.clock import process_now, to_wire
from tests.bids_http import query
from tests.bids_world import found_world
from tests.deposits_world import DEPOSIT, Till, ask_for_deposits, basic_account
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from tests.waiting import until

COUNT, BIDDERS = 50, 5
PATIENCE = 30.0  # seconds an answer may take, whatever it says (fault 06)


@dataclass(frozen=True)
class Call:
    """One message of the bank, the same bytes whenever it is told."""

    id: str
    serial: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the platform said, and how long it took."""

    status: int
    seconds: float
    retry_after: str | None


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that flushes what it acknowledges, as in production."""
    (tmp_path / "durable").mkdir()
    server = EmbeddedPostgres(tmp_path / "durable" / "data")
    server.start()
    migrate(server.url())
    yield server
    server.stop()


@pytest.fixture
async def calls(durable: EmbeddedPostgres, settings: Settings, tmp_path: Path) -> list[Call]:
    """Ten payments to each of five open accounts of one lot; the first of an account is the deposit."""
    engine = make_engine(settings.model_copy(update={"database_url": durable.url()}))
    world = await found_world(make_sessions(engine), tmp_path / "ca", settings.trust_directory, bidders=BIDDERS)
    await ask_for_deposits(world)
    till, made = Till(world), []
    for bidder in world.bidders:
        account = await till.open(bidder)
        for _ in range(COUNT // BIDDERS):
            number = len(made) + 1
            made.append(Call(f"call-{number}", f"S-{number}", json.dumps({
                "v": 1, "id": f"call-{number}", "kind": "payment.received", "serial": f"S-{number}",
                "account": account.number, "payer_name": bidder.party.name, "payer_account": basic_account(bidder),
                "amount": DEPOSIT, "value_at": to_wire(process_now())}, ensure_ascii=False).encode()))
    await engine.dispose()
    return made


@pytest.fixture
def line() -> Iterator[httpx.Client]:
    """The bank's way to the platform; one for all, because each made anew reads all roots of TLS."""
    with httpx.Client(timeout=40) as client:
        yield client


def tell(line: httpx.Client, node: NodeProcess, key: Ed25519PrivateKey, call: Call, turn: float,
         answers: dict[str, list[Answer]]) -> None:
    """Tells until it is acknowledged; notes every answer."""
    time.sleep(turn)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        headers = {HEADER: sign_callback(key, "bank", process_now(), call.body)}
        began = time.monotonic()
        answer = line.post(f"{node.address}/api/callbacks/bank", content=call.body, headers=headers)
        answers.setdefault(call.id, []).append(
            Answer(answer.status_code, time.monotonic() - began, answer.headers.get("retry-after")))
        assert answer.status_code in {200, 503}, f"{answer.text}\n{node.log.read_text()[-6000:]}"
        if answer.status_code == 200:
            assert answer.json() == {"id": call.id, "accepted": True}
            return
        time.sleep(0.3)
    raise TimeoutError(f"{call.id} was never taken: {answers[call.id]}")


def test_fault_05_no_acknowledged_payment_is_lost_and_none_is_booked_twice(
        durable: EmbeddedPostgres, calls: list[Call], start_node: StartNode, line: httpx.Client) -> None:
    key = Ed25519PrivateKey.generate()
    node = start_node(database_url=durable.url(), bank_url="http://127.0.0.1:9/orders",
                      bank_key=b64encode(key.public_key().public_bytes_raw()).decode())
    answers: dict[str, list[Answer]] = {}
    with ThreadPoolExecutor(COUNT) as bank:
        told = [bank.submit(tell, line, node, key, call, place * 0.06, answers) for place, call in enumerate(calls)]
        until(lambda: len(_acknowledged(answers)) >= 3)
        os.kill(durable.process_id() or 0, signal.SIGQUIT)
        until(lambda: not durable.is_running())
        early = _acknowledged(answers)
        if len(early) == COUNT:
            raise TimeoutError("the fault came too late to be felt")
        until(lambda: any(each.status == 503 for seen in [*answers.values()] for each in [*seen]))
        durable.start()
        until(lambda: httpx.get(f"{node.address}/readyz", timeout=30).status_code == 200, 10)
        for each in told:
            each.result()
    seen = [each for those in answers.values() for each in those]
    assert all(each.seconds < PATIENCE for each in seen), max(each.seconds for each in seen)
    assert all(each.retry_after for each in seen if each.status == 503)
    require_booked_once(line, node, key, calls, early)


def require_booked_once(line: httpx.Client, node: NodeProcess, key: Ed25519PrivateKey, calls: list[Call],
                        early: set[str]) -> None:
    """One payment and one act a call, one deposit an account, a refund for the rest; told again, all stays as it is."""
    first = _books(node)
    assert sorted(serial for serial, _ in first[0]) == sorted(each.serial for each in calls)
    assert early <= {identifier for (identifier,) in first[1]}
    assert sorted(verdict for _, verdict in first[0]).count("MATCHED") == BIDDERS
    assert first[2] == [(COUNT - BIDDERS, COUNT - BIDDERS)]
    assert first[3] == [(COUNT,)]
    for call in calls:
        tell(line, node, key, call, 0, {})
    assert _books(node) == first


def _books(node: NodeProcess) -> list[list[tuple[object, ...]]]:
    """Payments with their verdicts, messages taken, refunds beside the orders for them, acts in the ledger."""
    return [[tuple(row) for row in query(node, statement)] for statement in (
        "select serial, verdict from deposit_payment order by serial",
        "select id from bank_callback where id like 'call-%' order by id",
        "select (select count(*) from deposit_refund), "
        "(select count(*) from exchange_push where kind = 'deposit.refund')",
        "select count(*) from (select action from ledger_outbox union all select action from sealed_act) as act "
        "where action = 'deposit.received'")]


def _acknowledged(answers: dict[str, list[Answer]]) -> set[str]:
    return {identifier for identifier, seen in [*answers.items()] if any(each.status == 200 for each in seen)}
