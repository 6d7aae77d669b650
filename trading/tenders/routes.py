"""Every route of this room."""

from litestar.types import ControllerRouterHandler

from trading.tenders import routes_documents, routes_downloads, routes_notices, routes_plan, routes_public

ROUTES: list[ControllerRouterHandler] = [
    *routes_plan.HANDLERS, *routes_notices.HANDLERS, *routes_documents.HANDLERS, *routes_downloads.HANDLERS,
    *routes_public.HANDLERS,
]
