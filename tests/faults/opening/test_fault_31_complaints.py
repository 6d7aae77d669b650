"""Faults 30 and 31: who dealt badly, who lies, who is absent (R-144, R-506)."""

import asyncio
import json
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from bidding.opening.commands.complaining import Complaining
from bidding.opening.commands.periods import close_window
from bidding.opening.commands.releasing import ReleaseShares, SharesTaken, release_shares
from bidding.opening.complaints import COMPLAINT_KIND, Complaint, ComplaintItem, Why, read_complaint, signed_bytes
from bidding.opening.custody_verification import judge_custody
from bidding.opening.parts import SharePart
from bidding.opening.tables import DecryptionPeriod
from bidding.opening.verification import Anchors, verify_bundle
from frontend.cli.bid_release import releases_of, send_shares
from frontend.cli.client import ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import Json, canonical_bytes, to_base64
from storage.crypto.demo_pki import Identity
from storage.crypto.envelope import Recipient
from storage.crypto.errors import Malformed, SignatureRefused
from storage.crypto.header import Header, read_header
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError, Invalid
from storage.ledger.checkpoints import verifier_key
from storage.ledger.model import LedgerBroken
from tests.bids_world import Person
from tests.opening_world import PRICES, Hall, parts_for


def _contradicts(header: Header) -> Header:
    """Commitments for custodians 1 and 2 that no share of theirs can fit."""
    return replace(header, com_s=(bytes(32), bytes(32), *header.com_s[2:]))


async def _act(hall: Hall, keeper: Person) -> tuple[SharesTaken, list[dict[str, str]]]:
    """One click of a custodian's real client, with what it kept back."""
    work, identity = await hall.work_of(keeper), ClientIdentity.of(keeper.identities[0])
    found = releases_of(work, identity, roots=None)
    complaint = found.complaint(work, identity)
    command = ReleaseShares([_part(each) for each in found.made], _complaining(complaint) if complaint else None)
    taken = await release_shares(hall.lot.id, command, keeper.actor, hall.world.work(), hall.keys)
    return taken, found.kept_back


def _part(each: Any) -> SharePart:
    return SharePart(UUID(each["bid"]), each["kind"], each["enc"], each["ct"])


def _complaining(complaint: Any) -> Complaining:
    return Complaining(complaint["text"], complaint["signature"], [_part(each) for each in complaint["shares"]])


async def _accuse(hall: Hall, keeper: Person, bid: str, why: Why = Why.WRAP, **changed: Any) -> SharesTaken:
    """A complaint made up by hand, about both envelopes of a bid, with no share."""
    work = await hall.work_of(keeper)
    items = [ComplaintItem(each["bid"], each["kind"], read_header(each["header"].encode()).sha256, why,
                           "00" * 32 if why is Why.SHARE else None) for each in work["items"] if each["bid"] == bid]
    notice = sha256(work["notice"]["notice"].encode()).hexdigest()
    complaint = replace(Complaint(hall.lot.code, work["index"], notice, items),
                        **{name: value for name, value in changed.items() if name != "signer"})
    signer: Identity = changed.get("signer", keeper.identities[0])
    command = Complaining(complaint.text, to_base64(signer.sign(signed_bytes(complaint.text))))
    return await release_shares(hall.lot.id, ReleaseShares([], command), keeper.actor, hall.world.work(), hall.keys)


@pytest.mark.cts("A-112", "B-019")
async def test_fault_31_who_dealt_badly_is_revoked_and_a_lone_liar_harms_nobody(empty_hall: Hall) -> None:
    """Garbage wraps, shares that contradict their commitments, and a custodian who lies of an honest bid."""
    hall = empty_hall
    honest, garbage, contrary = hall.world.bidders
    tenderee, agency, supervisor = hall.world.custodians
    own = [each.recipients[0] for each in hall.world.custodians]
    rsa = hall.world.bidders[0].recipients[1]
    astray = [Recipient(own[0].cert, garbage.recipients[0].public_key), Recipient(own[1].cert, rsa.public_key), own[2]]
    versions = [await hall.submit(honest, PRICES[0]), await hall.submit(garbage, PRICES[1], keepers=astray),
                await hall.submit(contrary, PRICES[2], spoil=_contradicts)]
    bids = [str(each.bid_id) for each in versions]
    await hall.begin()
    assert await hall.worker.stamp() == 1
    taken, kept = await _act(hall, tenderee)
    assert (taken.sound, taken.complaints) == (2, 4)
    assert {(each["bid"], each["why"]) for each in kept} == {
        (bids[1], "密钥信封不能解开"), (bids[2], "份额与投标时的承诺不符")}
    assert (await _act(hall, agency))[0].complaints == 4
    await _accuse(hall, supervisor, bids[0])
    assert "release_shares" in (await hall.snapshot(supervisor.actor))["may"]
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    assert await hall.worker.decrypt() == 1
    shown = {each["bid"]: each for each in (await hall.snapshot())["bids"]}
    assert [(shown[bid]["state"], shown[bid]["custody"]["sound"]) for bid in bids] == [
        ("decrypted", [1, 2]), ("waiting", []), ("waiting", [])]
    assert [(each["index"], each["why"]) for each in shown[bids[0]]["custody"]["complaints"]] == [
        (3, "wrap-unopened"), (3, "wrap-unopened")]
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    shown = {each["bid"]: each for each in (await hall.snapshot())["bids"]}
    assert [(shown[bid]["state"], shown[bid]["cause"], shown[bid]["at_fault"]) for bid in bids] == [
        ("decrypted", None, None), ("revoked", "badly-dealt", "bidder"), ("revoked", "badly-dealt", "bidder")]
    assert "视为撤销" in shown[bids[1]]["consequence"]
    await _verified_by_a_stranger(hall, bids)


