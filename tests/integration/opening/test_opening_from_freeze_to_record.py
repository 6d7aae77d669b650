"""A lot from its last submission to the published record, and the record in the hands of a stranger."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bidding.opening.commands.attending import sign_in
from bidding.opening.commands.recording import read_pdf
from bidding.opening.release_verification import Released, check_releases
from bidding.opening.statement_verification import check_confirmations
from bidding.opening.statements import confirmation_bytes
from bidding.opening.tables import Opening
from bidding.opening.verification import Anchors, verify_bundle
from frontend.cli.verify import verify
from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.errors import Malformed, ObjectAltered, SignatureRefused
from storage.kernel.errors import DomainError
from storage.ledger.model import LedgerBroken
from tests.opening_world import PRICES, Hall
from trading.exchange.tables import ExchangePush
from trading.tenders.model import NoticeKind
from trading.tenders.tables import Lot


async def opened(hall: Hall) -> list[dict[str, Any]]:
    """To the published record; gives the announced rows."""
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all()
    rows = await hall.announce()
    await hall.conclude(rows)
    await hall.publish()
    return rows


async def told_by(*arguments: str) -> Result:
    """`yunkai verify`, as a process of its own would run it: outside this event loop."""
    return await asyncio.to_thread(CliRunner().invoke, verify, list(arguments))


@pytest.mark.cts("A-106", "A-108", "A-111", "A-113", "A-114", "B-017", "B-019")
async def test_three_sealed_bids_become_a_published_record(hall: Hall) -> None:
    for bidder in hall.world.bidders:
        await sign_in(hall.lot.id, bidder.actor, hall.world.work())
    await hall.begin()
    shown = await hall.snapshot()
    assert [bid["state"] for bid in shown["bids"]] == ["sealed"] * 3
    assert shown["figures"]["signed_in"] == 3
    await hall.release_all()
    shown = await hall.snapshot()
    assert [bid["state"] for bid in shown["bids"]] == ["decrypted"] * 3
    assert shown["announced"] is None
    assert "8730000" not in json.dumps(shown)
    rows = await hall.announce()
    assert [row["price"] for row in rows] == list(PRICES)
    assert rows[0]["words"] == "捌佰柒拾叁万元整"
    assert rows[0]["deviation"] == "-3.00"
    await hall.conclude(rows)
    await hall.publish()
    shown = await hall.snapshot()
    assert shown["step"] == "published"
    assert {each["capacity"] for each in shown["record"]["signatures"]} == {"host", "recorder"}
    async with hall.world.sessions() as session:
        assert (await session.get_one(Lot, hall.lot.id)).stage == "opened"
        notice = select(ExchangePush.payload).where(ExchangePush.kind == f"notice.{NoticeKind.OPENING_RECORD}")
        [pushed] = (await session.scalars(notice)).all()
    assert shown["record"]["sha256"] in pushed["body"], "the public service platform gets it too"


async def test_a_stranger_verifies_the_exported_lot_and_the_signed_record(hall: Hall, tmp_path: Path) -> None:
    await opened(hall)
    bundle = await hall.bundle()
    async with hall.world.sessions() as session:
        opening = await session.get_one(Opening, hall.lot.id)
    files = tmp_path / "lot.json", tmp_path / "record.pdf", tmp_path / "root.pem"
    files[0].write_text(json.dumps(bundle))
    files[1].write_bytes(await read_pdf(hall.store, opening.record_pdf_key or ""))
    files[2].write_text("".join(root.pem for root in hall.keys.roots))
    told = await told_by(str(files[0]), str(files[1]), "--key", bundle["ledger"]["key"], "--root", str(files[2]))
    assert told.exit_code == 0, told.output
    assert "✓ 唱标：3 行与重新解密的内容逐项一致" in told.output
    assert told.output.count("✓ 签名 ") == 3
    assert [line for line in told.output.splitlines() if "!" in line and "--witness" not in line] == []
    flipped = bytearray(files[1].read_bytes())
    flipped[2000] ^= 1
    files[1].write_bytes(flipped)
    assert (await told_by(str(files[1]))).exit_code == 1


def _price(bundle: dict[str, Any]) -> None:
    bundle["announced"][0]["price"] = "1.00"


def _record(bundle: dict[str, Any]) -> None:
    bundle["record"]["text"] = bundle["record"]["text"].replace("8730000.00", "8730000.01")


def _secret(bundle: dict[str, Any]) -> None:
    bundle["bids"][0]["secrets"]["s_b"] = "00" * 32


def _missing_bid(bundle: dict[str, Any]) -> None:
    del bundle["bids"][1]


def _swapped_objects(bundle: dict[str, Any]) -> None:
    first, second = (bundle["bids"][place]["envelopes"][1] for place in (0, 1))
    first["object"], second["object"] = second["object"], first["object"]


def _entry(bundle: dict[str, Any]) -> None:
    del bundle["ledger"]["entries"][2]


def _signature(bundle: dict[str, Any]) -> None:
    bundle["bids"][2]["envelopes"][0]["signature"] = bundle["bids"][1]["envelopes"][0]["signature"]


def _notice(bundle: dict[str, Any]) -> None:
    bundle["notice"]["notice"] = bundle["notice"]["notice"].replace('"count":3', '"count":4')


def _pdf_digest(bundle: dict[str, Any]) -> None:
    bundle["record"]["pdf_sha256"] = "00" * 32


def _releases_are_judged(bundle: dict[str, Any]) -> None:
    """Had the ledger's keeper written it so: a remedy that passes for the key, another's signature, no release."""
    payloads = [each["payload"] for each in bundle["ledger"]["entries"] if '"bid.released"' in each["entry"]]
    kinds = ("whole", "whole/statement")
    assert check_releases(bundle, payloads, kinds) == Released(3, frozenset(), frozenset())
    first, second, third = payloads
    with pytest.raises(SignatureRefused):
        check_releases(bundle, [{**first, "remedy": True}, second, third], kinds)
    with pytest.raises(SignatureRefused):
        check_releases(bundle, [{**first, "releases": second["releases"]}, second, third], kinds)
    with pytest.raises(SignatureRefused):
        check_releases(bundle, [{**first, "certificate": second["certificate"]}, second, third], kinds)
    with pytest.raises(Malformed, match="所含的信封不对"):
        check_releases(bundle, [{**first, "releases": first["releases"][:1]}, second, third], kinds)
    with pytest.raises(LedgerBroken, match="没有保存解密申请的签名"):
        check_releases(bundle, [{"bid": first["bid"], "remedy": False}, second, third], kinds)
    with pytest.raises(LedgerBroken, match="缺少已开启投标文件的解密申请"):
        check_releases(bundle, [second, third], kinds)
    exchanged = copy.deepcopy(bundle)  # headers that name another holder
    one, other = (next(bid for bid in exchanged["bids"] if bid["bid"] == each["bid"]) for each in (first, second))
    one["envelopes"] = other["envelopes"]
    with pytest.raises(Malformed, match="不是由密封时所用证书签名"):
        check_releases(exchanged, payloads, kinds)


def _confirmations_are_judged(bundle: dict[str, Any], hall: Hall) -> None:
    """A true signature over a bidder's row by another bidder is no confirmation of it."""
    forged = copy.deepcopy(bundle)
    record = json.loads(forged["record"]["text"])
    row = next(each for each in record["rows"] if each["confirmation"] is not None)
    other = next(each for each in hall.world.bidders if each.party.name != row["name"]).identities[0]
    fingerprint = other.certificate.fingerprint
    row["confirmation"] = row["confirmation"] | {
        "certificate": fingerprint, "signature": to_base64(other.sign(confirmation_bytes(row["row_sha256"])))}
    forged["record"]["text"] = canonical_bytes(record).decode()
    forged["certificates"] = forged["certificates"] | {fingerprint: other.certificate.pem}
    with pytest.raises(Malformed, match="确认所用证书不是该投标人的"):
        check_confirmations(forged)


