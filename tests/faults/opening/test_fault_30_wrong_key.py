"""Fault 30: a wrong or renewed key at decryption."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from bidding.bids.model import WHOLE, kinds_in
from bidding.opening.commands.releasing import (
    ReleaseShares,
    SharePart,
    release_bid,
    release_shares,
)
from storage.crypto.canonical import from_base64
from storage.crypto.header import read_header
from storage.crypto.session_key import session_public_key
from storage.crypto.wraps import seal_release
from storage.kernel.clock import process_now
from storage.kernel.errors import Refused, RulesUnmet
from tests.bids_world import Person
from tests.opening_world import Hall, parts_for, signed_release
from trading.parties.tables import BoundCertificate


async def _release_another_secret(hall: Hall, bidder: Person) -> None:
    """What a client with the wrong key ends up with: some secret, not the one committed to."""
    work = await hall.work_of(bidder)
    session = session_public_key(from_base64(work["session_key"], "session_key"))
    parts = []
    for item in work["items"]:
        ch = read_header(item["header"].encode()).ctx.ch
        sealed = seal_release(bytes(32), session, role="bidder", index=0, ch=ch).to_json()
        parts.append({"bid": item["bid"], "kind": item["kind"], "i": 0, **sealed})
    command = signed_release(parts, bidder.identities[0])
    await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)


@pytest.mark.cts("A-112", "B-019")
async def test_fault_30_a_wrong_key_is_recorded_holds_nobody_and_may_be_tried_again(hall: Hall) -> None:
    await hall.begin()
    one, two, three = hall.world.bidders
    with pytest.raises(Refused) as refused:
        await _release_another_secret(hall, one)
    assert refused.value.facts["cause"] == "wrong-key"
    shown = (await hall.snapshot())["bids"][0]
    assert (shown["state"], shown["cause"], shown["may_retry"], shown["attempts"]) == ("sealed", "wrong-key", True, 1)
    await hall.release_all([two, three])
    assert [bid["state"] for bid in (await hall.snapshot())["bids"]] == ["sealed", "decrypted", "decrypted"]
    await hall.release_bid(one, one.identities[1])
    await hall.worker.decrypt()
    assert (await hall.snapshot())["bids"][0]["state"] == "decrypted"
    assert (await hall.snapshot())["bids"][0]["cause"] is None
    [(_, payload)] = await hall.entries("bid.release_failed")
    assert (payload["cause"], payload["attempts"]) == ("wrong-key", 1)


@pytest.mark.cts("A-112", "B-019")
async def test_fault_30_a_kept_secret_never_passes_for_the_key_it_was_wrapped_to(hall: Hall) -> None:
    """The bidder holds S_B by a backup, and a renewed certificate: that is a remedy, or nothing."""
    await hall.begin()
    bidder = hall.world.bidders[1]
    parts = parts_for(await hall.work_of(bidder), bidder.identities[0])
    renewed = hall.world.pki.issue(organisation=bidder.party.name, uscc=bidder.party.uscc, kind="ec-p256",
                                   now=process_now())
    signed = signed_release(parts, renewed)
    for command in (replace(signed, signature=""), signed, replace(signed, remedy=True)):
        with pytest.raises((Refused, RulesUnmet)) as refused:
            await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)
        assert refused.value.facts.get("cause") in ("not-the-holder", None)
    assert [payload["cause"] for _, payload in await hall.entries("bid.release_failed")] == ["not-the-holder"] * 2
    await hall.change_lot(remedy="backup")
    with pytest.raises(Refused):  # the signature says otherwise
        await release_bid(hall.lot.id, replace(signed, remedy=True), bidder.actor, hall.world.work(), hall.keys)
    own = signed_release(parts, bidder.identities[0], remedy=True)
    assert (await release_bid(hall.lot.id, own, bidder.actor, hall.world.work(), hall.keys)).used_remedy
    shown = next(each for each in (await hall.snapshot())["bids"] if each["bid"] == parts[0]["bid"])
    assert (shown["remedy"], shown["cause"]) == (True, None)
    await _two_halves_of_one_holder_are_one(hall, hall.world.bidders[0])


async def _two_halves_of_one_holder_are_one(hall: Hall, bidder: Person) -> None:
    """Statement and body name two certificates: refused of strangers to each other, taken of halves of one (R-702)."""
    work = await hall.work_of(bidder)
    signing, half = bidder.identities
    parts = [next(each for each in parts_for(work, key) if each["kind"] == kind)
             for kind, key in zip(kinds_in(WHOLE), (signing, half), strict=True)]
    command = signed_release(parts, signing)
    with pytest.raises(Refused) as refused:
        await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)
    assert refused.value.facts["cause"] == "not-the-holder"
    async with hall.world.sessions() as session:  # as its CA reissues an encryption half
        bound = await session.get_one(BoundCertificate, half.certificate.fingerprint)
        bound.signing = signing.certificate.fingerprint
        await session.commit()
    assert (await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)).cause is None


async def test_fault_30_retries_end_with_the_window(hall: Hall) -> None:
    await hall.begin()
    bidder = hall.world.bidders[0]
    with pytest.raises(Refused):
        await _release_another_secret(hall, bidder)
    await hall.end_window()
    with pytest.raises(RulesUnmet):
        await hall.release_bid(bidder)


async def test_fault_30_a_custodians_false_share_counts_for_nothing_and_is_named(hall: Hall) -> None:
    await hall.begin()
    custodian = hall.world.tenderee
    work = await hall.work_of(custodian)
    session = session_public_key(from_base64(work["session_key"], "session_key"))
    parts = []
    for item in work["items"]:
        ch = read_header(item["header"].encode()).ctx.ch
        sealed = seal_release(bytes(32) + b"\1", session, role="custodian", index=1, ch=ch).to_json()
        parts.append(SharePart(UUID(item["bid"]), item["kind"], str(sealed["enc"]), str(sealed["ct"])))
    taken = await release_shares(hall.lot.id, ReleaseShares(parts), custodian.actor, hall.world.work(), hall.keys)
    assert (taken.sound, taken.unsound) == (0, 6)
    await hall.release_shares(hall.world.agency)
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    assert [bid["state"] for bid in (await hall.snapshot())["bids"]] == ["waiting"] * 3
    [(_, payload), _] = await hall.entries("custodian.released")
    assert len(payload["unsound"]) == 6
    assert (await hall.release_shares(custodian)).sound == 6
    assert await hall.worker.decrypt() == 3
