"""An external time-stamping authority for tests: a program of its own with a key of its own, over HTTP (RFC 3161).

Run as ``python -m tests.stamping_program FOLDER PORT``; leaves its root as ``root.pem`` in the folder.
"""

import asyncio
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.tsa import EmbeddedAuthority
from storage.kernel.clock import process_now


def main(folder: Path, port: int) -> None:
    """Serves for ever."""
    keys = load_platform_keys(folder, name="外部时间戳机构", now=process_now())
    authority = EmbeddedAuthority(keys.timestamp)

    class Counter(BaseHTTPRequestHandler):
        """Where requests are stamped."""

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = asyncio.run(authority.respond(asked))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Counter)
    (folder / "root.pem").write_text(keys.timestamp.chain[-1].pem)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
