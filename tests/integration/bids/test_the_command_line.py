"""``yunkai bid`` against a real node: its own process, HTTP and S3 alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.kernel.clock import process_now
from tests.bids_world import World
from tests.command_line import CommandLine
from tests.nodes import ROOT, NodeProcess

FIELDS = ("--field", "price=8730000.00", "--field", "days=365")


@pytest.fixture
def run(node: NodeProcess, world: World, tmp_path: Path) -> CommandLine:
    """Runs the command line as a bidder would."""
    return CommandLine(node, tmp_path)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A bid of three parts."""
    path = tmp_path / "投标文件.pdf"
    path.write_bytes(b"%PDF-1.7\n" + os.urandom(20_000_000))
    return path


@pytest.mark.cts("A-87", "A-91", "A-99", "A-101")
def test_a_bidder_seals_uploads_tries_submits_verifies_replaces_and_withdraws(
        run: CommandLine, world: World, paper: Path, tmp_path: Path) -> None:
    bidder, lot = world.bidders[0], str(world.lot.id)
    sent = run(bidder, "send", lot, "--file", str(paper), *FIELDS)
    assert sent.returncode == 0, sent.stderr
    number = sent.stdout.split("回执 ")[1].split()[0]
    assert (tmp_path / f"{number}.pdf").read_bytes().startswith(b"%PDF")
    kept = json.loads((tmp_path / f"{number}.json").read_text())
    assert kept["proof"]["act"]["payload"]["receipt"] == number
    root = tmp_path / "root.pem"
    root.write_text(kept["signature"]["chain"][-1])
    verified = run(bidder, "receipt", number, "--root", str(root), "--ledger-key", kept["proof"]["key"])
    assert "账本证明有效" in verified.stdout, verified.stderr
    assert run(bidder, "trial", lot, identity=1).returncode == 0, "the second certificate opens it too (R-704)"
    replaced = run(bidder, "send", lot, "--file", str(paper), "--field", "price=8000000.00", "--field", "days=300")
    assert replaced.returncode == 0, replaced.stderr
    assert "第 2 版" in run(bidder, "status", lot).stdout
    assert run(bidder, "withdraw", lot, "--yes").returncode == 0
    assert "已撤回" in run(bidder, "status", lot).stdout


@pytest.mark.cts("A-88")
def test_a_draft_is_changed_seen_and_given_up(run: CommandLine, world: World, paper: Path) -> None:
    bidder, lot = world.bidders[1], str(world.lot.id)
    refused = run(bidder, "send", lot, "--file", str(paper), "--field", "price=很多")
    assert refused.returncode == 1
    assert "投标总价" in refused.stderr
    assert "工期" in refused.stderr
    assert "未提交" in run(bidder, "status", lot).stdout, "a statement out of form never leaves the computer"
    for price in ("1.00", "2.00"):
        sent = run(bidder, "send", lot, "--file", str(paper), "--field", f"price={price}", "--field", "days=3",
                   "--no-submit")
        assert "第 1 版 已上传未提交" in sent.stderr
    assert "已上传未提交" in run(bidder, "status", lot).stdout
    assert "第 1 版已放弃" in run(bidder, "discard", lot, "--yes").stdout
    assert "已放弃" in run(bidder, "status", lot).stdout


@pytest.mark.cts("A-92")
async def test_after_the_deadline_the_command_line_says_which_rule(run: CommandLine, world: World, paper: Path) -> None:
    await world.set_deadline(process_now())
    refused = run(world.bidders[1], "send", str(world.lot.id), "--file", str(paper), *FIELDS)
    assert refused.returncode == 1
    assert "R-141" in refused.stderr


def test_a_wrong_password_is_said_plainly(world: World, tmp_path: Path) -> None:
    p12 = tmp_path / "x.p12"
    p12.write_bytes(world.bidders[0].identities[0].to_pkcs12("secret"))
    refused = subprocess.run(
        [sys.executable, "-m", "frontend.cli", "bid", "--p12", str(p12), "--password", "wrong", "status", "x"],
        cwd=ROOT, text=True, capture_output=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert "口令" in refused.stderr
