"""A guarantee letter without a browser, and what ``yunkai bid`` says where a bid would go without one."""

import asyncio
import json
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from storage.kernel.clock import SHANGHAI, process_now, shanghai
from tests.bids_world import Person
from tests.command_line import CommandLine
from tests.guarantee_world import Guarantees
from tests.integration.guarantees.test_a_letter_from_the_opening_on import board, failed
from tests.waiting import until

FIELDS = ("--field", "price=8730000.00", "--field", "days=365")
CONTACT = ("--contact-name", "李联系", "--contact-phone", "0518-85551234")
WARNED = "平台看不到密封的保函"
PACE = timedelta(minutes=4)  # longer than it takes from here to the opening


@pytest.fixture
async def guarantees(guarantees: Guarantees) -> Guarantees:
    """Whatever the hour is, the deadline of the applications lies on the day of the opening, which is moved to now: the
    command asks for a letter from the deadline's day on."""
    now = shanghai(process_now())
    midnight = datetime.combine(now.date() + timedelta(days=1), time(0), tzinfo=SHANGHAI)
    if midnight - now < PACE:
        await asyncio.sleep((midnight - now).total_seconds())
        midnight += timedelta(days=1)
    last = midnight - timedelta(seconds=1)
    await guarantees.hall.world.set_deadline(min(shanghai(process_now()) + timedelta(hours=1), last))
    return guarantees


@pytest.fixture
def run(guarantees: Guarantees, tmp_path: Path) -> CommandLine:
    """In a folder of its own."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "bid.pdf").write_bytes(b"%PDF-1.7\n" + b"bid" * 50_000)
    return CommandLine(guarantees.node, folder)


def _letter_sent(guarantees: Guarantees, run: CommandLine, bidder: Person) -> None:
    """Applied for, fetched, judged, sealed along; the draft remembers it until it is submitted."""
    lot, trust = guarantees.lot, str(guarantees.hall.settings.trust_directory)
    listed = run(bidder, "letter", "issuers", lot)
    assert "江苏海州银行　银行保函" in listed.stdout, listed.stderr
    assert "没有可为本标段出具保函的机构" in run(bidder, "letter", "apply", lot, "--issuer", "别家", *CONTACT).stderr
    applied = run(bidder, "letter", "apply", lot, "--issuer", guarantees.issuer.name, *CONTACT)
    number = applied.stdout.split("编号 ")[1].split()[0]
    fetched = run(bidder, "letter", "fetch", lot, "--order", number, "--trust", trust)
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.count("✓ R-4") == 10, fetched.stdout
    kept = run.folder / f"{number}.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (run.folder / f"{number}.pdf").read_bytes().startswith(b"%PDF-")
    assert "R-414 保函由名录内机构以有效证书电子签名，签名完好（未判断" in run(bidder, "letter", "fetch", lot).stdout
    draft = run(bidder, "send", lot, "--file", "bid.pdf", *FIELDS, "--letter", str(kept), "--no-submit")
    assert "已上传未提交" in draft.stderr
    again = run(bidder, "send", lot, "--file", "bid.pdf", "--field", "price=8500000.50", *FIELDS[2:], "--no-submit")
    assert f"随开标一览表密封保函 {kept.name}" in again.stderr, "the statement sealed anew carries it again"
    done = run(bidder, "submit", lot)
    assert "已提交" in done.stdout, done.stderr
    assert WARNED not in draft.stderr + again.stderr + done.stderr
    assert not (run.folder / f"yunkai-bid-{lot}.json").exists()


def _sent_without(guarantees: Guarantees, run: CommandLine, bidder: Person) -> None:
    """No terminal: the law judges at the opening, so the command warns and goes on."""
    sent = run(bidder, "send", guarantees.lot, "--file", "bid.pdf", *FIELDS)
    assert sent.returncode == 0
    assert "已提交" in sent.stdout
    for words in (WARNED, "R-120/5", "200000.00 元", "R-401", "R-412"):
        assert words in sent.stderr


def _asked_at_a_terminal(guarantees: Guarantees, run: CommandLine, bidder: Person) -> None:
    words = ("send", guarantees.lot, "--file", "bid.pdf", *FIELDS)
    refused = run.at_terminal(bidder, *words, types="n\n")
    assert (refused.returncode, WARNED in refused.stderr, "未递交" in refused.stderr) == (1, True, True)
    assert "第 1 版" not in run(bidder, "status", guarantees.lot).stdout, "nothing left the computer"
    assert "已上传未提交" in run.at_terminal(bidder, *words, "--no-submit", types="").stderr
    submitted = run.at_terminal(bidder, "submit", guarantees.lot, types="y\n")
    assert WARNED in submitted.stderr, "an uploaded version is warned of as well"
    assert "已提交" in submitted.stdout
    waived = run.at_terminal(bidder, *words, "--without-security", types="")
    assert "已提交" in waived.stdout, waived.stderr
    assert WARNED in waived.stderr, "said, not asked"


@pytest.mark.cts("A-102", "A-103")
async def test_a_letter_goes_from_the_issuer_into_the_bid_and_bids_without_one_are_warned(
        guarantees: Guarantees, run: CommandLine) -> None:
    hall, (first, second, third) = guarantees.hall, guarantees.hall.world.bidders
    await asyncio.to_thread(_letter_sent, guarantees, run, first)
    await asyncio.to_thread(_sent_without, guarantees, run, second)
    await asyncio.to_thread(_asked_at_a_terminal, guarantees, run, third)
    await hall.begin()
    await hall.release_all()
    [item] = await asyncio.to_thread(until, lambda: board(guarantees))
    assert (item["bidder"]["name"], item["verdict"], failed(item)) == (first.party.name, "VALID", [])
    forms = {each["bidder"]["name"]: each["security"]["form"] for each in (await hall.snapshot())["bids"]}
    assert forms == {first.party.name: "bank", second.party.name: "none", third.party.name: "none"}


async def test_what_is_no_letter_or_another_lots_is_said_before_anything_is_sent(
        guarantees: Guarantees, run: CommandLine) -> None:
    bidder = guarantees.hall.world.bidders[0]
    words = ("send", guarantees.lot, "--file", "bid.pdf", *FIELDS)
    (run.folder / "no.json").write_text("[]")
    refused = await asyncio.to_thread(run, bidder, *words, "--letter", "no.json")
    assert (refused.returncode, "不是保函文件" in refused.stderr) == (1, True)
    refused = await asyncio.to_thread(run, bidder, *words, "--order", "BH-0000-0000-0000")
    assert (refused.returncode, "没有编号为" in refused.stderr) == (1, True)
    letter = await asyncio.to_thread(guarantees.letter, bidder)
    other = letter.to_json() | {"data": dict(letter.data) | {"lot": "E3207000001000009009"}}
    (run.folder / "other.json").write_text(json.dumps(other, ensure_ascii=False))
    refused = await asyncio.to_thread(run, bidder, *words, "--letter", "other.json", "--without-security")
    assert "只能用一个" in refused.stderr
    sent = await asyncio.to_thread(run, bidder, *words, "--letter", "other.json", "--no-submit")
    assert "✗ R-414/5" in sent.stderr, "it is the bidder's to send, and said to fail at the opening"
    assert "✗ R-414/2" in sent.stderr
    (run.folder / "other.json").unlink()
    gone = await asyncio.to_thread(run, bidder, *words)
    assert (gone.returncode, "找不到保函文件" in gone.stderr) == (1, True), "a draft's letter is never left out unsaid"
