"""The web client: static files, and index.html for every path that is a page."""

from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File
from litestar.router import Router
from litestar.static_files import create_static_files_router

from frontend.server.typing import AnyConnection
from storage.database.settings import Settings
from storage.kernel.errors import NotFound

_MISSING = "<!doctype html><meta charset=utf-8><title>云开</title><p>网页尚未构建，请运行 make up。Not built yet."
_LONGEST_NAME = 255  # octets of a whole address of a page; longer is no file, and no page of the client


def _is_a_name(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """What no file can be called is not looked for: the system's refusal would be a fault in the log."""
    path = connection.scope["path"]
    if "\0" in path or len(path.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise NotFound("没有这个地址")


def _index(web_dist: Path) -> Response[str]:
    index = web_dist / "index.html"
    text = index.read_text(encoding="utf-8") if index.is_file() else _MISSING
    return Response(text, media_type="text/html", headers={"Cache-Control": "no-cache"})


@get("/", operation_id="showHome", include_in_schema=False, sync_to_thread=False)
def home(settings: NamedDependency[Settings]) -> Response[str]:
    """The portal."""
    return _index(settings.web_dist)


@get("/{page:path}", operation_id="showPage", include_in_schema=False, sync_to_thread=False, guards=[_is_a_name])
def page(page: FromPath[str], settings: NamedDependency[Settings]) -> Response[str] | File:
    """A file of the client's root, else the client itself, which knows its own routes."""
    name = page.lstrip("/")
    if name.startswith("api/"):
        raise NotFound("没有这个地址")
    file = settings.web_dist / name
    if "/" not in name and file.is_file():
        return File(path=file, content_disposition_type="inline")
    return _index(settings.web_dist)


def web_routes(settings: Settings) -> list[HTTPRouteHandler | Router]:
    """Assets are named by their digest, so they may be cached for ever."""
    routes: list[HTTPRouteHandler | Router] = [home, page]
    assets = settings.web_dist / "assets"
    if assets.is_dir():
        routes.append(create_static_files_router(path="/assets", directories=[assets], include_in_schema=False,
                                                guards=[_is_a_name]))
    return routes
