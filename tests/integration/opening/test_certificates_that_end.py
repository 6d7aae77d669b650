"""Certificates that end around an opening: the bidder is warned in time, and what was valid opens (R-704, R-515)."""

import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bidding.bids.answers import desk_answer
from bidding.bids.queries import desk_of
from bidding.bids.sealed_to import SealedToInvalid
from bidding.opening.record_pdf import certificate_lines
from bidding.opening.tables import Opening
from bidding.opening.verification import Anchors, verify_bundle
from storage.crypto.errors import CertificateRefused
from storage.crypto.header import read_header
from storage.crypto.trust import TrustList, read_trust_list
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError
from storage.ledger.checkpoints import verifier_key
from tests.bids_world import Founder, Person
from tests.opening_world import Hall
from trading.parties.tables import BoundCertificate
from trading.trust.folder import TrustFolder

MARGIN, TICK = timedelta(days=30), timedelta(microseconds=1)
CRL_TERM, NOBODY = timedelta(days=30), TrustList(())


async def _ends(hall: Hall, person: Person, at: datetime, place: int = 0, **more: Any) -> None:
    """The certificate's end, moved by hand as the passing of time does."""
    fingerprint = person.identities[place].certificate.fingerprint
    async with hall.world.sessions() as session:
        await session.execute(update(BoundCertificate).where(BoundCertificate.fingerprint == fingerprint).values(
            not_after=at, **more))
        await session.commit()


async def _warnings(hall: Hall, person: Person) -> list[dict[str, Any]]:
    async with hall.world.sessions() as session:
        return list(desk_answer(await desk_of(session, hall.lot.id, person.actor))["warnings"])


async def _renew(hall: Hall, person: Person) -> Person:
    """The same enterprise, signing in with a new certificate; its older keys lie behind it."""
    founder = Founder(hall.world.sessions, hall.settings.key_directory.parent / "ca", hall.settings.trust_directory)
    fresh = Person(person.party)
    async with hall.world.sessions() as session:
        session.add_all(founder.certify(fresh, "rsa"))
        await session.commit()
    return Person(person.party, [*fresh.identities, *person.identities])


@pytest.mark.cts("A-13", "A-90")
async def test_a_certificate_that_ends_within_thirty_days_of_the_opening_warns_at_the_desk(empty_hall: Hall) -> None:
    hall, bidder = empty_hall, empty_hall.world.bidders[2]
    opens_at = hall.lot.deadline_at
    assert opens_at is not None
    await _ends(hall, bidder, opens_at + MARGIN)
    assert await _warnings(hall, bidder) == []
    await _ends(hall, bidder, opens_at + MARGIN - TICK)
    [warning] = await _warnings(hall, bidder)
    assert (warning["number"], warning["certificate"]) == ("R-704/2", bidder.identities[0].certificate.fingerprint)
    assert "换领或绑定" in warning["text"], "it has no other certificate"
    renewed = await _renew(hall, bidder)
    [warning] = await _warnings(hall, renewed)
    assert warning["certificate"] == bidder.identities[0].certificate.fingerprint
    assert "同时封给" in warning["text"]


@pytest.mark.cts("A-112", "A-90", "B-019")
async def test_what_was_sealed_while_a_certificate_held_opens_after_its_end_or_revocation(hall: Hall) -> None:
    world, now = hall.world, process_now()
    ended, unbound, revoked = world.bidders
    await _ends(hall, ended, now - timedelta(seconds=1))
    await _ends(hall, unbound, now + timedelta(days=300), unbound_at=now)
    world.pki.revoke(revoked.identities[0].certificate, now=now)
    await TrustFolder(hall.settings.trust_directory).absorb(world.work)
    with pytest.raises(SealedToInvalid) as refused:
        await hall.submit(revoked, "8000000.00")
    assert refused.value.cause == "revoked", "what it submitted before stands, and nothing more"
    await hall.begin()
    await hall.worker.stamp()
    for custodian in world.custodians[:2]:
        await hall.release_shares(custodian)
    for before in (ended, unbound, revoked):
        renewed = await _renew(hall, before)
        wrapped_to = {wrap.cert for item in (await hall.work_of(renewed))["items"]
                      for wrap in read_header(item["header"].encode()).wraps_for("bidder")}
        assert renewed.identities[0].certificate.tag not in wrapped_to, "the new key opens nothing of before"
        await hall.release_bid(renewed, before.identities[0])
        world.bidders[world.bidders.index(before)] = renewed
    while await hall.worker.decrypt():
        pass
    shown = (await hall.snapshot())["bids"]
    assert [bid["state"] for bid in shown] == ["decrypted"] * 3
    flags: list[dict[str, list[str]]] = [{}, {}, {"released": ["revoked"]}]  # two ended by hand alone
    assert [bid["certificate_flags"] for bid in shown] == flags
    assert [payload.get("flags") for _, payload in await hall.entries("bid.released")] == [None, None, ["revoked"]]
    await hall.conclude(await hall.announce())
    async with world.sessions() as session:
        record = (await session.get_one(Opening, hall.lot.id)).record or ""
    [told] = json.loads(record)["certificates"]
    assert (told["bid"], told["at"], told["flags"]) == (shown[2]["bid"], "released", ["revoked"])
    [line] = certificate_lines(json.loads(record))
    assert line == f"第 {told['place']} 号 {told['name']}：解密时证书已被吊销（递交时有效）"
    await hall.publish()
    [proven] = [each.english for each in verify_bundle(await hall.bundle(), _stranger(hall))
                if each.english.startswith("certificates")]
    assert "3 of 3 submissions" in proven, "what it was submitted on is judged as of that instant"


