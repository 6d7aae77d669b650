"""Fault 30: a wrong or renewed key at decryption."""

from uuid import UUID

import pytest

from bidding.opening.commands.releasing import (
    BidderPart,
    ReleaseBid,
    ReleaseShares,
    SharePart,
    release_bid,
    release_shares,
)
from storage.crypto.canonical import from_base64
from storage.crypto.header import read_header
from storage.crypto.session_key import session_public_key
from storage.crypto.wraps import seal_release
from storage.kernel.errors import Refused, RulesUnmet
from tests.bids_world import Person
from tests.opening_world import Hall


async def _release_another_secret(hall: Hall, bidder: Person) -> None:
    """What a client with the wrong key ends up with: some secret, not the one committed to."""
    work = await hall.work_of(bidder)
    session = session_public_key(from_base64(work["session_key"], "session_key"))
    parts = []
    for item in work["items"]:
        ch = read_header(item["header"].encode()).ctx.ch
        sealed = seal_release(bytes(32), session, role="bidder", index=0, ch=ch).to_json()
        parts.append(BidderPart(item["kind"], 0, str(sealed["enc"]), str(sealed["ct"])))
    await release_bid(hall.lot.id, ReleaseBid(parts), bidder.actor, hall.world.work(), hall.keys)


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
