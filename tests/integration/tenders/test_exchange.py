"""The queue to the public service platform: same transaction, same text, until it is acknowledged."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import canonical_bytes
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.outgoing import outgoing
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.statements import check_statement
from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.clock import process_now
from tests.tenders_world import Office, published_lot
from trading.exchange.queue import ORDER_KIND, Post, deliver_pending
from trading.exchange.tables import ExchangePush


def _key() -> CertifiedKey:
    with tempfile.TemporaryDirectory() as folder:
        return load_platform_keys(Path(folder), name="平台", now=process_now()).document


KEYS = _key()


@dataclass
class Receiver:
    """A receiving platform that follows the protocol, as a small HTTP server of its own."""

    status: int = 200
    lies: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    received: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads one POST and acknowledges its digest."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        message = json.loads(await reader.readexactly(length))
        self.received.append(message)
        digest = sha256(canonical_bytes(message["payload"])).hexdigest()
        told = json.dumps({"id": message["id"], "sha256": digest, "acknowledgement": f"GG-{len(self.received)}",
                           **self.lies}).encode() if not self.raw else self.raw
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(told)}\r\n"
                     "connection: close\r\n\r\n".encode() + told)
        with suppress(ConnectionError):  # who has read enough hangs up
            await writer.drain()
        writer.close()


def post_to(client: httpx.AsyncClient, url: str | None) -> Post:
    """A post that reaches every channel at one address."""

    async def address_of(_: AsyncSession, __: str) -> str | None:
        return url

    return Post(client, address_of, "E3207000001", KEYS)


async def _deliver(work: Callable[[], Work], receiver: Receiver) -> int:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as client:
        return await deliver_pending(work, post_to(client, f"http://127.0.0.1:{port}/inbox"))


async def _rest(sessions: Sessions) -> None:
    """Forgets that a message was tried, so that it is due again at once."""
    async with sessions() as session:
        await session.execute(update(ExchangePush).values(tried_at=None))
        await session.commit()


@pytest.mark.cts("A-54")
async def test_the_public_service_platform_gets_the_same_text_and_acknowledges_it(
        office: Office, work: Callable[[], Work]) -> None:
    lot = await published_lot(office)
    notice = lot["notices"][0]
    receiver = Receiver()
    assert await _deliver(work, receiver) == 1
    assert receiver.received[0]["payload"]["body"] == notice["body"]
    assert receiver.received[0]["payload"]["sha256"] == notice["sha256"]
    message = receiver.received[0]
    head = {name: message[name] for name in ("v", "id", "subject", "platform", "sha256")}
    text = canonical_bytes({**head, "kind": ORDER_KIND, "of": message["kind"]})
    check_statement(ORDER_KIND, text, message["signature"], at=process_now())
    told = (await office.tenderee.get(f"/api/notices/{notice['id']}/delivery"))[0]
    assert (told["acknowledgement"], told["attempts"], told["last_error"]) == ("GG-1", 1, None)
    assert await _deliver(work, receiver) == 0
    assert len(receiver.received) == 1


async def test_a_message_waits_until_it_is_truly_acknowledged(
        office: Office, work: Callable[[], Work], sessions: Sessions) -> None:
    lot = await published_lot(office)
    path = f"/api/notices/{lot['notices'][0]['id']}/delivery"
    liar = Receiver(lies={"sha256": "0" * 64})
    for receiver, error in ((Receiver(status=503), "HTTP 503"), (liar, "回执与报送内容不符")):
        assert await _deliver(work, receiver) == 0
        told = (await office.tenderee.get(path))[0]
        assert (told["acknowledged_at"], told["last_error"]) == (None, error)
        assert await _deliver(work, Receiver()) == 0  # it rests before it is tried again
        await _rest(sessions)
    async with httpx.AsyncClient() as client:
        assert await deliver_pending(work, post_to(client, "http://127.0.0.1:1/")) == 0
        assert await deliver_pending(work, post_to(client, None)) == 0
    await _rest(sessions)
    assert await _deliver(work, Receiver()) == 1
    assert (await office.tenderee.get(path))[0]["attempts"] == 4


async def test_no_answer_of_a_receiver_can_stop_the_queue_or_fill_the_memory(
        office: Office, work: Callable[[], Work], sessions: Sessions) -> None:
    lot = await published_lot(office)
    path = f"/api/notices/{lot['notices'][0]['id']}/delivery"
    bloated = Receiver(lies={"padding": "x" * (1 << 20)})
    for receiver, error in ((Receiver(lies={"acknowledgement": "a\0b"}), "回执与报送内容不符"),
                            (Receiver(lies={"acknowledgement": "\ud800"}), "回执与报送内容不符"),
                            (Receiver(raw=b"[" * 50_000), "RecursionError"), (bloated, "more bytes than admitted"),
                            (Receiver(raw=b"[]"), "回执与报送内容不符"), (Receiver(raw=b"\xff"), "UnicodeDecodeError")):
        assert await _deliver(work, receiver) == 0
        told = (await office.tenderee.get(path))[0]
        assert (told["acknowledged_at"], told["last_error"]) == (None, error)
        await _rest(sessions)
    async with outgoing(private=True) as client:
        for nowhere in ("http://127.0.0.1:99999/", "http://[::1", "http://\0/"):
            assert await deliver_pending(work, post_to(client, nowhere)) == 0
            await _rest(sessions)
    assert await _deliver(work, Receiver()) == 1


async def test_two_nodes_delivering_at_once_send_a_message_once(office: Office, work: Callable[[], Work]) -> None:
    await published_lot(office)
    receiver = Receiver()
    assert sum(await asyncio.gather(_deliver(work, receiver), _deliver(work, receiver))) == 1
    assert len(receiver.received) == 1
