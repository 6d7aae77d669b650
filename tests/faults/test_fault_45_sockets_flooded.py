"""Fault 45: a flood of sockets, a huge message, endless chatter, a foreign page: caps hold, and HTTP stays up."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from tests.waiting import PATIENCE

PER_ADDRESS, PER_LOT, FLOOD = 40, 25, 300
TOLD = "127.0.0.1"


def _feed(node: NodeProcess) -> str:
    return f"{node.address.replace('http', 'ws')}/api/lots/{uuid4()}/feed"


async def _knock(address: str, place: str = "203.0.113.9") -> ClientConnection | int:
    """An open socket, or the status with which it was refused."""
    try:
        return await connect(address, additional_headers={"X-Forwarded-For": place}, open_timeout=60)
    except InvalidStatus as refused:
        return refused.response.status_code


async def _flood(address: str, count: int, place: str = "203.0.113.9") -> list[ClientConnection]:
    """So many at once; those that were let in, when all others were refused."""
    tried = await asyncio.gather(*(_knock(address, place) for _ in range(count)))
    assert {each for each in tried if isinstance(each, int)} <= {403}
    return [each for each in tried if not isinstance(each, int)]


async def _hang_up(sockets: list[ClientConnection]) -> None:
    await asyncio.gather(*(each.close() for each in sockets))


async def test_caps_hold_and_http_stays_up(start_node: StartNode) -> None:
    node = await asyncio.to_thread(start_node, trusted_proxies=TOLD, sockets_per_address=PER_ADDRESS,
                                   sockets_per_lot=PER_LOT)
    one, other = _feed(node), _feed(node)
    async with httpx.AsyncClient(base_url=node.address, timeout=60) as http:
        flooding = asyncio.create_task(_flood(one, FLOOD))
        while not flooding.done():
            assert (await http.get("/api/time")).status_code == 200
        held = await flooding
        assert len(held) == PER_LOT, "so many may watch one lot"
        rest = await _flood(other, FLOOD)
        assert len(rest) == PER_ADDRESS - PER_LOT, "the address holds its most, over all lots"
        assert (await http.get("/healthz")).status_code == 200
    neighbour = await _flood(other, 3, "198.51.100.1")
    assert len(neighbour) == 3, "others come in beside it"
    await _hang_up(held)
    again = await _flood(_feed(node), 3)
    assert len(again) == 3, "who hangs up makes room"
    await _hang_up([*rest, *neighbour, *again])


async def test_a_huge_message_endless_chatter_and_a_foreign_page_are_hung_up_on(start_node: StartNode) -> None:
    node = await asyncio.to_thread(start_node)
    async with connect(_feed(node)) as huge:
        await huge.send("x" * 5_000)
        await asyncio.wait_for(huge.wait_closed(), PATIENCE)
        assert huge.close_code == 1009
    async with connect(_feed(node)) as binary:
        await binary.send(b"\0" * 4_000)
        await asyncio.wait_for(await binary.ping(), PATIENCE)
    async with connect(_feed(node)) as chatter:
        for _ in range(130):
            await chatter.send("x")
        await asyncio.wait_for(chatter.wait_closed(), PATIENCE)
        assert chatter.close_code == 4408
    with pytest.raises(InvalidStatus) as refused:
        async with connect(_feed(node), origin="https://evil.example"):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403
    assert "Traceback" not in node.log.read_text()