async def _verified_by_a_stranger(hall: Hall, bids: list[str]) -> None:
    """The bundle's findings follow from signed complaints; a finding turned round, or a voice forged, is seen."""
    await hall.conclude(await hall.announce())
    await hall.publish()
    bundle = await hall.bundle()
    anchors = Anchors(verifier_key(f"yunkai/{hall.settings.platform_id}", hall.keys.checkpoint.public_key()))
    told = [each.chinese for each in verify_bundle(bundle, anchors)]
    assert any(each.startswith("保管人异议：10 项") for each in told)
    assert any(each.startswith("责任认定：2 份") for each in told)
    assert any("保管人 3 有异议，文件仍已开启" in each and "相符" in each for each in told)
    record = bundle["record"]["text"]
    assert record.count('"why":"wrap-unopened"') == 6
    assert record.count('"why":"share-mismatch"') == 4
    _no_finding_is_turned_round(hall, bundle, bids[1], anchors)


def _no_finding_is_turned_round(hall: Hall, bundle: dict[str, Any], bid: str, anchors: Anchors) -> None:
    """Not in the evidence alone, and not in the ledger along with it, had its keeper written another entry."""
    def counted(each: dict[str, Any]) -> None:
        each["evidence"]["custodians"] |= {"complained": [1, 3], "absent": [2]}

    alone = deepcopy(bundle)
    counted(_of(alone["bids"], bid))
    with pytest.raises(LedgerBroken, match="未开启的证据与账本记录不符"):
        list(verify_bundle(hall.resealed(alone), anchors))
    both, acts = _forgery(bundle)
    counted(_of(both["bids"], bid))
    counted(_of(acts["bid.revoked"], bid))
    with pytest.raises(LedgerBroken, match="计入的保管人异议与账本中签名的异议不符"):
        _judge(both, acts)
    both, acts = _forgery(bundle)
    _of(both["bids"], bid).update(state="withdrawn_by_fault", cause="custodians-absent")
    acts["bid.withdrawn_by_fault"] = acts["bid.revoked"]
    with pytest.raises(Malformed, match="责任认定不能由保管人的份额与异议得出"):
        _judge(both, acts)
    both, acts = _forgery(bundle)
    stranger, voice = hall.world.supervisor.identities[0], acts["custodian.complained"][0]
    assert voice["index"] == 1
    voice["certificate"] = stranger.certificate.fingerprint
    voice["signature"] = to_base64(stranger.sign(signed_bytes(voice["text"])))
    with pytest.raises(Malformed, match="异议不是由投标文件所载的保管人签名"):
        _judge(both, acts)


def _of(rows: list[dict[str, Any]], bid: str) -> dict[str, Any]:
    return next(each for each in rows if each["bid"] == bid)


