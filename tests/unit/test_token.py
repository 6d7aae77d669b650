"""A key's program says what it is asked in words of its own, and refuses what a key must not do (R-703)."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bidding.opening.complaints import signed_bytes
from frontend.cli.token_holder import Holder
from frontend.cli.token_phone import read_code
from frontend.cli.token_questions import read_question
from frontend.cli.token_words import words
from storage.crypto.authority import KeyKind, new_key
from storage.crypto.canonical import to_base64
from storage.crypto.errors import Malformed
from storage.crypto.key_questions import derived, open_locked, open_question
from storage.crypto.login import login_message
from storage.crypto.suites import FLOE, FLOE_SM
from storage.crypto.wraps import binding, wrap
from storage.kernel.clock import process_now, to_wire

ORIGIN = "https://trade.example"
CH = bytes(range(32))


def _question(*, origin: str = ORIGIN, left: timedelta = timedelta(minutes=1), **more: Any) -> bytes:
    reply = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint)
    return json.dumps({"v": 1, "id": secrets.token_hex(16), "origin": origin, "reply": to_base64(reply),
                       "expires_at": to_wire(process_now() + left), **more}).encode()


def _signing(*messages: bytes) -> bytes:
    return _question(do="sign", certificate="sha256:x", messages=[to_base64(each) for each in messages])


def _login(origin: str) -> bytes:
    return login_message(origin=origin, nonce=CH, expires_at="2026-12-01T01:00:00Z", fingerprint="0" * 64)


def test_what_is_signed_is_told_from_the_bytes() -> None:
    told = words(read_question(_signing(_login(ORIGIN), b"ebid/1 manifest\0{}"), now=process_now()))
    assert told[0] == f"登录 {ORIGIN}"
    assert told[1].startswith("签署投标文件清单，内容 SHA-256 44136fa355b3678a")
    [release] = words(read_question(_signing(b"ebid/1 bidder-release\0{}"), now=process_now()))
    [complaint] = words(read_question(_signing(signed_bytes("{}")), now=process_now()))
    assert (release[:8], complaint[:7]) == ("签署释放投标密钥", "签署保管人异议")


@pytest.mark.parametrize("message", [_login("https://evil.example"), b"anything at all", b"", b"\x31\x00",
                                     b"ebid/1 x\0", b"ebid/1 \x1b[A\x1b[2K\0"])
def test_what_no_key_should_sign_is_refused_without_a_pin(message: bytes) -> None:
    holder = Holder((Path("no file is read"),))
    assert holder.answer(_signing(message), ORIGIN)[1] == {"refused": "unknown"}


def test_what_no_key_should_open_is_refused_without_a_pin() -> None:
    locked = {"alg": "rsa-oaep", "info": to_base64(b"ebid/1 release\0bidder"), "ct": to_base64(b"x")}
    holder = Holder((Path("no file is read"),))
    assert holder.answer(_question(do="unwrap", certificate="", locked=[locked]), ORIGIN)[1] == {"refused": "unknown"}


def test_questions_of_another_origin_time_or_shape_are_none() -> None:
    holder = Holder(())
    for text in (_question(do="list", origin="https://evil.example"), _question(do="list", left=timedelta()),
                 _question(do="export"), _question(do="list", pin="1234"), b"{}", b""):
        with pytest.raises(Malformed):
            holder.answer(text, ORIGIN)
    once = _question(do="list")
    assert holder.answer(once, ORIGIN)[1] == {"refused": "declined"}
    with pytest.raises(Malformed):
        holder.answer(once, ORIGIN)
    asked = _signing(_login(ORIGIN))
    assert holder.answer(asked, ORIGIN)[1] == {"refused": "no-certificate"}, "a certificate that it has not shown"


@pytest.mark.parametrize("kind", ["ec-p256", "rsa", "sm2"])
def test_a_key_opens_what_was_made_for_the_place_named(kind: KeyKind) -> None:
    key = new_key(kind)
    for suite in (FLOE, FLOE_SM) if kind == "sm2" else (FLOE,):
        made = wrap(b"s" * 32, key.public_key(), "sha256:x", role="bidder", index=0, ch=CH, suite=suite)
        info = binding("wrap", "bidder", 0, CH)
        opened = open_locked(key, made.alg, info, (made.enc, made.ct))
        assert opened is not None
        assert opened[:32] == b"s" * 32
        other = binding("wrap", "bidder", 1, CH)
        assert open_locked(key, made.alg, other, (made.enc, made.ct)) is None
        assert open_locked(key, "none", info, (made.enc, made.ct)) is None


def test_only_a_page_with_the_code_asks() -> None:
    code = read_code(f"{ORIGIN}/phone#1.{'a' * 32}.{'0f' * 32}")
    assert (code.origin, code.relay) == (ORIGIN, "a" * 32)
    assert derived(code.key, "claim") != derived(code.key, "question")
    with pytest.raises(Malformed):
        open_question(code.key, code.relay, bytes(40))
    for text in ("", ORIGIN, f"{ORIGIN}/phone#2.{'a' * 32}.{'0f' * 32}", f"ftp://x/phone#1.{'a' * 32}.{'0f' * 32}"):
        with pytest.raises(Malformed):
            read_code(text)
