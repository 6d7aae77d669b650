"""The HTTP face of the archive."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from evaluation.archives import commands
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.objects.store import ObjectStore

Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
Trust = SkipValidation[TrustList]


@post("/api/lots/{lot_id:uuid}/archive", operation_id="archiveLot", opt={"record_refusal": "archive.refused"})
async def archive(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                  settings: NamedDependency[Settings], store: NamedDependency[ObjectStore],
                  keys: NamedDependency[Keys], trust: NamedDependency[Trust]) -> dict[str, Any]:
    """Makes the package, tests it, and closes the lot's file."""
    made = await commands.archive(lot_id, actor, work, commands.Registry(settings, store, keys, trust))
    return {"sha256": made.sha256, "size": made.size, "tests": made.tests}


@get("/api/lots/{lot_id:uuid}/archive", operation_id="readArchive", response_headers={"Cache-Control": "no-store"})
async def read_archive(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                       store: NamedDependency[ObjectStore]) -> Stream:
    """The package as it was put away; ``yunkai verify`` takes it as it is."""
    key, digest = await commands.package_of(lot_id, actor, work)
    return Stream(store.stream(key), media_type="application/json", headers={
        "Content-Disposition": f'attachment; filename="archive-{lot_id}.json"', "ETag": f'"{digest}"',
        "X-Content-Type-Options": "nosniff"})


ROUTES: list[ControllerRouterHandler] = [archive, read_archive]
