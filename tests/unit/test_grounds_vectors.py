"""Grounds of every kind, honest and wrong, find what is written beside them; the browser's tests read the same file."""

import json
from typing import Any

import pytest

from tests.vectors.make_grounds import FILE, finding

BOOK: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_the_verifier_finds_what_is_written(case: dict[str, Any]) -> None:
    assert finding(case, BOOK["evidence"]) == case["finding"]


def test_every_reason_has_its_case() -> None:
    assert {case["finding"] for case in BOOK["cases"]} == {
        "holds", "usage", "expired", "not-yet-valid", "untrusted", "suspended", "not-listed", "policy", "revoked",
        "revocation-unknown", "evidence", "grounds", "certificate"}
