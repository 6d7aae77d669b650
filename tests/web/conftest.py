"""One node for a whole file: these tests read, or are refused, and leave nothing behind."""

from collections.abc import Iterator

import pytest

from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed
from tests.nodes import NodeProcess
from tests.platform_parts import fresh_database, nodes_over, settings_over


@pytest.fixture(scope="module")
def node(postgres: EmbeddedPostgres, migrated_template: str, database_names: Iterator[str],
         object_store_server: EmbeddedSeaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node that is ready, over a database of its own."""
    folder = tmp_path_factory.mktemp("web")
    with fresh_database(postgres, migrated_template, next(database_names)) as url:
        settings = settings_over(url, object_store_server, folder)
        with nodes_over(settings, folder) as start:
            yield start()
