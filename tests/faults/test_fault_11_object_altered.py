"""Fault 11: an object that is not what the bidder signed is found when the platform reads it back."""

from collections.abc import Callable
from hashlib import sha256

import httpx
import pytest

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.model import BODY, KINDS, VersionStatus
from bidding.bids.reading_back import join_parts
from bidding.bids.tables import BidVersion, Envelope
from storage.crypto.envelope import Part
from storage.crypto.manifest import Manifest, sign_manifest
from storage.kernel.errors import Refused, RulesUnmet
from storage.objects.store import ObjectStore
from tests.bids_fixtures import Settled, StartChecks
from tests.bids_world import Client, SealedObject, World, seal_object, statement

CONTENT = bytes(range(256)) * 70_000  # three parts
SEG = 8_388_608
Handed = tuple[Envelope, SealedObject]


async def handed_over(client: Client, world: World) -> tuple[BidVersion, dict[str, Handed]]:
    """Both objects sent and handed over; no worker has looked at them."""
    version = await client.start()
    found = {}
    for kind in KINDS:
        sealed = seal_object(world, client.bidder, version, kind, CONTENT if kind == BODY else statement())
        envelope = await client.open(version, sealed)
        await client.send(envelope, sealed.parts)
        found[kind] = (await client.complete(envelope, sealed), sealed)
    return version, found


async def put_instead(store: ObjectStore, envelope: Envelope, data: bytes | None) -> None:
    """What an administrator of the store could do."""
    await join_parts(store, envelope.object_key, envelope.upload_id)
    await store.remove(envelope.object_key)
    if data is not None:
        await store.put(envelope.object_key, data)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]


ALTERED: dict[str, Callable[[bytes], bytes | None]] = {
    "a bit of the first part": lambda data: flipped(data, 100),
    "a bit of the second part's length word": lambda data: flipped(data, SEG),
    "the very last bit": lambda data: flipped(data, len(data) - 1),
    "truncated by a byte": lambda data: data[:-1],
    "truncated at a part": lambda data: data[:SEG],
    "a byte too many": lambda data: data + b"\0",
    "two parts swapped": lambda data: data[SEG:2 * SEG] + data[:SEG] + data[2 * SEG:],
    "replaced by zeros": lambda data: bytes(len(data)),
    "gone": lambda data: None,
}


@pytest.mark.cts("A-90", "A-100")
async def test_an_object_altered_in_the_store_is_found_and_said(
        client: Client, world: World, settled: Settled, start_checks: StartChecks, seal: Seal) -> None:
    before = []
    for change in ALTERED.values():
        version, found = await handed_over(client, world)
        envelope, sealed = found[BODY]
        await put_instead(client.store, envelope, change(b"".join(part.data for part in sealed.parts)))
        before.append(version)
        async with start_checks():
            body, figures = await settled(version)
        assert (body.state, figures.state) == ("failed", "checked")
        assert "请重新上传" in (body.reason or "")
        with pytest.raises(RulesUnmet) as refused:
            await submit_bid(version.id, client.bidder.actor, world.work(), seal)
        assert [rule.number for rule in refused.value.rules] == ["R-221"]
    # The last one is uploaded once more, and is taken.
    async with start_checks():
        again = await client.upload(CONTENT, version=before[-1])
        assert [each.state for each in await settled(again)] == ["checked", "checked"]
        assert (await submit_bid(again.id, client.bidder.actor, world.work(), seal)).number


async def test_a_part_sent_again_with_other_bytes_after_signing_is_found(
        client: Client, world: World, settled: Settled, start_checks: StartChecks) -> None:
    version = await client.start()
    sealed = seal_object(world, client.bidder, version, BODY, CONTENT)
    envelope = await client.open(version, sealed)
    await client.send(envelope, sealed.parts)
    other = sealed.sealing.message_key.encrypt_segment(1, CONTENT[SEG - 32:2 * (SEG - 32)], last=False)
    await client.send(envelope, [Part(2, other, sha256(other).hexdigest())])
    await client.complete(envelope, sealed)
    async with start_checks():
        (body,) = await settled(version)
    assert body.state == "failed"


async def test_the_store_refuses_bytes_of_another_digest(client: Client, world: World) -> None:
    version = await client.start()
    sealed = seal_object(world, client.bidder, version, BODY, b"small")
    envelope = await client.open(version, sealed)
    wrong = Part(1, flipped(sealed.parts[0].data, 20), sealed.parts[0].sha256)
    with pytest.raises(httpx.HTTPStatusError):
        await client.send(envelope, [wrong])


@pytest.mark.cts("A-93")
async def test_an_object_with_a_part_missing_or_short_is_not_handed_over(client: Client, world: World) -> None:
    version = await client.start()
    sealed = seal_object(world, client.bidder, version, BODY, CONTENT)
    envelope = await client.open(version, sealed)
    await client.send(envelope, [sealed.parts[0], sealed.parts[2]])
    with pytest.raises(Refused) as refused:
        await client.complete(envelope, sealed)
    assert refused.value.facts["missing"] == [2]


async def test_what_is_signed_and_yet_not_ciphertext_is_refused(client: Client, world: World, settled: Settled,
                                                                start_checks: StartChecks) -> None:
    version = await client.start()
    sealed = seal_object(world, client.bidder, version, BODY, b"%PDF in the clear, as an honest mistake would be")
    plain = b"%PDF" + bytes(len(sealed.parts[0].data) - 4)
    part = Part(1, plain, sha256(plain).hexdigest())
    manifest = Manifest(sealed.sealing.header.sha256, (part.sha256,), sealed.size)
    sealed.manifest, sealed.signature = manifest, sign_manifest(manifest, client.bidder.identities[0].key)
    envelope = await client.open(version, sealed)
    await client.send(envelope, [part])
    await client.complete(envelope, sealed)
    async with start_checks():
        (body,) = await settled(version)
    assert (body.state, body.reason) == ("failed", "文件不是按要求加密的密文，请重新上传")
    async with world.sessions() as session:
        assert (await session.get_one(BidVersion, version.id)).status == VersionStatus.DRAFT

