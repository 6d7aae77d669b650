"""Fresh databases, settings over real parts, and running nodes, for fixtures of any scope."""

import atexit
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from shutil import copy, disk_usage, rmtree
from tempfile import mkdtemp

import psycopg

from storage.crypto.demo_pki import open_demo_pki
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.kernel.clock import process_now
from tests.nodes import ROOT, NodeProcess
from tests.ports import draw_ports

_ROOM = 4 << 30  # bytes; three servers of a run take a tenth of it
BROWSER_ORIGIN = "http://127.0.0.1:8000"
StartNode = Callable[..., NodeProcess]


def administer(server: EmbeddedPostgres, statement: str) -> None:
    """One statement outside any transaction, such as ``create database``."""
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())


def folder_in_memory() -> str | None:
    """A folder of the system that lies in memory, where it has room for the databases of a run; else None."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and disk_usage(memory).free >= _ROOM else None


@contextmanager
def fresh_database(server: EmbeddedPostgres, template: str, name: str) -> Iterator[str]:
    """The DSN of a clone of the template, dropped at the end."""
    administer(server, f"create database {name} template {template} strategy file_copy")
    yield server.url(name)
    administer(server, f"drop database {name} with (force)")


@cache
def _demo_roots() -> Path:
    """The keys of the demo CAs, made once a run: an RSA root for each test takes longer than many of the tests."""
    folder = Path(mkdtemp(prefix="yunkai-roots-"))
    atexit.register(rmtree, folder)
    open_demo_pki(folder, folder / "trust", now=process_now())
    return folder


def settings_over(database_url: str, store: EmbeddedSeaweed, folder: Path) -> Settings:
    """Valid settings over the real parts; key and trust folders are fresh, but for the run's demo roots."""
    for name in ("keys", "trust", "ca"):
        (folder / name).mkdir(mode=0o700)
    for root, name in product(_demo_roots().glob("*-root.pem"), ("keys", "ca")):
        copy(root, folder / name)
    return Settings(
        database_url=database_url, database_pool=10, s3_endpoint=store.endpoint, s3_access_key=store.keys.access,
        s3_secret_key=store.keys.secret, s3_bucket=store.bucket, key_directory=folder / "keys",
        trust_directory=folder / "trust", public_origin=BROWSER_ORIGIN, demo=True, sealed_batch_seconds=0.2,
        private_addresses=True, web_dist=ROOT / "frontend/web/dist")


@contextmanager
def nodes_over(settings: Settings, folder: Path) -> Iterator[StartNode]:
    """``start(extra_environment, wait=True, **changed_settings)``; every node started is stopped at the end."""
    nodes: list[NodeProcess] = []

    def start(extra: Mapping[str, str] | None = None, *, wait: bool = True, host: str = "127.0.0.1",
              **changes: object) -> NodeProcess:
        port = draw_ports(1)[0]
        changed = settings.model_copy(update={"public_origin": f"http://{host}:{port}"} | changes)
        nodes.append(NodeProcess(changed, port, folder / f"node-{port}.log", extra or {}))
        if wait:
            nodes[-1].wait_until_ready()
        return nodes[-1]
    yield start
    for node in nodes:
        node.stop()
