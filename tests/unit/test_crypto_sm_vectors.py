"""Known answers of suite 2 and of SM2's forms, shared with TypeScript (tests/vectors/sm.json)."""

import io
import itertools
import json
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from storage.crypto import context, floe, shamir, sm2
from storage.crypto.demo_pki import read_pkcs12
from storage.crypto.envelope import Sealing, message_key_of, open_trial
from storage.crypto.errors import Malformed, NotSupported, ObjectAltered, SealBroken
from storage.crypto.header import read_header
from storage.crypto.login import login_message
from storage.crypto.manifest import Manifest, check_manifest, manifest_over, read_manifest
from storage.crypto.reader import SealedReader, decrypt_segment
from storage.crypto.single_file import decrypt_single, export_single
from storage.crypto.suites import FLOE_SM, sm3
from storage.crypto.wraps import binding, open_release, read_release, read_wrap, unwrap

FULL = json.loads((Path(__file__).parents[1] / "vectors" / "sm.json").read_text())
CASES = pytest.mark.parametrize("case", FULL["cases"], ids=[case["name"] for case in FULL["cases"]])
KEYS = {name: sm2.private_key_of(b64decode(item["pkcs8"])) for name, item in FULL["keys"].items()}


def plaintext(size: int) -> bytes:
    return bytes((31 * (j % 251) + 7) % 251 for j in range(size))


def key_for(role: str, index: int):
    return KEYS[("bidder_encryption", "spare_encryption")[index] if role == "bidder" else f"custodian_{index}"]


def test_primitives_of_the_vector():
    known = FULL["primitives"]
    message, key = bytes.fromhex(known["message"]), bytes.fromhex(known["sm4_key"])
    nonce, aad = bytes.fromhex(known["nonce"]), bytes.fromhex(known["aad"])
    assert sm3(message) == known["sm3"]
    assert FLOE_SM.mac(key, message).hex() == known["hmac_sm3"]
    assert FLOE_SM.derive(message, salt=aad, info=nonce, length=48).hex() == known["hkdf_sm3_48"]
    assert FLOE_SM.cipher(key).decrypt(nonce, bytes.fromhex(known["sm4_gcm"]), aad) == message
    assert sm2.verifies(KEYS["bidder_signing"].public, message, b64decode(known["signature"]))
    assert sm2.decrypt(KEYS["bidder_encryption"], b64decode(known["ciphertext"])) == message


@CASES
def test_every_derived_value_is_reproduced(case):
    ctx = context.read_context(case["ctx"])
    both = context.Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    assert (ctx.ch.hex(), ctx.aad.hex()) == (case["ch"], case["floe_aad"])
    assert context.file_key(both, ctx.ch, FLOE_SM).hex() == case["file_key"]
    assert context.trial_key(both.bidder, ctx.ch, FLOE_SM).hex() == case["trial_key"]
    coefficients = iter(case["coefficients"])
    shares = shamir.split(
        both.custody, needed=ctx.k, shares=ctx.n, randomness=lambda n: bytes.fromhex(next(coefficients)))
    assert [context.commitment("s", share, FLOE_SM).hex() for share in shares] == case["com_s"]
    start, key = floe.start(context.file_key(both, ctx.ch, FLOE_SM), floe.Parameters(ctx.seg, suite=FLOE_SM), ctx.aad,
                            bytes.fromhex(case["floe_iv"]))
    assert (start.hex(), key.secret.hex()) == (case["floe_header"], case["message_key"])


@CASES
def test_a_resumed_sealing_writes_the_parts_of_the_vector(case):
    sealing = Sealing.resume(case["header"].encode(), bytes.fromhex(case["message_key"]))
    nonces = (bytes((12 * i + j) % 256 for j in range(12)) for i in itertools.count())
    parts = list(sealing.encrypt_parts([plaintext(case["size"])], nonces=nonces))
    assert [(part.sha256, part.sm3) for part in parts] == list(zip(case["parts"], case["parts_sm3"], strict=True))
    body = b"".join(part.data for part in parts)
    single = b"".join(export_single(sealing.header, [part.data for part in parts]))
    assert (sha256(body).hexdigest(), sha256(single).hexdigest()) == (case["body_sha256"], case["single_file_sha256"])
    both = context.Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    assert b"".join(decrypt_single(io.BytesIO(single), both)) == plaintext(case["size"])
    manifest = read_manifest(case["manifest"].encode())
    assert manifest == manifest_over(sealing.header, [(part.sha256, part.sm3) for part in parts], case["size"])
    reader = SealedReader(message_key_of(sealing.header, both), manifest, lambda at, n: body[at:at + n])
    assert reader.read(0, case["size"]) == plaintext(case["size"])


