"""The hourly time stamp of a checkpoint, by an authority that is a program of its own; checked by OpenSSL."""

import asyncio
import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from frontend.verifier.command import verify
from storage.crypto.timestamps import end_of
from storage.crypto.tsa import HttpAuthority
from storage.kernel.clock import process_now
from storage.kernel.errors import Unavailable
from storage.ledger.notes import signed_by_log
from storage.ledger.outbox import append
from storage.ledger.queries import latest_checkpoint
from storage.ledger.stamping import last_stamp, stamp_checkpoint
from storage.ledger.tables import LedgerStamp
from tests.identities import make_people
from tests.ledger_world import connect, draft, sequencing, sessions_of
from tests.nodes import ROOT
from tests.ports import draw_ports
from tests.waiting import eventually, until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An external authority: its address and its root certificate."""
    folder, [port] = tmp_path_factory.mktemp("tsa"), draw_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "tests.stamping_program", str(folder), str(port)], cwd=ROOT)
    until((folder / "root.pem").exists)
    yield f"http://127.0.0.1:{port}/", folder / "root.pem"
    process.kill()
    process.wait()


async def test_a_checkpoint_is_stamped_once_an_hour_and_only_when_the_log_moved(
        database_url: str, authority: tuple[str, Path]) -> None:
    external = HttpAuthority(authority[0])
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        assert not await stamp_checkpoint(sessions, external), "there is nothing to stamp"

        async def written(size: int) -> None:
            async with sessions() as session, session.begin():
                await append(session, draft(size), (await session.execute(select(func.clock_timestamp()))).scalar_one())

            async def covered() -> bool:
                async with sessions() as session:
                    newest = await latest_checkpoint(session)
                    return newest is not None and newest.size == size

            await eventually(covered)

        await written(1)
        with pytest.raises(Unavailable):
            await stamp_checkpoint(sessions, HttpAuthority("http://127.0.0.1:9/", timeout=1))
        together = await asyncio.gather(*(stamp_checkpoint(sessions, external) for _ in range(4)))
        assert together.count(True) == 1, "nodes do not stamp it twice"
        await written(2)
        assert not await stamp_checkpoint(sessions, external), "the hour is not over"
        with connect(database_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE ledger_stamp SET stamped_at = stamped_at - interval '61 minutes'")
        assert await stamp_checkpoint(sessions, external)
        async with sessions() as session:
            found = await last_stamp(session)
            assert found is not None
            assert (found.size, found.authority) == (2, "外部时间戳机构 时间戳")
            assert abs(found.at - process_now()) < timedelta(minutes=1)
            assert await session.scalar(select(func.count()).select_from(LedgerStamp)) == 2
            assert end_of(found.token) > process_now() + timedelta(days=3500)


async def test_a_node_names_the_authority_and_gives_tokens_that_openssl_accepts(
        settings, start_node, authority: tuple[str, Path], tmp_path: Path) -> None:
    await asyncio.to_thread(_with_a_node, settings, start_node, authority, tmp_path)


def _with_a_node(settings, start_node, authority: tuple[str, Path], tmp_path: Path) -> None:
    url, root = authority
    node = start_node(tsa_url=url)
    make_people(settings, node.address)
    with httpx.Client(base_url=f"{node.address}/api") as http:
        told = http.get("/platform").json()
        assert (told["time_stamping"], told["time_stamping_authority"]) == ("external", "127.0.0.1")

        def stamped() -> dict | None:
            return http.get("/ledger/checkpoints", params={"limit": 1}).json()["stamped"]

        found = until(stamped)
        document = http.get(f"/ledger/checkpoints/{found['size']}").json()
        assert http.get(f"/ledger/checkpoints/{found['size'] + 10_000}").status_code == 404
    (tmp_path / "note").write_text(signed_by_log(document["note"], told["log"]))
    (tmp_path / "token").write_bytes(b64decode(document["stamp"]["token"]))
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", "note", "-CAfile", str(root)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode == 0
    (tmp_path / "note").write_text(document["note"].replace(str(document["size"]), str(document["size"] + 1), 1))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode != 0
    file = tmp_path / "checkpoint.json"
    file.write_text(json.dumps(document))
    judged = CliRunner().invoke(verify, [str(file), "--key", told["checkpoint_key"]])
    assert (judged.exit_code, "外部时间戳机构" in judged.output) == (0, True), judged.output
    file.write_text(json.dumps({**document, "stamp": {**document["stamp"], "token": "AAAA"}}))
    assert CliRunner().invoke(verify, [str(file)]).exit_code == 1
