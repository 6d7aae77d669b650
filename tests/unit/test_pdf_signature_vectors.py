"""Signed PDFs, honest and wrong, find what is written beside them; the browser's tests read the same file."""

import json
import zlib
from base64 import b64decode
from typing import Any

import pytest

from storage.kernel.clock import from_wire
from tests.vectors.make_pdf_signatures import FILE, finding

BOOK: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
async def test_the_verifier_finds_what_is_written(case: dict[str, Any]) -> None:
    pdf = zlib.decompress(b64decode(case["pdf"]))
    assert await finding(pdf, BOOK["roots"], from_wire(case["at"])) == case["finding"]


def test_every_reason_has_its_case() -> None:
    signatures = [each for case in BOOK["cases"] for each in case["finding"]["signatures"]]
    assert {each["certificate"] for each in signatures if each["intact"]} == {
        "", "usage", "expired", "not-yet-valid", "untrusted", "revoked", "revocation-unknown"}
    assert {each["intact"] for each in signatures} == {True, False}
