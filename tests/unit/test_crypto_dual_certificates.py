"""Dual certificates of SM2 (R-702): halves of one use each, chains of an SM2 CA, PKCS#12 with both keys, strangers."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1

from storage.crypto.certificates import describe, parse_certificate, verify_signature
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki, read_pkcs12
from storage.crypto.errors import CertificateRefused, Malformed, NotSupported, SignatureRefused
from storage.crypto.key_files import private_pem
from storage.crypto.login import check_login, login_message
from storage.crypto.revocation import CRL, OCSP, ask_ocsp, parse_word
from storage.crypto.sealed_box import open_box, seal_box
from storage.crypto.sm2 import SIGNER_ID
from storage.crypto.sm2_files import read_sm2_pkcs12
from storage.crypto.trust import SIGN, UNWRAP, TrustList
from tests.pki.authorities import TestAuthority, found_authority
from tests.pki.program import answer, crl

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAME, OTHER = "连云港国密工程有限公司", "连云港别家工程有限公司"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return found_authority(tmp_path_factory.mktemp("cas") / "sm2-ca", "sm2", NOW)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=NOW)


@pytest.fixture(scope="module")
def pair(authority: TestAuthority) -> Identity:
    return authority.issue_pair(NAME, begins=NOW - 10 * HOUR)


def listed(authority: TestAuthority, *, with_crls: bool = True) -> TrustList:
    root, issuing = (asn1.Certificate.load(pem.unarmor((authority.folder / f"{each}.pem").read_bytes())[2])
                     for each in ("root", "issuing"))
    which = ("root", "issuing") if with_crls else ("root",)
    return TrustList((root,), (issuing,), tuple(parse_word(CRL, crl(authority, each, NOW)) for each in which))


async def refused(trust: TrustList, holder: Identity, usage: str = SIGN) -> str:
    with pytest.raises(CertificateRefused) as refusal:
        await trust.validate(holder.certificate, NOW, usage)
    return str(refusal.value.facts["reason"])


async def test_each_half_is_valid_for_its_own_use_alone(authority, pair):
    trust = listed(authority)
    await trust.validate(pair.certificate, NOW, SIGN)
    await trust.validate(pair.recipient.certificate, NOW, UNWRAP)
    assert await refused(trust, pair, UNWRAP) == "usage"
    assert await refused(trust, pair.recipient, SIGN) == "usage"
    unstated = authority.issue(NAME, begins=NOW - HOUR, usage="none")
    assert await refused(trust, unstated) == await refused(trust, unstated, UNWRAP) == "usage"


async def test_expired_revoked_and_renewed_pairs(authority):
    old = authority.issue_pair(NAME, begins=NOW - 48 * HOUR, days=1)
    lost, renewed = (authority.issue_pair(NAME, begins=NOW - 10 * HOUR) for _ in range(2))
    authority.revoke(lost.recipient, NOW - HOUR)
    trust = listed(authority)
    assert await refused(trust, old) == await refused(trust, old.recipient, UNWRAP) == "expired"
    assert await refused(trust, lost.recipient, UNWRAP) == "revoked"
    await trust.validate(lost.certificate, NOW)  # a half is judged alone
    await trust.validate(renewed.recipient.certificate, NOW, UNWRAP)
    box = seal_box(b"x", old.recipient.certificate, purpose="p", subject="s")
    with pytest.raises(Exception, match="密钥信封"):  # the renewal trap: a new key opens nothing old
        open_box(box, renewed.recipient.key, purpose="p", subject="s")


async def test_ocsp_signed_by_sm2_counts_and_a_forged_one_does_not(authority, pair):
    trust = listed(authority, with_crls=False)
    issuing = trust.intermediates[0]
    told = answer(authority, ask_ocsp(int(pair.certificate.serial, 16), issuing), NOW)
    assert (await trust.validate(pair.certificate, NOW, SIGN, (told,))).ocsps == (told,)
    forged = bytearray(told)
    forged[told.index(parse_word(OCSP, told).basic_ocsp_response["signature"].native) + 12] ^= 1
    with pytest.raises(CertificateRefused) as refusal:
        await trust.validate(pair.certificate, NOW, SIGN, (bytes(forged),))
    assert refusal.value.facts["reason"] == "revocation-unknown"


async def test_a_chain_whose_signature_was_altered_is_untrusted(authority, pair):
    der = bytearray(pair.certificate.der)
    der[-3] ^= 1
    with pytest.raises(CertificateRefused) as refusal:
        await listed(authority).validate(parse_certificate(bytes(der)), NOW)
    assert refusal.value.facts["reason"] == "untrusted"


def test_a_pair_is_of_one_holder_and_one_issuer(authority, pair, pki):
    others = {
        "another enterprise": authority.issue(OTHER, begins=NOW - HOUR, usage="wrap"),
        "another code": authority.issue(NAME, begins=NOW - HOUR, usage="wrap", uscc=demo_uscc(OTHER)),
        "a signing half": authority.issue(NAME, begins=NOW - HOUR, usage="sign"),
        "both uses": authority.issue(NAME, begins=NOW - HOUR),
        "another CA": pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="sm2", now=NOW).recipient,
        "another kind": pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="ec-p256", now=NOW)}
    assert pair.certificate.is_pair_with(pair.recipient.certificate)
    assert not any(pair.certificate.is_pair_with(each.certificate) for each in others.values())
    assert not pair.recipient.certificate.is_pair_with(pair.certificate)


def test_the_encryption_half_signs_nothing_and_the_signing_half_takes_no_seal(pair):
    message = b"ebid/1 manifest\0{}"
    verify_signature(pair.certificate, message, pair.sign(message))
    with pytest.raises(CertificateRefused):
        verify_signature(pair.recipient.certificate, message, pair.recipient.sign(message))
    with pytest.raises(NotSupported):
        seal_box(b"x", pair.certificate, purpose="p", subject="s")
    box = seal_box(b"x", pair.recipient.certificate, purpose="p", subject="s")
    assert open_box(box, pair.recipient.key, purpose="p", subject="s") == b"x"


def test_a_login_of_a_pair_is_signed_over_both_halves(authority, pair):
    place = {"origin": "https://trade.example", "nonce": bytes(32), "expires_at": "2026-11-26T02:02:00Z"}
    half = pair.recipient.certificate.fingerprint
    signature = pair.sign(login_message(**place, fingerprint=pair.certificate.fingerprint, encryption=half))
    check_login(pair.certificate, signature, **place, now=NOW, encryption=half)
    for other in ("", "0" * 64):
        with pytest.raises(SignatureRefused):
            check_login(pair.certificate, signature, **place, now=NOW, encryption=other)


def test_a_pkcs12_file_holds_both_halves_and_openssl_reads_it(pki, tmp_path: Path):
    made = pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="sm2", now=NOW)
    data = made.to_pkcs12("口令 pass")
    read = read_pkcs12(data, "口令 pass")
    assert (read.certificate, read.key) == (made.certificate, made.key)
    assert read.encryption
    assert (read.encryption.certificate, read.encryption.key) == (made.recipient.certificate, made.recipient.key)
    assert read.issuer == pki.roots["sm2"].certificate
    (tmp_path / "pair.p12").write_bytes(made.to_pkcs12("pass"))
    shown = subprocess.run(["openssl", "pkcs12", "-in", "pair.p12", "-passin", "pass:pass", "-nodes"], cwd=tmp_path,
                           check=True, capture_output=True).stdout
    found = [der for name, _, der in pem.unarmor(shown, multiple=True) if name == "PRIVATE KEY"]
    assert sorted(found) == sorted([made.key.pkcs8, made.recipient.key.pkcs8])
    alone = replace(made, encryption=None).to_pkcs12("pass")
    assert read_pkcs12(alone, "pass").encryption is None


def test_openssl_makes_a_pkcs12_that_we_read(pki, tmp_path: Path):
    made = pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="sm2", now=NOW)
    (tmp_path / "key.pem").write_bytes(private_pem(made.key))
    (tmp_path / "cert.pem").write_text(made.certificate.pem)
    subprocess.run(["openssl", "pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:pass",
                    "-out", "one.p12"], cwd=tmp_path, check=True, capture_output=True)
    held, certificates = read_sm2_pkcs12((tmp_path / "one.p12").read_bytes(), "pass")
    assert (held, certificates) == ([made.key], [made.certificate.der])


def test_a_pkcs12_that_is_altered_or_of_another_password_is_refused(pki):
    data = pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="sm2", now=NOW).to_pkcs12("pass")
    for other, password in ((data, "Pass"), (data[:-40] + bytes([data[-40] ^ 1]) + data[-39:], "pass"),
                            (data[:100], "pass"), (b"", "pass"), (b"\x30\x03\x02\x01\x03", "pass")):
        with pytest.raises(Malformed):
            read_pkcs12(other, password)


def test_openssl_verifies_a_certificate_and_a_crl_of_our_sm2_authorities(authority, pki, tmp_path: Path):
    # Of a chain OpenSSL's program gives the identifier to the last certificate alone: here the root issued it.
    made_by_root = pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="sm2", now=NOW)
    (tmp_path / "leaf.pem").write_text(made_by_root.certificate.pem)
    (tmp_path / "root.pem").write_text(describe(made_by_root.issuer).pem)
    made = parse_word(CRL, crl(authority, "root", NOW))
    for name, data in (("tbs", made["tbs_cert_list"].dump()), ("sig", made["signature"].native),
                       ("pub", authority.key("root").public.spki)):
        (tmp_path / name).write_bytes(data)
    identifier = f"distid:{SIGNER_ID.decode()}"
    for words in (["verify", "-attime", str(int(NOW.timestamp())), "-vfyopt", identifier, "-CAfile",
                   "root.pem", "leaf.pem"],
                  ["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-in", "tbs", "-sigfile", "sig", "-pubin",
                   "-keyform", "DER", "-inkey", "pub", "-pkeyopt", identifier]):
        done = subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
