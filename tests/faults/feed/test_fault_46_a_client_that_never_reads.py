"""Fault 46: sockets that never read are dropped at the bound; the others get everything, memory stays flat."""

import asyncio
import json
import socket
import time

import psutil
from websockets.asyncio.client import connect

from tests.faults.feed.conftest import Write
from tests.nodes import NodeProcess
from tests.waiting import PATIENCE

COUNT, SIZE = 60, 60_000  # about 180 kB each in UTF-8: far more than socket buffers and the bound of one MiB hold
DEAF, ROOM = 20, 80 << 20  # what they never read is 216 MB; kept for them it would fill the room twice over


async def test_who_never_reads_is_dropped_and_holds_nobody_up(node: NodeProcess, lot_id: str, write: Write) -> None:
    await write(1, 1)
    address = f"{node.address.replace('http', 'ws')}/api/lots/{lot_id}/feed?after=-1"
    deaf = [_deaf(node, lot_id) for _ in range(DEAF)]
    memory = psutil.Process(node.process.pid).memory_info
    async with connect(address, max_size=None, compression=None) as keen:
        assert json.loads(await asyncio.wait_for(keen.recv(), PATIENCE))["seq"] >= 0
        assert not await _are_dropped(node, deaf, 1)  # all have caught up by now, and follow live
        before = memory().rss
        writing = asyncio.create_task(write(COUNT, SIZE))
        heard = [json.loads(await asyncio.wait_for(keen.recv(), PATIENCE)) for _ in range(COUNT)]
        await writing
        assert [message["payload"]["number"] for message in heard] == list(range(COUNT))
        assert memory().rss - before < ROOM
    assert await _are_dropped(node, deaf)


def _deaf(node: NodeProcess, lot_id: str) -> socket.socket:
    """A socket that follows the lot and reads nothing."""
    deaf = socket.create_connection(("127.0.0.1", node.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall((f"GET /api/lots/{lot_id}/feed?after=-1 HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n"
                  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 13\r\n\r\n").encode())
    return deaf


async def _are_dropped(node: NodeProcess, deaf: list[socket.socket], seconds: float = PATIENCE) -> bool:
    """True once the node holds none of these connections any more, though their clients never hung up."""
    ports, process = {each.getsockname()[1] for each in deaf}, psutil.Process(node.process.pid)
    until = time.monotonic() + seconds
    while any(each.raddr and each.raddr.port in ports for each in process.net_connections("tcp")):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.2)
    return True
