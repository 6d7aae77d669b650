"""Fault 28: a witness down or stale holds nothing up; given a rollback or a split view it refuses and proves it.

Real processes: a node over PostgreSQL, and the packed witness where nothing but Python is. A log that cheats is a
program of its own, which signs with a key that the test holds.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from frontend.cli.packing import pack
from frontend.verifier.command import verify
from frontend.witness.alarm import read_alarm
from frontend.witness.judging import ALARMS, Finding
from storage.ledger.checkpoints import verify_cosignature
from storage.ledger.notes import COSIGNATURE_V1, KeyText
from tests import cheating_log
from tests.identities import make_people
from tests.ledger_world import connect
from tests.ports import draw_ports
from tests.waiting import until
from tests.witness_world import ENTRIES, FORGED, LOG, WitnessProgram, note_of, proof_of


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The witness in one file."""
    path = tmp_path_factory.mktemp("witness") / "witness.pyz"
    pack("frontend.witness.__main__", path)
    return path


@pytest.fixture
def cheat(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A log that serves what lies in a folder: the folder and its address."""
    folder, [port] = tmp_path / "log", draw_ports(1)
    folder.mkdir()
    process = subprocess.Popen([sys.executable, cheating_log.__file__, str(folder), str(port)])
    address = f"http://127.0.0.1:{port}"
    until(lambda: _answers(address))
    yield folder, address
    process.kill()
    process.wait()


def _answers(address: str) -> bool:
    try:
        return bool(httpx.get(f"{address}/api/ledger/checkpoint").status_code)
    except httpx.TransportError:
        return False


def offer(folder: Path, leaves: list[bytes], *olds: int) -> str:
    """The log now serves this checkpoint, and proofs from these sizes on."""
    for old in olds:
        proof = [each.hex() for each in proof_of(leaves, old)]
        (folder / f"proof-{old}-{len(leaves)}.json").write_text(json.dumps({"proof": proof}))
    fresh = folder / "new"
    fresh.write_text(note_of(leaves))
    fresh.replace(folder / "checkpoint")
    return note_of(leaves)


def cosigned(folder: Path) -> list[int]:
    """Sizes of what was cosigned, in order."""
    file = folder / "cosignatures"
    return [json.loads(line)["size"] for line in file.read_text().splitlines()] if file.exists() else []


STRANGER = KeyText("stranger.example/1", bytes(range(1, 33)), COSIGNATURE_V1)
CHEATS = [(Finding.SPLIT, FORGED[:20], ()), (Finding.REWRITTEN, FORGED[:30], (20,)),
          (Finding.ROLLBACK, ENTRIES[:15], ())]


@pytest.mark.parametrize(("finding", "leaves", "olds"), CHEATS)
def test_fault_28_a_cheated_witness_cosigns_no_more_and_holds_the_evidence(
        program: Path, cheat: tuple[Path, str], tmp_path: Path, finding: Finding, leaves: list[bytes],
        olds: tuple[int, ...]) -> None:
    folder, address = cheat
    witness = WitnessProgram(program, tmp_path / "w")
    key = witness.init("supervisor.example/1", LOG, address)
    seen = offer(folder, ENTRIES[:20])
    note = f"{sys.executable} -c \"import sys, pathlib; pathlib.Path(r'{tmp_path}/told').write_text(sys.argv[1])\""
    with witness.follow("--on-alarm", note, "--webhook", f"{address}/told") as running:
        until(lambda: cosigned(folder) == [20])
        offered = offer(folder, leaves, *olds)
        assert running.wait(30) == 3
    [alarm] = witness.alarms()
    assert read_alarm(alarm.read_text(), LOG) == (finding, key, LOG)
    told = json.loads(alarm.read_text())
    assert (told["seen"], told["offered"]) == (seen, offered)
    assert (tmp_path / "told").read_text() == str(alarm)
    assert json.loads("".join((folder / "told").read_text().splitlines())) == told
    assert "ALARM" in witness.log.read_text()
    offer(folder, ENTRIES[:25], 20)
    assert witness.run("follow").returncode == 3, "an alarm ends by a person's hand alone"
    assert cosigned(folder) == [20]
    assert witness.run("judge", str(alarm)).returncode == 0
    alarm.rename(tmp_path / "kept.json")
    with witness.follow() as running:
        until(lambda: cosigned(folder) == [20, 25])
        running.terminate()
        assert running.wait(10) == 0
    offer(folder, FORGED[:25])
    assert (witness.run("check").returncode, len(witness.alarms())) == (3, 1), "a single look keeps what it finds"


def test_fault_28_an_old_answer_an_outage_and_a_foreign_note_are_no_alarm(program: Path, cheat: tuple[Path, str],
                                                                         tmp_path: Path) -> None:
    folder, address = cheat
    witness = WitnessProgram(program, tmp_path / "w")
    witness.init("bidder.example/1", LOG, address)
    offer(folder, ENTRIES[:20])
    with witness.follow() as running:
        until(lambda: cosigned(folder) == [20])
        offer(folder, ENTRIES[:20], 15)
        offer(folder, ENTRIES[:15])
        until(lambda: "stale" in witness.log.read_text())
        (folder / "down").touch()
        until(lambda: "503" in witness.log.read_text())
        (folder / "checkpoint").write_text("not ours\n99\nAAAA\n\n— x AAAAAAAA\n")
        (folder / "down").unlink()
        until(lambda: "not cosigned: 检查点" in witness.log.read_text())
        (folder / "checkpoint").write_bytes("<h1>正在维护</h1>".encode("gbk"))  # a proxy's page, in whatever encoding
        until(lambda: "不是检查点" in witness.log.read_text())
        (folder / "no-way").touch()
        offer(folder, ENTRIES[:30])
        until(lambda: "404" in witness.log.read_text())
        assert running.poll() is None, "a proxy's 404 is not the log's confession"
        running.kill()  # a power cut: the next one goes on where this one was
    assert (cosigned(folder), witness.alarms()) == ([20], [])
    (folder / "no-way").unlink()
    offer(folder, ENTRIES[:30], 20)
    with witness.follow() as running:
        until(lambda: cosigned(folder) == [20, 30])
        running.terminate()
        running.wait(10)


async def test_fault_28_acts_go_on_without_witnesses_and_checkpoints_say_how_many_there_are(
        settings, node, program: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(_with_a_real_node, settings, node, program, tmp_path)


def _with_a_real_node(settings, node, program: Path, tmp_path: Path) -> None:
    people = make_people(settings, node.address)
    public = people.client()
    owners = [people.staff("supervisor"), people.verified("江苏见证建设有限公司")]
    witnesses = [WitnessProgram(program, tmp_path / f"w{number}") for number in range(2)]
    log = public.get("/api/platform")["checkpoint_key"]
    keys = [each.init(f"w{number}.example/1", log, node.address) for number, each in enumerate(witnesses)]
    assert _newest(public)["witnesses"] == [], "not yet witnessed"
    owners[0].post("/api/ledger/witnesses", {"key": keys[0]})
    with witnesses[0].follow() as first, witnesses[1].follow() as second:
        until(lambda: "404" in witnesses[1].log.read_text())  # nobody registered it yet
        owners[1].post("/api/ledger/witnesses", {"key": keys[1]})
        both = until(lambda: _cosigned_by(public, 2, 10))
        assert both["witnesses"] == ["w0.example/1", "w1.example/1"]
        for key in keys:
            verify_cosignature(both["note"], key)
        _evidence_carries_them(public, both["size"], log, keys, tmp_path)
        # One is down: acts go on, and what comes after is seen by the other alone.
        second.kill()
        second.wait()
        people.verified("江苏照常入库有限公司")
        size = _newest(public)["size"]
        until(lambda: _cosigned_by(public, 1, size))
        an_hour_passes(settings.database_url)
        standing = {each["name"]: each["standing"] for each in public.get("/api/ledger/witnesses")}
        assert standing["w1.example/1"] == "behind"
        # The database is put back to what it was: the one that is there finds out.
        roll_back(settings.database_url, both["size"] - 1)
        node.kill()
        node.restart()
        assert first.wait(60) == 3
    [alarm] = witnesses[0].alarms()
    assert read_alarm(alarm.read_text(), log)[0] in ALARMS
    assert judged(alarm, "--key", log) == 0
    people.verified("江苏见证停后入库有限公司")
    owners[1].post(f"/api/ledger/witnesses/{public.get('/api/ledger/witnesses')[1]['id']}/retire")
    assert public.get("/api/ledger/witnesses")[1]["standing"] == "retired"


def _evidence_carries_them(public, size: int, log: str, keys: list[str], folder: Path) -> None:
    """The checkpoint as evidence, and an entry's proof, stand before a verifier that pins both witnesses; no third."""
    checkpoint, entry = folder / "checkpoint.json", folder / "entry.json"
    checkpoint.write_text(json.dumps(public.get(f"/api/ledger/checkpoints/{size}")))
    entry.write_text(json.dumps(public.get(f"/api/ledger/entries/{size - 1}/proof")))
    both = [word for key in keys for word in ("--witness", key)]
    assert judged(checkpoint, "--key", log, *both) == judged(entry, "--key", log, *both) == 0
    assert judged(checkpoint, "--key", log, "--witness", str(STRANGER)) == 1
    assert judged(entry, "--key", log, *both, "--witness", str(STRANGER)) == 1


def judged(file: Path, *words: str) -> int:
    """The exit code of ``yunkai verify``."""
    return CliRunner().invoke(verify, [str(file), *words]).exit_code


def _newest(public) -> dict:
    return until(lambda: public.get("/api/ledger/checkpoints", limit=1)["newest"])


def _cosigned_by(public, count: int, size: int = 0) -> dict | None:
    listed = public.get("/api/ledger/checkpoints", limit=100, **{"from": size})["checkpoints"]
    return next((each for each in listed if len(each["witnesses"]) >= count), None)


def an_hour_passes(url: str) -> None:
    """As if every checkpoint had been signed an hour earlier."""
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE ledger_checkpoint SET signed_at = signed_at - interval '1 hour'")


def roll_back(url: str, size: int) -> None:
    """The log of the past: entries and checkpoints beyond ``size`` are gone, by an administrator's hand."""
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in ("DELETE FROM ledger_cosignature WHERE size > %s",
                          "DELETE FROM ledger_checkpoint WHERE size > %s",
                          "DELETE FROM ledger_payload WHERE seq >= %s", "DELETE FROM ledger_entry WHERE seq >= %s",
                          "DELETE FROM ledger_node WHERE (index + 1) << level > %s"):
            connection.execute(statement, (size,))
