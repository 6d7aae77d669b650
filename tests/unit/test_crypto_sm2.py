"""SM2, SM3 and SM4 against the standards' own examples, and against two strangers: gmalg, and OpenSSL's program."""

import subprocess
from hashlib import sha256
from pathlib import Path

import gmalg
import pytest
from asn1crypto import core
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from storage.crypto import sm2
from storage.crypto.errors import Malformed, SealBroken, SignatureRefused
from storage.crypto.libcrypto import read_key
from storage.crypto.signatures import check_signature, sign, signing_key
from storage.crypto.suites import FLOE, FLOE_SM, Sm4Gcm, sm3
from storage.crypto.wraps import read_wrap, unwrap, wrap

MESSAGE = "投标文件".encode()
KEY = sm2.private_key(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)


class _Pair(core.SequenceOf):
    _child_spec = core.Integer


class _Quad(core.Sequence):
    _fields = [("x", core.Integer), ("y", core.Integer), ("hash", core.OctetString),  # noqa: RUF012
               ("cipher", core.OctetString)]


def stranger() -> gmalg.SM2:
    return gmalg.SM2(sk=KEY.scalar, uid=sm2.SIGNER_ID, pk=KEY.public.point)


def test_the_standards_examples_hold():
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, A.1
    assert KEY.public.point.hex() == (  # GB/T 32918.5, A.2
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
    r = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
    s = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
    assert sm2.verifies(KEY.public, b"message digest", _Pair([r, s]).dump())
    sealed = Sm4Gcm(bytes.fromhex("0123456789abcdeffedcba9876543210")).encrypt(  # RFC 8998, A.1
        bytes.fromhex("00001234567800000000abcd"),
        bytes.fromhex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
                      "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"),
        bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec")


def test_gmalg_and_we_verify_each_others_signatures():
    r, s = stranger().sign(MESSAGE)
    assert sm2.verifies(KEY.public, MESSAGE, _Pair([int.from_bytes(r), int.from_bytes(s)]).dump())
    ours = _Pair.load(sm2.sign(KEY, MESSAGE)).native
    assert stranger().verify(MESSAGE, *(each.to_bytes(32) for each in ours))
    other = gmalg.SM2(sk=KEY.scalar, uid=b"another signer", pk=KEY.public.point)
    r, s = other.sign(MESSAGE)
    assert not sm2.verifies(KEY.public, MESSAGE, _Pair([int.from_bytes(r), int.from_bytes(s)]).dump())


def test_gmalg_and_we_read_each_others_ciphertexts():
    raw = stranger().encrypt(MESSAGE)  # 04 ‖ x ‖ y ‖ C3 ‖ C2
    x, y = (int.from_bytes(raw[at:at + 32]) for at in (1, 33))
    assert sm2.decrypt(KEY, _Quad({"x": x, "y": y, "hash": raw[65:97], "cipher": raw[97:]}).dump()) == MESSAGE
    read = _Quad.load(sm2.encrypt(KEY.public, MESSAGE)).native
    again = b"\x04" + read["x"].to_bytes(32) + read["y"].to_bytes(32) + read["hash"] + read["cipher"]
    assert stranger().decrypt(again) == MESSAGE


def test_openssls_program_reads_our_key_and_verifies_our_signature(tmp_path: Path):
    for name, data in (("key.der", KEY.pkcs8), ("pub.der", KEY.public.spki), ("m", MESSAGE),
                       ("sig", sm2.sign(KEY, MESSAGE))):
        (tmp_path / name).write_bytes(data)

    def openssl(*words: str) -> bytes:
        return subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True).stdout

    assert openssl("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "key.der", "-outform", "DER") == KEY.pkcs8
    assert openssl("pkey", "-inform", "DER", "-in", "key.der", "-pubout", "-outform", "DER") == KEY.public.spki
    identifier = ("-pkeyopt", f"distid:{sm2.SIGNER_ID.decode()}")
    openssl("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-in", "m", "-sigfile", "sig", "-pubin", "-keyform",
            "DER", "-inkey", "pub.der", *identifier)
    made = openssl("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-in", "m", "-keyform", "DER", "-inkey", "key.der",
                   *identifier)
    assert sm2.verifies(KEY.public, MESSAGE, made)
    openssl("genpkey", "-algorithm", "SM2", "-out", "fresh.pem")
    fresh = sm2.private_key_of(openssl("pkcs8", "-topk8", "-nocrypt", "-in", "fresh.pem", "-outform", "DER"))
    assert fresh
    assert sm2.verifies(fresh.public, MESSAGE, sm2.sign(fresh, MESSAGE))


def test_what_is_altered_or_anothers_does_not_pass():
    signature, other = sm2.sign(KEY, MESSAGE), sm2.new_key()
    assert not sm2.verifies(other.public, MESSAGE, signature)
    for broken in (signature + b"\0", signature[:-1], bytes(len(signature)), b"", b"\x30\x00"):
        assert not sm2.verifies(KEY.public, MESSAGE, broken)
    with pytest.raises(SignatureRefused):
        check_signature(KEY.public, MESSAGE + b".", signature)
    sealed = sm2.encrypt(KEY.public, MESSAGE)
    assert sm2.decrypt(other, sealed) is None
    for at in range(len(sealed)):
        assert sm2.decrypt(KEY, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:]) is None
    with pytest.raises(InvalidTag):
        Sm4Gcm(bytes(16)).decrypt(bytes(12), bytes(8), None)


def test_keys_are_taken_only_where_they_are_keys():
    for point in (b"\x04" + bytes(64), KEY.public.point[:-1], b"\x02" + KEY.public.point[1:33], b""):
        with pytest.raises(Malformed):
            sm2.public_key(point)
    for scalar in (0, sm2.ORDER - 1, sm2.ORDER, -1):
        with pytest.raises(Malformed):
            sm2.private_key(scalar)
    assert sm2.private_key_of(KEY.pkcs8) == KEY
    assert signing_key(KEY) is KEY
    assert KEY.scalar.hex() not in repr(KEY)
    with pytest.raises(Malformed):
        sm2.private_key_of(b"\x30\x03\x02\x01\x00")
    p256 = ec.generate_private_key(ec.SECP256R1())
    assert read_key(KEY.public.spki[:10] + bytes(20), is_private=False) is None
    check_signature(p256.public_key(), MESSAGE, sign(p256, MESSAGE))  # the union's other kinds are as they were


@pytest.mark.parametrize("suite", [FLOE, FLOE_SM], ids=lambda suite: suite.name)
@pytest.mark.parametrize(("role", "index", "length"), [("bidder", 0, 32), ("custodian", 3, 33)])
def test_a_wrap_opens_at_its_place_in_its_suite_alone(suite, role, index, length):
    ch, secret = sha256(b"lot").digest(), bytes(range(length))
    made = wrap(secret, KEY.public, "sha256:" + "0" * 64, role=role, index=index, ch=ch, suite=suite)
    assert read_wrap(made.to_json()) == made
    assert unwrap(made, KEY, ch, suite) == secret
    other = FLOE_SM if suite is FLOE else FLOE
    for key, place, by in ((sm2.new_key(), ch, suite), (KEY, bytes(32), suite), (KEY, ch, other)):
        with pytest.raises(SealBroken):
            unwrap(made, key, place, by)
