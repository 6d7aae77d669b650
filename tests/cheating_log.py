"""A log that a test lets cheat: a program of its own that serves what lies in a folder, under a platform's addresses.

``checkpoint``: the note; ``proof-OLD-NEW.json``: a proof, where there is none the platform's own no; ``down``: every
answer is a 503; ``no-way``: what is not there is a proxy's 404.
Cosignatures that are handed in are kept as lines of ``cosignatures``. Run as ``python cheating_log.py FOLDER PORT``.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path()


class Pages(BaseHTTPRequestHandler):
    """Answers from the folder."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path.startswith("/api/ledger/checkpoint"):
            self._answer(FOLDER / "checkpoint")
        else:
            asked = parse_qs(address.query)
            self._answer(FOLDER / f"proof-{asked['old'][0]}-{asked['new'][0]}.json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with (FOLDER / self.path.rsplit("/", 1)[1]).open("ab") as file:
            file.write(body + b"\n")
        self.send_response(204)
        self.end_headers()

    def _answer(self, file: Path) -> None:
        self.send_response(503 if (FOLDER / "down").exists() else 200 if file.exists() else 404)
        self.end_headers()
        if file.exists():
            self.wfile.write(file.read_bytes())
        elif (FOLDER / "no-way").exists():
            self.wfile.write("<h1>没有这个页面</h1>".encode("gbk"))
        else:
            self.wfile.write(b'{"code": "log-not-so-long", "title": "none"}')

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    FOLDER = Path(sys.argv[1])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Pages).serve_forever()
