"""The node that ``yunkai up`` runs beside its embedded parts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from frontend.cli.embedded import ROOT, EmbeddedParts
from frontend.cli.environment import environment_of
from storage.crypto.tls import trusted_authorities
from storage.embedded.ports import is_free
from storage.embedded.processes import is_alive, process_in, works_in

_READY_SECONDS = 120
_DRAIN_SECONDS = 20
_HOPELESS_SECONDS = 10  # a node that dies sooner than this would die again


class NodeFailed(RuntimeError):
    """The node did not become ready, or died soon after."""


class Node:
    """A node as a child process; its log is ``node.log`` in the data folder, ``node-<port>.log`` of a further one."""

    def __init__(self, parts: EmbeddedParts, port: int | None = None) -> None:
        self._parts = parts
        self._port = port or parts.port
        self._origin = f"http://127.0.0.1:{self._port}"
        name = "node" if self._port == parts.port else f"node-{self._port}"
        self._log = parts.var / f"{name}.log"
        self._record = parts.var / f"{name}.pid"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        """Starts it and waits until it is ready; raises ``NodeFailed``."""
        self._stop_leftover()
        if not is_free(self._port):
            port = self._port
            raise NodeFailed(f"端口 {port} 已被占用，请用 --port 另选。Port {port} is taken; choose one with --port.")
        command = [sys.executable, "-m", "frontend.cli", "serve", "--port", str(self._port)]
        settings = self._parts.settings.model_copy(update={"public_origin": self._origin})
        environment = {**os.environ, **environment_of(settings)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self._record.write_text(str(self._process.pid))
        self._started = time.monotonic()
        while time.monotonic() < self._started + _READY_SECONDS and self._process.poll() is None:
            if _is_ready(self._origin):
                return
            time.sleep(0.1)
        raise NodeFailed(self._log.read_text(errors="replace")[-3000:])

    def restart_if_dead(self) -> bool:
        """Starts a node that died after it had worked; raises ``NodeFailed`` when that is hopeless."""
        if self._process is None or self._process.poll() is None:
            return False
        if time.monotonic() < self._started + _HOPELESS_SECONDS:
            raise NodeFailed(self._log.read_text(errors="replace")[-3000:])
        self.start()
        return True

    def stop(self) -> None:
        """Lets it finish what is under way."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._record.unlink(missing_ok=True)

    def _stop_leftover(self) -> None:
        """A node whose ``up`` was killed still sits on the port."""
        process_id = process_in(self._record)
        if works_in(process_id, ROOT) and b"frontend.cli\0serve" in Path(f"/proc/{process_id}/cmdline").read_bytes():
            os.kill(process_id, signal.SIGKILL)
            while is_alive(process_id):
                time.sleep(0.02)


def _is_ready(origin: str) -> bool:
    try:
        return httpx.get(f"{origin}/readyz", timeout=5, trust_env=False,
                         verify=trusted_authorities()).status_code == 200
    except httpx.TransportError:
        return False
