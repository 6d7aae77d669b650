"""Real nodes of the platform as child processes, as tests start, kill and freeze them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg

from frontend.cli.environment import environment_of
from storage.database.settings import Settings
from tests.nursery import ROOT, Forked, nursery
from tests.waiting import is_up, until

__all__ = ["ROOT", "NodeProcess"]


class NodeProcess:
    """One node on a port of its own."""

    def __init__(self, settings: Settings, port: int, log: Path, extra: Mapping[str, str]) -> None:
        self.settings = settings
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.log = log
        self._environment = {**os.environ, **environment_of(settings), **extra}
        self._is_loaded_anew = "LD_PRELOAD" in extra  # another clock: read by the loader, before any fork
        self.process = self._launch()

    def _launch(self) -> "subprocess.Popen[bytes] | Forked":
        if not self._is_loaded_anew:
            return nursery().start(self._environment, self.port, self.log)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "frontend.cli", "serve", "--port", str(self.port)], cwd=ROOT,
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def wait_until_ready(self, seconds: float = 240) -> None:
        """Until /readyz says yes; fails with the node's log."""
        until(lambda: self.process.poll() is not None or is_up(f"{self.address}/readyz"), seconds, self._end_of_log)
        assert self.process.poll() is None, f"the node did not become ready:\n{self._end_of_log()}"

    def _end_of_log(self) -> str:
        return self.log.read_text()[-4000:]

    def stop(self) -> int:
        """Asks it to stop and returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """The same node again, after ``stop`` or ``kill``."""
        self.process = self._launch()
        self.wait_until_ready()


def rewrite(node: NodeProcess, statement: str) -> None:
    """Changes rows as the passing of time would."""
    with psycopg.connect(node.settings.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())
