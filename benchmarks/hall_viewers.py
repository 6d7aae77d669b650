"""So many viewers of a hall in one process: raw sockets and epoll, so that the client costs as little as it can.

``python -m benchmarks.hall_viewers PORT PATH COUNT``. Prints "ready", then for each line on standard input waits until
every viewer has the next message and prints the latencies as p50, p99 and the greatest, in milliseconds.
"""

import base64
import json
import os
import select
import socket
import sys
import time

from benchmarks.figures import quantile

_WINDOW = 64
_STAMP = b'{"at":'
_PATIENCE = 60.0


class Viewers:
    """The sockets by number, and what was received of a frame that came in pieces."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.rest: dict[int, bytes] = {}
        for first in range(0, count, _WINDOW):
            self._open(port, path, min(_WINDOW, count - first))

    def _open(self, port: int, path: str, count: int) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   f"Origin: http://127.0.0.1:{port}\r\n"
                   f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode()
        fresh = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(count)]
        for each in fresh:
            each.sendall(request)
        for each in fresh:
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = each.recv(4096)
                if not piece:
                    raise SystemExit(f"refused: {answer!r}")
                answer += piece
            if b" 101 " not in answer.split(b"\r\n", 1)[0]:
                raise SystemExit(f"refused: {answer!r}")
            self._admit(each, answer.partition(b"\r\n\r\n")[2])

    def _admit(self, viewer: socket.socket, rest: bytes) -> None:
        viewer.setblocking(False)
        self.sockets[viewer.fileno()] = viewer
        self.rest[viewer.fileno()] = rest
        self.poll.register(viewer.fileno(), select.EPOLLIN)

    def collect(self) -> list[int]:
        """Latencies in nanoseconds of the next message, one of each viewer."""
        found: list[int] = []
        until = time.monotonic() + _PATIENCE
        while len(found) < len(self.sockets) and time.monotonic() < until:
            for number, _ in self.poll.poll(0.2, 256):
                found += self._read(number)
        return found

    def idle(self, seconds: float) -> None:
        """Answers pings for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for number, _ in self.poll.poll(0.05, 256):
                self._read(number)

    def _read(self, number: int) -> list[int]:
        data = self.sockets[number].recv(65536)
        now = time.monotonic_ns()
        if not data:
            raise SystemExit("a viewer was disconnected")
        data = self.rest[number] + data
        found = []
        while (frame := _frame(data)) is not None:
            opcode, payload, data = frame
            if opcode == 1 and payload.startswith(_STAMP):
                found.append(now - int(payload[6:26]))
            elif opcode == 9:
                self.sockets[number].send(bytes([0x8A, 0x80 | len(payload)]) + bytes(4) + payload)
        self.rest[number] = data
        return found


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Opcode, payload and rest of the first whole frame; a server's frames carry no mask."""
    if len(data) < 2:
        return None
    length, begin = data[1], 2
    if length == 126:
        length, begin = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, begin = int.from_bytes(data[2:10], "big"), 10
    end = begin + length
    return (data[0] & 15, data[begin:end], data[end:]) if len(data) >= end else None


def main(port: int, path: str, count: int) -> None:
    """Connects, then measures on each line."""
    viewers = Viewers(port, path, count)
    print("ready", flush=True)
    commands = select.poll()
    commands.register(sys.stdin, select.POLLIN)
    while True:
        viewers.idle(0.02)
        if commands.poll(0):
            if not sys.stdin.readline():
                return
            print("set", flush=True)
            found = [each / 1e6 for each in viewers.collect()]
            print(json.dumps({"count": len(found), "p50": quantile(found, 0.5), "p99": quantile(found, 0.99),
                              "max": max(found)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
