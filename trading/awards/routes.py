"""The HTTP face of awards, and the courier's way in."""

from typing import Any

from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

from storage.crypto.callbacks import HEADER
from storage.crypto.platform_keys import PlatformKeys
from storage.database.settings import Settings
from storage.database.work import Works
from trading.awards import routes_letters, routes_results
from trading.awards.commands.courier import take_report

Keys = SkipValidation[PlatformKeys]


@post("/api/callbacks/courier", operation_id="courierReports", status_code=200)
async def courier_reports(request: Request[Any, Any, State], work: NamedDependency[Works],
                          settings: NamedDependency[Settings], keys: NamedDependency[Keys]) -> dict[str, object]:
    """One signed callback of the courier's program; the same one again gives the same answer."""
    report = await take_report(request.headers.get(HEADER, ""), await request.body(), work(), settings, keys)
    return {"id": report.id, "accepted": True}


ROUTES: list[ControllerRouterHandler] = [*routes_results.ROUTES, *routes_letters.ROUTES, courier_reports]
