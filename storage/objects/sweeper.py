"""Removes what nobody names: uploads begun and given up, objects stored for a row that was never written."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import datetime

from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore

Named = Callable[[Collection[str]], Awaitable[Collection[str]]]


async def sweep_orphans(store: ObjectStore, prefix: str, *, before: datetime, named: Named) -> list[str]:
    """Removes uploads and objects under the prefix that are older than ``before`` and that no row names.

    ``named`` is given keys and answers which of them rows name; it is asked after the listing, so a row written
    meanwhile protects its object. ``before`` must lie longer back than an upload may last. Returns the keys removed.
    """
    uploads = [one for one in await store.list_uploads(prefix) if one.begun_at < before]
    objects = [one.key for one in await store.list_objects(prefix) if one.changed_at < before]
    wanted = set(await named({*objects, *(one.key for one in uploads)}))
    for upload in uploads:
        if upload.key not in wanted:
            with suppress(NotFound):
                await store.abort_multipart(upload.key, upload.upload_id)
    orphans = [key for key in objects if key not in wanted]
    for key in orphans:
        await store.remove(key)
    return sorted({*orphans, *(one.key for one in uploads)} - wanted)
