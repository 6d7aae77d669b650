"""Whatever byte of a receipt, a signed paper or an exported lot is changed, no verifier says that everything holds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontend.verifier.command import verify
from tests.evidence_changes import bundle_changes, paper_changes, receipt_changes
from tests.evidence_world import Evidence

Told = Callable[[bytes, str], tuple[int, str]]


@pytest.fixture(scope="module")
def told(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Exit code and words of the verifier for a file of that content."""
    folder = tmp_path_factory.mktemp("changed")

    def judge(content: bytes, name: str) -> tuple[int, str]:
        file: Path = folder / name
        file.write_bytes(content)
        result = CliRunner().invoke(verify, [*evidence.anchors, str(file)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output
    return judge


def test_unchanged_everything_holds(told: Told, evidence: Evidence) -> None:
    for file in (evidence.receipt, evidence.bundle, evidence.record, evidence.receipt_pdf):
        code, words = told(file.read_bytes(), file.name)
        assert (code, "✓ 全部成立" in words) == (0, True), words


def test_each_part_of_a_receipt_is_named_when_it_is_changed(told: Told, evidence: Evidence) -> None:
    for change in receipt_changes(json.loads(evidence.receipt.read_text())):
        code, words = told(change.content, "receipt.json")
        assert (code != 0, "✗" in words or "不是可验证的文件" in words) == (True, True), (change.name, words)


def test_each_part_of_an_opening_is_named_when_it_is_changed(told: Told, evidence: Evidence) -> None:
    for change in bundle_changes(json.loads(evidence.bundle.read_text())):
        code, words = told(change.content, "lot.json")
        assert (code, "✗" in words) == (1, True), (change.name, words)


def test_each_part_of_a_signed_paper_is_named_when_it_is_changed(told: Told, evidence: Evidence) -> None:
    for change in paper_changes(evidence.receipt_pdf.read_bytes()):
        code, words = told(change.content, "receipt.pdf")
        assert (code != 0, "✗" in words or "不是可验证的文件" in words) == (True, True), (change.name, words)


@pytest.mark.parametrize(("name", "examples"), [("receipt", 150), ("bundle", 60), ("receipt_pdf", 60), ("record", 25)])
def test_no_changed_byte_passes(told: Told, evidence: Evidence, name: str, examples: int) -> None:
    file = getattr(evidence, name)
    honest: bytes = file.read_bytes()

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(st.integers(0, len(honest) - 1), st.integers(1, 255))
    def passes_never(at: int, mask: int) -> None:
        content = honest[:at] + bytes([honest[at] ^ mask]) + honest[at + 1:]
        assert told(content, file.name)[0] != 0, (at, mask, honest[max(0, at - 40):at + 40])
    passes_never()
