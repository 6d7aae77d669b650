"""The live feed: a stream of the ledger over a WebSocket, from any sequence number on (R-1111, faults 45–47).

Acts never come in this way; whatever a client sends is ignored and only keeps the connection.
"""

import asyncio
import contextlib
import json
import re
import time
from functools import partial
from uuid import UUID

import psycopg
import structlog
from litestar import websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from sqlalchemy.exc import SQLAlchemyError

from frontend.server.dependencies import actor_of, parts_of
from frontend.server.hub import Hub, Message, Page, Peer
from frontend.server.origin import same_origin
from frontend.server.parts import Parts
from frontend.server.sockets import lent_transport, text_frame
from frontend.server.typing import AnySocket
from storage.database.engine import Sessions
from storage.kernel.errors import TokenMisused
from storage.ledger.documents import FeedItem
from storage.ledger.queries import feed
from storage.limits.networks import network_of
from trading.parties.session_routes import address_of

log = structlog.get_logger()
_PAGE = 500
_MINUTE, _MESSAGES_A_MINUTE = 60.0, 120
_POSITION = re.compile(r"-1|[0-9]{1,18}")


def message_text(item: FeedItem) -> str:
    """The message of an entry, as ``queries.feed`` shows it to an audience."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


@websocket("/api/lots/{lot_id:uuid}/feed")
async def follow_lot(socket: AnySocket, lot_id: FromPath[UUID]) -> None:
    """Everything in the lot's stream after ``?after=<seq>``, then live."""
    parts = parts_of(socket.app.state)
    transport = lent_transport(socket.scope)
    if transport is None or not same_origin(socket, parts.settings):
        await socket.close(code=4403, reason="foreign origin")
        return
    after = socket.query_params.get("after", "-1")
    if not _POSITION.fullmatch(after):
        await socket.close(code=4400, reason="after is a sequence number")
        return
    try:
        actor = await actor_of(socket)
    except TokenMisused as error:
        log.warning("refused", operation="followLot", code=error.code, reason=error.facts["reason"])
        await socket.close(code=4401, reason="not the client certificate of this session")
        return
    stream = f"lot:{lot_id}"
    peer = Peer(transport, actor.audiences, position=int(after), session_id=actor.session_id,
                address=network_of(address_of(socket)), account=str(actor.party_id or ""))
    if not parts.hub.enter(stream, peer):
        await socket.close(code=4429, reason="too many sockets")
        return
    try:
        await socket.accept()
        await _catch_up(parts, stream, peer)
        await _hear(socket, peer)
    except WebSocketDisconnect:
        pass
    finally:
        parts.hub.leave(stream, peer)


async def _hear(socket: AnySocket, peer: Peer) -> None:
    """Nothing that a client says is an act; who says too much is hung up on."""
    while True:
        until = time.monotonic() + _MINUTE
        for _ in range(_MESSAGES_A_MINUTE):
            await socket.receive_data(mode="text")
        if time.monotonic() < until:
            peer.close(4408, "too many messages")


async def _catch_up(parts: Parts, stream: str, peer: Peer) -> None:
    """Reads the ledger until the peer stands where the channel stands, then joins it."""
    while True:
        key = stream, peer.audiences, peer.position
        page = await parts.hub.page(key, partial(_read_page, parts.sessions, *key))
        for seq, frame in page:
            peer.position = seq
            if not peer.write(frame):
                return
        if len(page) < _PAGE and parts.hub.join(stream, peer):
            return
        await asyncio.sleep(0)


async def _read_page(sessions: Sessions, stream: str, audiences: frozenset[str], position: int) -> Page:
    async with sessions() as session:
        items = await feed(session, audiences, stream=stream, from_seq=position + 1, limit=_PAGE)
    return [(item["seq"], text_frame(message_text(item))) for item in items]


async def pump(hub: Hub, sessions: Sessions, stream: str) -> None:
    """Publishes what is new in a stream to the sockets of this node; every audience up to the same entry."""
    channel = hub.channels.get(stream)
    if channel is None:
        return
    groups: dict[frozenset[str], list[Message]] = {}
    last: int | None = None
    async with sessions() as session:
        for audiences in list(channel.peers):
            items = await feed(session, audiences, stream=stream, from_seq=channel.position + 1, limit=_PAGE)
            if last is None:
                last = items[-1]["seq"] if items else channel.position
            groups[audiences] = [(item["seq"], message_text(item)) for item in items if item["seq"] <= last]
    if last is not None:
        await hub.publish(stream, groups, last)


async def listen(parts: Parts) -> None:
    """Wakes the hub by NOTIFY on one kept connection; once a second looks anyway, so a lost wake-up heals."""
    dsn = parts.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=5)
            async with connection:
                await connection.execute("listen yunkai_ledger")
                await _follow(parts, connection)
        except (psycopg.Error, SQLAlchemyError, OSError):
            log.warning("feed lost its listener")
            await asyncio.sleep(0.5)


async def _follow(parts: Parts, connection: psycopg.AsyncConnection) -> None:
    while True:
        woken: set[str] = set()
        async for note in connection.notifies(timeout=1.0, stop_after=1):
            with contextlib.suppress(ValueError, KeyError):
                woken.add(json.loads(note.payload)["stream"])
        for stream in list(woken or parts.hub.channels):
            await pump(parts.hub, parts.sessions, stream)
