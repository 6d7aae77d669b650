"""Two envelopes (R-318) from the command line against a real node: sealing, both openings, and a failer refused."""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bidding.bids.tables import Envelope
from bidding.opening.tables import OpenedBid
from bidding.opening.verification import Anchors, verify_bundle
from frontend.cli.client import ApiError
from storage.crypto.recovery import new_code
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now, to_wire
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.command_line import CommandLine, Done
from tests.committee_world import Board, found_board
from tests.desk_world import METHOD, Desk
from tests.integration.opening.test_opening_over_http import House
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, Hall, found_hall
from tests.stage import slowness
from tests.two_envelopes import FIELDS, TwoEnvelopes
from tests.waiting import eventually

FAILER = 1
CODE = "恢复码.txt"


def _send(run: CommandLine, bidder: Person, lot: str, price: str, *words: str) -> Done:
    return run(bidder, "send", lot, "--file", "技术.pdf", "--price-file", "报价.pdf", "--field", f"price={price}",
               "--field", "days=365", *words)


def _deliver(run: CommandLine, hall: Hall) -> None:
    """Three bids; the first is sealed wrongly, sent, withdrawn and sent again: both envelopes go together."""
    lot = str(hall.lot.id)
    (run.folder / "技术.pdf").write_bytes(b"%PDF-1.7 technical")
    (run.folder / "报价.pdf").write_bytes(b"%PDF-1.7 price")
    first = hall.world.bidders[0]
    lacking = run(first, "send", lot, "--file", "技术.pdf", "--field", "price=1.00", "--field", "days=365")
    assert lacking.returncode == 1
    assert "--price-file" in lacking.stderr
    sent = _send(run, first, lot, "1.00")
    assert sent.returncode == 0, sent.stderr
    assert run(first, "withdraw", lot, "--yes").returncode == 0
    for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
        # The last one has a code, and releases with it alone: one code opens all four objects. The others keep recipes.
        kept = ("--recovery-code", CODE) if price == PRICES[-1] else ("--recipe", _recipe(bidder))
        sent = _send(run, bidder, lot, price, *kept)
        assert sent.returncode == 0, sent.stderr
        number = sent.stdout.split("回执 ")[1].split()[0]
        receipt = json.loads(json.loads((run.folder / f"{number}.json").read_text())["body"])
        assert {each["kind"] for each in receipt["envelopes"]} == {
            "technical", "technical/statement", "price", "price/statement"}


def _recipe(bidder: Person) -> str:
    return f"复原单-{bidder.party.id}.json"


async def _damage(hall: Hall, bidder: Person, *kinds: str) -> None:
    """These objects of the bid are lost, or altered where it is a statement."""
    query = select(Envelope.kind, Envelope.object_key).join(
        OpenedBid, OpenedBid.bid_version_id == Envelope.bid_version_id).where(
        OpenedBid.party_id == bidder.party.id, Envelope.kind.in_(kinds)).distinct()
    async with hall.world.sessions() as session:
        found = (await session.execute(query)).all()
    assert {kind for kind, _ in found} == set(kinds)
    for kind, key in found:
        data = await hall.store.get_range(key, 0, 1 << 20)
        await hall.store.remove(key)
        if kind.endswith("/statement"):
            await hall.store.put(key, data[:-1] + bytes([data[-1] ^ 1]))


def _open(run: CommandLine, house: House, bidders: list[Person], file: str,
          alone: Person | None = None) -> list[dict[str, Any]]:
    """One opening, from the frozen set to the published record; keys are released on the command line.

    The first bidder brings again what the platform lost, the last one has a code; ``alone`` waits for no custodian.
    """
    hall, lot = house.hall, str(house.hall.lot.id)
    host = house.client(hall.host)
    host.post(f"{house.lot}/hall/begin-decryption", {"expected": "frozen"})
    _release(run, hall.world.custodians[0], lot)
    if alone is not None:
        _open_alone(run, alone, lot, file)
    _release(run, hall.world.custodians[1], lot)
    _bring_again(run, house, bidders[0], file)
    _release_by_code(run, house, bidders[-1])
    house.until(lambda shown: shown["figures"]["decrypted"] == len(bidders))
    host.post(f"{house.lot}/hall/announce", {"expected": "decrypting"})
    rows: list[dict[str, Any]] = house.public.get(f"{house.lot}/hall")["announced"]["rows"]
    host.post(f"{house.lot}/hall/open-objections", {"expected": "announced"})
    host.post(f"{house.lot}/hall/close-objections", {"expected": "objections"})
    return rows


def _release(run: CommandLine, person: Person, lot: str) -> None:
    released = run(person, "release", lot, "--wait", "30")
    assert released.returncode == 0, released.stderr


def _open_alone(run: CommandLine, bidder: Person, lot: str, file: str) -> None:
    """One custodian of three has released: the bid waits, until its bidder gives S_P itself."""
    words = (bidder, "remedy", lot, "--recipe", _recipe(bidder), "--file", file)
    waits = run(*words)
    assert waits.returncode == 0, waits.stderr
    assert "尚待保管人放行" in waits.stdout
    opened = run(*words, "--alone")
    assert opened.returncode == 0, opened.stderr
    assert "保管密钥由投标人自行提交" in opened.stdout
    assert "已解密，全文校验无误" in opened.stdout


