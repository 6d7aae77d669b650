"""The S3 store: whatever is large lies here, and browsers speak to it without passing through the platform.

The ``minio`` client blocks, so each call runs in a thread of the store's own bounded pool. Every wait is bounded
(connect 5 s, read 30 s); when the store is away, ``Unavailable`` is raised (faults 05, 06).
"""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self, TypeVar

from minio import Minio
from minio.datatypes import Object

from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects import multipart, reading
from storage.objects.client import REGION, make_client, prepare_bucket
from storage.objects.failures import translated
from storage.objects.multipart import PendingUpload, StoredPart
from storage.objects.presign import Signer, object_address

T = TypeVar("T")
THREADS = 24
CHECKSUM = "x-amz-checksum-sha256"
_TO_KEEP = {"response-content-disposition": "attachment", "response-content-type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store knows of an object: its key, size in bytes, etag and the instant of its last change."""

    key: str
    size: int
    etag: str
    changed_at: datetime


class ObjectStore:
    """One bucket of an S3 store. Safe to share between tasks; ``close`` ends its threads."""

    def __init__(self, client: Minio, probe: Minio, signer: Signer, *, bucket: str, public_origin: str) -> None:
        """``probe`` is an impatient client that asks for life; ``public_origin`` is ``scheme://host:port``."""
        self.bucket = bucket
        self.public_origin = public_origin
        self._client = client
        self._probe = probe
        self._signer = signer
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="store")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The store that the settings name; nothing is contacted yet."""
        secret = settings.s3_secret_key.get_secret_value()
        make = partial(make_client, settings.s3_endpoint, settings.s3_access_key, secret, secure=settings.s3_secure)
        return cls(make(connections=THREADS), make(connections=1, connect=1, read=2),
                   Signer(settings.s3_access_key, secret, REGION), bucket=settings.s3_bucket,
                   public_origin=settings.browser_store)

    def close(self) -> None:
        """Ends the threads; calls under way finish, queued ones are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, origins: list[str]) -> None:
        """Makes the bucket and admits the browsers of these origins alone (CORS). Idempotent."""
        await self._run(self.bucket, partial(prepare_bucket, self._client, self.bucket, origins))

    async def is_ready(self) -> bool:
        """Whether the bucket is there; raises ``Unavailable`` within seconds when the store does not answer."""
        return await self._run(self.bucket, partial(self._probe.bucket_exists, self.bucket))

    # Uploads in parts, straight from the client

    async def start_multipart(self, key: str) -> str:
        """Begins an upload in parts and returns its id."""
        return await self._run(key, partial(multipart.begin, self._client, self.bucket, key))

    def presign_part(self, key: str, upload_id: str, number: int, sha256_b64: str,
                     seconds: int = 900) -> tuple[str, dict[str, str]]:
        """The address and headers of one part's PUT; the store refuses any body of another digest.

        ``number`` counts from 1; ``sha256_b64`` is the standard base64 of the part's SHA-256. The client must send
        exactly these headers. Contacts nothing.
        """
        headers = {CHECKSUM: sha256_b64}
        url = self._signer.presign("PUT", self._address(key), at=process_now(), seconds=seconds, headers=headers,
                                   query={"uploadId": upload_id, "partNumber": str(number)})
        return url, headers

    def presign_get(self, key: str, seconds: int = 300) -> str:
        """The address from which a browser may read one object for a while: to be kept, as octets, whatever it is
        (fault 44). Contacts nothing."""
        return self._signer.presign("GET", self._address(key), at=process_now(), seconds=seconds, query=_TO_KEEP,
                                    headers={})

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> StoredPart:
        """Sends one part through the platform: for files that pass it anyway, such as attachments."""
        return await self._run(key, partial(multipart.send, self._client, self.bucket, key, upload_id, number, data))

    async def list_parts(self, key: str, upload_id: str) -> list[StoredPart]:
        """The parts that the store holds, by number; raises ``NotFound`` when the upload is over."""
        return await self._run(key, partial(multipart.parts_of, self._client, self.bucket, key, upload_id))

    async def complete_multipart(self, key: str, upload_id: str, parts: list[StoredPart]) -> str:
        """Joins the parts, as ``list_parts`` gave them, and returns the etag.

        Raises ``Conflict`` when the key is taken, ``Refused`` when a part does not fit, ``NotFound`` when the
        upload is over (completed by an earlier call, perhaps: ``stat`` tells).
        """
        return await self._run(key, partial(multipart.complete, self._client, self.bucket, key, upload_id, parts))

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Gives up an upload and frees its parts; raises ``NotFound`` when it is over already."""
        await self._run(key, partial(self._client._abort_multipart_upload, self.bucket, key, upload_id))

    async def list_uploads(self, prefix: str) -> list[PendingUpload]:
        """Uploads under way whose key begins with the prefix."""
        return await self._run(prefix, lambda: [*multipart.uploads_under(self._client, self.bucket, prefix)])

    # Whole objects

    async def put(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        """Stores an object once; raises ``Conflict`` when the key is taken."""
        await self._run(key, partial(self._client._execute, "PUT", self.bucket, key, body=data, headers={
            "Content-Type": content_type, "If-None-Match": "*",
            CHECKSUM: b64encode(hashlib.sha256(data).digest()).decode()}))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``, fewer at the object's end; raises ``NotFound``."""
        return await self._run(key, partial(reading.read_range, self._client, self.bucket, key, start, length))

    async def stream(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Chunks of at most 1 MiB, from ``start`` over ``length`` bytes or to the end; the next is read ahead."""
        if length is not None and length <= 0:
            return
        body = await self._run(key, partial(reading.open_range, self._client, self.bucket, key, start, length))
        read = partial(self._start, key, partial(body.read, reading.CHUNK))
        ahead = read()
        try:
            while chunk := await asyncio.shield(ahead):
                ahead = read()
                yield chunk
        finally:
            await asyncio.wait([ahead])  # a body must not be closed while a thread reads it
            ahead.exception()
            reading.let_go(body)

    async def stat(self, key: str) -> ObjectStat:
        """Size, etag and age of an object; raises ``NotFound``."""
        return _stat(key, await self._run(key, partial(self._client.stat_object, self.bucket, key)))

    async def remove(self, key: str) -> None:
        """Removes an object; one that is not there is no error."""
        await self._run(key, partial(self._client.remove_object, self.bucket, key))

    async def list_objects(self, prefix: str) -> list[ObjectStat]:
        """All objects whose key begins with the prefix."""
        return await self._run(prefix, lambda: [
            _stat(one.object_name or "", one)
            for one in self._client.list_objects(self.bucket, prefix=prefix, recursive=True)])

    async def hash_parts(self, key: str, segment_length: int, lanes: int = 4) -> list[str]:
        """SHA-256 (hex) of each segment of ``segment_length`` bytes; ``lanes`` range requests at once.

        Memory is bounded by ``lanes`` chunks of 1 MiB, whatever the object's size.
        """
        size = (await self.stat(key)).size
        gate = asyncio.Semaphore(lanes)

        async def digest(start: int) -> str:
            length = min(segment_length, size - start)
            async with gate:
                return await self._run(
                    key, partial(reading.hash_range, self._client, self.bucket, key, start, length))
        return [*await asyncio.gather(*map(digest, range(0, size, segment_length)))]

    def _address(self, key: str) -> str:
        return object_address(self.public_origin, self.bucket, key)

    async def _run(self, key: str, call: Callable[[], T]) -> T:
        return await self._start(key, call)

    def _start(self, key: str, call: Callable[[], T]) -> asyncio.Future[T]:
        def act() -> T:
            with translated(key):
                return call()
        return asyncio.get_running_loop().run_in_executor(self._threads, act)


def _stat(key: str, found: Object) -> ObjectStat:
    return ObjectStat(key, found.size or 0, found.etag or "", found.last_modified or process_now())