def _stranger(hall: Hall) -> Anchors:
    return Anchors(verifier_key(f"yunkai/{hall.settings.platform_id}", hall.keys.checkpoint.public_key()),
                   trust=read_trust_list(hall.settings.trust_directory))


async def test_a_submission_on_a_cas_last_word_is_flagged_in_hall_record_and_evidence(empty_hall: Hall) -> None:
    hall, world = empty_hall, empty_hall.world
    grace = timedelta(hours=hall.settings.revocation_grace_hours)
    for bidder in world.bidders[:2]:
        await hall.submit(bidder, "8000000.00")
    await _crls_end(hall, process_now() - grace / 2)
    await hall.submit(world.bidders[2], "8100000.00")
    await _crls_end(hall, process_now() - grace - timedelta(hours=1))
    with pytest.raises(SealedToInvalid) as refused:
        await hall.submit(world.bidders[0], "7900000.00")
    assert refused.value.cause == "revocation-unknown", "past the grace it is no word any more"
    await _crls_end(hall, process_now() + CRL_TERM)
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all()
    flags = [bid["certificate_flags"] for bid in (await hall.snapshot())["bids"]]
    assert flags == [{}, {}, {"submitted": ["cached-crl"]}]
    await hall.conclude(await hall.announce())
    await hall.publish()
    bundle = await hall.bundle()
    assert [each["flags"] for each in json.loads(bundle["record"]["text"])["certificates"]] == [["cached-crl"]]
    [proven] = [each.english for each in verify_bundle(bundle, _stranger(hall))
                if each.english.startswith("certificates")]
    assert "1 on a CA's last word past its end, flagged; by CAs that you trust" in proven
    for change, noticed in GROUNDS.items():
        altered = copy.deepcopy(bundle)
        change(altered["grounds"])
        with pytest.raises(DomainError, match=noticed):
            list(verify_bundle(hall.resealed(altered), _stranger(hall)))
    with pytest.raises(CertificateRefused, match="根证书不在您信任的列表中"):
        list(verify_bundle(bundle, replace(_stranger(hall), trust=NOBODY)))


async def _crls_end(hall: Hall, at: datetime) -> None:
    """The CAs' newest CRLs end at ``at``."""
    hall.world.pki.publish(now=at - CRL_TERM)
    await TrustFolder(hall.settings.trust_directory).absorb(hall.world.work)


def _no_flag(grounds: dict[str, Any]) -> None:
    flagged = next(each for each in grounds["validations"] if each["flags"])
    flagged["flags"] = []


def _another_crl(grounds: dict[str, Any]) -> None:
    names = [name for each in grounds["validations"] for name in each["crls"]]
    grounds["evidence"][names[0]] = grounds["evidence"][next(name for name in names if name != names[0])]


def _no_editions(grounds: dict[str, Any]) -> None:
    grounds["editions"] = []


def _one_less(grounds: dict[str, Any]) -> None:
    grounds["validations"].pop()


GROUNDS = {_no_flag: "与账本所指的不一致", _another_crl: "与其摘要不符",
           _no_editions: "当时生效的信任列表中没有", _one_less: "与账本所指的不一致"}