def _bring_again(run: CommandLine, house: House, bidder: Person, file: str) -> None:
    """Another plaintext and another's recipe are refused here, before anything is sent; the right ones heal the bid."""
    lot, own = str(house.hall.lot.id), _recipe(bidder)
    plain = (run.folder / file).read_bytes()
    (run.folder / "改.pdf").write_bytes(plain[:-1] + bytes([plain[-1] ^ 1]))
    (run.folder / "长.pdf").write_bytes(plain + b" ")
    others = _recipe(house.hall.world.bidders[FAILER])
    for recipe, name, noticed in ((own, "改.pdf", "不是密封时的原文"), (others, file, "复原单中没有这份投标文件的"),
                                  (own, "长.pdf", f"现为 {len(plain) + 1} 字节，密封时为 {len(plain)} 字节")):
        refused = run(bidder, "remedy", lot, "--recipe", recipe, "--file", name)
        assert refused.returncode == 1, refused.stdout
        assert noticed in refused.stderr
    before = next(each for each in house.public.get(f"{house.lot}/hall")["bids"] if each["place"] == 1)
    assert (before["state"], before["attempts"]) == ("sealed", 0)
    healed = run(bidder, "remedy", lot, "--recipe", own, "--file", file)
    assert healed.returncode == 0, healed.stderr
    assert "已解密，全文校验无误" in healed.stdout
    after = next(each for each in house.public.get(f"{house.lot}/hall")["bids"] if each["place"] == 1)
    assert [(each["at_fault"], each["restored_at"] is None) for each in after["damages"]] == [
        ("platform", False)] * healed.stdout.count("已复原")
    assert after["damages"]


def _release_by_code(run: CommandLine, house: House, bidder: Person) -> None:
    """A code mistyped is asked for again, another's is refused; neither sends anything."""
    page, lot = (run.folder / CODE).read_text(), str(house.hall.lot.id)
    code = page.split("=\n\n")[1].split()[0]
    assert house.hall.lot.code in page
    assert bidder.party.name in page
    assert (run.folder / CODE).stat().st_mode & 0o077 == 0
    wrong = run.at_terminal(bidder, "remedy", lot, "--code", types=f"{code[:-1]}\n{new_code()}\n")
    assert wrong.returncode == 1
    assert "请对照打印件核对" in wrong.stderr
    assert "恢复码不属于这份投标文件" in wrong.stderr
    bids = house.public.get(f"{house.lot}/hall")["bids"]
    own = [each for each in bids if each["bidder"]["name"] == bidder.party.name]
    assert [(each["state"], each["attempts"]) for each in own] == [("sealed", 0)]
    released = run.at_terminal(bidder, "remedy", lot, "--code", types=f"{code.lower()}\n")
    assert released.returncode == 0, released.stderr
    assert "补救方案" in released.stdout
    shown = house.public.get(f"{house.lot}/hall")["bids"]
    assert bidder.party.name in [each["bidder"]["name"] for each in shown if each["remedy"]]


async def _publish(house: House) -> None:
    host = house.client(house.hall.host)
    await house.hall.end_confirmations()
    await asyncio.to_thread(host.post, f"{house.lot}/hall/conclude", {"expected": "confirming"})
    await asyncio.to_thread(house.sign, house.hall.recorder, "recorder")
    await asyncio.to_thread(house.sign, house.hall.host, "host")
    query = select(func.count()).select_from(OpenedBid).where(OpenedBid.body_check.in_(("waiting", "checking")))

    async def all_are_checked() -> bool:
        async with house.hall.world.sessions() as session:
            return not await session.scalar(query)
    await eventually(all_are_checked)


async def _desk(board: Board) -> Desk:
    await board.drawn()
    seated = await board.seat_everyone()
    leader = next(each for each in seated if each.capacity == "expert")
    await board.elect(leader)
    await board.begin()
    return Desk(board, [leader, *(each for each in seated if each.id != leader.id)])


def _read_the_price(house: House, two: TwoEnvelopes) -> None:
    """What was sealed as the price file is read at the desk, and by its bidder; by nobody else's bidder."""
    member = house.client(two.desk.board.everyone[two.desk.leader.party_id])
    bodies = [each["price_body"] for each in member.get(f"{house.lot}/evaluation")["bids"]]
    assert [member.get_bytes(each["url"]) if each else None for each in bodies] == [
        b"%PDF-1.7 price", None, b"%PDF-1.7 price"]
    name = f"{bodies[0]['url'].removesuffix('/body')}/file?name=报价.pdf&offset=0&length={bodies[0]['size']}"
    assert member.get_bytes(name) == b"%PDF-1.7 price"
    own, other = (house.client(house.hall.world.bidders[place]) for place in (0, 2))
    address = f"/api/bids/{own.get(f'{house.lot}/hall')['bids'][0]['opened']}/body"
    assert own.get_bytes(address) == b"%PDF-1.7 price"
    with pytest.raises(ApiError):
        other.get_bytes(address)


