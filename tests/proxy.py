"""A TCP proxy whose line can be cut: for what a bidder's network does on the last evening."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Forwards to one address; ``cut_after`` bytes from the client it resets every connection until ``mend``."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.sent = 0
        self._left: int | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: int) -> None:
        """So many more bytes pass from clients."""
        with self._lock:
            self._left = count

    def mend(self) -> None:
        """The line is whole again; bytes are counted from here."""
        with self._lock:
            self._left, self.sent = None, 0

    def close(self) -> None:
        """Takes no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._target) as store:
            threading.Thread(target=self._answer, args=(store, client), daemon=True).start()
            while data := client.recv(65536):
                if not self._admits(len(data)):
                    # RST instead of FIN: the line is gone, nobody says good-bye.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return
                store.sendall(data)

    def _admits(self, count: int) -> bool:
        with self._lock:
            if self._left is not None:
                if self._left < count:
                    self._left = 0
                    return False
                self._left -= count
            self.sent += count
            return True

    def _answer(self, store: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := store.recv(65536):
                client.sendall(data)


@contextmanager
def line_to(endpoint: str) -> Iterator[Line]:
    """A line to ``host:port``."""
    host, port = endpoint.rsplit(":", 1)
    line = Line((host, int(port)))
    try:
        yield line
    finally:
        line.close()
