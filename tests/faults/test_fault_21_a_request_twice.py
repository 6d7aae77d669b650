"""Fault 21: the same key and body, the same answer; another body, 422; still in flight, 409."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from tests.bids_http import VALUES, paper, query, work_of
from tests.bids_world import World
from tests.nodes import NodeProcess
from tests.waiting import until


def test_one_key_is_one_act(node: NodeProcess, world: World, tmp_path: Path) -> None:
    work = work_of(node, world, world.bidders[0], tmp_path / "state")
    sent = work.send([paper(tmp_path)], VALUES)
    url = f"{node.address}/api/bid-versions/{sent.version}/submit"
    headers = {"Authorization": f"Bearer {work.api.token}", "Idempotency-Key": "k-1"}

    def post(body: Any = None, key: str = "k-1", timeout: float = 60) -> httpx.Response:
        return httpx.post(url, json=body, headers=headers | {"Idempotency-Key": key}, timeout=timeout)

    in_flight, after = asyncio.run(_while_locked(node, world, post))
    assert in_flight.status_code == 409
    assert json.loads(in_flight.text)["code"] == "conflict"
    assert after.status_code == 201
    again = post()
    assert (again.status_code, again.content) == (201, after.content)
    assert post({"other": 1}).status_code == 422
    other_key = post(key="k-2")
    assert other_key.json()["number"] == after.json()["number"], "the act itself is idempotent too"
    # The key is the session's: a fresh proof gives it another token, and the act stays the same act.
    assert work.api.identity is not None
    renewed = work.api.post("/api/login/again", work.api.show(work.api.identity))["token"]
    headers["Authorization"] = f"Bearer {renewed}"
    kept = post()
    assert (kept.content, kept.headers.get("idempotent-replay")) == (after.content, "true")
    assert len(query(node, "select 1 from receipt")) == 1


async def _while_locked(node: NodeProcess, world: World, post: Any) -> tuple[httpx.Response, httpx.Response]:
    """The second of two equal requests while the first waits for the lot's lock, and then the first's answer."""
    engine = create_engine(node.settings.database_url)
    with engine.connect() as connection:
        connection.execute(text("select 1 from lot where id = :id for update"), {"id": world.lot.id})
        first = asyncio.create_task(asyncio.to_thread(post))
        await asyncio.to_thread(until, lambda: query(
            node, "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"))
        second = await asyncio.to_thread(post)
        assert not first.done(), "nor did the second wait for it"
        connection.rollback()
        answer = await first
    engine.dispose()
    return second, answer
