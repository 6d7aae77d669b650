"""Fault 29: a sealed bid replayed to another lot, bidder or version is refused, for all of them are bound in."""

from datetime import timedelta
from pathlib import Path

import pytest

from bidding.bids.model import BODY, STATEMENT
from storage.crypto.errors import SignatureRefused
from storage.database.settings import Settings
from storage.kernel.errors import RulesUnmet
from storage.objects.store import ObjectStore
from tests.bids_world import Client, Founder, World, seal_object


async def refused_fields(client: Client, version: object, sealed: object) -> str:
    with pytest.raises(RulesUnmet) as refused:
        await client.open(version, sealed)  # type: ignore[arg-type]
    assert [rule.number for rule in refused.value.rules] == ["R-140"]
    return str(refused.value.facts["fields"])


@pytest.mark.cts("A-90")
async def test_a_seal_taken_over_from_another_place_is_refused(
        client: Client, world: World, object_store: ObjectStore, settings: Settings, tmp_path: Path) -> None:
    first = await client.start()
    sealed = seal_object(world, client.bidder, first, BODY, b"%PDF")

    thief = Client(world, world.bidders[1], object_store)
    assert await refused_fields(thief, await thief.start(), sealed) == "bidder"

    second = await client.start()
    assert await refused_fields(client, second, sealed) == "version"

    founder = Founder(world.sessions, tmp_path / "ca", settings.trust_directory)
    lot = await founder.lot(world.tenderee, world.agency, world.custodians, timedelta(hours=2), serial=2)
    there = Client(World(world.sessions, world.pki, lot, world.tenderee, world.agency, world.supervisor,
                         world.bidders), client.bidder, object_store)
    assert await refused_fields(there, await there.start(), sealed) == "tender、lot、opens_at"

    sealed.kind = STATEMENT
    assert "envelope" in await refused_fields(client, second, sealed)


async def test_a_manifest_signed_by_another_bidder_is_refused(client: Client, world: World,
                                                              object_store: ObjectStore) -> None:
    version = await client.start()
    sealed = seal_object(world, client.bidder, version, BODY, b"%PDF")
    envelope = await client.open(version, sealed)
    await client.send(envelope, sealed.parts)
    sealed.signature = world.bidders[1].identities[0].sign(sealed.manifest.signed_bytes)
    with pytest.raises(SignatureRefused):
        await client.complete(envelope, sealed)