async def test_every_altered_part_of_an_exported_lot_is_noticed(hall: Hall) -> None:
    await opened(hall)
    bundle = await hall.bundle()
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    assert len(list(verify_bundle(bundle, anchors))) == 13
    assert '"address"' not in json.dumps(bundle), "who sent a bid from where stays inside"
    assert {bid["secrets"]["kind"] for bid in bundle["bids"]} == {"whole/statement"}
    # Each under the platform's own seal, so that what notices it is the evidence itself.
    changes: dict[Callable[[dict[str, Any]], None], str] = {
        _price: "唱标内容与重新解密的内容不一致", _record: "开标记录与唱标内容不一致",
        _secret: "投标人密钥与投标时的承诺不符",
        _missing_bid: "导出的投标文件与封存的集合不一致", _swapped_objects: "存储的分段与投标人签名的清单不符",
        _entry: "未承接本流前一条目", _signature: "签名不符", _notice: "签名不符",
        _pdf_digest: "公布的开标记录文件与账本记录不符"}
    for change, noticed in changes.items():
        altered = copy.deepcopy(bundle)
        change(altered)
        with pytest.raises(DomainError, match=noticed):
            list(verify_bundle(hall.resealed(altered), anchors))
    _releases_are_judged(bundle)
    _confirmations_are_judged(bundle, hall)
    altered = copy.deepcopy(bundle)
    altered["platform"]["name"] = "另一平台"
    with pytest.raises(ObjectAltered, match="与平台封签不符"):
        list(verify_bundle(altered, anchors))
    with pytest.raises(DomainError):
        list(verify_bundle(bundle, Anchors(anchors.ledger_key, frozenset({"00" * 32}))))
