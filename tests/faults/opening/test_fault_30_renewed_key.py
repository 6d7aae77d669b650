"""Fault 30: the sealing key is gone; the bidder's own backup opens the bid where the tender document has a remedy."""

import json
from pathlib import Path

import pytest

from bidding.bids.model import BODY
from bidding.opening.commands.releasing import BidderPart, ReleaseBid, release_bid
from bidding.opening.release_signing import release_bytes, sealed_parts
from frontend.cli.bid_backup import keep_secret, releases_from, secret_in
from frontend.cli.bid_release import Releases, releases_of
from frontend.cli.bid_sealing import Terms
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import to_base64
from storage.crypto.context import Context, Secrets
from storage.crypto.demo_pki import demo_uscc, open_demo_pki
from storage.crypto.errors import SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.wraps import unwrap
from storage.kernel.clock import process_now
from storage.kernel.errors import RulesUnmet
from tests.bids_world import Founder, Person
from tests.opening_world import PRICES, Hall


async def _renew(hall: Hall, bidder: Person) -> None:
    """A renewed certificate is bound and signed in with; the old key is gone."""
    founder = Founder(hall.world.sessions, hall.settings.key_directory.parent / "ca", hall.settings.trust_directory)
    rows = founder.certify(bidder, "ec-p256")
    async with hall.world.sessions() as session:
        session.add_all(rows)
        await session.commit()
    bidder.identities = bidder.identities[-1:]


async def _send(hall: Hall, bidder: Person, found: Releases, *, remedy: bool) -> str:
    signature = bidder.identities[0].sign(release_bytes(found.bid, sealed_parts(found.made), remedy=remedy))
    parts = [BidderPart(str(each["kind"]), 0, str(each["enc"]), str(each["ct"])) for each in found.made]
    command = ReleaseBid(parts, remedy, to_base64(signature))
    return (await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)).state


@pytest.mark.cts("A-112", "B-019")
async def test_fault_30_a_renewed_key_opens_nothing_and_the_documents_remedy_does(
        empty_hall: Hall, tmp_path: Path) -> None:
    hall, path = empty_hall, tmp_path / "backup.json"
    bidder, *others = hall.world.bidders
    for each, price in zip(hall.world.bidders, PRICES, strict=True):
        await hall.submit(each, price)
    await hall.begin()
    work, old = await hall.work_of(bidder), bidder.identities[0]
    for item in work["items"]:
        header = read_header(item["header"].encode())
        keep_secret(path, header, unwrap(header.wraps_for("bidder")[0], old.key, header.ctx.ch))
    assert path.stat().st_mode & 0o077 == 0
    await _renew(hall, bidder)
    with pytest.raises(SealBroken):
        releases_of(work, ClientIdentity.of(bidder.identities[0]), roots=None)
    found = releases_from(work, secret_in(path), roots=None)
    with pytest.raises(RulesUnmet) as refused:
        await _send(hall, bidder, found, remedy=True)
    assert [rule.number for rule in refused.value.rules] == ["R-144"]
    await hall.release_all(others)
    await hall.change_lot(remedy="backup")
    assert await _send(hall, bidder, found, remedy=True) == "queued"
    assert await hall.worker.decrypt() == 1
    shown = (await hall.snapshot())["bids"]
    assert {each["state"] for each in shown} == {"decrypted"}
    assert [each["remedy"] for each in shown if each["bid"] == found.bid] == [True]


def test_fault_30_sealing_keeps_the_very_secret_that_the_header_commits_to(tmp_path: Path) -> None:
    pki = open_demo_pki(tmp_path / "ca", tmp_path / "trust", now=process_now())
    bidder, *keepers = [
        pki.issue(organisation=name, uscc=demo_uscc(name), kind="ec-p256", now=process_now()).certificate
        for name in ("投标人", "保管一", "保管二", "保管三")]
    context = Context(tender="E3207", lot="E3207001", round=1, bidder=bidder.tag, version=1, envelope=BODY,
                      opens_at="2026-12-01T01:00:00Z", k=2, n=3, custodians=tuple(each.tag for each in keepers))
    path, kept = tmp_path / "backup.json", list[tuple[Header, bytes]]()

    def keep(header: Header, both: Secrets) -> None:
        keep_secret(path, header, both.bidder)
        kept.append((header, both.bidder))

    header = Terms({BODY: context}, bidder, (bidder,), tuple(keepers)).seal(BODY, keep).header
    again = Terms({BODY: context}, bidder, (bidder,), tuple(keepers)).seal(BODY, keep).header
    header.check_bidder_secret(kept[0][1])
    with pytest.raises(SealBroken):
        again.check_bidder_secret(kept[0][1])
    assert json.loads(path.read_text())["secrets"] == {each.sha256: secret.hex() for each, secret in kept}
    assert {header.sha256, again.sha256} == {each.sha256 for each, _ in kept}
