"""Bids by SM2 dual certificates, in lots of both suites (R-005, R-702, R-704, R-705)."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bidding.bids.answers import desk_answer
from bidding.bids.checking import CheckWorker
from bidding.bids.commands.drafting import StartVersion, start_version
from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.queries import desk_of
from bidding.bids.receipt_verification import verify_receipt
from bidding.bids.tables import BidVersion
from storage.crypto.envelope import Recipient, open_trial
from storage.crypto.manifest import Manifest
from storage.crypto.signatures import sign
from storage.crypto.wraps import unwrap
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.errors import DomainError, RulesUnmet
from storage.objects.store import ObjectStore
from tests.bids_fixtures import Settled
from tests.bids_world import Client, Founder, Person, World, found_world, seal_object
from trading.parties.tables import BoundCertificate


@pytest.fixture
async def world(sessions: Sessions, tmp_path: Path, settings: Settings) -> World:
    """A lot of suite 2, one bidder."""
    return await found_world(sessions, tmp_path / "ca", settings.trust_directory, bidders=1, suite=2)


@pytest.fixture
def founder(sessions: Sessions, tmp_path: Path, settings: Settings) -> Founder:
    """Who adds persons to the world."""
    return Founder(sessions, tmp_path / "ca", settings.trust_directory)


def numbers(error: pytest.ExceptionInfo[RulesUnmet]) -> list[str]:
    return [rule.number for rule in error.value.rules]


async def receipt_of(client: Client, settled: Settled, seal: Seal) -> dict[str, object]:
    version = await client.upload()
    assert {each.state for each in await settled(version)} == {"checked"}
    receipt = await submit_bid(version.id, client.bidder.actor, client.world.work(), seal)
    document = {"number": receipt.number, "kind": receipt.kind, "body": receipt.body, "signature": receipt.signature,
                "proof": None}
    verify_receipt(document, roots=None, ledger_key=None)
    return document


async def test_a_bid_of_suite_2_is_received_and_opens_with_the_encryption_half(
        client: Client, settled: Settled, seal: Seal, checks: CheckWorker) -> None:
    version = await client.start()
    sealed = seal_object(client.world, client.bidder, version, "whole", b"bid")
    header, identity = sealed.sealing.header, client.bidder.identities[0]
    assert header.ctx.bidder == identity.certificate.tag
    assert header.wraps[0].cert == identity.recipient.certificate.tag
    open_trial(header, unwrap(header.wraps[0], identity.recipient.key, header.ctx.ch, header.ctx.algorithms))
    assert set(json.loads(sealed.manifest.to_bytes())) >= {"header_sm3", "parts_sm3"}
    body = json.loads(str((await receipt_of(client, settled, seal))["body"]))
    assert body["bidder"]["name"] == client.bidder.party.name


async def test_an_sm2_bidder_bids_in_a_lot_of_suite_1_too(
        world: World, founder: Founder, object_store: ObjectStore, settled: Settled, seal: Seal,
        checks: CheckWorker) -> None:
    keepers = [await founder.person(f"江苏{kind}保管局", "tenderee", kinds=(kind,))
               for kind in ("ec-p256", "rsa", "sm2")]
    lot = await founder.lot(world.tenderee, world.agency, keepers, timedelta(hours=1), serial=2)
    plain = replace(world, lot=lot, tenderee=keepers[0], agency=keepers[1], supervisor=keepers[2])
    client = Client(plain, world.bidders[0], object_store)
    version = await client.start()
    header = seal_object(plain, client.bidder, version, "whole", b"bid").sealing.header
    assert [each.alg for each in header.wraps] == ["sm2", "hpke-p256", "rsa-oaep", "sm2"]
    assert await receipt_of(client, settled, seal)


async def test_only_a_dual_pair_begins_a_bid_in_suite_2(world: World, founder: Founder) -> None:
    lot, actor = world.lot.id, world.bidders[0].actor
    half = world.bidders[0].identities[0].recipient.certificate.fingerprint
    with pytest.raises(RulesUnmet) as error:
        await start_version(lot, StartVersion(half), actor, world.work())
    assert numbers(error) == ["R-223"]  # the encryption half signs no bid
    other = await founder.person("江苏国际建设有限公司", "bidder")
    with pytest.raises(RulesUnmet) as error:
        await start_version(lot, StartVersion(), other.actor, world.work())
    assert numbers(error) == ["R-702"]
    async with world.sessions() as session:
        told = [desk_answer(await desk_of(session, lot, each)) for each in (other.actor, actor)]
    assert [each["may"] for each in told] == [[], ["start_version"]]
    assert [[rule["number"] for rule in each["missing"]] for each in told] == [["R-702"], []]
    async with world.sessions() as session:
        await session.execute(update(BoundCertificate).where(BoundCertificate.fingerprint == half).values(
            unbound_at=founder.now))
        await session.commit()
    with pytest.raises(RulesUnmet) as error:
        await start_version(lot, StartVersion(), actor, world.work())
    assert numbers(error) == ["R-702"]


async def refused(client: Client, version: BidVersion, bidder: Person, keepers: list[Recipient] | None = None,
                  **changed: object) -> list[str]:
    sealed = seal_object(client.world, bidder, version, "whole", b"bid", keepers, **changed)
    with pytest.raises(RulesUnmet) as error:
        await client.open(version, sealed)
    return numbers(error)


async def test_a_seal_to_the_wrong_half_or_another_suite_is_refused(client: Client, founder: Founder) -> None:
    version, (identity,) = await client.start(), client.bidder.identities
    alone = Person(client.bidder.party, [replace(identity, encryption=None)])
    assert await refused(client, version, alone) == ["R-704"]  # to the signing half
    other = await founder.person("江苏另家建设有限公司", "bidder", kinds=("sm2",))
    foreign = Person(client.bidder.party, [replace(identity, encryption=other.identities[0].encryption)])
    assert await refused(client, version, foreign) == ["R-704"]
    assert await refused(client, version, client.bidder, suite=1) == ["R-140"]
    mixed = [each.recipients[0] for each in client.world.custodians]
    ec = await founder.person("江苏某保管局", "tenderee")
    mixed[2] = replace(ec.recipients[0], cert=mixed[2].cert)
    assert await refused(client, version, client.bidder, mixed) == ["R-140"]


async def test_a_manifest_without_sm3_or_signed_by_another_kind_of_key_is_refused(client: Client,
                                                                                   founder: Founder) -> None:
    version = await client.start()
    sealed = seal_object(client.world, client.bidder, version, "whole", b"bid")
    envelope = await client.open(version, sealed)
    await client.send(envelope, sealed.parts)
    whole, key = sealed.manifest, client.bidder.identities[0].key
    bare = Manifest(whole.header_sha256, whole.parts, whole.size)
    ec = founder.pki.issue(organisation="x", uscc="", kind="ec-p256", now=founder.now).key
    half = client.bidder.identities[0].recipient.key
    for manifest, signer in ((bare, key), (whole, ec), (whole, half)):
        sealed.manifest, sealed.signature = manifest, sign(signer, manifest.signed_bytes)
        with pytest.raises(DomainError):
            await client.complete(envelope, sealed)
    sealed.manifest, sealed.signature = whole, sign(key, whole.signed_bytes)
    assert (await client.complete(envelope, sealed)).state == "checking"


async def test_the_desk_tells_a_client_what_it_needs_for_a_pair(world: World) -> None:
    person = world.bidders[0]
    async with world.sessions() as session:
        desk = await desk_of(session, world.lot.id, person.actor)
    identity = person.identities[0]
    assert desk.lot.suite == 2
    assert {each.fingerprint: each.signing for each in desk.own_certificates} == {
        identity.certificate.fingerprint: None,
        identity.recipient.certificate.fingerprint: identity.certificate.fingerprint}


async def test_only_the_half_that_takes_seals_warns_of_its_end(world: World, founder: Founder) -> None:
    """A signing half that lasts is no certificate to seal to besides, and one that ends endangers no seal (R-704/2)."""
    person, soon, late = world.bidders[0], founder.now + timedelta(days=3), founder.now + timedelta(days=300)
    signing, half = (each.fingerprint for each in (person.identities[0].certificate,
                                                   person.identities[0].recipient.certificate))
    for ends, warned in (({half: soon, signing: late}, [half]), ({half: late, signing: soon}, [])):
        async with world.sessions() as session:
            for fingerprint, at in ends.items():
                (await session.get_one(BoundCertificate, fingerprint)).not_after = at
            await session.commit()
            told = desk_answer(await desk_of(session, world.lot.id, person.actor))["warnings"]
        assert [each["certificate"] for each in told] == warned
        assert all("换领或绑定" in each["text"] for each in told), "nothing else of it takes seals"
