"""Nodes forked from a process that has imported everything: real processes, without the seconds of imports each.

A suite starts hundreds of nodes, and what each reads first is the same. ``tests/nursery_process.py`` imports it once
and forks a child for each order; the child's parent becomes whoever runs the tests (a subreaper), so that its exit
code is had as of any child. A node with another clock is started anew: the loader brings that.
"""

import atexit
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


class Forked:
    """A forked node with what tests use of ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code once it has ended; minus the signal's number where one ended it."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end; raises ``subprocess.TimeoutExpired``."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("node", timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing, where it has ended already."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, as the tests see it."""

    def __init__(self) -> None:
        ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
        self._process = subprocess.Popen([sys.executable, "-m", "tests.nursery_process"], cwd=ROOT, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, environment: Mapping[str, str], port: int, log: Path) -> Forked:
        """A node with this environment and nothing else."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"environment": dict(environment), "port": port, "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """The end of its input is its end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@cache
def nursery() -> Nursery:
    """The one of this process, from its first node on."""
    made = Nursery()
    atexit.register(made.close)
    return made
