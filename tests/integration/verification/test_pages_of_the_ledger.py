"""The web client is told of in the ledger, and a stranger's program finds any other file that is served."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from frontend.cli.client import ApiClient
from frontend.verifier.command import verify
from frontend.verifier.published import digest_of, files_of
from tests.nodes import ROOT, NodeProcess
from tests.platform_parts import StartNode
from tests.waiting import until
from tests.witness_world import LOG

WEB = ROOT / "frontend/web"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """The built client, where a test may change it."""
    return Path(shutil.copytree(WEB / "dist", tmp_path / "dist"))


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A stranger's own build."""
    return Path(shutil.copytree(WEB / "dist", tmp_path / "build"))


@pytest.fixture
def node(start_node: StartNode, dist: Path) -> NodeProcess:
    node = start_node(web_dist=dist)
    _told(node, 1)
    return node


def _told(node: NodeProcess, count: int) -> list[str]:
    """The digests that the ledger tells of, once there are so many and a checkpoint covers the newest."""
    client = ApiClient(node.address)
    until(lambda: len(client.get("/api/ledger/entries", stream="client")) == count)
    found = client.get("/api/ledger/entries", stream="client")
    until(lambda: client.get("/api/ledger/checkpoints", limit=1)["newest"]["size"] > found[-1]["seq"])
    return [each["payload"]["digest"] for each in found]


def _judged(node: NodeProcess, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(verify, ["--pages", node.address, *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_what_is_served_is_what_was_told_and_what_a_stranger_builds(node: NodeProcess, build: Path) -> None:
    key = ApiClient(node.address).get("/api/platform")["checkpoint_key"]
    code, words = _judged(node, "--key", key, "--build", str(build))
    assert (code, digest_of(files_of(build)) in words, "逐字节相同" in words) == (0, True, True), words
    code, words = _judged(node, "--key", key)
    assert (code, "未给出 --build" in words) == (0, True), words
    assert _judged(node, "--key", LOG)[0] == 1, "another ledger's key"
    (build / "index.html").write_text("<!doctype html>")
    code, words = _judged(node, "--key", key, "--build", str(build))
    assert (code, "index.html" in words) == (1, True), words


def test_another_script_is_found_and_named(node: NodeProcess, dist: Path) -> None:
    script = next((dist / "assets").glob("*.js"))
    honest = script.read_bytes()
    script.write_bytes(honest + b"\n")
    code, words = _judged(node)
    assert (code, f"assets/{script.name}" in words) == (1, True), words
    script.write_bytes(honest)
    assert _judged(node)[0] == 0
    index = dist / "index.html"
    index.write_text(index.read_text().replace("<head>", '<head><script src="/assets/other.js"></script>'))
    code, words = _judged(node)
    assert (code, "index.html" in words) == (1, True), words


def test_each_other_client_leaves_its_entry(node: NodeProcess, dist: Path, build: Path) -> None:
    node.stop()
    node.restart()
    assert _told(node, 1) == [digest_of(files_of(build))], "the same client is told of once"
    (dist / "assets/other.js").write_text("alert(1)")
    node.stop()
    node.restart()
    assert _told(node, 2) == [digest_of(files_of(build)), digest_of(files_of(dist))]
    assert _judged(node)[0] == 0, "told of, so it is what the ledger says"
    code, words = _judged(node, "--build", str(build))
    assert (code, "assets/other.js" in words) == (1, True), words


def test_an_address_without_a_platform_is_no_evidence(node: NodeProcess) -> None:
    node.stop()
    assert _judged(node)[0] == 2


def test_the_same_sources_make_the_same_client_wherever_they_lie(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(WEB, elsewhere, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (elsewhere / "node_modules").symlink_to(WEB / "node_modules")
    subprocess.run([ROOT / ".ci/npm", "--prefix", elsewhere, "run", "--silent", "build", "--", "--logLevel", "error"],
                   check=True, timeout=600)
    assert files_of(elsewhere / "dist") == files_of(WEB / "dist"), "or the client was not built anew: make setup"
