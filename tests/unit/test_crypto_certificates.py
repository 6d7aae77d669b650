"""Certificates, the trust list, signing in, demo identities and the platform's keys."""

import json
import stat
import subprocess
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from stdnum.cn import uscc

from storage.crypto.at_rest import open_at_rest, seal_at_rest
from storage.crypto.authority import distinguished_name, new_authority
from storage.crypto.certificates import describe, parse_certificate, verify_signature
from storage.crypto.demo_pki import DemoPki, demo_uscc, open_demo_pki, read_pkcs12
from storage.crypto.errors import CertificateRefused, Malformed, NotSupported, SealBroken, SignatureRefused
from storage.crypto.key_files import private_pem
from storage.crypto.login import check_login, login_message
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.session_key import new_session_key, open_session_key, session_public_key
from storage.crypto.trust import UNWRAP, TrustStore, read_trust_list, trust_of
from storage.crypto.wraps import open_release, seal_release

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WEB = Path(__file__).parents[2] / "frontend" / "web"
NAME = "连云港港城建设有限公司"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=NOW)


@pytest.fixture(scope="module", params=["rsa", "ec-p256", "sm2"])
def identity(request, pki: DemoPki):
    return pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind=request.param, now=NOW)


def test_a_certificate_shows_its_holder_code_key_and_use(identity):
    read = parse_certificate(identity.certificate.pem)
    assert read == identity.certificate == parse_certificate(read.der)
    assert (read.organisation, read.uscc) == (NAME, demo_uscc(NAME))
    assert read.is_demo
    assert read.can_sign
    assert identity.recipient.certificate.can_unwrap
    assert read.can_unwrap == (identity.encryption is None)
    assert read.fingerprint == read.x509.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("place", ["2.5.4.97", "2.5.4.5", "2.5.4.11"])
def test_the_credit_code_is_found_where_the_cas_write_it(place):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(place), "USCC-" + demo_uscc(NAME))])
    made = new_authority("CA", "ec-p256", now=NOW).issue(key, subject, now=NOW)
    assert describe(made).uscc == demo_uscc(NAME)


def test_a_false_credit_code_is_not_taken_for_one():
    key = ec.generate_private_key(ec.SECP256R1())
    false = demo_uscc(NAME)[:-1] + ("0" if demo_uscc(NAME)[-1] != "0" else "1")
    subject = distinguished_name(common_name="x", organisation="x", uscc=false)
    assert describe(new_authority("CA", "ec-p256", now=NOW).issue(key, subject, now=NOW)).uscc == ""


@pytest.mark.parametrize("name", ["甲", "乙公司", "Ω"])
def test_demo_credit_codes_have_a_valid_check_character(name):
    assert uscc.is_valid(demo_uscc(name))


def test_what_is_no_certificate_is_refused(identity):
    for wrong in (b"", b"\x30\x03\x02\x01\x01", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                  private_pem(identity.key), bytes(100_000)):
        with pytest.raises(Malformed):
            parse_certificate(wrong)


@pytest.mark.parametrize("key", [
    ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024),
    ed25519.Ed25519PrivateKey.generate()], ids=["p384", "rsa1024", "ed25519"])
def test_other_kinds_of_key_are_refused(key):
    authority = new_authority("CA", "ec-p256", now=NOW)
    builder = x509.CertificateBuilder(
        issuer_name=authority.certificate.subject, subject_name=authority.certificate.subject,
        public_key=key.public_key(), serial_number=7, not_valid_before=NOW, not_valid_after=NOW + timedelta(1))
    with pytest.raises(NotSupported):
        parse_certificate(builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER))


async def test_a_certificate_of_a_listed_ca_is_valid_and_its_evidence_suffices_alone(pki, identity):
    trust = read_trust_list(pki.directory)
    assert len(trust.names) == 3
    await trust.validate(identity.recipient.certificate, NOW, UNWRAP)
    found = await trust.validate(identity.certificate, NOW)
    assert found.authority in trust.names
    assert found.chain[0] == identity.certificate.der
    again = trust_of([found.chain[-1]], found.crls)
    assert (await again.validate(identity.certificate, NOW)).authority == found.authority


