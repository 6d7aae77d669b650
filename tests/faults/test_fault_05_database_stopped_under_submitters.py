"""Fault 05: PostgreSQL stops at once under fifty submitters: no receipt is lost, 503 meanwhile, back within 10 s."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bidding.bids.tables import Receipt
from storage.database.engine import make_engine, make_sessions
from storage.database.migrating import migrate
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.kernel.clock import process_now
from tests.bids_http import query
from tests.bids_world import World, found_world
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from tests.ready_bids import Ready, make_ready
from tests.waiting import until
from trading.parties.living import token_digest
from trading.parties.tables import LoginSession

COUNT = 50


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
async def ready(durable: EmbeddedPostgres, settings: Settings, tmp_path: Path) -> list[Ready]:
    """Fifty signed-in bidders, each with a bid that may be submitted; the token of a session is its version's id."""
    engine = make_engine(settings.model_copy(update={"database_url": durable.url()}))
    world: World = await found_world(make_sessions(engine), tmp_path / "ca", settings.trust_directory)
    made = await make_ready(world, COUNT)
    await world.set_deadline(process_now() + timedelta(hours=3))
    now = process_now()
    async with world.sessions() as session:
        session.add_all(LoginSession(
            token_sha256=token_digest(str(one.version_id)), party_id=one.actor.party_id,
            certificate=one.actor.certificate, opened_at=now, seen_at=now, address="127.0.0.1") for one in made)
        await session.commit()
    await engine.dispose()
    return made


def submit(node: NodeProcess, one: Ready, turn: float, answers: dict[str, list[int]]) -> str:
    """Tries until there is a receipt; notes every status seen."""
    seen = answers.setdefault(str(one.version_id), [])
    url = f"{node.address}/api/bid-versions/{one.version_id}/submit"
    headers = {"Authorization": f"Bearer {one.version_id}", "Idempotency-Key": str(one.version_id)}
    time.sleep(turn)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        answer = httpx.post(url, headers=headers, timeout=40)
        seen.append(answer.status_code)
        assert answer.status_code in {201, 409, 503}, answer.text
        if answer.status_code == 201:
            return str(answer.json()["number"])
        time.sleep(0.3)
    raise TimeoutError(f"no receipt: {seen}")


def test_no_acknowledged_receipt_is_lost(durable: EmbeddedPostgres, ready: list[Ready],
                                         start_node: StartNode) -> None:
    node = start_node(database_url=durable.url())
    answers: dict[str, list[int]] = {}
    with ThreadPoolExecutor(COUNT) as bidders:
        asked = [bidders.submit(submit, node, one, place * 0.06, answers) for place, one in enumerate(ready)]
        until(lambda: any(201 in seen for seen in answers.values()))
        os.kill(durable.process_id() or 0, signal.SIGQUIT)
        until(lambda: not durable.is_running())
        assert httpx.get(f"{node.address}/readyz", timeout=30).status_code == 503
        durable.start()
        until(lambda: httpx.get(f"{node.address}/readyz", timeout=30).status_code == 200, 10)
        numbers = [each.result() for each in asked]
    seen = {status for each in answers.values() for status in each}
    if 503 not in seen:
        raise TimeoutError("the fault came too late to be felt")
    found = [number for (number,) in query(node, f"select number from {Receipt.__tablename__}")]
    assert sorted(found) == sorted(numbers)
    assert len(set(numbers)) == COUNT
