"""The WebSocket protocol of the live feed: uvicorn's, on the `websockets` library, with its transport lent out.

A hall of ten thousand viewers gets one frame ten thousand times. Serialising it once and writing the same bytes
to each transport costs little more than the system call; going through one ASGI coroutine per viewer costs twice
that. So the protocol lends its transport to the application, which writes whole frames only.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

TRANSPORT = "yunkai.transport"


class FeedProtocol(WebSocketsSansIOProtocol):
    """Adds the connection's transport to the ASGI scope, under ``extensions[TRANSPORT]``."""

    def handle_connect(self, event: Request) -> None:
        """Accepts the handshake, then lends the transport to the application."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] | None = self.scope.get("extensions")
            if extensions is not None:
                extensions[TRANSPORT] = self.transport


def lent_transport(scope: Mapping[str, Any]) -> asyncio.Transport | None:
    """The transport under a WebSocket scope; None under a server that does not lend it."""
    found = scope.get("extensions", {}).get(TRANSPORT)
    return found if isinstance(found, asyncio.Transport) else None


def text_frame(text: str) -> bytes:
    """One unmasked, uncompressed text frame, ready for any number of transports."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def close_frame(code: int, reason: str) -> bytes:
    """One unmasked close frame; the reason in ASCII, 120 characters at most (RFC 6455, 7.4)."""
    return Frame(Opcode.CLOSE, code.to_bytes(2) + reason.encode()).serialize(mask=False)
