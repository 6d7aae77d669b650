"""The plain S3 side of the comparisons: presigned addresses that ask for nothing, parts put in four lanes."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects.client import REGION
from storage.objects.presign import Signer, object_address
from storage.objects.store import ObjectStore
from tests.browser.sealing_world import run

PART = 8 << 20


class PlainS3:
    """Uploads and addresses as any program makes them, without digests."""

    def __init__(self, settings: Settings) -> None:
        self._signer = Signer(settings.s3_access_key, settings.s3_secret_key.get_secret_value(), REGION)
        self._origin, self._bucket = f"http://{settings.s3_endpoint}", settings.s3_bucket
        self.store = ObjectStore.from_settings(settings)

    def begin(self, key: str, size: int) -> tuple[str, list[str]]:
        """A multipart upload: its id, and the address of each part."""
        upload = run(self.store.start_multipart(key))
        return upload, [self._sign("PUT", key, {"uploadId": upload, "partNumber": str(number)})
                        for number in range(1, -(-size // PART) + 1)]

    def complete(self, key: str, upload: str) -> None:
        """Joins what was put."""
        run(self._complete(key, upload))

    async def _complete(self, key: str, upload: str) -> None:
        await self.store.complete_multipart(key, upload, await self.store.list_parts(key, upload))

    def address(self, key: str) -> str:
        """Where the object is read."""
        return self._sign("GET", key, {})

    def remove(self, key: str) -> None:
        """Frees its bytes."""
        run(self.store.remove(key))

    def _sign(self, method: str, key: str, query: dict[str, str]) -> str:
        return self._signer.presign(method, object_address(self._origin, self._bucket, key), at=process_now(),
                                    seconds=3600, query=query, headers={})


def make_file(path: Path, size: int) -> Path:
    """A file that cannot be compressed."""
    with path.open("wb") as file:
        for start in range(0, size, PART):
            file.write(os.urandom(min(PART, size - start)))
    return path


def put_parts(path: Path, addresses: list[str], lanes: int) -> None:
    """Reads and puts every part, ``lanes`` at once, with the HTTP library of the command line."""
    def put(index: int, http: httpx.Client) -> None:
        with path.open("rb") as file:
            file.seek(index * PART)
            http.put(addresses[index], content=file.read(PART)).raise_for_status()
    with httpx.Client(timeout=60) as http, ThreadPoolExecutor(lanes) as pool:
        for each in [pool.submit(put, index, http) for index in range(len(addresses))]:
            each.result()
