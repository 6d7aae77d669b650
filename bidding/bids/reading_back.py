"""The platform reads a stored object back and compares every segment with the signed manifest (R-222, fault 11)."""

import asyncio
from collections.abc import Callable
from hashlib import sha256

from storage.crypto.errors import ObjectAltered
from storage.crypto.manifest import Manifest, check_parts
from storage.crypto.reader import Layout
from storage.kernel.errors import Conflict, NotFound, Refused
from storage.objects.store import ObjectStore

_LANES = 3  # segments in memory at once: 24 MiB
_FURTHER = b"\xff\xff\xff\xff"

# Called with the number of segments read so far.
Progress = Callable[[int], None]


class NotSealed(Refused):
    """The bytes are those the bidder signed, and yet not in the form of a sealed object (R-140)."""

    code = "not-sealed"


async def join_parts(store: ObjectStore, key: str, upload_id: str) -> str:
    """Joins the uploaded parts into the object and returns its etag; joined before, it stays as it is.

    Raises ``NotFound`` when neither the upload nor the object is there.
    """
    try:
        parts = await store.list_parts(key, upload_id)
        return await store.complete_multipart(key, upload_id, parts)
    except (NotFound, Conflict):
        # A node that was killed here had joined them already.
        return (await store.stat(key)).etag


async def compare(store: ObjectStore, key: str, manifest: Manifest, layout: Layout, progress: Progress) -> None:
    """Raises ``ObjectAltered`` when the object is not what was signed, ``NotSealed`` when its form is wrong."""
    size = (await store.stat(key)).size
    if size != layout.stored_size:
        raise ObjectAltered("存储的文件长度与清单不符", stored=size, signed=layout.stored_size)
    gate, read = asyncio.Semaphore(_LANES), 0

    async def digest(index: int) -> str:
        nonlocal read
        async with gate:
            offset, length = layout.segment_range(index)
            data = await store.get_range(key, offset, length)
            found = await asyncio.to_thread(lambda: sha256(data).hexdigest())
            _require_form(data, index, layout, found == manifest.parts[index])
            read += 1
            progress(read)
            return found
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(digest(index)) for index in range(layout.count)]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    check_parts(manifest, [task.result() for task in tasks])


def _require_form(data: bytes, index: int, layout: Layout, is_as_signed: bool) -> None:
    """The length word of a segment shows whether it is one; only judged when the bytes are the bidder's."""
    mark = len(data).to_bytes(4) if index == layout.count - 1 else _FURTHER
    if is_as_signed and data[:4] != mark:
        raise NotSealed("文件不是按要求加密的密文", index=index)
