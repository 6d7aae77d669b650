"""Two witnesses of a rehearsal, of two owners: the packed program, each a process with nothing but Python."""

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontend.cli.client import ApiClient
from frontend.cli.packing import pack
from frontend.cli.rehearsal.platform import Platform

OWNERS = ("supervisor", "tenderee")
_PATIENCE = 60.0
_LOOK_EVERY = 0.5


@dataclass
class Witnesses:
    """Their processes, and the public keys that were registered; ``folder`` is theirs alone."""

    platform: Platform
    folder: Path
    mark: str
    keys: list[str] = field(default_factory=list)
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def __enter__(self) -> "Witnesses":
        self.folder.mkdir(parents=True)
        pack("frontend.witness.__main__", self._program)
        for number, owner in enumerate(OWNERS):
            self._start(owner, self.platform.servers[number % len(self.platform.servers)])
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()

    @property
    def _program(self) -> Path:
        return self.folder / "witness.pyz"

    @property
    def are_calm(self) -> bool:
        """True while both follow and neither has raised an alarm."""
        return all(process.poll() is None for process in self._processes)

    def _start(self, owner: str, server: str) -> None:
        home = self.folder / owner
        command = [sys.executable, "-I", "-S", str(self._program)]
        made = subprocess.run(
            [*command, "init", "--folder", str(home), "--name", f"{owner}.witness/{self.mark}", "--log",
             self.platform.ledger_key, "--url", server], check=True, capture_output=True, text=True, cwd="/")
        self.keys.append(made.stdout.strip())
        with self.platform.signed_in(owner) as client:
            _register(client, self.keys[-1])
        with (self.folder / f"{owner}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(
                [*command, "follow", "--folder", str(home), "--every", "1"], cwd="/", stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT))

    def cosigned(self, client: ApiClient, size: int) -> dict[str, Any]:
        """A checkpoint over at least ``size`` entries that both cosigned; raises ``TimeoutError``."""
        names = {key.partition("+")[0] for key in self.keys}
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found: dict[str, Any] | None = client.get("/api/ledger/checkpoints", limit=1)["witnessed"]
            if found and found["size"] >= size and names <= set(found["witnesses"]):
                return found
            time.sleep(_LOOK_EVERY)
        raise TimeoutError("见证人没有会签")


def _register(client: ApiClient, key: str) -> None:
    """In place of the one of an earlier rehearsal, where there is one."""
    own = client.get("/api/me")["actor"]["party_id"]
    for each in client.get("/api/ledger/witnesses"):
        if each["retired_at"] is None and each["party"] == own:
            client.post(f"/api/ledger/witnesses/{each['id']}/retire")
    client.post("/api/ledger/witnesses", {"key": key})
