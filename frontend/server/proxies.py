"""What only a proxy knows of who asks counts from the proxies that the operator named, and from nobody else."""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_CERTIFICATE = b"client-cert"  # RFC 9440


def behind_proxies(trusted: str, app: ASGIApp) -> ASGIApp:
    """ASGI middleware: address and scheme are those that a trusted proxy tells; anyone else's ``Client-Cert`` is
    dropped. Looks at the peer before its address gives way to the one told."""
    inner: Any = app
    told: Any = ProxyHeadersMiddleware(inner, trusted)

    async def judged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {ScopeType.HTTP, ScopeType.WEBSOCKET}:
            peer = scope["client"]
            if peer is None or peer[0] not in told.trusted_hosts:
                scope["headers"] = [each for each in scope["headers"] if each[0] != _CERTIFICATE]
        await told(scope, receive, send)

    return judged
