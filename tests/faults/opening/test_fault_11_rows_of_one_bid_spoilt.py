"""Fault 11: the database's own rows of one bid are altered. The others are opened, and what the platform exports names
that bid as its own fault, for whoever verifies (R-144)."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from bidding.bids.model import STATEMENT
from bidding.bids.tables import Envelope
from bidding.opening.commands.periods import close_window
from bidding.opening.commands.releasing import ReleaseShares, release_bid, release_shares
from bidding.opening.parts import SharePart
from bidding.opening.sealed_verification import BidsSpoilt
from bidding.opening.verification import Anchors, verify_bundle
from frontend.verifier.command import verify
from storage.kernel.errors import DomainError, Refused
from tests.opening_world import PRICES, Hall, parts_for, signed_release

Bundle = dict[str, Any]


async def _spoil(hall: Hall, place: int, **values: str) -> None:
    """Rewrites the statement's row of one bid, as nobody may."""
    async with hall.world.sessions() as session:
        await session.execute(update(Envelope).where(
            Envelope.bid_version_id == hall.versions[place].id, Envelope.kind == STATEMENT).values(**values))
        await session.commit()


@pytest.mark.parametrize("spoilt", [{"header": "{}"}, {"manifest": "?"}])
async def test_fault_11_rows_of_one_bid_that_are_spoilt_keep_no_other_shut(hall: Hall, spoilt: dict[str, str]) -> None:
    await hall.begin()
    await hall.worker.stamp()
    first, second, third = hall.world.bidders
    keepers, lost = hall.world.custodians[:2], str(hall.versions[1].bid_id)
    works = {each.party.id: parts_for(await hall.work_of(each), each.identities[0]) for each in (*keepers, second)}
    await _spoil(hall, 1, **spoilt)
    for keeper in keepers:
        parts = [SharePart(UUID(each["bid"]), each["kind"], each["enc"], each["ct"]) for each in works[keeper.party.id]]
        taken = await release_shares(hall.lot.id, ReleaseShares(parts), keeper.actor, hall.world.work(), hall.keys)
        assert (taken.sound, [(str(bid), place) for bid, place, _ in taken.unread]) == (4, [(lost, 2)])
    assert [payload["unread"] for _, payload in await hall.entries("custodian.released")] == [[lost], [lost]]
    own = [part for part in parts if str(part.bid) == lost]
    taken = await release_shares(hall.lot.id, ReleaseShares(own), keepers[1].actor, hall.world.work(), hall.keys)
    assert (taken.sound, len(taken.unread)) == (0, 1)
    command = signed_release(works[second.party.id], second.identities[0])
    with pytest.raises(Refused, match="平台责任"):
        await release_bid(hall.lot.id, command, second.actor, hall.world.work(), hall.keys)
    for bidder in (first, third):
        await hall.release_bid(bidder)
    while await hall.worker.decrypt():
        pass
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("decrypted", None, None), ("withdrawn_by_fault", "object-altered", "platform"), ("decrypted", None, None)]
    (_, settled), = await hall.entries("bid.withdrawn_by_fault")
    assert STATEMENT in settled["evidence"]["rows"]
    assert [row["price"] is None for row in await hall.announce()] == [False, True, False]


async def test_fault_11_a_bid_in_the_queue_whose_rows_are_spoilt_is_never_its_bidders_fault(hall: Hall) -> None:
    await hall.begin()
    for keeper in hall.world.custodians[:2]:
        await hall.release_shares(keeper)
    for bidder in hall.world.bidders:
        await hall.release_bid(bidder)
    header = (await hall.work_of(hall.world.bidders[0]))["items"][1]["header"]
    await _spoil(hall, 1, header=header)  # another bid's: it can be read, and its commitments blame the bidder
    while await hall.worker.decrypt():
        pass
    assert [bid["state"] for bid in (await hall.snapshot())["bids"]] == ["decrypted", "queued", "decrypted"]
    await hall.end_window()
    assert await close_window(hall.lot.id, hall.world.work())
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("decrypted", None, None), ("withdrawn_by_fault", "object-altered", "platform"), ("decrypted", None, None)]
    assert [row["price"] for row in await hall.announce()] == [PRICES[0], None, PRICES[2]]