@pytest.mark.parametrize(("days", "reason"), [(-1, "not-yet-valid"), (29, "expired")])
async def test_a_certificate_outside_its_dates_is_refused(pki, days, reason):
    short = pki.issue(organisation="短期", uscc=demo_uscc("短期"), kind="ec-p256", now=NOW, days=5)
    with pytest.raises(CertificateRefused) as refusal:
        await read_trust_list(pki.directory).validate(short.certificate, NOW + timedelta(days=days))
    assert refusal.value.facts["reason"] == reason


async def test_a_revoked_certificate_is_refused_from_its_revocation_on(pki):
    lost = pki.issue(organisation="失钥", uscc=demo_uscc("失钥"), kind="rsa", now=NOW)
    store = TrustStore(pki.directory)
    await store.current().validate(lost.certificate, NOW + timedelta(hours=2))
    pki.revoke(lost.certificate, now=NOW + timedelta(hours=1))
    with pytest.raises(CertificateRefused) as refusal:
        await store.current().validate(lost.certificate, NOW + timedelta(hours=2))
    assert refusal.value.facts["reason"] == "revoked"
    await store.current().validate(lost.certificate, NOW + timedelta(minutes=30))


async def test_without_a_fresh_crl_nothing_is_valid(pki, identity):
    trust = read_trust_list(pki.directory)
    bare = trust_of([root.dump() for root in trust.roots])
    for listed, at in ((bare, NOW), (trust, NOW + timedelta(days=40))):
        with pytest.raises(CertificateRefused) as refusal:
            await listed.validate(identity.certificate, at)
        assert refusal.value.facts["reason"] == "revocation-unknown"


async def test_a_certificate_of_an_unlisted_ca_is_refused_though_its_name_be_the_same(pki, tmp_path):
    other = open_demo_pki(tmp_path / "keys", tmp_path / "trust", now=NOW)
    stranger = other.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="ec-p256", now=NOW)
    with pytest.raises(CertificateRefused) as refusal:
        await read_trust_list(pki.directory).validate(stranger.certificate, NOW)
    assert refusal.value.facts["reason"] == "untrusted"


async def test_a_time_stamping_certificate_cannot_receive_secrets(tmp_path):
    keys = load_platform_keys(tmp_path / "platform", name="平台", now=NOW)
    trust = trust_of([root.der for root in keys.roots], keys.crls)
    await trust.validate(keys.timestamp.certificate, NOW)
    with pytest.raises(CertificateRefused) as refusal:
        await trust.validate(keys.timestamp.certificate, NOW, UNWRAP)
    assert refusal.value.facts["reason"] == "usage"


def test_a_trust_list_with_an_unreadable_file_is_not_half_read(tmp_path):
    open_demo_pki(tmp_path / "keys", tmp_path / "trust", now=NOW)
    (tmp_path / "trust" / "broken.crl").write_bytes(b"\x30\x82\x01\x01garbage")
    with pytest.raises(CertificateRefused, match=r"broken\.crl"):
        read_trust_list(tmp_path / "trust")


def test_signing_in_needs_the_key_the_origin_the_nonce_and_the_time(pki, identity):
    until = "2026-11-23T02:02:00Z"
    asked = {"origin": "https://a.example", "nonce": bytes(32), "expires_at": until}
    message = login_message(**asked, fingerprint=identity.certificate.fingerprint)
    assert message == (b"ebid/1 login\0https://a.example\0" + bytes(32) + b"\0" + until.encode() + b"\0"
                       + bytes.fromhex(identity.certificate.fingerprint))
    signature = identity.sign(message)
    check_login(identity.certificate, signature, **asked, now=NOW)
    wrong = [{"origin": "https://b.example"}, {"nonce": bytes(31) + b"\x01"}, {"expires_at": "2026-11-23T02:03:00Z"},
             {"now": NOW + timedelta(minutes=2)}]
    for change in wrong:
        with pytest.raises(SignatureRefused):
            check_login(identity.certificate, signature, **(asked | {"now": NOW} | change))
    other = pki.issue(organisation="别家", uscc=demo_uscc("别家"), kind="ec-p256", now=NOW)
    with pytest.raises(SignatureRefused):
        check_login(other.certificate, signature, **asked, now=NOW)
    for change in ({"nonce": b"short"}, {"expires_at": "soon"}, {"origin": "a\0b"}):
        with pytest.raises(Malformed):
            check_login(identity.certificate, signature, **(asked | {"now": NOW} | change))