def _forgery(bundle: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """A copy to be changed, with the payloads of its ledger by action."""
    copied, acts = deepcopy(bundle), dict[str, list[dict[str, Any]]]()
    for each in copied["ledger"]["entries"]:
        if each.get("payload"):
            acts.setdefault(json.loads(each["entry"])["action"], []).append(each["payload"])
    return copied, acts


def _judge(bundle: dict[str, Any], acts: dict[str, list[dict[str, Any]]]) -> None:
    list(judge_custody(bundle, acts, sha256(bundle["notice"]["notice"].encode()).hexdigest()))


@pytest.mark.cts("A-112")
async def test_fault_31_a_complaint_is_heard_only_as_signed_and_as_true_as_can_be_seen(hall: Hall) -> None:
    await hall.begin()
    keeper, bid = hall.world.tenderee, (await hall.snapshot())["bids"][0]["bid"]
    with pytest.raises(SignatureRefused):
        await _accuse(hall, keeper, bid, signer=hall.world.supervisor.identities[0])
    for changed in ({"lot": "another"}, {"index": 3}, {"notice_sha256": "00" * 32}, {"why": Why.SHARE},
                    {"items": [ComplaintItem(bid, "whole", "00" * 32, Why.WRAP)]}):
        with pytest.raises(Invalid):
            await _accuse(hall, keeper, bid, **changed)
    assert await hall.entries("custodian.complained") == []
    assert (await _accuse(hall, keeper, bid)).complaints == 2
    await hall.release_shares(keeper)
    assert (await hall.snapshot())["bids"][0]["custody"] == {"sound": [1], "complaints": []}
    with pytest.raises(Invalid):
        await _accuse(hall, keeper, bid)
    await _shares_go_without_a_complaint_that_is_refused(hall, bid)


async def _shares_go_without_a_complaint_that_is_refused(hall: Hall, bid: str) -> None:
    """The command line's own way, with a signature that is another's."""
    keeper, loop = hall.world.agency, asyncio.get_running_loop()
    assert await hall.worker.stamp() == 1
    work = await hall.work_of(keeper)
    found = releases_of(work, ClientIdentity.of(keeper.identities[0]), roots=None)
    found.items.append(ComplaintItem(bid, "whole", "00" * 32, Why.WRAP))
    forged = found.complaint(work, ClientIdentity.of(hall.world.supervisor.identities[0]))

    def act(body: dict[str, Any]) -> dict[str, Any]:
        command = ReleaseShares([_part(each) for each in body["releases"]],
                                _complaining(body["complaint"]) if body["complaint"] else None)
        try:
            done = release_shares(hall.lot.id, command, keeper.actor, hall.world.work(), hall.keys)
            return asdict(asyncio.run_coroutine_threadsafe(done, loop).result(30))
        except DomainError as error:
            raise ApiError(409, {"title": error.message}) from error

    answer = await asyncio.to_thread(send_shares, act, found.made, forged)
    assert (answer["sound"], answer["complaints"], bool(answer["complaint_refused"])) == (len(found.made), 0, True)
    assert (await hall.snapshot())["bids"][0]["custody"] == {"sound": [1, 2], "complaints": []}
    with pytest.raises(ApiError):
        await asyncio.to_thread(send_shares, act, [], forged)


async def test_fault_31_one_complaint_beside_an_absent_custodian_is_no_bidders_fault(hall: Hall) -> None:
    await hall.begin()
    await hall.release_shares(hall.world.agency)
    bid = (await hall.snapshot())["bids"][0]["bid"]
    work = await hall.work_of(hall.world.tenderee)
    half = next(each for each in parts_for(work, hall.world.tenderee.identities[0]) if each["bid"] == bid)
    sealed = next(each["header"] for each in work["items"] if (each["bid"], each["kind"]) == (bid, half["kind"]))
    await _accuse(hall, hall.world.tenderee, bid, items=[
        ComplaintItem(bid, half["kind"], read_header(sealed.encode()).sha256, Why.WRAP)])
    await hall.release_bid(hall.world.bidders[0])
    await release_shares(hall.lot.id, ReleaseShares([_part(half)]), hall.world.tenderee.actor, hall.world.work(),
                         hall.keys)
    assert (await hall.snapshot())["bids"][0]["custody"]["complaints"], "one share of two is no share yet (R-144)"
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    first = (await hall.snapshot())["bids"][0]
    assert (first["state"], first["cause"], first["at_fault"]) == (
        "withdrawn_by_fault", "custodians-absent", "custodian")
    [(_, payload)] = await hall.entries("bid.withdrawn_by_fault")
    assert payload["evidence"]["custodians"] == {
        "needed": 2, "sound": [2], "complained": [1], "unsound": [], "absent": [3]}
    assert "赔偿" in payload["consequence"]
    await _nothing_is_heard_after_the_finding(hall, bid, work)


async def _nothing_is_heard_after_the_finding(hall: Hall, bid: str, before: dict[str, Any]) -> None:
    """The window is open again, by hand: about a bid whose finding stands in the ledger nobody is heard any more."""
    async with hall.world.sessions() as session:
        await session.execute(update(DecryptionPeriod).where(DecryptionPeriod.opening_id == hall.lot.id).values(
            closes_at=process_now() + timedelta(minutes=30)))
        await session.commit()
    keeper = hall.world.tenderee
    item = next(each for each in before["items"] if each["bid"] == bid)
    complaint = Complaint(hall.lot.code, 1, sha256(before["notice"]["notice"].encode()).hexdigest(), [
        ComplaintItem(bid, item["kind"], read_header(item["header"].encode()).sha256, Why.WRAP)])
    command = Complaining(complaint.text, to_base64(keeper.identities[0].sign(signed_bytes(complaint.text))))
    with pytest.raises(Invalid, match="已有结论"):
        await release_shares(hall.lot.id, ReleaseShares([], command), keeper.actor, hall.world.work(), hall.keys)
    assert len(await hall.entries("custodian.complained")) == 1
    assert bid not in {each["bid"] for each in (await hall.work_of(keeper))["items"]}, "no client is led to say it"


@pytest.mark.parametrize("why", [[], {}, None, 1, "another"])
def test_a_complaint_of_another_form_is_refused_and_breaks_nothing(why: Json) -> None:
    item: Json = {"bid": "b", "kind": "whole", "header_sha256": "00" * 32, "why": why}
    text = canonical_bytes({"v": 1, "kind": COMPLAINT_KIND, "lot": "l", "index": 1, "notice_sha256": "00" * 32,
                            "items": [item]}).decode()
    with pytest.raises(Malformed):
        read_complaint(text)