async def _publish_with_two_spoilt(hall: Hall) -> Bundle:
    """The second bid's rows were altered before it could be opened; the third's statement was lost after the end."""
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all([hall.world.bidders[0], hall.world.bidders[2]])
    await _spoil(hall, 1, header="{}")
    await hall.end_window()
    await close_window(hall.lot.id, hall.world.work())
    await hall.conclude(await hall.announce())
    await hall.publish()
    async with hall.world.sessions() as session:
        key = await session.scalar(select(Envelope.object_key).where(
            Envelope.bid_version_id == hall.versions[2].id, Envelope.kind == STATEMENT))
    await hall.store.remove(str(key))
    return await hall.bundle()


def _anchors(hall: Hall, bundle: Bundle) -> Anchors:
    return Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))


@pytest.mark.cts("A-112", "B-019")
async def test_fault_11_an_export_names_the_bids_that_the_platform_did_not_keep(hall: Hall, tmp_path: Path) -> None:
    bundle = await _publish_with_two_spoilt(hall)
    assert [(bid.get("spoilt"), len(bid["envelopes"]), bid["secrets"] is None) for bid in bundle["bids"]] == [
        (None, 2, False), ([STATEMENT], 1, True), ([STATEMENT], 2, True)]
    with pytest.raises(BidsSpoilt, match=r"责任在平台：第 2 号 .*开标一览表.*第 3 号 .*开标一览表") as noticed:
        list(verify_bundle(bundle, _anchors(hall, bundle)))
    assert hall.world.bidders[0].party.name not in noticed.value.message
    file, root = tmp_path / "lot.json", tmp_path / "root.pem"
    file.write_text(json.dumps(bundle))
    root.write_text("".join(each.pem for each in hall.keys.roots))
    arguments = ["--key", bundle["ledger"]["key"], "--root", str(root), str(file)]
    said = await asyncio.to_thread(CliRunner().invoke, verify, arguments)
    assert said.exit_code == 1
    for words in (
            "投标文件：1 份的签名清单", "没有完好保存的 2 份：递交记录、回执均成立",
            "开标一览表：1 份用公开的密钥重新解密", "唱标：2 行与重新解密的内容逐项一致",
            "解密申请：2 份签名成立", "确认：2 家", "给出时一字不差",
            "✗ 平台没有完好保存以下投标文件，责任在平台", "its own fault"):
        assert words in said.output, said.output
    assert "✓ 全部成立" not in said.output
    await _nothing_hides_behind_it(hall, bundle)


async def _nothing_hides_behind_it(hall: Hall, bundle: Bundle) -> None:
    """Each under the platform's own seal, as only the platform itself could make it."""
    def no_longer_named(bids: list[Bundle]) -> None:
        del bids[1]["spoilt"]

    def all_of_it(bids: list[Bundle]) -> None:
        bids[0] |= {"spoilt": ["whole", STATEMENT], "envelopes": [], "secrets": None}

    def without_submission(bids: list[Bundle]) -> None:
        all_of_it(bids)
        bids[0]["submission"] = None

    def of_another_kind(bids: list[Bundle]) -> None:
        bids[1]["spoilt"] = [STATEMENT, "price"]

    def priced_otherwise(bids: list[Bundle]) -> None:
        bids[2]["state"] = "withdrawn_by_fault"

    changes: dict[Callable[[list[Bundle]], object], str] = {
        no_longer_named: "信封不全", of_another_kind: "信封不全",
        lambda bids: bids.pop(1): "导出的投标文件与封存的集合不一致",
        lambda bids: bids[1].update(bid=bids[0]["bid"]): "导出的投标文件与封存的集合不一致",
        lambda bids: bids[1].update(receipt=bids[0]["receipt"]): "回执与递交记录不一致",
        lambda bids: bids[1].update(submission=bids[0]["submission"]): "递交记录不属于这份投标文件",
        lambda bids: bids[1].update(certificate=bids[0]["certificate"]): "投标文件与封存的集合不一致",
        without_submission: "", priced_otherwise: "唱标内容与重新解密的内容不一致",
        all_of_it: f"第 1 号 {hall.world.bidders[0].party.name}"}
    for change, noticed in changes.items():
        altered = copy.deepcopy(bundle)
        change(altered["bids"])
        with pytest.raises(DomainError if noticed else TypeError, match=noticed or None):
            list(verify_bundle(hall.resealed(altered), _anchors(hall, bundle)))
