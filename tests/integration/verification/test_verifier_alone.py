"""The verifier as strangers get it: built, and installed into an environment that knows nothing of the platform."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.evidence_world import Evidence

SOURCE = ROOT / "frontend" / "verifier"
LOCK = SOURCE / "requirements.lock"
PLATFORM_ONLY = ("sqlalchemy", "psycopg", "litestar", "minio", "httpx", "pydantic", "structlog", "typst", "alembic",
                 "storage.database", "storage.objects", "storage.crypto.demo_pki", "frontend.server", "frontend.cli")


@dataclass(frozen=True)
class Stranger:
    """A machine with the verifier and nothing else."""

    bin: Path

    def verify(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """``yunkai-verify …`` as a process of its own, outside the repository."""
        return subprocess.run([self.bin / "yunkai-verify", *arguments], cwd=self.bin, capture_output=True, text=True,
                              timeout=120, check=False)

    def python(self, code: str) -> str:
        """What a line of Python prints there."""
        return subprocess.run([self.bin / "python", "-c", code], cwd=self.bin, capture_output=True, text=True,
                              timeout=120, check=True).stdout.strip()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """Locked libraries, each checked by its digest; then the wheel alone."""
    folder = tmp_path_factory.mktemp("stranger")
    uv, python = Path(sys.executable).parent / "uv", folder / "venv/bin/python"
    for command in ([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
                    [uv, "venv", "-q", "--python", sys.executable, folder / "venv"],
                    [uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", LOCK]):
        subprocess.run(command, cwd=SOURCE, check=True, capture_output=True, timeout=300)
    [wheel] = folder.glob("*.whl")
    subprocess.run([uv, "pip", "install", "-q", "--python", python, "--no-deps", wheel], check=True, timeout=300)
    return Stranger(python.parent)


def test_it_brings_nothing_of_the_platform_that_it_does_not_need(stranger: Stranger) -> None:
    code = ("import importlib.util as u\n"
            "def is_there(name):\n"
            "    try: return u.find_spec(name) is not None\n"
            "    except ModuleNotFoundError: return False\n"
            f"print(*[name for name in {PLATFORM_ONLY!r} if is_there(name)])")
    assert stranger.python(code) == ""
    loaded = stranger.python("import frontend.verifier.command as command; print(command.__file__)")
    assert loaded.startswith(str(stranger.bin.parent)), "not the repository's"


@pytest.mark.cts("B-019")
def test_a_stranger_verifies_a_receipt_a_signed_paper_and_a_whole_opening(
        stranger: Stranger, evidence: Evidence, tmp_path: Path) -> None:
    told = stranger.verify(*evidence.anchors, evidence.receipt, evidence.receipt_pdf, evidence.record, evidence.bundle)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "✓ 全部成立" in told.stdout
    changed = tmp_path / "lot.json"
    changed.write_text(evidence.bundle.read_text().replace("8730000.00", "8130000.00"))
    assert stranger.verify(*evidence.anchors, changed).returncode == 1


def test_its_locked_libraries_are_the_platforms_own_versions() -> None:
    def pins(lock: Path) -> set[str]:
        return {line.split(" ")[0] for line in lock.read_text().splitlines() if "==" in line}
    assert pins(LOCK) <= pins(ROOT / "requirements.lock"), "renew it: make lock"
