"""Cross-site requests are refused; security headers go with every answer."""

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from frontend.server.errors import problem
from frontend.server.typing import AnyConnection, AnyRequest
from storage.database.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Nothing of a browser's machine is of use here but the keys of a second factor and the full screen of a hall.
_FEATURES = ("accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
             "microphone=(), midi=(), payment=(), usb=(), serial=(), hid=(), bluetooth=(), browsing-topics=(), "
             "fullscreen=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)")
# No answer is read as another kind, framed, embedded or opened into by another site.
_FIXED = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
          "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
          "Permissions-Policy": _FEATURES}
_LONGEST_ADDRESS = 8 << 10
_YEARS = "max-age=63072000; includeSubDomains"


def same_origin(connection: AnyConnection, settings: Settings) -> bool:
    """True when a browser's request comes from the platform's own pages, or no browser sent it.

    Programs authenticate with a bearer token, which a foreign page cannot make a browser send.
    """
    origin = connection.headers.get("origin")
    if origin is not None:
        return origin == settings.public_origin or origin == f"{connection.url.scheme}://{connection.headers.get('host')}"
    return connection.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def content_policy(settings: Settings) -> str:
    """Content-Security-Policy: own scripts only. Foreign addresses are the store, for sealed uploads, and the
    program of a USB key on the user's own computer, where the operator admits one.
    """
    reached = " ".join(each for each in ("'self'", settings.browser_store, settings.key_agent) if each)
    return ("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src {reached}; worker-src 'self' blob:; object-src 'none'; "
            "base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'")


def _add_headers(headers: MutableScopeHeaders, path: str, settings: Settings, policy: str) -> None:
    """The guards of one answer; a file shown in a frame of our own pages brings its own, stricter policy."""
    for name, value in _FIXED.items():
        headers[name] = value
    headers.setdefault("X-Frame-Options", "SAMEORIGIN" if "content-security-policy" in headers else "DENY")
    headers.setdefault("Content-Security-Policy", policy)
    if settings.public_origin.startswith("https:"):
        headers["Strict-Transport-Security"] = _YEARS
    if path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")


def guard_origin(settings: Settings, app: ASGIApp) -> ASGIApp:
    """ASGI middleware: origin check for unsafe methods, headers for all."""
    policy = content_policy(settings)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableScopeHeaders(message), scope["path"], settings, policy)
            await send(message)

        request: AnyRequest = Request(scope, receive)
        if scope["method"] not in _SAFE and not same_origin(request, settings):
            answer = problem(403, "foreign-origin", "请求来自其他网站，已拒绝")
            await answer.to_asgi_response(app=None, request=request)(scope, receive, with_headers)
            return
        if len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            answer = problem(414, "address-too-long", "地址过长")
            await answer.to_asgi_response(app=None, request=request)(scope, receive, with_headers)
            return
        await app(scope, receive, with_headers)

    return guarded
