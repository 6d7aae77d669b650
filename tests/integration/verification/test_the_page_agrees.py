"""The page's verifier and the command line's come to the same verdict on the same files, honest and changed."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.evidence_changes import bundle_changes, paper_changes, receipt_changes
from tests.evidence_world import Evidence


@pytest.fixture(scope="module")
def verdicts(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool | None]:
    """What the page says of each file: holds, fails, or cannot be decided."""
    folder = tmp_path_factory.mktemp("page")
    files = folder / "files"
    files.mkdir()
    (folder / "anchor.json").write_text(json.dumps({"key": evidence.key, "roots": [evidence.root.read_text()]}))
    for file in (evidence.receipt, evidence.bundle, evidence.receipt_pdf):
        (files / f"honest-{file.name}").write_bytes(file.read_bytes())
    documents = evidence.documents()
    for kind, changes in (("receipt.json", receipt_changes(documents["receipt"])),
                          ("lot.json", bundle_changes(documents["lot"])),
                          ("paper.pdf", paper_changes(evidence.receipt_pdf.read_bytes()))):
        for change in changes:
            (files / f"{change.name.replace(' ', '-')}-{kind}").write_bytes(change.content)
    _judge(folder)
    found: dict[str, bool | None] = json.loads((folder / "verdicts.json").read_text())
    assert set(found) == {file.name for file in files.iterdir()}
    return found


def _judge(folder: Path) -> None:
    done = subprocess.run([ROOT / ".ci/npm", "run", "--silent", "agree"], capture_output=True, text=True, timeout=400,
                          env={**os.environ, "EVIDENCE": str(folder)}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_honest_holds_on_the_page_too(verdicts: dict[str, bool | None]) -> None:
    honest = {name: verdict for name, verdict in verdicts.items() if name.startswith("honest-")}
    assert honest == dict.fromkeys(honest, True)


def test_what_was_changed_fails_on_the_page_too(verdicts: dict[str, bool | None]) -> None:
    """Each of these fails on the command line: ``test_every_changed_byte``."""
    changed = {name: verdict for name, verdict in verdicts.items() if not name.startswith("honest-")}
    assert {name for name, verdict in changed.items() if verdict is not False} == set()
