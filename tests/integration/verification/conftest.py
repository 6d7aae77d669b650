"""One opening for all tests of verification: its evidence is never changed, only copied."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.database.engine import make_engine, make_sessions
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.objects.store import ObjectStore
from tests.evidence_world import Evidence, gather_evidence
from tests.opening_world import PRICES, background, found_hall
from tests.platform_parts import fresh_database, settings_over


@pytest.fixture(scope="session")
async def evidence(postgres: EmbeddedPostgres, migrated_template: str, database_names: Iterator[str],
                   object_store_server: EmbeddedSeaweed, tmp_path_factory: pytest.TempPathFactory,
                   ) -> AsyncIterator[Evidence]:
    """What the public holds of an opening with three bids, two of them opened."""
    folder = tmp_path_factory.mktemp("platform")
    with fresh_database(postgres, migrated_template, next(database_names)) as url:
        settings = settings_over(url, object_store_server, folder)
        engine, store = make_engine(settings), ObjectStore.from_settings(settings)
        hall = await found_hall(make_sessions(engine), settings, store)
        async with background(hall):
            for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
                await hall.submit(bidder, price)
            yield await gather_evidence(hall, tmp_path_factory.mktemp("evidence"))
        store.close()
        await engine.dispose()
