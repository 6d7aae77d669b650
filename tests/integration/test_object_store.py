"""The object store against a real S3 server: what it keeps, what it refuses, and what it says when it is away."""

import asyncio
import hashlib
import os
import signal
from base64 import b64encode
from datetime import timedelta

import httpx
import pytest

from storage.embedded.seaweed import EmbeddedSeaweed
from storage.kernel.clock import process_now
from storage.kernel.errors import Conflict, NotFound, Refused, Unavailable
from storage.objects.multipart import StoredPart
from storage.objects.store import ObjectStore
from storage.objects.sweeper import sweep_orphans
from tests.frozen import frozen

MIB = 1 << 20


def digest(data: bytes) -> str:
    return b64encode(hashlib.sha256(data).digest()).decode()


async def send(store: ObjectStore, key: str, upload: str, number: int, data: bytes) -> httpx.Response:
    url, headers = store.presign_part(key, upload, number, digest(data))
    async with httpx.AsyncClient() as client:
        return await client.put(url, content=data, headers=headers)


async def upload(store: ObjectStore, key: str, *parts: bytes) -> None:
    identifier = await store.start_multipart(key)
    for number, part in enumerate(parts, 1):
        assert (await send(store, key, identifier, number, part)).status_code == 200
    await store.complete_multipart(key, identifier, await store.list_parts(key, identifier))


@pytest.fixture
def key() -> str:
    return f"test/{os.urandom(8).hex()}"


async def test_parts_become_one_object_that_reads_back_whole_by_range_and_by_stream(object_store, key):
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), os.urandom(777)]
    await upload(object_store, key, *parts)
    whole = b"".join(parts)
    assert (await object_store.stat(key)).size == len(whole)
    assert await object_store.get_range(key, 5 * MIB - 3, 10) == whole[5 * MIB - 3:5 * MIB + 7]
    assert await object_store.get_range(key, len(whole) - 5, 100) == whole[-5:]
    assert b"".join([chunk async for chunk in object_store.stream(key)]) == whole
    assert b"".join([chunk async for chunk in object_store.stream(key, 7, MIB)]) == whole[7:7 + MIB]
    assert [chunk async for chunk in object_store.stream(key, 7, 0)] == []
    assert await object_store.hash_parts(key, 5 * MIB) == [hashlib.sha256(part).hexdigest() for part in parts]


async def test_a_stream_left_early_gives_its_connection_back(object_store, key):
    await upload(object_store, key, os.urandom(6 * MIB))
    for _ in range(60):
        stream = object_store.stream(key)
        assert await anext(stream)
        await stream.aclose()
    assert (await object_store.stat(key)).size == 6 * MIB


async def test_the_store_refuses_other_bytes_than_the_signed_digest(object_store, key):
    identifier, data = await object_store.start_multipart(key), os.urandom(1000)
    url, headers = object_store.presign_part(key, identifier, 1, digest(data))
    other = os.urandom(1000)
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=other, headers=headers)).status_code == 400
        assert (await client.put(url, content=data)).status_code == 403
        lying = {name: digest(other) for name in headers}
        assert (await client.put(url, content=other, headers=lying)).status_code == 403
        assert (await client.put(url.replace("partNumber=1", "partNumber=2"), content=data,
                                 headers=headers)).status_code == 403
    assert await object_store.list_parts(key, identifier) == []


async def test_an_address_serves_only_for_its_time(object_store, key):
    identifier, data = await object_store.start_multipart(key), b"late"
    url, headers = object_store.presign_part(key, identifier, 1, digest(data), seconds=1)
    await asyncio.sleep(2.2)
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=data, headers=headers)).status_code == 403


async def test_browsers_of_other_origins_are_not_answered(object_store, key):
    await object_store.prepare(["http://127.0.0.1:8000"])  # nodes of other tests admitted their own origins
    identifier, data = await object_store.start_multipart(key), b"x"
    url, _ = object_store.presign_part(key, identifier, 1, digest(data))
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-checksum-sha256"}
    async with httpx.AsyncClient() as client:
        own = await client.options(url, headers={"Origin": "http://127.0.0.1:8000", **asked})
        foreign = await client.options(url, headers={"Origin": "http://evil.test", **asked})
    assert own.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8000"
    assert "Access-Control-Allow-Origin" not in foreign.headers


async def test_nothing_stored_is_ever_overwritten(object_store, key):
    await object_store.put(key, b"first")
    with pytest.raises(Conflict):
        await object_store.put(key, b"second")
    with pytest.raises(Conflict):
        await upload(object_store, key, b"third")
    assert await object_store.get_range(key, 0, 10) == b"first"


async def test_sixteen_writers_of_one_key_have_one_winner(object_store, key):
    answers = await asyncio.gather(*(object_store.put(key, bytes([n])) for n in range(16)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 15 + ["NoneType"]


async def test_what_is_not_there_is_said_so(object_store, key):
    for call in (object_store.stat(key), object_store.get_range(key, 0, 1), object_store.list_parts(key, "none"),
                 object_store.abort_multipart(key, "none"), object_store.complete_multipart(key, "none", [])):
        with pytest.raises((NotFound, Refused)):
            await call
    with pytest.raises(NotFound):
        await anext(object_store.stream(key))
    await object_store.remove(key)


async def test_a_part_that_was_never_sent_cannot_be_joined(object_store, key):
    identifier = await object_store.start_multipart(key)
    await send(object_store, key, identifier, 1, b"here")
    here = await object_store.list_parts(key, identifier)
    with pytest.raises(Refused):
        await object_store.complete_multipart(key, identifier, [*here, StoredPart(2, "0" * 32, 5)])


async def test_the_sweeper_removes_only_old_things_that_no_row_names(object_store):
    prefix = f"sweep-{os.urandom(4).hex()}/"
    for name in ("named", "orphan"):
        await object_store.put(f"{prefix}{name}", b"x")
    given_up = await object_store.start_multipart(f"{prefix}given-up")

    async def named(keys):
        return {one for one in keys if one.endswith("/named")}
    long_ago, soon = process_now() - timedelta(hours=1), process_now() + timedelta(minutes=1)
    assert await sweep_orphans(object_store, prefix, before=long_ago, named=named) == []
    assert await sweep_orphans(object_store, prefix, before=soon, named=named) == [
        f"{prefix}given-up", f"{prefix}orphan"]
    assert [one.key for one in await object_store.list_objects(prefix)] == [f"{prefix}named"]
    with pytest.raises(NotFound):
        await object_store.list_parts(f"{prefix}given-up", given_up)


async def test_a_store_that_is_away_or_frozen_is_unavailable_and_comes_back_with_everything(tmp_path, settings):
    server = EmbeddedSeaweed(tmp_path / "own")
    server.start(["http://127.0.0.1:8000"])
    changed = settings.model_copy(update={
        "s3_endpoint": server.endpoint, "s3_access_key": server.keys.access,
        "s3_secret_key": type(settings.s3_secret_key)(server.keys.secret)})
    store = ObjectStore.from_settings(changed)
    try:
        await store.put("kept", b"safe")
        with frozen(server.process_id()), pytest.raises(Unavailable):
            await store.is_ready()
        os.kill(server.process_id(), signal.SIGKILL)
        with pytest.raises(Unavailable):
            await store.stat("kept")
        server.start(["http://127.0.0.1:8000"])
        assert await store.get_range("kept", 0, 10) == b"safe"
        assert await store.is_ready()
    finally:
        store.close()
        server.stop()
