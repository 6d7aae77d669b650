"""The hall: one entry to thousands of viewers, through the real node, the bare library and node's ``ws`` in turn."""

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from benchmarks.figures import Figure
from benchmarks.hall_server import LOT
from benchmarks.platform import Platform
from frontend.cli.environment import environment_of
from storage.embedded.ports import draw_ports, is_free
from tests.nodes import ROOT

_WEB = ROOT / "frontend/web"
NAMES = ("node", "websockets", "ws")
_FILES = 20_000


_LIMIT = (
    "Hall: measured from the instant a server begins to send to the reading of the frame in the viewers' process. A "
    "`send` on a loopback socket costs about 8 µs, the same for all three servers, so no server in one thread can be "
    "much ahead; the three serve in turn, message by message, with all their viewers connected, so that foreign work "
    "meets them alike. A viewer is a raw socket of one process that serves all of one side's viewers with epoll.")


@dataclass
class Side:
    """One server with its viewers, each a process of its own."""

    name: str
    server: "subprocess.Popen[str]"
    viewers: "subprocess.Popen[str]"
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def broadcast(self) -> tuple[float, float]:
        """One message to everyone: p50 and p99 in milliseconds."""
        _say(self.viewers)
        _hear(self.viewers)
        _say(self.server)
        found = json.loads(_hear(self.viewers))
        return found["p50"], found["p99"]

    def stop(self) -> None:
        """Viewers first."""
        for process in (self.viewers, self.server):
            process.terminate()
            process.wait(30)


def _say(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the hall bench ended early")
    return line


def _start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    # A server that is stopped under ten thousand viewers complains; a failure shows in what it does not answer.
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _side(name: str, count: int, platform: Platform) -> Side:
    port = draw_ports(1)[0]
    environment: dict[str, str] = {}
    command = [sys.executable, "-m", "benchmarks.hall_server", name, str(port)]
    if name == "node":
        settings = platform.settings().model_copy(update={"public_origin": f"http://127.0.0.1:{port}"})
        environment = environment_of(settings)
    elif name == "ws":
        command = ["node", "benchmarks/hall_server.mjs", str(port), str(_WEB / "package.json")]
    server = _start(command, environment)
    _wait(name, port)
    path = f"/api/lots/{LOT}/feed" if name == "node" else "/"
    viewers = _start([sys.executable, "-m", "benchmarks.hall_viewers", str(port), path, str(count)], {})
    return Side(name, server, viewers)


def _wait(name: str, port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.1)
        if name != "node":
            if not is_free(port):
                return
            continue
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
    raise RuntimeError(f"{name} did not start")


def _measure(platform: Platform, count: int, rounds: int) -> dict[str, Side]:
    with ExitStack() as stack:
        sides = []
        for name in NAMES:
            side = _side(name, count, platform)
            stack.callback(side.stop)
            assert _hear(side.viewers) == "ready\n"
            sides.append(side)
        for number in range(rounds + 1):
            for side in (sides if number % 2 else sides[::-1]):
                p50, p99 = side.broadcast()
                if number:  # the first warms up
                    side.p50.append(p50)
                    side.p99.append(p99)
        return {side.name: side for side in sides}


def run(platform: Platform, small: bool) -> list[Figure]:
    """p50 and p99 to 1,000, 5,000 and 10,000 viewers, as ratios of the same round."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    figures = []
    for count in ((200,) if small else (1_000, 5_000, 10_000)):
        sides = _measure(platform, count, 4 if small else 20)
        for name, title in (("websockets", "`websockets` bare `broadcast`"), ("ws", "node's `ws`")):
            for part in ("p50", "p99"):
                ours, theirs = getattr(sides["node"], part), getattr(sides[name], part)
                ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
                figures.append(Figure(
                    f"hall, {count:,} viewers, {part}", title, ratios, "<=", 1.0,
                    context=f"{_middle(ours):.1f} ms against {_middle(theirs):.1f} ms", limit=_LIMIT))
    return figures


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
