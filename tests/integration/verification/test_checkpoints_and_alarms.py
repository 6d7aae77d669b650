"""Checkpoints as documents and alarms of witnesses: nothing in them goes unchecked, and no alarm can be made up."""

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from frontend.verifier.command import verify
from frontend.witness.alarm import alarm_text
from frontend.witness.judging import cosign, judge
from storage.crypto import ed25519
from storage.crypto.canonical import to_base64
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.stamping import stamp
from storage.crypto.timestamps import read_timestamp
from storage.crypto.tsa import EmbeddedAuthority
from storage.kernel.clock import process_now, to_wire
from storage.ledger.notes import COSIGNATURE_V1, KeyText, parse_checkpoint, parse_note
from tests.witness_world import ENTRIES, FORGED, LOG, note_of, proof_of

SEED = bytes(range(32, 64))
WITNESS = KeyText("witness.example/1", ed25519.public_key(SEED), COSIGNATURE_V1)
STRANGER = KeyText("witness.example/1", ed25519.public_key(bytes(32)), COSIGNATURE_V1)
Judge = Callable[..., tuple[int, str]]


@pytest.fixture
def told(tmp_path: Path) -> Judge:
    """Exit code and words of the verifier for a document."""
    def judged(document: dict[str, Any] | bytes, *words: str) -> tuple[int, str]:
        file = tmp_path / "evidence.json"
        file.write_bytes(document if isinstance(document, bytes) else compact(document))
        result = CliRunner().invoke(verify, [str(file), *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output
    return judged


def compact(document: dict[str, Any]) -> bytes:
    """As the platform gives it out."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> PlatformKeys:
    return load_platform_keys(tmp_path_factory.mktemp("p") / "keys", name="云开平台", now=process_now())


@pytest.fixture(scope="module")
def roots(keys: PlatformKeys, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The authority's root, and another one."""
    folder = tmp_path_factory.mktemp("roots")
    other = load_platform_keys(folder / "other", name="另一平台", now=process_now())
    (folder / "root.pem").write_text("".join(each.pem for each in keys.roots))
    (folder / "other.pem").write_text("".join(each.pem for each in other.roots))
    return [str(folder / "root.pem"), str(folder / "other.pem")]


@pytest.fixture(scope="module")
def document(keys: PlatformKeys) -> dict[str, Any]:
    """A checkpoint that one witness cosigned, with its time stamp."""
    note = note_of(ENTRIES[:7])
    found = parse_checkpoint(parse_note(note).text)
    token = asyncio.run(stamp(EmbeddedAuthority(keys.timestamp), sha256(note.encode()).digest()))
    stamped = read_timestamp(token)
    return {"v": 1, "kind": "checkpoint", "key": LOG, "size": 7, "root": found.root.hex(),
            "note": note + cosign(note, WITNESS, SEED, 1_795_971_600), "signed_at": to_wire(process_now()),
            "witnesses": [WITNESS.name], "stamp": {"size": 7, "authority": stamped.authority, "token": to_base64(token),
                                                   "at": to_wire(stamped.at)}}


def test_a_sound_checkpoint_holds_by_the_root_alone(told: Judge, document: dict[str, Any], roots: list[str],
                                                    tmp_path: Path) -> None:
    code, words = told(document, "--key", LOG)
    assert (code, "未判断是否可信" in words) == (0, True), words
    code, words = told(document, "--key", LOG, "--root", roots[0])
    assert (code, "，可信" in words) == (0, True), words
    (tmp_path / "trust").mkdir()  # a list that knows nothing of time stamps takes nothing from the root
    assert told(document, "--key", LOG, "--root", roots[0], "--trust", str(tmp_path / "trust"))[0] == 0
    assert told(document, "--key", LOG, "--trust", str(tmp_path / "trust"))[0] == 1
    assert told(document, "--key", LOG, "--root", roots[1])[0] == 1
    assert told({**document, "stamp": None}, "--key", LOG)[0] == 0


def test_what_a_checkpoint_says_of_itself_is_what_is_signed(told: Judge, document: dict[str, Any]) -> None:
    stamp = document["stamp"]
    for change in ({"v": 2}, {"v": True}, {"size": 8}, {"root": "00" * 32}, {"witnesses": []},
                   {"witnesses": [WITNESS.name, "w2"]}, {"more": 1}, {"stamp": {**stamp, "size": 8}},
                   {"stamp": {**stamp, "authority": "国家授时中心"}}, {"stamp": {**stamp, "more": 1}},
                   {"stamp": {**stamp, "at": "2020-01-01T00:00:00.000000Z"}}):
        code, words = told({**document, **change}, "--key", LOG)
        assert (code, "✗" in words) == (1, True), (change, words)
    without = {name: value for name, value in document.items() if name != "root"}
    assert told(without, "--key", LOG)[0] == 1


def test_no_changed_byte_of_a_checkpoint_passes(told: Judge, document: dict[str, Any], roots: list[str]) -> None:
    honest = compact(document)
    anchors = ("--key", LOG, "--root", roots[0], "--witness", str(WITNESS))
    sound = told(honest, *anchors)
    assert sound[0] == 0
    # Nothing signs the one; of the other a few bytes, which mean nothing.
    unsigned = [range(start, start + len(text)) for text in (document["signed_at"], document["stamp"]["token"])
                for start in [honest.index(text.encode())]]
    for at in range(0, len(honest), 5):
        answer = told(honest[:at] + bytes([honest[at] ^ 1]) + honest[at + 1:], *anchors)
        is_unsigned = any(at in each for each in unsigned)
        assert answer[0] != 0 or (is_unsigned and answer == sound), (at, honest[max(0, at - 40):at + 40])


def alarm_of(seen: str, offered: str, proof: list[bytes] | None) -> dict[str, Any]:
    """An alarm that its witness signed, whatever it is worth."""
    judgement = judge(seen, offered, LOG, lambda *_: proof)
    found: dict[str, Any] = json.loads(alarm_text(judgement, seen, offered, LOG, WITNESS, SEED, process_now()))
    return found


def test_an_alarm_says_what_it_does_not_prove(told: Judge) -> None:
    split = alarm_of(note_of(ENTRIES[:20]), note_of(FORGED[:20]), None)
    code, words = told(split, "--key", LOG, "--witness", str(WITNESS))
    assert (code, "澄清" in words, "自称" in words) == (0, False, False), words
    code, words = told(split, "--key", LOG)
    assert (code, "自称" in words) == (0, True), words
    for seen, offered in ((ENTRIES[:10], ENTRIES[:20]), (ENTRIES[:20], ENTRIES[:10])):
        code, words = told(alarm_of(note_of(seen), note_of(offered), None), "--key", LOG, "--witness", str(WITNESS))
        assert (code, "澄清" in words) == (0, True), words


def test_an_alarm_of_anybody_but_the_witness_asked_for_is_refused(told: Judge) -> None:
    split = alarm_of(note_of(ENTRIES[:20]), note_of(FORGED[:20]), None)
    code, words = told(split, "--key", LOG, "--witness", str(STRANGER))
    assert (code, "不是所给见证人" in words) == (1, True), words
    assert told(split, "--key", LOG, "--witness", str(STRANGER), "--witness", f"{WITNESS}\n")[0] == 0


def test_a_proof_of_growth_clears_the_log_of_an_alarm(told: Judge, tmp_path: Path) -> None:
    honest, proof = [note_of(ENTRIES[:10]), note_of(ENTRIES[:20])], tmp_path / "proof.json"
    proof.write_text(json.dumps({"proof": [each.hex() for each in proof_of(ENTRIES[:20], 10)]}))
    for seen, offered in (honest, honest[::-1]):
        code, words = told(alarm_of(seen, offered, None), "--key", LOG, "--proof", str(proof))
        assert (code, "警报不成立" in words) == (1, True), words
    rewritten = alarm_of(note_of(ENTRIES[:15]), note_of(FORGED[:20]), None)
    assert told(rewritten, "--key", LOG, "--proof", str(proof))[0] == 0
