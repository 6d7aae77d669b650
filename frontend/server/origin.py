"""Cross-site requests are refused; security headers go with every answer."""

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from frontend.server.errors import problem
from frontend.server.typing import AnyConnection, AnyRequest
from storage.database.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def same_origin(connection: AnyConnection, settings: Settings) -> bool:
    """True when a browser's request comes from the platform's own pages, or no browser sent it.

    Programs authenticate with a bearer token, which a foreign page cannot make a browser send.
    """
    origin = connection.headers.get("origin")
    if origin is not None:
        return origin == settings.public_origin or origin == f"{connection.url.scheme}://{connection.headers.get('host')}"
    return connection.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def content_policy(settings: Settings) -> str:
    """Content-Security-Policy: own scripts only; the store is the one foreign address, for sealed uploads."""
    return ("default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            f"connect-src 'self' {settings.browser_store}; worker-src 'self' blob:; object-src 'none'; "
            "base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'")


def guard_origin(settings: Settings, app: ASGIApp) -> ASGIApp:
    """ASGI middleware: origin check for unsafe methods, headers for all."""
    policy = content_policy(settings)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders(message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers.setdefault("Content-Security-Policy", policy)
                if settings.public_origin.startswith("https:"):
                    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request: AnyRequest = Request(scope, receive)
        if scope["method"] not in _SAFE and not same_origin(request, settings):
            answer = problem(403, "foreign-origin", "请求来自其他网站，已拒绝")
            await answer.to_asgi_response(app=None, request=request)(scope, receive, with_headers)
            return
        await app(scope, receive, with_headers)

    return guarded
