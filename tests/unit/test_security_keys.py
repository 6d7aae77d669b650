"""Answers of security keys: what a key says holds, and whatever a stranger sends in its place is refused, never an
error of ours."""

import json
from dataclasses import replace

import cbor2
import pytest

from storage.crypto.errors import SignatureRefused
from storage.crypto.security_keys import Registered, verify_assertion, verify_registration
from tests.soft_key import SoftKey

ORIGIN, CHALLENGE = "https://platform.example", bytes(range(32))
OPTIONS = {"challenge": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
KEY = SoftKey(ORIGIN)
X, Y = (cbor2.loads(KEY.cose)[place] for place in (-2, -3))


def register(answer: str) -> Registered:
    """What the platform keeps."""
    return verify_registration(answer, origin=ORIGIN, challenge=CHALLENGE)


def sign_in(answer: str, key: Registered, origin: str = ORIGIN, challenge: bytes = CHALLENGE) -> int:
    """The count that the platform keeps."""
    return verify_assertion(answer, key, origin=origin, challenge=challenge)


def test_a_key_is_registered_and_signs_and_its_count_must_grow() -> None:
    key = register(KEY.register(OPTIONS))
    answer = KEY.sign(OPTIONS)
    count = sign_in(answer, key)
    assert count == key.sign_count + 1
    with pytest.raises(SignatureRefused):
        sign_in(answer, replace(key, sign_count=count))
    for origin, challenge in (("https://other.example", CHALLENGE), (ORIGIN, bytes(32))):
        with pytest.raises(SignatureRefused):
            sign_in(answer, key, origin, challenge)
    with pytest.raises(SignatureRefused):
        sign_in(answer, replace(key, public_key=SoftKey(ORIGIN).cose))


def ec(x: bytes, y: bytes, curve: int = 1) -> bytes:
    """An ES256 key, whether there is such a point or not."""
    return cbor2.dumps({1: 2, 3: -7, -1: curve, -2: x, -3: y})


@pytest.mark.parametrize("cose", [
    ec(X, X), ec(X[:5], Y), ec(X, Y, 9), cbor2.dumps({1: 2, 3: -7, -1: 1, -2: X}), cbor2.dumps({3: -7}),
    cbor2.dumps([1]), cbor2.dumps({1: 3, 3: -257, -1: b"", -2: b""}), b"\xff",
], ids=["off-curve", "short", "no-curve", "no-y", "no-type", "no-map", "empty-rsa", "no-cbor"])
def test_a_key_that_could_never_sign_is_not_registered(cose: bytes) -> None:
    with pytest.raises(SignatureRefused) as refused:
        register(KEY.register(OPTIONS, cose=cose))
    assert refused.value.facts["reason"] == "security-key"


@pytest.mark.parametrize("garbage", [None, 7, [], {}, "", "%", "AAAA"])
@pytest.mark.parametrize("member", ["clientDataJSON", "attestationObject", "authenticatorData", "signature"])
def test_a_malformed_answer_is_refused(member: str, garbage: object) -> None:
    made, signed = KEY.register(OPTIONS), KEY.sign(OPTIONS)
    key = register(made)
    for text in (made, signed):
        answer = json.loads(text)
        whole = answer["response"]
        if member not in whole:
            continue
        for response in (whole | {member: garbage}, {name: each for name, each in whole.items() if name != member}):
            told = json.dumps(answer | {"response": response})
            with pytest.raises(SignatureRefused) as refused:
                register(told) if text is made else sign_in(told, key)
            assert refused.value.facts["reason"] == "security-key"


@pytest.mark.parametrize("told", ["", "null", "[]", "{}", '{"id":"AA","rawId":"AA","type":"letter"}',
                                  '{"id":"AA","rawId":"AA","type":"public-key","response":7}'])
def test_what_is_no_answer_is_refused(told: str) -> None:
    with pytest.raises(SignatureRefused):
        register(told)
    with pytest.raises(SignatureRefused):
        sign_in(told, Registered(b"key", KEY.cose, 0))


@pytest.mark.parametrize("form", ["packed", "fido-u2f", "tpm", "apple", "android-key", "android-safetynet"])
def test_an_attestation_in_pieces_is_refused(form: str) -> None:
    for statement in ({}, {"alg": -7, "sig": b"", "x5c": []}, {"x5c": [b"x"], "sig": b"x"}):
        with pytest.raises(SignatureRefused):
            register(KEY.register(OPTIONS, form=form, statement=statement))
