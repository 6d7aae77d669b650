"""Sealed objects that no bid needs: uploads cut off before their row was written, versions that were given up."""

from collections.abc import Collection
from datetime import timedelta

from bidding.bids.queries import named_objects
from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from storage.objects.sweeper import sweep_orphans

PREFIX = "sealed/"
# Longer than any upload lasts: a row may still come to an object younger than this.
_AGE = timedelta(days=1)


async def sweep_sealed(sessions: Sessions, store: ObjectStore, *, age: timedelta = _AGE) -> list[str]:
    """Removes orphans and given-up objects older than ``age``; returns their keys. Runs on any node, any time."""

    async def named(keys: Collection[str]) -> set[str]:
        async with sessions() as session:
            return await named_objects(session, list(keys))
    return await sweep_orphans(store, PREFIX, before=process_now() - age, named=named)
