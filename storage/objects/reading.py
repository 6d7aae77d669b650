"""Reads of an object that block: one chunk after another, never the whole of it."""

import hashlib
from collections.abc import Iterator

from minio import Minio
from urllib3 import BaseHTTPResponse

CHUNK = 1 << 20


def open_range(client: Minio, bucket: str, key: str, start: int, length: int | None) -> BaseHTTPResponse:
    """The body of a range request, unread; ``None`` reads to the end. Close it with ``let_go``."""
    return client.get_object(bucket, key, offset=start, length=length or 0)


def let_go(body: BaseHTTPResponse) -> None:
    """Keeps the connection when the body was read to its end, drops it otherwise."""
    if body.length_remaining:
        body.close()
    body.release_conn()


def read_range(client: Minio, bucket: str, key: str, start: int, length: int) -> bytes:
    """The bytes of one range."""
    return b"".join(_chunks(client, bucket, key, start, length))


def hash_range(client: Minio, bucket: str, key: str, start: int, length: int) -> str:
    """SHA-256 (hex) of one range, in the memory of one chunk."""
    digest = hashlib.sha256()
    for chunk in _chunks(client, bucket, key, start, length):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(client: Minio, bucket: str, key: str, start: int, length: int) -> Iterator[bytes]:
    if length <= 0:
        return
    body = open_range(client, bucket, key, start, length)
    try:
        while chunk := body.read(CHUNK):
            yield chunk
    finally:
        let_go(body)
