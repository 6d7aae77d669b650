"""The platform's outer parts, embedded: PostgreSQL and an S3 store over one data folder."""

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Self

from frontend.cli.environment import environment_of
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_FILE = "settings.json"
DEMO_KEY_AGENT = "http://127.0.0.1:17700"  # where `yunkai token serve` listens


class AlreadyRunning(RuntimeError):
    """Another program holds this data folder."""


class EmbeddedParts:
    """``postgres/``, ``store/``, ``keys/``, ``trust/``, ``demo/`` and ``node.log`` under one folder, held by a lock."""

    def __init__(self, var: Path, port: int, partners: Mapping[str, str] | None = None) -> None:
        self.var = var.resolve()
        self.port = port
        self._partners = dict(partners or {})  # settings that name programs outside
        self.database = EmbeddedPostgres(self.var / "postgres")
        self.store = EmbeddedSeaweed(self.var / "store")
        self._lock: IO[str] | None = None

    @property
    def origin(self) -> str:
        """The address people type."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """The settings of a node over these parts; valid once they are started."""
        return Settings(
            database_url=self.database.url(), s3_endpoint=self.store.endpoint, s3_access_key=self.store.keys.access,
            s3_secret_key=self.store.keys.secret, s3_bucket=self.store.bucket, public_origin=self.origin,
            key_directory=self.var / "keys", trust_directory=self.var / "trust", demo=True, hotline="0518-00000000",
            key_agent=DEMO_KEY_AGENT, private_addresses=True,
            web_dist=ROOT / "frontend" / "web" / "dist").model_copy(update=self._partners)

    def __enter__(self) -> Self:
        """Takes the folder and starts both parts at once; raises ``AlreadyRunning``."""
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("keys", "trust", "demo"):
            (self.var / name).mkdir(mode=0o700, exist_ok=True)
        self._lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(str(self.var)) from error
        with ExitStack() as undo:
            undo.callback(self.__exit__)
            self.start_what_is_down()
            self._remember()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops both; the data stay."""
        self.store.stop()
        self.database.stop()
        if self._lock:
            self._lock.close()

    def start_what_is_down(self) -> bool:
        """Starts the parts that do not run, both at once; whether there were any."""
        parts: list[Callable[[], None]] = []
        if not self.database.is_running():
            parts.append(self.database.start)
        if not self.store.process_id():
            parts.append(partial(self.store.start, [self.origin]))
        with ThreadPoolExecutor() as lanes:
            for started in [lanes.submit(part) for part in parts]:
                started.result()
        return bool(parts)

    def _remember(self) -> None:
        """For ``doctor`` and the tools of the command line; mode 0600, because keys are in it."""
        file = os.open(self.var / SETTINGS_FILE, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as target:
            json.dump(environment_of(self.settings), target, indent=1)


def remembered_environment(var: Path) -> dict[str, str]:
    """What the last ``up`` over this folder told its node; empty when there was none."""
    file = var / SETTINGS_FILE
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


def is_held(var: Path) -> bool:
    """Whether an ``up`` works over this folder now."""
    if not (var / "lock").exists():
        return False
    with (var / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
