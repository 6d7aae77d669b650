"""From draft to receipt and back, on a real database and a real store."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from bidding.bids.answers import desk_answer
from bidding.bids.checking import CheckWorker
from bidding.bids.commands.drafting import discard_version
from bidding.bids.commands.submitting import Seal, WithdrawBid, submit_bid, withdraw_bid
from bidding.bids.housekeeping import sweep_sealed
from bidding.bids.model import BidStatus, VersionStatus
from bidding.bids.queries import desk_of
from bidding.bids.receipt_pdf import receipt_pdf
from bidding.bids.receipt_verification import verify_receipt
from bidding.bids.tables import Bid, BidVersion, Envelope, Receipt, Withdrawal
from bidding.bids.withdrawing import withdrawal_bytes
from storage.crypto.canonical import to_base64
from storage.crypto.errors import Malformed, SignatureRefused
from storage.crypto.tsa import EmbeddedAuthority
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.kernel.errors import NotAllowed, NotFound, Refused, RulesUnmet
from storage.ledger.tables import LedgerEntry, LedgerOutbox
from storage.objects.store import ObjectStore
from tests.bids_fixtures import Settled, StartChecks, Submitted
from tests.bids_world import Client, Person, World
from trading.tenders.tables import Lot
from trading.trust.folder import TrustFolder
from trading.trust.tables import CertificateValidation


def document_of(receipt: Receipt) -> dict[str, object]:
    return {"number": receipt.number, "kind": receipt.kind, "body": receipt.body, "signature": receipt.signature,
            "proof": None}


async def withdraw(client: Client, seal: Seal, receipt: Receipt, signer: Person) -> Receipt:
    """Withdraws with a signature of the given person's first certificate, under the bidder's own session."""
    body = json.loads(receipt.body)
    async with client.world.sessions() as session:
        version = await session.get_one(BidVersion, receipt.bid_version_id)
        bid = await session.get_one(Bid, version.bid_id)
    signed = withdrawal_bytes(body["lot"]["code"], bid.id, version.number, receipt.number)
    identity = signer.identities[0]
    command = WithdrawBid(to_base64(identity.sign(signed)), identity.certificate.fingerprint)
    return await withdraw_bid(bid.id, command, client.bidder.actor, client.world.work(), seal)


@pytest.mark.cts("A-90", "A-91", "A-95", "A-101")
async def test_a_submitted_bid_has_a_receipt_that_verifies_alone(client: Client, settled: Settled, seal: Seal,
                                                                 checks: CheckWorker) -> None:
    version = await client.upload(b"%PDF-1.7" + bytes(9_000_000))
    found = await settled(version)
    assert [each.state for each in found] == ["checked", "checked"], [each.reason for each in found]
    receipt = await submit_bid(version.id, client.bidder.actor, client.world.work(), seal)
    root = seal.keys.document.chain[-1].fingerprint
    checked = verify_receipt(document_of(receipt), roots={root}, ledger_key=None)
    assert checked.body["lot"]["code"] == client.world.lot.code
    assert checked.body["bidder"]["name"] == client.bidder.party.name
    assert checked.body["envelopes"][0]["size"] == 9_000_008
    assert checked.body["envelopes"][0]["manifest_sha256"] == sha256((found[0].manifest or "").encode()).hexdigest()
    instants = [checked.body[name] for name in ("first_byte_at", "last_byte_at", "checked_at", "decided_at")]
    assert instants == sorted(instants)
    assert set(checked.stamped_at) == {"whole", "whole/statement"}


async def test_a_receipt_with_one_letter_changed_does_not_verify(client: Client, submitted: Submitted) -> None:
    receipt = await submitted(client)
    changed = document_of(receipt) | {"body": receipt.body.replace('"version":1', '"version":2')}
    with pytest.raises(SignatureRefused):
        verify_receipt(changed, roots=None, ledger_key=None)
    with pytest.raises(Malformed):
        verify_receipt(document_of(receipt) | {"number": "HZ-AAAA-AAAA-AAAA"}, roots=None, ledger_key=None)


@pytest.mark.cts("A-90", "B-019")
async def test_every_certificate_that_a_bid_is_sealed_to_is_judged_when_sealing_and_when_submitting(
        client: Client, settled: Settled, seal: Seal, checks: CheckWorker, settings: Settings) -> None:
    world, (signing, backup) = client.world, client.bidder.identities
    version = await client.upload()
    assert [each.sealed_to for each in await settled(version)] == [
        [signing.certificate.fingerprint, backup.certificate.fingerprint]] * 2
    assert sorted(each["certificate"] for each in (await _facts(client, "bid.envelope_opened"))["sealed_to"]) == sorted(
        each.certificate.fingerprint for each in (signing, backup))

    # The backup is revoked between sealing and submitting: the bidder is told which certificate it is, and why.
    world.pki.revoke(backup.certificate, now=process_now())
    await TrustFolder(settings.trust_directory).absorb(world.work)
    for act in (submit_bid(version.id, client.bidder.actor, world.work(), seal), client.upload()):
        with pytest.raises(RulesUnmet) as refused:
            await act
        assert [rule.number for rule in refused.value.rules] == ["R-701/3"]
        facts = refused.value.facts
        assert (facts["cause"], facts["fingerprint"]) == ("revoked", backup.certificate.fingerprint)
        assert "证书已被吊销" in str(facts["reason"])
        assert backup.certificate.serial in str(facts["reason"])

    # Sealed anew without it, the bid is received; the grounds are kept for what it is sealed to.
    alone = Client(world, Person(client.bidder.party, [signing]), client.store)
    again = await alone.upload()
    await settled(again)
    await submit_bid(again.id, alone.bidder.actor, world.work(), seal)
    [told] = (await _facts(client, "bid.submitted"))["sealed_to"]
    assert told["certificate"] == signing.certificate.fingerprint
    async with world.sessions() as session:
        kept = await session.get_one(CertificateValidation, told["validation"])
    assert (kept.fingerprint, kept.purpose) == (signing.certificate.fingerprint, "seal")


async def _facts(client: Client, action: str) -> dict[str, Any]:
    """What the ledger keeps of the newest such act, sealed as it is."""
    async with client.world.sessions() as session:
        found = await session.scalars(select(LedgerOutbox.payload).where(
            LedgerOutbox.action == action).order_by(LedgerOutbox.id.desc()).limit(1))
        return dict(json.loads(found.one()))


@pytest.mark.cts("A-101")
async def test_the_paper_receipt_is_signed_and_the_same_at_every_asking(
        client: Client, submitted: Submitted, object_store: ObjectStore, seal: Seal) -> None:
    receipt = await submitted(client)
    authority = EmbeddedAuthority(seal.keys.timestamp)
    first = await receipt_pdf(receipt, object_store, seal.keys, seal.settings, authority)
    assert await receipt_pdf(receipt, object_store, seal.keys, seal.settings, authority) == first
    reader = PdfReader(io.BytesIO(first))
    text = "".join(page.extract_text() for page in reader.pages)
    assert receipt.number in text
    assert client.bidder.party.uscc in text
    assert f"yunkai/{seal.settings.platform_id}+" in text, "with the paper in hand a witness needs no site for the key"
    assert len(reader.pages) == 1
    assert b"/ETSI.CAdES.detached" in first


@pytest.mark.cts("A-99")
async def test_a_replacement_counts_and_the_earlier_version_is_kept(client: Client, submitted: Submitted,
                                                                    world: World) -> None:
    first = await submitted(client)
    second = await submitted(client)
    assert json.loads(second.body)["replaces"] == first.number
    async with world.sessions() as session:
        bid = (await session.scalars(select(Bid))).one()
        versions = (await session.scalars(select(BidVersion).order_by(BidVersion.number))).all()
        assert bid.status == BidStatus.SUBMITTED
        assert bid.submitted_version_id == second.bid_version_id
        assert [each.status for each in versions] == [VersionStatus.SUPERSEDED, VersionStatus.SUBMITTED]
        kept = (await session.scalars(select(Envelope).where(Envelope.bid_version_id == first.bid_version_id))).all()
    assert [(await client.store.stat(each.object_key)).size for each in kept]


@pytest.mark.cts("A-99")
async def test_a_bid_is_withdrawn_under_the_enterprise_signature_and_may_come_again(
        client: Client, submitted: Submitted, seal: Seal, world: World) -> None:
    receipt = await submitted(client)
    taken = await withdraw(client, seal, receipt, client.bidder)
    assert verify_receipt(document_of(taken), roots=None, ledger_key=None).body["withdraws"] == receipt.number
    async with world.sessions() as session:
        assert (await session.scalars(select(Bid))).one().status == BidStatus.WITHDRAWN
        assert (await session.scalars(select(Withdrawal))).one().receipt_number == taken.number
    again = await submitted(client)
    assert json.loads(again.body)["version"] == 2


async def test_every_receipt_can_be_had_again_of_replaced_versions_and_withdrawals_too(
        client: Client, submitted: Submitted, seal: Seal) -> None:
    receipt = await submitted(client)
    taken = await withdraw(client, seal, receipt, client.bidder)
    async with client.world.sessions() as session:
        desk = desk_answer(await desk_of(session, client.world.lot.id, client.bidder.actor))
    told = [(each["number"], each["kind"], each["version"]) for each in desk["bid"]["receipts"]]
    assert told == [(taken.number, "withdrawal", 1), (receipt.number, "receipt", 1)]


async def test_nobody_else_can_sign_a_withdrawal(client: Client, submitted: Submitted, seal: Seal,
                                                 world: World) -> None:
    receipt = await submitted(client)
    with pytest.raises(RulesUnmet) as refused:
        await withdraw(client, seal, receipt, world.bidders[1])
    assert [rule.number for rule in refused.value.rules] == ["R-223"]
    identity = client.bidder.identities[0]
    async with world.sessions() as session:
        bid = (await session.scalars(select(Bid))).one()
    wrong = WithdrawBid(to_base64(identity.sign(b"something else")), identity.certificate.fingerprint)
    with pytest.raises(SignatureRefused):
        await withdraw_bid(bid.id, wrong, client.bidder.actor, world.work(), seal)


async def test_submitting_twice_gives_the_same_receipt(client: Client, settled: Settled, checks: CheckWorker,
                                                       seal: Seal, world: World) -> None:
    version = await client.upload()
    await settled(version)
    receipts = await asyncio.gather(*(
        submit_bid(version.id, client.bidder.actor, world.work(), seal) for _ in range(5)))
    assert len({receipt.number for receipt in receipts}) == 1
    async with world.sessions() as session:
        assert (await session.execute(select(func.count()).select_from(Receipt))).scalar_one() == 1


async def test_what_was_only_uploaded_is_not_submitted(client: Client, settled: Settled, checks: CheckWorker,
                                                       world: World) -> None:
    version = await client.upload()
    await settled(version)
    async with world.sessions() as session:
        assert (await session.get_one(BidVersion, version.id)).status == VersionStatus.UPLOADED
        assert (await session.scalars(select(Bid))).one().status == BidStatus.NOT_SUBMITTED


async def test_two_nodes_pass_one_verdict(client: Client, settled: Settled, start_checks: StartChecks,
                                          world: World) -> None:
    versions = [await Client(world, bidder, client.store).upload() for bidder in world.bidders]
    async with start_checks(), start_checks():
        for version in versions:
            assert [each.state for each in await settled(version)] == ["checked", "checked"]
    async with world.sessions() as session:
        verdicts = select(func.count()).select_from(LedgerOutbox).where(LedgerOutbox.action == "bid.envelope_checked")
        assert (await session.execute(verdicts)).scalar_one() == 2 * len(versions)


async def test_an_upload_that_is_not_checked_cannot_be_submitted(client: Client, seal: Seal, world: World) -> None:
    version = await client.upload()
    with pytest.raises(RulesUnmet) as refused:
        await submit_bid(version.id, client.bidder.actor, world.work(), seal)
    assert [rule.number for rule in refused.value.rules] == ["R-221"]


@pytest.mark.cts("A-92", "A-93")
async def test_after_the_deadline_every_act_is_refused_though_no_timer_ran(
        client: Client, submitted: Submitted, settled: Settled, seal: Seal, world: World) -> None:
    receipt = await submitted(client)
    ready = await client.upload()
    await settled(ready)
    await world.close()
    acts: list[Callable[[], object]] = [
        lambda: submit_bid(ready.id, client.bidder.actor, world.work(), seal),
        lambda: withdraw(client, seal, receipt, client.bidder),
        lambda: client.start(),
        lambda: client.upload(version=ready),
        lambda: discard_version(ready.id, client.bidder.actor, world.work()),
    ]
    for act in acts:
        with pytest.raises(RulesUnmet) as refused:
            await act()  # type: ignore[misc]
        assert [rule.number for rule in refused.value.rules] == ["R-141"]
    async with world.sessions() as session:
        bid = (await session.scalars(select(Bid))).one()
        assert bid.status == BidStatus.SUBMITTED
        assert bid.submitted_version_id == receipt.bid_version_id


async def test_a_seal_made_before_an_extension_stays_good(client: Client, settled: Settled, checks: CheckWorker,
                                                          seal: Seal, world: World) -> None:
    version = await client.upload()
    await settled(version)
    assert world.lot.deadline_at is not None
    await world.set_deadline(world.lot.deadline_at + timedelta(days=7))
    receipt = await submit_bid(version.id, client.bidder.actor, world.work(), seal)
    assert json.loads(receipt.body)["version"] == 1


async def test_a_seal_that_names_a_later_opening_than_the_lot_is_refused(
        client: Client, settled: Settled, checks: CheckWorker, seal: Seal, world: World) -> None:
    version = await client.upload()
    await settled(version)
    assert world.lot.deadline_at is not None
    await world.set_deadline(world.lot.deadline_at - timedelta(minutes=1))
    with pytest.raises(RulesUnmet) as refused:
        await submit_bid(version.id, client.bidder.actor, world.work(), seal)
    assert [rule.number for rule in refused.value.rules] == ["R-210/4"]


async def test_other_custodians_ask_for_a_new_seal(client: Client, settled: Settled, checks: CheckWorker, seal: Seal,
                                                   world: World) -> None:
    version = await client.upload()
    await settled(version)
    async with world.sessions() as session:
        lot = await session.get_one(Lot, world.lot.id)
        first, second, third = lot.custodians
        lot.custodians = [first | {"index": 2}, second | {"index": 1}, third]
        await session.commit()
    with pytest.raises(RulesUnmet) as refused:
        await submit_bid(version.id, client.bidder.actor, world.work(), seal)
    assert [rule.number for rule in refused.value.rules] == ["R-140"]


async def test_another_bidder_finds_nothing(client: Client, submitted: Submitted, seal: Seal, world: World) -> None:
    receipt = await submitted(client)
    other = world.bidders[1].actor
    for act in (submit_bid(receipt.bid_version_id, other, world.work(), seal),
                discard_version(receipt.bid_version_id, other, world.work())):
        with pytest.raises(NotFound):
            await act


async def test_who_tenders_does_not_bid(client: Client, world: World) -> None:
    world.tenderee.party.roles = ["tenderee", "bidder"]
    with pytest.raises(NotAllowed):
        await Client(world, world.tenderee, client.store).start()


async def test_before_the_deadline_no_act_on_a_bid_is_an_entry_of_its_own(client: Client, submitted: Submitted,
                                                                          world: World) -> None:
    await submitted(client)
    async with world.sessions() as session:
        waiting = (await session.scalars(select(LedgerOutbox).where(LedgerOutbox.action.like("bid.%")))).all()
        assert {each.action for each in waiting} >= {"bid.version_started", "bid.upload_completed", "bid.submitted"}
        assert all(each.sealed for each in waiting)
        assert (await session.scalars(select(LedgerEntry))).all() == []


async def test_a_given_up_object_is_swept_and_evidence_is_not(client: Client, submitted: Submitted,
                                                              settled: Settled, world: World) -> None:
    receipt = await submitted(client)
    draft = await client.upload()
    await settled(draft)
    await discard_version(draft.id, client.bidder.actor, world.work())
    async with world.sessions() as session:
        rows = (await session.scalars(select(Envelope))).all()
    from_draft = {each.object_key for each in rows if each.bid_version_id == draft.id}
    kept = {each.object_key for each in rows if each.bid_version_id == receipt.bid_version_id}
    await asyncio.sleep(1.1)  # the store tells ages in whole seconds
    swept = set(await sweep_sealed(world.sessions, client.store, age=timedelta(0)))
    assert from_draft <= swept
    assert not kept & swept
    with pytest.raises(Refused):
        await client.upload(version=draft)