def test_a_signature_over_other_bytes_is_refused(identity):
    signature = identity.sign(b"these")
    verify_signature(identity.certificate, b"these", signature)
    for message, false in ((b"those", signature), (b"these", b""), (b"these", signature[:-1])):
        with pytest.raises(SignatureRefused):
            verify_signature(identity.certificate, message, false)


def test_a_pkcs12_file_opens_with_its_password_alone(identity):
    data = identity.to_pkcs12("yunkai-demo")
    again = read_pkcs12(data, "yunkai-demo")
    assert again.certificate == identity.certificate
    verify_signature(identity.certificate, b"m", again.sign(b"m"))
    with pytest.raises(Malformed):
        read_pkcs12(data, "wrong")


FORGE = """
const forge = require('node-forge');
const p12 = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(forge.util.decode64(process.argv[1])), true, 'yunkai-demo');
const bags = oid => (p12.getBags({bagType: oid})[oid] || []);
const key = bags(forge.pki.oids.pkcs8ShroudedKeyBag)[0];
console.log(JSON.stringify({keys: !!(key.key || key.asn1), certs: bags(forge.pki.oids.certBag).length}));
"""


def test_a_browser_library_reads_the_pkcs12_file(identity):
    data = b64encode(identity.to_pkcs12("yunkai-demo")).decode()
    done = subprocess.run(["node", "-e", FORGE, data], cwd=WEB, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == {"keys": True, "certs": 3 if identity.encryption else 2}


def test_platform_keys_are_made_once_and_for_the_owner_alone(tmp_path):
    directory = tmp_path / "platform"
    first = load_platform_keys(directory, name="云开", now=NOW)
    again = load_platform_keys(directory, name="云开", now=NOW)
    assert first.checkpoint_public == again.checkpoint_public
    assert (first.master, first.document.chain) == (again.master, again.document.chain)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (directory / "platform").iterdir()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (directory, directory / "platform")} == {0o700}
    verify_signature(first.document.certificate, b"receipt", again.document.sign(b"receipt"))
    (directory / "platform" / "master.key").unlink()
    with pytest.raises(Malformed):
        load_platform_keys(directory, name="云开", now=NOW)


def test_nodes_that_start_at_once_agree_on_one_set_of_keys(tmp_path):
    with ThreadPoolExecutor(8) as nodes:
        made = list(nodes.map(lambda _: load_platform_keys(tmp_path / "keys", name="云开", now=NOW), range(8)))
    assert len({keys.master for keys in made}) == len({keys.checkpoint_public for keys in made}) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["platform"]


def test_an_opening_key_serves_its_lot_alone_and_rests_sealed():
    master = bytes(range(32))
    pair = new_session_key(master, "lot-1")
    release = seal_release(bytes(32), session_public_key(pair.public), role="bidder", index=0, ch=bytes(32))
    private = open_session_key(master, pair.sealed, "lot-1")
    assert open_release(release, private, role="bidder", index=0, ch=bytes(32)) == bytes(32)
    for key, lot in ((master, "lot-2"), (bytes(32), "lot-1")):
        with pytest.raises(SealBroken):
            open_session_key(key, pair.sealed, lot)


def test_a_secret_at_rest_is_bound_to_its_purpose_and_subject():
    sealed = seal_at_rest(bytes(32), b"secret", purpose="a", subject="1")
    assert b"secret" not in sealed
    assert open_at_rest(bytes(32), sealed, purpose="a", subject="1") == b"secret"
    for purpose, subject, data in (("b", "1", sealed), ("a", "2", sealed), ("a", "1", sealed[:-1]), ("a", "1", b"")):
        with pytest.raises(SealBroken):
            open_at_rest(bytes(32), data, purpose=purpose, subject=subject)
