"""The Litestar application of one node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp

from frontend.server.background import running
from frontend.server.composition import ROUTES
from frontend.server.dependencies import DEPENDENCIES
from frontend.server.errors import EXCEPTION_HANDLERS
from frontend.server.idempotent import once
from frontend.server.limits import within_limits
from frontend.server.logs import configure_logs
from frontend.server.origin import guard_origin
from frontend.server.pages import web_routes
from frontend.server.parts import Parts, assemble
from frontend.server.permissions import at_the_door
from frontend.server.proxies import behind_proxies
from frontend.server.refusals import record_refusal
from storage.database.settings import Settings

_BODY_LIMIT = 8 << 20


@asynccontextmanager
async def _life(app: Litestar) -> AsyncIterator[None]:
    """Parts first, then what runs beside the handlers: sequencer, timers, feed, checks."""
    async with assemble(app.state.settings) as parts:
        app.state.parts = parts
        async with running(parts):
            yield


def create_app(settings: Settings) -> ASGIApp:
    """The node as an ASGI application; reads nothing but ``settings``."""
    configure_logs(settings.log_level)

    def parts_now() -> Parts:
        found: Parts = app.state.parts
        return found

    app = Litestar(
        route_handlers=[*ROUTES, *web_routes(settings)],
        dependencies=DEPENDENCIES,
        guards=[within_limits, at_the_door],
        exception_handlers=EXCEPTION_HANDLERS,
        after_exception=[record_refusal],
        lifespan=[_life],
        request_max_body_size=_BODY_LIMIT,
        compression_config=CompressionConfig(backend="gzip", minimum_size=1024, exclude=["/api/bids/", "/api/login"]),
        openapi_config=OpenAPIConfig(title="Yunkai 云开", version="1", path="/api/schema", render_plugins=[]),
        logging_config=None,
    )
    app.state.settings = settings
    structlog.get_logger().info("node made", platform=settings.platform_id, demo=settings.demo)
    return behind_proxies(settings.trusted_proxies, guard_origin(settings, once(parts_now, app)))
