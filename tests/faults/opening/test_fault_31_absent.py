"""Fault 31: a bidder never decrypts; a custodian is absent; a bidder with its recipe opens its bid alone (R-144)."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bidding.opening.commands.periods import close_window
from bidding.opening.commands.releasing import release_bid
from bidding.opening.release_verification import check_releases
from bidding.opening.tables import OpenedBid
from bidding.opening.verification import Anchors, verify_bundle
from frontend.cli.bid_backup import releases_from, secret_under
from frontend.cli.bid_release import releases_of
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import from_base64
from storage.crypto.envelope import Recipient
from storage.crypto.errors import Malformed, SealBroken, SignatureRefused
from storage.crypto.header import Header, read_header
from storage.crypto.recovery import new_code, wrap_under
from storage.crypto.session_key import session_public_key
from storage.crypto.shamir import combine
from storage.crypto.wraps import WHOLE_SECRET, seal_release, unwrap
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.errors import DomainError, Invalid, Refused, RulesUnmet
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.opening_world import PRICES, Hall, background, found_hall, parts_for, signed_release


@pytest.mark.cts("A-110", "A-112", "A-113")
async def test_fault_31_the_window_ends_it_for_who_never_decrypts(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all(hall.world.bidders[:2])
    assert not await close_window(hall.lot.id, hall.world.work())
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    assert not await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("decrypted", None, None), ("decrypted", None, None), ("revoked", "not-released", "bidder")]
    assert [row["price"] is None for row in await hall.announce()] == [False, False, True]
    assert len(await hall.entries("bid.revoked")) == 1


async def test_fault_31_two_of_three_custodians_suffice(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all()
    shown = await hall.snapshot()
    assert [each["released_at"] is not None for each in shown["custodians"]] == [True, True, False]
    assert shown["figures"]["decrypted"] == 3


async def test_fault_31_without_enough_custodians_no_bidder_is_at_fault(hall: Hall) -> None:
    await hall.begin()
    await hall.release_shares(hall.world.tenderee)
    await hall.release_bid(hall.world.bidders[0])
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["at_fault"]) for bid in shown] == [
        ("withdrawn_by_fault", "custodian"), ("revoked", "bidder"), ("revoked", "bidder")]


async def test_fault_31_who_released_in_time_is_opened_though_the_queue_ran_late(hall: Hall) -> None:
    await hall.begin()
    for custodian in hall.world.custodians:
        await hall.release_shares(custodian)
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    await hall.end_window()
    assert not await close_window(hall.lot.id, hall.world.work())
    assert await hall.worker.decrypt() == 3
    assert (await hall.snapshot())["figures"]["decrypted"] == 3


async def test_fault_31_a_share_that_does_not_open_keeps_back_no_other(empty_hall: Hall) -> None:
    """The command line of a custodian: one bidder has wrapped its share to another key (R-144)."""
    hall, keeper = empty_hall, empty_hall.world.tenderee
    own, *others = [each.recipients[0] for each in hall.world.custodians]
    astray = [Recipient(own.cert, hall.world.bidders[0].recipients[0].public_key), *others]
    first, second, third = hall.world.bidders
    await hall.submit(first, PRICES[0])
    bad = await hall.submit(second, PRICES[1], keepers=astray)
    await hall.submit(third, PRICES[2])
    await hall.begin()
    assert await hall.worker.stamp() == 1
    found = releases_of(await hall.work_of(keeper), ClientIdentity.of(keeper.identities[0]), roots=None)
    assert len(found.made) == 4
    assert {each["bid"] for each in found.kept_back} == {str(bad.bid_id)}
    assert {each["why"] for each in found.kept_back} == {"密钥信封不能解开"}
    assert str(bad.bid_id) not in {each["bid"] for each in found.made}
    stranger = ClientIdentity.of(first.identities[0])
    with pytest.raises(SealBroken):
        releases_of(await hall.work_of(second), stranger, roots=None)


async def _whole(hall: Hall, bidder: Person) -> list[dict[str, Any]]:
    """S_B and S_P of both objects, sealed to the session, as a bidder's recipe gives them; here S_P is put together
    from shares, whose keys the test has."""
    work = await hall.work_of(bidder)
    point, parts = from_base64(work["session_key"], "session_key"), parts_for(work, bidder.identities[0])
    for item, part in zip(work["items"], parts, strict=True):
        header = read_header(item["header"].encode())
        keepers = [each.identities[0].recipient.key for each in hall.world.custodians[:2]]
        secret = combine([unwrap(wrap, key, header.ctx.ch, header.ctx.algorithms) for wrap, key in zip(
            header.wraps_for("custodian")[:2], keepers, strict=True)])
        part["custody"] = seal_release(secret, session_public_key(point, header.ctx.algorithms), role="custodian",
                                       index=WHOLE_SECRET, ch=header.ctx.ch).to_json()
    return parts


async def _alone(hall: Hall, bidder: Person, parts: list[dict[str, Any]], *, remedy: bool = True) -> OpenedBid:
    command = signed_release(parts, bidder.identities[0], remedy=remedy)
    return await release_bid(hall.lot.id, command, bidder.actor, hall.world.work(), hall.keys)


async def _what_is_refused(hall: Hall, bidder: Person, parts: list[dict[str, Any]]) -> None:
    with pytest.raises(RulesUnmet) as refused:
        await _alone(hall, bidder, parts)
    assert [rule.number for rule in refused.value.rules] == ["R-144"], "without a clause in the document"
    await hall.change_lot(remedy="backup")
    for wrong, remedy, noticed in ((parts, False, "须依招标文件的补救方案"), (
            [parts[0], {name: part for name, part in parts[1].items() if name != "custody"}], True, "须连同")):
        with pytest.raises(Invalid, match=noticed):
            await _alone(hall, bidder, wrong, remedy=remedy)
    swapped = [{**part, "custody": other["custody"]} for part, other in zip(parts, reversed(parts), strict=True)]
    with pytest.raises(Refused) as unreadable:  # bound to its object
        await _alone(hall, bidder, swapped)
    assert unreadable.value.facts["cause"] == "release-unreadable"
    unsigned = signed_release([{**part, "custody": parts[0]["custody"]} for part in parts], bidder.identities[0],
                              remedy=True).signature
    stolen = signed_release(parts, bidder.identities[0], remedy=True)
    with pytest.raises(Refused) as another:
        await release_bid(hall.lot.id, type(stolen)(stolen.releases, remedy=True, signature=unsigned), bidder.actor,
                          hall.world.work(), hall.keys)
    assert another.value.facts["cause"] == "not-the-holder"


@pytest.mark.cts("A-112", "B-019")
async def test_fault_31_where_the_document_has_a_remedy_a_bidder_opens_its_bid_alone(hall: Hall) -> None:
    first, second, third = hall.world.bidders
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_shares(hall.world.tenderee)
    assert (await hall.release_bid(first)).state == "waiting"
    parts = await _whole(hall, first)
    await _what_is_refused(hall, first, parts)
    assert (await _alone(hall, first, parts)).state == "queued"
    assert await hall.worker.decrypt() == 1
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["remedy"], bid["by_bidder_alone"]) for bid in shown] == [
        ("decrypted", True, True), ("sealed", False, False), ("sealed", False, False)]
    assert shown[0]["custody"]["sound"] == [1], "in whose place the bidder stood stays told"
    await hall.release_shares(hall.world.agency)
    with pytest.raises(Refused, match="保管人份额已足"):
        await _alone(hall, second, await _whole(hall, second))
    for bidder in (second, third):
        await hall.release_bid(bidder)
    while await hall.worker.decrypt():
        pass
    rows = await hall.announce()
    assert [row["price"] for row in rows] == list(PRICES)
    await hall.conclude(rows)
    await hall.publish()
    _is_judged(hall, await hall.bundle())


def _is_judged(hall: Hall, bundle: dict[str, Any]) -> None:
    """A stranger accepts S_P where its bidder signed that it gave it, as a remedy that the document has; else not."""
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    told = [each.chinese for each in verify_bundle(bundle, anchors)]
    assert any(each.startswith("解密申请：3 份签名成立") and each.endswith("依补救方案 1 份") for each in told)
    assert any("1 份由投标人自行提交保管密钥开启，经其签名" in each for each in told)
    assert [(each["place"], each["what"]) for each in json.loads(bundle["record"]["text"])["remedies"]] == [
        (1, "alone")]
    secrets = bundle["bids"][0]["secrets"]
    assert list(secrets["shares"]) == ["1", "2"], "shares that came later are shares all the same"

    def forged(place: int, **changed: Any) -> dict[str, Any]:
        altered = copy.deepcopy(bundle)
        altered["bids"][place]["secrets"].update(changed)
        return hall.resealed(altered)
    without_clause = hall.resealed({**bundle, "lot": {**bundle["lot"], "remedy": "none"}})
    taken = bundle["bids"][1]["secrets"]
    honest = combine([bytes.fromhex(taken["shares"][index]) for index in ("1", "2")]).hex()
    for altered, noticed in ((forged(0, s_p="00" * 32), "保管密钥与投标时的承诺不符"),
                             (forged(1, s_p=honest), "不是投标人签名的补救所提交"),
                             (without_clause, "招标文件没有补救方案")):
        with pytest.raises(DomainError, match=noticed):
            list(verify_bundle(altered, anchors))
    _is_signed(bundle)


def _is_signed(bundle: dict[str, Any]) -> None:
    """Had the ledger's keeper written it so."""
    payloads = [each["payload"] for each in bundle["ledger"]["entries"] if '"bid.released"' in each["entry"]]
    assert [payload["remedy"] for payload in payloads] == [False, True, False, False]
    assert payloads[1]["custodians"]["absent"] == [2, 3]
    kinds = ("whole", "whole/statement")
    assert len(check_releases(bundle, payloads, kinds, "backup").alone) == 1
    plain = [{name: each[name] for name in ("kind", "i", "sealed_sha256")} for each in payloads[1]["releases"]]
    for change, error in (({"releases": plain}, SignatureRefused), ({"remedy": False}, Malformed),
                          ({"releases": [plain[0], payloads[1]["releases"][1]]}, Malformed)):
        with pytest.raises(error):
            check_releases(bundle, [payloads[0], {**payloads[1], **change}, *payloads[2:]], kinds, "backup")
    with pytest.raises(Malformed, match="不是投标人签名的补救所提交"):
        check_releases(bundle, [payloads[0], *payloads[2:]], kinds, "backup")


