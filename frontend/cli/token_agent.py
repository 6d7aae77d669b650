"""The program of a USB key on its user's computer, ``yunkai-key/1`` over HTTP on 127.0.0.1 (docs/keys.md).

No foreign page can use it: the host must be this computer (rebinding), the origin one that was admitted when the
program started, and the page must know a pairing code that only this program's screen has shown.
"""

import hmac
import json
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

from frontend.cli.token_holder import Holder, say
from frontend.cli.token_questions import sealed_answer
from storage.crypto.errors import Malformed

ROOT = "/yunkai-key/1/"
_LARGEST = 8 << 20
_CODE_LIFE, _CODE_TRIES = 120.0, 3


@dataclass
class Pairing:
    """A code on the screen: good for one page, two minutes and three tries."""

    origin: str
    code: str
    until: float
    tries: int = 0


@dataclass
class Pairings:
    """Who may ask: tokens by origin, gone when the program ends."""

    tokens: dict[str, str] = field(default_factory=dict)
    waiting: Pairing | None = None

    def begin(self, origin: str) -> None:
        """Shows a new code; the one before no longer counts."""
        self.waiting = Pairing(origin, f"{secrets.randbelow(10**6):06}", monotonic() + _CODE_LIFE)
        say(f"\n网页 {origin} 请求连接。配对码 pairing code: {self.waiting.code}")

    def finish(self, origin: str, code: str) -> str | None:
        """A token for who has read the code from this screen; else None."""
        waiting = self.waiting
        if waiting is None or waiting.origin != origin or waiting.until < monotonic():
            return None
        waiting.tries += 1
        if not hmac.compare_digest(waiting.code.encode(), code.encode("utf-8", "replace")):
            self.waiting = None if waiting.tries >= _CODE_TRIES else waiting
            return None
        self.waiting, self.tokens[origin] = None, secrets.token_urlsafe(32)
        return self.tokens[origin]

    def admits(self, origin: str, header: str) -> bool:
        """Whether the header is ``Bearer`` and this origin's token."""
        token = self.tokens.get(origin, "")
        return bool(token) and hmac.compare_digest(f"Bearer {token}".encode(), header.encode("utf-8", "replace"))


class AgentServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 for the pages of ``origins``."""

    daemon_threads = True

    def __init__(self, port: int, origins: frozenset[str], holder: Holder) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.origins, self.holder, self.pairings = origins, holder, Pairings()


class _Handler(BaseHTTPRequestHandler):
    server: AgentServer
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is asked stands on the screen in words."""

    def do_OPTIONS(self) -> None:
        if self._origin():
            self._answer(HTTPStatus.NO_CONTENT)

    def do_GET(self) -> None:
        if self._origin() and self.path == ROOT + "status":
            self._answer(HTTPStatus.OK, {"protocol": "yunkai-key/1", "name": "云开软证书 software token"})

    def do_POST(self) -> None:
        origin = self._origin()
        body = self._body() if origin else None
        if body is None:
            return
        if self.path == ROOT + "pair":
            self._pair(origin, body)
        elif self.path != ROOT + "ask":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not-found"})
        elif not self.server.pairings.admits(origin, self.headers.get("Authorization", "")):
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "pair-first"})
        else:
            self._ask(origin, body)

    def _pair(self, origin: str, body: bytes) -> None:
        try:
            code = json.loads(body).get("code", "")
        except (ValueError, AttributeError):
            return self._answer(HTTPStatus.BAD_REQUEST, {"error": "malformed"})
        if not code:
            self.server.pairings.begin(origin)
            return self._answer(HTTPStatus.ACCEPTED, {})
        token = self.server.pairings.finish(origin, str(code))
        if token is None:
            return self._answer(HTTPStatus.FORBIDDEN, {"error": "wrong-code"})
        return self._answer(HTTPStatus.OK, {"token": token})

    def _ask(self, origin: str, body: bytes) -> None:
        try:
            question, answer = self.server.holder.answer(body, origin)
            self._answer(HTTPStatus.OK, {"answer": sealed_answer(question, answer)})
        except Malformed as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": "malformed", "message": error.message})

    def _origin(self) -> str:
        """The page's origin where it may ask at all; else answers 403, without a word that a page could read."""
        port = self.server.server_address[1]
        origin = self.headers.get("Origin", "")
        if self.headers.get("Host") in (f"127.0.0.1:{port}", f"localhost:{port}") and origin in self.server.origins:
            return origin
        self.send_error(HTTPStatus.FORBIDDEN)
        return ""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: HTTPStatus, body: dict[str, Any] | None = None) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        headers = {"Access-Control-Allow-Origin": self.headers["Origin"], "Vary": "Origin", "Cache-Control": "no-store",
                   "Access-Control-Allow-Methods": "GET, POST", "Content-Length": str(len(text)),
                   "Access-Control-Allow-Headers": "Authorization, Content-Type",
                   "Access-Control-Allow-Private-Network": "true", "Content-Type": "application/json"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
