"""ASGI middleware: a POST with an Idempotency-Key is one act, however often it is sent (fault 21)."""

import asyncio
import gzip
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from litestar import Request
from litestar.enums import ScopeType
from litestar.response.base import ASGIResponse
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPRequestEvent,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)
from sqlalchemy.exc import SQLAlchemyError

from frontend.server.errors import database_error, domain_error
from frontend.server.parts import Parts
from frontend.server.typing import AnyRequest
from storage.idempotency.answers import Answer, claim, keep, release, scope_of
from storage.kernel.errors import DomainError
from trading.parties.living import session_of
from trading.parties.session_routes import caller_of

_LARGEST_BODY = 4 << 20
_WITH_TOKENS = ("/api/login", "/api/enrolment")


@dataclass
class _Recorder:
    """Passes an answer on and remembers it."""

    send: Send
    status: int = 0
    content_type: str = ""
    is_packed: bool = False
    chunks: list[bytes] = field(default_factory=list)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message["headers"])
            self.content_type = headers.get(b"content-type", b"").decode()
            self.is_packed = headers.get(b"content-encoding") == b"gzip"
        elif message["type"] == "http.response.body":
            self.chunks.append(message["body"])
        await self.send(message)

    @property
    def answer(self) -> Answer:
        """What to keep: unpacked, for whoever asks again may not read gzip."""
        content = b"".join(self.chunks)
        return Answer(self.status, self.content_type, gzip.decompress(content) if self.is_packed else content)


async def _read_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        size += len(message["body"])
        if size > _LARGEST_BODY:
            raise DomainError("内容过大", status=413)
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    first: list[HTTPRequestEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        return first.pop() if first else await receive()

    return again


async def _session_id(parts: Parts, request: AnyRequest) -> str:
    """Whose the key is: the session, for its token is a new one after each proof; empty for the public."""
    caller = caller_of(request, parts.settings)
    if not caller.token:
        return ""
    async with parts.sessions() as session:
        return str(await session_of(session, caller) or "")


def once(parts_now: Callable[[], Parts], app: ASGIApp) -> ASGIApp:
    """Wraps the application; requests without a key, and uploads, pass untouched."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        request: AnyRequest = Request(scope, receive)
        key = request.headers.get("idempotency-key")
        # An answer that carries a session token is never kept.
        is_json = request.headers.get("content-type", "application/json").startswith("application/json")
        if not key or not is_json or scope["path"].startswith(_WITH_TOKENS):
            await app(scope, receive, send)
            return
        parts = parts_now()
        try:
            named = scope_of(await _session_id(parts, request), scope["path"], key[:200])
            body = await _read_body(receive)
            kept = await claim(parts.sessions, parts.node.number, named, body)
        except (DomainError, SQLAlchemyError) as error:
            # Outside the application, so its error handlers do not see this one.
            answer = domain_error(request, error) if isinstance(error, DomainError) else database_error(request, error)
            await answer.to_asgi_response(app=None, request=request)(scope, receive, send)
            return
        if kept is not None:
            headers = {"content-type": kept.content_type, "idempotent-replay": "true"}
            await ASGIResponse(body=kept.content, status_code=kept.status, headers=headers)(scope, receive, send)
            return
        await _run_once(parts, app, scope, _replayed(body, receive), send, named)

    return wrapped


async def _run_once(parts: Parts, app: ASGIApp, scope: Scope, receive: Receive, send: Send, named: str) -> None:
    recorder = _Recorder(send)
    try:
        await app(scope, receive, recorder)
    finally:
        await _settle(parts, named, recorder)


async def _settle(parts: Parts, named: str, recorder: _Recorder) -> None:
    """Keeps or frees the key. The answer is out already; while the database is away the key stays in flight."""
    for pause in (0, 1, 2, 5, 10, 20, 40):
        await asyncio.sleep(pause)
        with suppress(SQLAlchemyError):
            if 200 <= recorder.status < 300:
                await keep(parts.sessions, named, recorder.answer)
            else:
                await release(parts.sessions, named)
            return