def _under(code: str, bidder: Person) -> Callable[[Header], Header]:
    """A header that a printed code opens as well, as the bidder's client makes it."""
    def recoverable(header: Header) -> Header:
        ch, key = header.ctx.ch, bidder.identities[0].recipient.key
        secret = unwrap(header.wraps_for("bidder")[0], key, ch, header.ctx.algorithms)
        return replace(header, recovery=wrap_under(code, secret, ch))
    return recoverable


@pytest.mark.cts("A-112", "B-019")
async def test_fault_31_in_a_lot_of_suite_2_a_recipe_and_a_printed_code_serve_alike(
        sessions: Sessions, settings: Settings, object_store: ObjectStore) -> None:
    hall, code = await found_hall(sessions, settings, object_store, suite=2), new_code()
    coded, alone, third = hall.world.bidders
    await hall.change_lot(remedy="backup")
    async with background(hall):
        await hall.submit(coded, PRICES[0], spoil=_under(code, coded))
        for bidder, price in ((alone, PRICES[1]), (third, PRICES[2])):
            await hall.submit(bidder, price)
        await hall.begin()
        await hall.worker.stamp()
        await hall.release_shares(hall.world.tenderee)
        assert (await _alone(hall, alone, await _whole(hall, alone))).state == "queued"
        assert await hall.worker.decrypt() == 1
        await hall.release_shares(hall.world.agency)
        with pytest.raises(SealBroken, match="恢复码不属于这份投标文件"):
            releases_from(await hall.work_of(coded), secret_under(new_code()), roots=None)
        found = releases_from(await hall.work_of(coded), secret_under(code), roots=None)
        assert (await _alone(hall, coded, [{"bid": found.bid, **each} for each in found.made])).used_remedy
        await hall.release_bid(third)
        while await hall.worker.decrypt():
            pass
        rows = await hall.announce()
        assert [row["price"] for row in rows] == list(PRICES)
        await hall.conclude(rows)
        await hall.publish()
        bundle = await hall.bundle()
    assert [(each["place"], each["what"]) for each in json.loads(bundle["record"]["text"])["remedies"]] == [
        (1, "key"), (2, "alone")]
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    assert any(each.chinese.endswith("依补救方案 2 份") for each in verify_bundle(bundle, anchors))
