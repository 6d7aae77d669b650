"""What the command line of a bidder shows and keeps, without a platform."""

import json
from pathlib import Path
from typing import Any

import pytest

from bidding.guarantees.application import SignedLetter
from frontend.cli.bid_screen import show_requirements
from frontend.cli.bid_state import BidState
from frontend.cli.letter_file import load_letter, save_letter
from storage.crypto.errors import Malformed
from storage.kernel.errors import Refused

ASKED: dict[str, Any] = {
    "lot": {"code": "E3207000001000001001", "title": "一标段"}, "deadline_at": "2026-03-23T01:00:00Z",
    "announced_fields": [], "bid_parts": [], "envelopes": ["whole"], "custodians": [], "n": 3, "k": 2,
    "deposit": "200000.00", "deposit_forms": ["cash", "bank", "insurer", "guarantor"]}


def test_the_requirements_say_whether_a_deposit_is_asked_for_and_in_which_forms(
        capsys: pytest.CaptureFixture[str]) -> None:
    show_requirements(ASKED)
    assert "投标保证金：200000.00 元（现金转账、银行保函、保证保险、担保保函）" in capsys.readouterr().out
    show_requirements(ASKED | {"deposit": None, "deposit_forms": []})
    assert "投标保证金：不要求" in capsys.readouterr().out


def test_a_draft_remembers_its_letter_and_one_kept_before_letters_were_remembered_has_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    BidState("http://x", "lot", "version", 1, "2026-03-23T01:00:00Z", letter="/letters/a.json").save(path)
    loaded = BidState.load(path)
    assert loaded is not None
    assert loaded.letter == "/letters/a.json"
    path.write_text(json.dumps({name: value for name, value in json.loads(path.read_text()).items()
                                if name != "letter"}))
    older = BidState.load(path)
    assert older is not None
    assert older.letter == ""


def test_a_letter_is_kept_for_its_owner_alone_and_read_back_whole(tmp_path: Path) -> None:
    letter = SignedLetter({"number": "BH20260320", "issuer": "江苏某银行"}, b"%PDF-1.7 letter")
    data, paper = save_letter(letter, "BH-1", tmp_path / "letters")
    assert load_letter(data) == letter
    assert paper.read_bytes() == letter.pdf
    assert {each.stat().st_mode & 0o777 for each in (data, paper)} == {0o600}
    for content in (b"", b"[]", b"{}", b"\xff", b'{"data": {}, "pdf": 1}'):
        data.write_bytes(content)
        with pytest.raises(Malformed):
            load_letter(data)
    data.unlink()
    with pytest.raises(Refused):
        load_letter(data)
