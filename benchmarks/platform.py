"""The real parts a bench runs on: PostgreSQL that syncs to disk, the S3 store, nodes as processes of their own."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from storage.database.migrating import migrate
from storage.database.settings import Settings
from storage.embedded.ports import draw_ports
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed
from tests.nodes import ROOT, NodeProcess

_TEMPLATE = "benchmark_template"
ORIGIN = "http://127.0.0.1:8000"


@dataclass
class Platform:
    """Both servers over one folder; each bench gets a database of its own."""

    folder: Path
    postgres: EmbeddedPostgres
    store: EmbeddedSeaweed
    _count: int = 0
    _nodes: list[NodeProcess] = field(default_factory=list)

    def settings(self) -> Settings:
        """Settings over a fresh database with all tables, fresh keys and a fresh port."""
        name = self._database(_TEMPLATE)
        home = self.folder / name
        for each in ("keys", "trust"):
            (home / each).mkdir(mode=0o700, parents=True)
        return Settings(
            database_url=self.postgres.url(name), s3_endpoint=self.store.endpoint,
            s3_access_key=self.store.keys.access, s3_secret_key=self.store.keys.secret, s3_bucket=self.store.bucket,
            key_directory=home / "keys", trust_directory=home / "trust", demo=True, web_dist=ROOT / "frontend/web/dist",
            public_origin=f"http://127.0.0.1:{draw_ports(1)[0]}")

    def copy(self, settings: Settings) -> Settings:
        """The same with a copy of the database, which nobody is connected to now, and a fresh port."""
        name = self._database(urlsplit(settings.database_url).path.removeprefix("/"))
        return settings.model_copy(update={"database_url": self.postgres.url(name),
                                           "public_origin": f"http://127.0.0.1:{draw_ports(1)[0]}"})

    def _database(self, template: str) -> str:
        self._count += 1
        self._administer(f"create database benchmark_{self._count} template {template} strategy file_copy")
        return f"benchmark_{self._count}"

    @contextmanager
    def node(self, settings: Settings, extra: Mapping[str, str] | None = None) -> Iterator[NodeProcess]:
        """A node that is ready, on the port of its settings."""
        port = int(settings.public_origin.rpartition(":")[2])
        node = NodeProcess(settings, port, self.folder / f"node-{port}.log", extra or {})
        try:
            node.wait_until_ready(90)
            yield node
        finally:
            node.stop()

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def platform() -> Iterator[Platform]:
    """Starts both servers over a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="yunkai-benchmark-"))
    postgres, store = EmbeddedPostgres(folder / "data"), EmbeddedSeaweed(folder / "store")
    try:
        postgres.start()
        store.start([ORIGIN])
        made = Platform(folder, postgres, store)
        made._administer(f"create database {_TEMPLATE}")
        migrate(postgres.url(_TEMPLATE))
        yield made
    finally:
        store.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