@CASES
def test_wraps_commitments_trial_and_signature_hold(case):
    header, ch = read_header(case["header"].encode()), bytes.fromhex(case["ch"])
    opened = {(each.role, each.index): unwrap(each, key_for(each.role, each.index), ch, FLOE_SM)
              for each in header.wraps}
    assert opened["bidder", 0] == opened["bidder", 1] == bytes.fromhex(case["sb"])
    shares = {index: share for (role, index), share in opened.items() if role == "custodian"}
    assert [shares[index].hex() for index in sorted(shares)] == case["shares"]
    assert header.join(opened["bidder", 0], shares).custody.hex() == case["sp"]
    open_trial(header, opened["bidder", 0])
    with pytest.raises(SealBroken):
        open_trial(header, bytes(32))
    manifest = read_manifest(case["manifest"].encode())
    check_manifest(manifest, header, KEYS["bidder_signing"].public, b64decode(case["signature"]))


def test_a_manifest_without_sm3_or_with_another_is_refused():
    case = FULL["cases"][-1]
    header, manifest = read_header(case["header"].encode()), read_manifest(case["manifest"].encode())
    signer = KEYS["bidder_signing"]
    for other in (Manifest(manifest.header_sha256, manifest.parts, manifest.size),
                  Manifest(manifest.header_sha256, manifest.parts, manifest.size, "0" * 64, manifest.parts_sm3)):
        with pytest.raises(Malformed):
            check_manifest(other, header, signer.public, sm2.sign(signer, other.signed_bytes))
    plain = Manifest(manifest.header_sha256, manifest.parts, manifest.size).to_bytes().decode()
    for text in (plain[:-1] + ',"parts_sm3":[]}', case["manifest"].replace('"parts_sm3":[', '"parts_sm3":["00",')):
        with pytest.raises(Malformed):
            read_manifest(text.encode())


def test_a_part_that_its_bidder_signed_under_a_wrong_sm3_is_the_bidders_fault():
    case = next(case for case in FULL["cases"] if case["name"] == "one byte")
    both = context.Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    key = message_key_of(read_header(case["header"].encode()), both)
    manifest, body = read_manifest(case["manifest"].encode()), bytes.fromhex(case["body_hex"])
    lying = Manifest(manifest.header_sha256, manifest.parts, manifest.size, manifest.header_sm3, ("0" * 64,))
    with pytest.raises(SealBroken):
        decrypt_segment(key, lying, 0, body)
    with pytest.raises(ObjectAltered):
        decrypt_segment(key, manifest, 0, body[:-1] + bytes([body[-1] ^ 1]))


@pytest.mark.parametrize("item", FULL["releases"], ids=lambda item: f"{item['role']}-{item['i']}")
def test_releases_open_with_the_session_key(item):
    ch, place = bytes.fromhex(item["ch"]), {"role": item["role"], "index": item["i"]}
    assert binding("release", ch=ch, **place).hex() == item["info"]
    release = read_release(item["release"])
    assert open_release(release, KEYS["session"], ch=ch, **place).hex() == item["secret"]
    p256 = ec.generate_private_key(ec.SECP256R1())
    for other, key, where in ((release, KEYS["session"], bytes(32)), (release, KEYS["bidder_signing"], ch),
                              (replace(release, enc=bytes(65)), KEYS["session"], ch), (release, p256, ch)):
        with pytest.raises(SealBroken):
            open_release(other, key, ch=where, **place)


def test_a_wrap_in_a_lot_of_suite_1_and_the_login_of_a_pair():
    known = FULL["suite_1"]
    opened = unwrap(read_wrap(known["wrap"]), KEYS["bidder_encryption"], bytes.fromhex(known["ch"]))
    assert opened.hex() == known["secret"]
    login, signer = FULL["login"], KEYS["bidder_signing"].public
    for name, encryption in (("alone", ""), ("pair", login["encryption_sha256"])):
        message = login_message(origin=login["origin"], nonce=bytes.fromhex(login["nonce"]),
                                expires_at=login["expires_at"], fingerprint=login["cert_sha256"], encryption=encryption)
        assert message.hex() == login[name]
        assert sm2.verifies(signer, message, b64decode(login[f"signature_{name}"]))


def test_the_file_of_a_pair_opens():
    known = FULL["identity"]
    read = read_pkcs12(b64decode(known["p12"]), known["password"])
    assert read.encryption
    assert (read.key, read.encryption.key) == (KEYS["bidder_signing"], KEYS["bidder_encryption"])
    assert (read.certificate.pem, read.recipient.certificate.pem) == (known["signing"], known["encryption"])
    assert read.certificate.is_pair_with(read.recipient.certificate)


@pytest.mark.parametrize("name", FULL["refused_headers"])
def test_a_header_in_any_other_form_is_refused(name):
    with pytest.raises((Malformed, NotSupported)):
        read_header(FULL["refused_headers"][name].encode())


@pytest.mark.parametrize("name", FULL["refused_wraps"])
def test_a_wrap_in_any_other_form_is_refused_or_does_not_open(name):
    header = json.loads(FULL["cases"][0]["header"])
    item = header["wraps"][0] | {"ct": FULL["refused_wraps"][name]}
    with pytest.raises((Malformed, SealBroken)):
        unwrap(read_wrap(item), KEYS["bidder_encryption"], bytes.fromhex(FULL["cases"][0]["ch"]), FLOE_SM)