def _take_home(run: CommandLine, hall: Hall) -> None:
    """Whoever passed takes both envelopes home as they were sealed; who failed the first, and is told of the other."""
    lot, code = str(hall.lot.id), hall.lot.code
    for place, name in ((0, "passed"), (FAILER, "failed")):
        kept = run.folder / name
        taken = run(hall.world.bidders[place], "read", lot, "-o", str(kept))
        assert taken.returncode == 0, taken.stderr
        assert (kept / f"{code}-technical.pdf").read_bytes() == b"%PDF-1.7 technical"
        assert (kept / f"{code}-price.pdf").exists() is (name == "passed")
        assert ("始终密封，不再开启" in taken.stdout) is (name == "failed")
    again = run(hall.world.bidders[0], "read", lot, "-o", str(run.folder / "passed"))
    assert (again.returncode, "已存在" in again.stderr) == (1, True), "nothing is overwritten"


async def test_both_envelopes_by_command_line_and_a_failer_is_turned_away(
        node: NodeProcess, sessions: Sessions, settings: Settings, object_store: ObjectStore, tmp_path: Path) -> None:
    hall = await found_hall(sessions, settings, object_store)
    await hall.change_lot(two_envelopes=True, announced_fields=FIELDS, remedy="backup", **METHOD)
    board, house, run = await found_board(hall), House(hall, node.address), CommandLine(node, tmp_path)
    began = time.monotonic()
    await asyncio.to_thread(run, hall.world.bidders[0], "status", str(hall.lot.id))
    # A client releases nothing before the hour that its seal names: it has to come by itself.
    hour = process_now() + timedelta(seconds=100) * slowness((time.monotonic() - began) / 3)
    await hall.world.set_deadline(hour)
    await asyncio.to_thread(_deliver, run, hall)
    await asyncio.sleep((hour - process_now()).total_seconds())
    await asyncio.to_thread(house.until, lambda shown: shown["step"] == "frozen")
    healed = hall.world.bidders[0]
    await _damage(hall, healed, "technical", "technical/statement", "price")
    rows = await asyncio.to_thread(_open, run, house, hall.world.bidders, "技术.pdf", hall.world.bidders[FAILER])
    assert [row["price"] for row in rows] == [None] * 3
    await _publish(house)
    two = TwoEnvelopes(await _desk(board))
    await two.judge({(FAILER + 1, "2.1"): "资质等级不足"})
    await two.sign()
    tenderee = house.client(hall.world.tenderee)
    with pytest.raises(ApiError) as early:
        tenderee.post(f"{house.lot}/price-opening", {"opens_at": to_wire(process_now() + timedelta(minutes=5))})
    assert [rule["number"] for rule in early.value.rules] == ["R-318/5"]
    await hall.change_lot(price_notice_minutes=0)
    tenderee.post(f"{house.lot}/price-opening", {"opens_at": to_wire(process_now() + timedelta(seconds=5))})
    await asyncio.to_thread(house.until, lambda shown: shown["envelope"] == "price" and shown["step"] == "frozen")
    turned_away = await asyncio.to_thread(run, hall.world.bidders[FAILER], "release", str(hall.lot.id), "--wait", "1")
    assert turned_away.returncode == 1
    failer = hall.world.bidders[FAILER]
    by_remedy = await asyncio.to_thread(run, failer, "remedy", str(hall.lot.id), "--recipe", _recipe(failer), "--file",
                                        "报价.pdf", "--alone")
    assert by_remedy.returncode == 1, "no remedy opens the price of who failed"
    passers = [each for place, each in enumerate(hall.world.bidders) if place != FAILER]
    rows = await asyncio.to_thread(_open, run, house, passers, "报价.pdf")
    assert [row["price"] for row in rows] == [PRICES[0], PRICES[2]]
    await _publish(house)
    assert await two.take() == "competition"
    assert await two.find_competition() == "ranked"
    await asyncio.to_thread(_read_the_price, house, two)
    await asyncio.to_thread(_take_home, run, hall)
    stored = await two.desk.everything_stored()
    assert PRICES[0] in stored, "an opened price is found by this search, so a sealed one would be"
    assert PRICES[FAILER] not in stored
    _is_judged(hall, await hall.bundle())


def _is_judged(hall: Hall, bundle: dict[str, Any]) -> None:
    """A stranger finds the remedies of both openings, and nothing that opens the price of who failed."""
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    told = [each.chinese for each in verify_bundle(bundle, anchors)]
    assert [each for each in told if each.startswith("补救：")] == [
        "补救：1 份由投标人自行提交保管密钥开启，经其签名，与投标时的承诺相符"]
    assert [each.split("个")[0] for each in told if each.startswith("复原：")] == ["复原：2 ", "复原：1 "]
    assert ["s_p" in (bid["secrets"] or {}) for bid in bundle["bids"]] == [False, True, False]
    assert ["s_p" in bid["secrets"] for bid in bundle["prices"]["bids"]] == [False, False]
