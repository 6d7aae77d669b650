"""The main acceptance test: a whole tender with real files over the public interfaces, as its user runs it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from frontend.cli.rehearsal.model import Fate, Plan, bytes_of, cast
from frontend.cli.rehearsal.report import NotProved, Report
from tests.nodes import ROOT
from tests.ports import draw_ports

COMMAND = Path(sys.executable).parent / "yunkai"  # what the set-up installs and the README names
STAGES = ["启动", "入库", "编制", "招标", "下载", "投标", "保密", "到点", "解密", "唱标", "异议确认", "记录", "全文",
          "取证", "独立验证"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Outside of pytest's folders, to which another run of it closes the way for PostgreSQL's own user."""
    with tempfile.TemporaryDirectory(prefix="yunkai-test-") as folder:
        yield Path(folder)


# Suite 2 here, suite 1 on the way to the archive (test_rehearsal_whole.py): each a whole tender.
@pytest.mark.cts("A-111")
def test_a_whole_tender_is_rehearsed_and_everything_about_it_is_proved(tmp_path, temporary):
    kept = tmp_path / "kept"
    done = subprocess.run(
        [COMMAND, "rehearse", "--bidders", "4", "--size", "300kB", "--nodes", "2",
         "--suite", "2", "--keep", str(kept), "--seed", "7"], cwd=ROOT, env=environment(tmp_path, temporary),
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    stages = json.loads((kept / "report.json").read_text())
    assert [stage["name"].split(" ")[0] for stage in stages] == STAGES
    assert all(stage["proved"] and not stage["failed"] for stage in stages)
    assert "全部成立" in done.stdout
    bundle = json.loads((kept / "bundle.json").read_text())
    headers = [json.loads(each["header"]) for bid in bundle["bids"] for each in bid["envelopes"]]
    assert {(header["ctx"]["suite"], wrap["alg"]) for header in headers for wrap in header["wraps"]} == {(2, "sm2")}
    assert bundle["lot"]["rehearsal"] is True
    assert sorted(bid["state"] for bid in bundle["bids"]) == ["decrypted", "decrypted", "decrypted", "revoked"]
    assert len(list((kept / "receipts").glob("*.json"))) == 7
    assert [str(path) for path in temporary.rglob("*")] == []
    assert [process for process in psutil.process_iter() if str(temporary) in " ".join(_command(process))] == []


def environment(folder: Path, temporary: Path) -> dict[str, str]:
    """A user's: a dozen processes share compiled modules, which this machine may have been told not to write."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "TMPDIR": str(temporary)}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_rehearsal_that_breaks_off_says_where_and_fails(tmp_path):
    port = draw_ports(1)[0]
    done = subprocess.run(
        [sys.executable, "-m", "frontend.cli", "rehearse", "--bidders", "4", "--server", f"http://127.0.0.1:{port}",
         "--demo-keys", str(tmp_path), "--keep", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text())[-1]["failed"]
    assert "✗" in done.stdout


def test_what_is_not_proved_is_kept_and_the_rest_goes_on():
    report = Report(Console(quiet=True))
    with report.stage("一") as stage:
        stage.prove(False, "没有成立")
        stage.prove(True, "成立")
    assert not report.holds
    with pytest.raises(NotProved), report.stage("二") as stage:
        stage.need(False, "没有它不能继续")
    assert report.to_json()[1]["failed"] == ["没有它不能继续"]


def test_the_same_seed_gives_the_same_bidders_and_prices(tmp_path):
    plan = Plan(bidders=5, size=1000, seed=3, processes=2, asked_seconds=10)
    first, again = (cast(plan, ("http://a", "http://b"), tmp_path, "x") for _ in range(2))
    assert [bidder.values(1) for bidder in first] == [bidder.values(1) for bidder in again]
    assert sum(bidder.fate in {Fate.PLAIN, Fate.REPLACES, Fate.SILENT} for bidder in first) == 5
    assert {bidder.fate for bidder in first} == set(Fate)
    assert len({bidder.values(1)["price"] for bidder in first}) == len(first)


@pytest.mark.parametrize(("text", "count"), [("300kB", 300_000), ("50MB", 50_000_000), ("1.5GB", 1_500_000_000)])
def test_sizes_are_read_as_people_write_them(text, count):
    assert bytes_of(text) == count
    with pytest.raises(ValueError, match="50MB"):
        bytes_of(f"{text}x")


def test_a_busy_machine_gets_more_time_unless_it_was_asked_otherwise():
    quiet = Plan(bidders=10, size=5_000_000, seed=1, processes=2).after_enrolment(1.0)
    busy = quiet.after_enrolment(12 * 2.7)
    assert busy.seconds_to_bid == pytest.approx(3 * quiet.seconds_to_bid)
    assert (quiet.window, busy.window) == (16, 48)
    assert Plan(10, 5_000_000, 1, 2, asked_seconds=30).after_enrolment(60).seconds_to_bid == 30
