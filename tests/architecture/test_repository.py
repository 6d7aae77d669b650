"""What lies in the repository: where things may stand, and that nothing binds it to one machine or one registry."""

import json
import re
import subprocess

from tests.architecture.sources import ROOT
from tests.certification import REPORT, marks, points, report

FOLDERS = {"storage", "trading", "bidding", "evaluation", "frontend", "tests", "docs", "benchmarks", ".ci"}
PYTHON_LOCKS = ("requirements.lock", "frontend/verifier/requirements.lock", ".ci/installer.lock", ".ci/node.lock")
NPM_LOCK = "frontend/web/package-lock.json"


def tracked() -> list[str]:
    """Files of the repository, also those not yet committed, without the ignored ones."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_only_the_named_folders_stand_at_the_top():
    assert {name.split("/")[0] for name in tracked() if "/" in name} - FOLDERS == set()


def test_lock_files_name_no_registry():
    for lock in PYTHON_LOCKS:
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert re.findall(r"https?://\S+|--(?:extra-)?index-url|--find-links \S+|file:\S+", text) == [], lock
    packages = json.loads((ROOT / NPM_LOCK).read_text(encoding="utf-8"))["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_every_locked_python_package_carries_digests():
    for lock in PYTHON_LOCKS:
        blocks = re.split(r"\n(?=[a-zA-Z0-9])", (ROOT / lock).read_text(encoding="utf-8"))
        assert [block.split("\n")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_certification_points_are_named_rightly_and_the_report_is_up_to_date():
    known = {row["id"] for row in points()}
    assert set(marks()) - known == set()
    assert REPORT.read_text(encoding="utf-8") == report(), "run `make docs`"


def test_every_room_stands_under_the_contract_of_rooms():
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rooms = {f"{path.parent.parent.name}.{path.parent.name}" for package in ("trading", "bidding", "evaluation")
             for path in (ROOT / package).glob("*/__init__.py")}
    assert {room for room in rooms if f'"{room}"' not in contract} == set()


def test_no_merge_was_left_half_done():
    endings = (".md", ".py", ".ts", ".vue", ".toml", ".yaml", ".csv", ".css", ".typ")
    texts = [name for name in tracked() if name.endswith(endings)]
    half = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
    assert [name for name in texts if half.search((ROOT / name).read_text(encoding="utf-8"))] == []
