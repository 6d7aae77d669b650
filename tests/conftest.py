"""Real parts for the tests: PostgreSQL, an S3 store, nodes, a browser. Nothing here stands in for anything."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.engine import Sessions, make_engine, make_sessions
from storage.database.migrating import migrate
from storage.database.settings import Settings
from storage.database.work import Work
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.objects.store import ObjectStore
from tests.databases import differences
from tests.nodes import NodeProcess
from tests.platform_parts import (
    BROWSER_ORIGIN,
    StartNode,
    administer,
    folder_in_memory,
    fresh_database,
    nodes_over,
    settings_over,
)

TEMPLATE = "migrated_template"
LONGEST = ("test_fault_33_every_route_and_role", "test_rehearsal_whole", "test_two_envelopes_on_the_command_line",
           "test_two_envelopes", "test_whole_opening", "test_whole_tender", "test_suite_2_in_the_browser")
# Whether a property holds does not hang on how busy the machine is, nor on how slowly it draws its examples.
hypothesis.settings.register_profile("yunkai", deadline=None,
                                     suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("yunkai")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop running, beside which no other can start.

    The longest files first: begun last, one of them would run on alone.
    """
    items.sort(key=lambda item: ("browser" in item.path.parts, item.path.stem not in LONGEST))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for the whole run; hasty, because these data need not outlive a power cut.

    Its folder is its own: pytest closes the way to all its folders whenever another run of it starts. It lies in memory
    where there is room: a database for each test is four hundred files, which a disk takes ten times as long to make.
    """
    with tempfile.TemporaryDirectory(prefix="yunkai-test-", dir=folder_in_memory()) as folder:
        server = EmbeddedPostgres(Path(folder) / "data", durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with all tables and no rows, from which each test gets a clone."""
    administer(postgres, f"create database {TEMPLATE}")
    migrate(postgres.url(TEMPLATE))
    assert differences(postgres.url(TEMPLATE)) == [], "tables changed: .venv/bin/yunkai revise NUMBER MESSAGE"
    return TEMPLATE


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    """Names of databases, none twice."""
    return (f"test_{number}" for number in itertools.count())


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str, database_names: Iterator[str]) -> Iterator[str]:
    """The DSN of a fresh database with all tables, for one test."""
    with fresh_database(postgres, migrated_template, next(database_names)) as url:
        yield url


@pytest.fixture(scope="session")
def object_store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSeaweed]:
    """One S3 store for the whole run; keys of objects are random, so tests do not meet."""
    server = EmbeddedSeaweed(tmp_path_factory.mktemp("store"))
    server.start([BROWSER_ORIGIN])
    yield server
    server.stop()


@pytest.fixture
def settings(database_url: str, object_store_server: EmbeddedSeaweed, tmp_path: Path) -> Settings:
    """Valid settings over the real parts; key and trust folders are fresh."""
    return settings_over(database_url, object_store_server, tmp_path)


@pytest.fixture
def object_store(settings: Settings) -> Iterator[ObjectStore]:
    """The store as the platform speaks to it."""
    store = ObjectStore.from_settings(settings)
    yield store
    store.close()


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine on this test's database."""
    engine = make_engine(settings)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    """The factory of sessions on this test's database."""
    return make_sessions(engine)


@pytest.fixture
def work(sessions: Sessions) -> Callable[[], Work]:
    """Fresh units of work on this test's database."""
    return lambda: Work(sessions)


@pytest.fixture
def start_node(settings: Settings, tmp_path: Path) -> Iterator[StartNode]:
    """Starts nodes over this test's database: ``start_node(extra_environment, **changed_settings)``."""
    with nodes_over(settings, tmp_path) as start:
        yield start


@pytest.fixture
def node(start_node: StartNode) -> NodeProcess:
    """One node that is ready; ``node.address`` is its origin."""
    return start_node()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Debian's Chromium; nothing is downloaded."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": quiet}
