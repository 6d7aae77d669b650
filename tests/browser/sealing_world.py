"""The sealing libraries built and served to a browser, with a real S3 store behind them."""

import asyncio
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from storage.embedded.seaweed import EmbeddedSeaweed
from storage.objects.client import REGION, make_client
from storage.objects.presign import Signer
from storage.objects.store import ObjectStore
from tests.nodes import ROOT

T = TypeVar("T")
WEB = ROOT / "frontend/web"


class QuietFiles(SimpleHTTPRequestHandler):
    """Files of a folder, without a line of log for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def build_harness(folder: Path) -> None:
    """Builds the libraries, workers included, as the product is built."""
    subprocess.run(["npx", "vite", "build", "--config", "tests/harness/vite.config.ts", "--outDir", str(folder)],
                   cwd=WEB, check=True, capture_output=True, timeout=120)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The origin under which the folder is served, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def store_of(server: EmbeddedSeaweed) -> ObjectStore:
    """The store as the platform speaks to it."""
    make = partial(make_client, server.endpoint, server.keys.access, server.keys.secret, secure=False)
    return ObjectStore(make(connections=8), make(connections=1), Signer(server.keys.access, server.keys.secret, REGION),
                       bucket=server.bucket, public_origin=f"http://{server.endpoint}")


class SealedObject:
    """The server's side of one upload: an envelope opened, parts presigned and listed, the object completed."""

    def __init__(self, store: ObjectStore, key: str) -> None:
        self.store, self.key = store, key
        self.header = self.manifest = self.upload_id = ""
        self.signature = b""
        self.presigned: dict[int, str] = {}

    def open(self, header: str, size: int, parts: int) -> str:
        """As POST envelopes."""
        self.header, self.upload_id = header, run(self.store.start_multipart(self.key))
        return self.upload_id

    def presign(self, number: int, digest: str) -> dict[str, Any]:
        """As POST parts."""
        self.presigned[number] = digest
        checksum = b64encode(bytes.fromhex(digest)).decode()
        url, headers = self.store.presign_part(self.key, self.upload_id, number, checksum)
        return {"number": number, "url": url, "headers": headers}

    def parts(self) -> list[dict[str, Any]]:
        """As GET the envelope: what the store holds."""
        stored = run(self.store.list_parts(self.key, self.upload_id))
        return [{"number": part.number, "digest": self.presigned[part.number]} for part in stored]

    def complete(self, manifest: str, signature: str) -> None:
        """As POST complete."""
        self.manifest, self.signature = manifest, b64decode(signature)
        stored = run(self.store.list_parts(self.key, self.upload_id))
        run(self.store.complete_multipart(self.key, self.upload_id, stored))


def run(act: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, in another thread: Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, act).result()
