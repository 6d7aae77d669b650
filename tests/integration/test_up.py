"""``yunkai up`` as its user runs it: one process to start, Ctrl-C to stop, and the data stay."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from frontend.cli.doctor import examine
from storage.embedded.processes import process_in
from tests.nodes import ROOT
from tests.ports import draw_ports
from tests.waiting import until


class Up:
    """A running ``yunkai up`` with what it printed."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.address = var, f"http://127.0.0.1:{port}"
        self.output = var.with_suffix(".out")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "frontend.cli", "up", "--port", str(port), "--var", str(var)], cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def wait(self) -> None:
        until(lambda: self.process.poll() is not None or "Ctrl-C" in self.output.read_text(),
              told=self.output.read_text)
        assert self.process.poll() is None, self.output.read_text()
        assert httpx.get(f"{self.address}/readyz", timeout=20).status_code == 200

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def processes_over(var: Path) -> list[str]:
    """Processes that still name the data folder or stand in it."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        try:
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(
                    str(var) in word for word in [*(process.info["cmdline"] or []), process.cwd()]):
                found.append(" ".join(process.info["cmdline"]))
        except psutil.Error:
            continue
    return found


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    for line in processes_over(folder):
        raise AssertionError(f"left behind: {line}")


def test_it_starts_stops_on_ctrl_c_and_keeps_its_data(var):
    port = draw_ports(1)[0]
    first = Up(var, port)
    first.wait()
    printed = first.output.read_text()
    assert first.address in printed
    assert "yunkai-demo" in printed
    assert (var / "demo" / "bidder-1.p12").exists()
    assert [finding for finding in examine(var, port) if finding.grade == "wrong"] == []
    beside = Up(var, draw_ports(1)[0])
    assert beside.process.wait(60) == 1, "a second program over the same folder is refused"
    assert httpx.get(f"{first.address}/readyz").status_code == 200
    entries = httpx.get(f"{first.address}/api/ledger/checkpoint").text
    assert first.interrupt() == 0
    assert processes_over(var) == []
    second = Up(var, port)
    second.wait()
    assert httpx.get(f"{second.address}/api/ledger/checkpoint").text.split("\n")[0] == entries.split("\n")[0]
    assert second.interrupt() == 0
    for secret in ("settings.json", "store/keys.json"):
        assert (var / secret).stat().st_mode & 0o077 == 0


def test_parts_that_die_are_started_again_and_a_killed_program_leaves_no_harm(var):
    port = draw_ports(1)[0]
    first = Up(var, port)
    first.wait()
    os.kill(process_in(var / "postgres" / "postmaster.pid"), signal.SIGKILL)
    os.kill(process_in(var / "store" / "pid"), signal.SIGKILL)
    until(lambda: httpx.get(f"{first.address}/readyz", timeout=20).status_code != 200)
    until(lambda: httpx.get(f"{first.address}/readyz", timeout=20).status_code == 200)
    first.process.kill()
    first.process.wait()
    second = Up(var, port)
    second.wait()
    assert second.interrupt() == 0
