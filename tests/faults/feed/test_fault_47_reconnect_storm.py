"""Fault 47: a node is killed under three hundred viewers; each comes back with its number, and misses nothing."""

import asyncio
import json
import random

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from storage.database.engine import Sessions
from storage.ledger.queries import feed
from tests.faults.feed.conftest import Write
from tests.nodes import NodeProcess
from tests.waiting import PATIENCE

VIEWERS, BEFORE, AWAY, AFTER = 300, 5, 5, 5
TOTAL = BEFORE + AWAY + AFTER


async def _follow(address: str, seen: list[int], warm: asyncio.Event, patience: random.Random) -> None:
    """Follows the stream over any number of connections until it has seen so many entries."""
    while len(seen) < TOTAL:
        try:
            after = seen[-1] if seen else -1
            async with connect(f"{address}?after={after}", compression=None, open_timeout=20) as line:
                while len(seen) < TOTAL:
                    seen.append(json.loads(await line.recv())["seq"])
                    if len(seen) >= BEFORE:
                        warm.set()
        except (OSError, WebSocketException, TimeoutError):
            await asyncio.sleep(patience.uniform(0.2, 1.5))


async def test_viewers_of_a_killed_node_miss_nothing(node: NodeProcess, lot_id: str, write: Write,
                                                     sessions: Sessions) -> None:
    address = f"{node.address.replace('http', 'ws')}/api/lots/{lot_id}/feed"
    patience = random.Random(47)
    warm = [asyncio.Event() for _ in range(VIEWERS)]
    seen: list[list[int]] = [[] for _ in range(VIEWERS)]
    followers = [asyncio.create_task(_follow(address, each, ready, patience))
                 for each, ready in zip(seen, warm, strict=True)]
    await write(BEFORE, 10)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(ready.wait() for ready in warm))
    node.kill()
    await write(AWAY, 10)  # recorded while nobody sequences; numbered when the node is back
    await asyncio.to_thread(node.restart)
    await write(AFTER, 10)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*followers)
    async with sessions() as session:
        recorded = [item["seq"] for item in await feed(session, {"public"}, stream=f"lot:{lot_id}")]
    assert len(recorded) == TOTAL
    assert all(each == recorded for each in seen), "every screen equals the database"
