"""The two Python servers of the hall bench: a real node, and the bare ``broadcast`` of ``websockets``.

Each sends one message to everyone for each line on its standard input; the message carries the instant at which
its sending began. ``python -m benchmarks.hall_server node|websockets PORT``.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import uvicorn
from websockets.asyncio.server import ServerConnection, broadcast, serve

from frontend.server import background
from frontend.server.app import create_app
from frontend.server.feed import listen
from frontend.server.hub import Hub
from frontend.server.parts import Parts
from storage.database.settings import Settings

LOT = "0190a0b0-0000-7000-8000-000000000001"
PADDING = "x" * 850  # a feed item with its entry and payload is about so long
Send = Callable[[int, str], Awaitable[None]]


def message(number: int) -> str:
    """The text of one broadcast, stamped with the machine's monotonic clock in nanoseconds."""
    return f'{{"at":{time.monotonic_ns():020d},"seq":{number},"payload":"{PADDING}"}}'


async def on_each_line(send: Send) -> None:
    """Calls ``send`` for each line of standard input, until it ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    number = 0
    while await reader.readline():
        number += 1
        await send(number, message(number))


async def node(port: int) -> None:
    """The node as ``yunkai serve`` runs it; only the entry comes from this bench and not from the ledger."""
    hubs: list[Hub] = []

    async def listen_too(parts: Parts) -> None:
        hubs.append(parts.hub)
        await listen(parts)
    background.listen = listen_too
    config = uvicorn.Config(create_app(Settings()), port=port, ws="frontend.server.sockets:FeedProtocol",
                            ws_per_message_deflate=False, access_log=False, log_level="warning", server_header=False)
    server = uvicorn.Server(config)

    async def send(number: int, text: str) -> None:
        await hubs[0].publish(f"lot:{LOT}", {frozenset({"public"}): [(number, text)]}, number)
    await asyncio.gather(server.serve(), on_each_line(send))


async def bare(port: int) -> None:
    """Nothing but ``websockets.broadcast`` over the connections."""
    viewers: set[ServerConnection] = set()

    async def follow(connection: ServerConnection) -> None:
        viewers.add(connection)
        try:
            await connection.wait_closed()
        finally:
            viewers.discard(connection)

    async def send(number: int, text: str) -> None:
        broadcast(viewers, text)
    async with serve(follow, "127.0.0.1", port, compression=None, backlog=2048):
        await on_each_line(send)


if __name__ == "__main__":
    asyncio.run({"node": node, "websockets": bare}[sys.argv[1]](int(sys.argv[2])))
