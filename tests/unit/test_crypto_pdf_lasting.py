"""Papers that outlast their certificates: PAdES B-LTA by the platform, judged by us, by pyHanko's own algorithm of
ETSI EN 319 102-1, by Poppler and by OpenSSL; now and in the years to come."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import crl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import AdESPassed, simulate_future_ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pypdf import PdfWriter

from storage.crypto.certificates import parse_certificate
from storage.crypto.demo_pki import DemoPki, demo_uscc, open_demo_pki
from storage.crypto.errors import TimestampRefused
from storage.crypto.pdf_lasting import make_lasting, own_trust, restamp, seal_paper
from storage.crypto.pdf_signing import Evidence, finish_pdf, prepare_pdf
from storage.crypto.pdf_validation import B_B, B_LT, B_LTA, B_T, validate_paper
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys, renew_embedded
from storage.crypto.responder import answer_ocsp
from storage.crypto.trust import TrustList, read_trust_list, trust_of
from storage.crypto.tsa import EmbeddedAuthority
from storage.documents.render import render
from storage.kernel.clock import process_now
from tests.nodes import ROOT

NOW = process_now()
YEARS = (0, 0.5, 2, 5)
ADDRESS = "http://127.0.0.1:8000/api/ocsp"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> PlatformKeys:
    return load_platform_keys(tmp_path_factory.mktemp("p"), name="云开平台", now=NOW, ocsp_address=ADDRESS)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=NOW)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    template = tmp_path_factory.mktemp("templates") / "paper.typ"
    template.write_text("#set page(width: 100mm, height: 100mm)\nrecord")
    return render(template, {}, created_at=NOW)


@pytest.fixture(scope="module")
async def sealed(plain: bytes, keys: PlatformKeys, pki: DemoPki) -> bytes:
    """Signed by a person with its own key, then sealed by the platform."""
    return await seal(await signed_by_a_person(plain, keys, pki), keys, read_trust_list(pki.directory))


async def signed_by_a_person(pdf: bytes, keys: PlatformKeys, pki: DemoPki) -> bytes:
    person = pki.issue(organisation="主持席", uscc=demo_uscc("主持席"), kind="rsa", now=NOW)
    prepared = await prepare_pdf(pdf, person.certificate, field_name="host")
    return await finish_pdf(prepared, person.certificate, person.sign(prepared.to_sign),
                            authority=EmbeddedAuthority(keys.timestamp))


async def seal(pdf: bytes, keys: PlatformKeys, others: TrustList | None = None) -> bytes:
    return await seal_paper(pdf, keys, EmbeddedAuthority(keys.timestamp), field_name="platform", reason="开标记录",
                            now=process_now(), others=others)


def roots_of(keys: PlatformKeys, pki: DemoPki) -> TrustList:
    """Roots alone: no CRL, no OCSP answer, as a stranger has them years later."""
    listed = read_trust_list(pki.directory)
    return replace(trust_of([root.der for root in keys.roots]).joined(listed), crls=())


async def test_every_signature_is_b_lta_and_holds_for_years_with_the_roots_alone(
        sealed: bytes, keys: PlatformKeys, pki: DemoPki) -> None:
    for years in YEARS:
        at = process_now() + timedelta(days=365 * years)
        found = await validate_paper(sealed, roots_of(keys, pki), at)
        assert [(each.level, each.holds) for each in found.signatures] == [(B_LTA, True)] * 2, years
        assert [each.added for each in found.signatures] == ["signatures", "evidence"]
        [stamp] = found.stamps
        assert (stamp.is_intact, stamp.is_trusted, stamp.is_modified, found.is_whole) == (True, True, False, True)
        assert stamp.ends_at == keys.timestamp.certificate.not_after
    after = stamp.ends_at + timedelta(days=1)
    assert {each.level for each in (await validate_paper(sealed, roots_of(keys, pki), after)).signatures} == {B_LT}


async def test_a_further_stamp_in_time_proves_the_paper_beyond_the_end_of_the_first(
        sealed: bytes, keys: PlatformKeys, pki: DemoPki, tmp_path: Path) -> None:
    first_end = keys.timestamp.certificate.not_after
    before, after = first_end - timedelta(days=30), first_end + timedelta(days=365)
    later = load_platform_keys(tmp_path, name="新时间戳", now=before)
    authority = EmbeddedAuthority(later.timestamp, lambda: before)
    evidence = Evidence(own_trust(keys, before).joined(own_trust(later, before)), before)
    renewed = await restamp(sealed, evidence, authority)
    assert renewed.startswith(sealed), "what was there stays, byte for byte"
    trust = roots_of(keys, pki).joined(replace(trust_of([each.der for each in later.roots]), crls=()))
    found = await validate_paper(renewed, trust, after)
    assert [(each.level, each.holds) for each in found.signatures] == [(B_LTA, True)] * 2
    assert [(each.authority, each.is_trusted, each.is_modified) for each in found.stamps] == [
        ("云开平台 时间戳", True, False), ("新时间戳 时间戳", True, False)]
    assert found.is_whole
    assert {each.level for each in (await validate_paper(sealed, trust, after)).signatures} == {B_LT}
    late = Evidence(evidence.trust, after)
    with pytest.raises(TimestampRefused):
        await restamp(sealed, late, EmbeddedAuthority(later.timestamp, lambda: after))
    with pytest.raises(TimestampRefused):
        await restamp(await signed_by_a_person(plain_page(), keys, pki), evidence, authority)


def plain_page() -> bytes:
    page, made = PdfWriter(), BytesIO()
    page.add_blank_page(100, 100)
    page.write(made)
    return made.getvalue()


@pytest.mark.parametrize("years", YEARS[1:])
async def test_the_algorithm_of_the_standard_says_the_same(
        sealed: bytes, keys: PlatformKeys, pki: DemoPki, years: float) -> None:
    trusted = SimpleTrustManager.build(list(roots_of(keys, pki).roots))
    policy = CertValidationPolicySpec(trusted, CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")))
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=policy))
    for signature in PdfFileReader(BytesIO(sealed)).embedded_regular_signatures:
        told = await simulate_future_ades_lta_validation(signature, spec, process_now() + timedelta(days=365 * years))
        assert told.ades_subindic == AdESPassed.OK, told.failure_msg


async def test_an_sm2_ca_that_answers_by_a_delegate_is_enough_for_years() -> None:
    pdf, told = (ROOT / "tests/vectors/sm-lasting.pdf").read_bytes(), json.loads(
        (ROOT / "tests/vectors/sm-lasting.json").read_text(encoding="utf-8"))
    trust = trust_of([parse_certificate(each).der for each in (*told["roots"], told["ca"])])
    found = await validate_paper(pdf, trust, process_now() + timedelta(days=365 * 4))
    assert [(each.certificate.organisation, each.level, each.holds) for each in found.signatures] == [
        (told["signer"], B_LTA, True), ("云开平台", B_LTA, True)]
    assert [f"{each.signed_at:%Y-%m-%dT%H:%M:%SZ}" for each in found.signatures] == told["signed_at"]


async def test_whose_ca_gives_nothing_stays_at_its_level_and_says_so(
        plain: bytes, keys: PlatformKeys, pki: DemoPki) -> None:
    trust = own_trust(keys, process_now()).joined(read_trust_list(pki.directory))
    signed = await signed_by_a_person(plain, keys, pki)
    [alone] = (await validate_paper(signed, trust, process_now())).signatures
    assert alone.level == B_T
    person, platform = (await validate_paper(await seal(signed, keys), trust, process_now())).signatures
    assert (person.level, platform.level) == (B_T, B_LTA)
    silent = Evidence(roots_of(keys, pki), process_now())  # roots alone: nobody says anything of the time stamp either
    [stamped] = (await validate_paper(await make_lasting(signed, silent, EmbeddedAuthority(keys.timestamp)), trust,
                                      process_now())).signatures
    assert stamped.level == B_T
    [unknown] = (await validate_paper(signed, TrustList(()), process_now())).signatures
    assert (unknown.level, unknown.is_trusted) == (B_B, False)


def test_the_responder_answers_for_its_own_certificates_alone(keys: PlatformKeys, pki: DemoPki) -> None:
    stranger = pki.issue(organisation="甲", uscc=demo_uscc("甲"), kind="ec-p256", now=NOW)
    own = keys.document
    for certificate, issuer, good in ((own.certificate.x509, own.chain[-1].x509, True),
                                      (stranger.certificate.x509, stranger.issuer, False)):
        question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()
        told = ocsp.load_der_ocsp_response(answer_ocsp(question.public_bytes(Encoding.DER), keys, process_now()))
        assert (told.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL) is good
    broken = ocsp.load_der_ocsp_response(answer_ocsp(b"?", keys, process_now()))
    assert broken.response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_poppler_and_openssl_accept_what_the_platform_sealed(
        sealed: bytes, keys: PlatformKeys, tmp_path: Path) -> None:
    paper, token, data, root = (tmp_path / name for name in ("paper.pdf", "token.der", "data", "root.pem"))
    paper.write_bytes(sealed)
    told = run("pdfsig", "-nocert", paper)
    assert told.count("Signature Validation: Signature is Valid.") == 2, told
    assert "Total document signed" in told
    stamp = PdfFileReader(BytesIO(sealed)).embedded_timestamp_signatures[0]
    first, gap, second, rest = (int(each) for each in stamp.byte_range)
    data.write_bytes(sealed[first:first + gap] + sealed[second:second + rest])
    token.write_bytes(stamp.signed_data.dump() and stamp.pkcs7_content)
    root.write_text("".join(each.pem for each in keys.roots))
    told = run("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", root)
    assert "Verification: OK" in told, told


def run(*command: object) -> str:
    """What a stranger's program says."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_an_answer_is_good_for_a_day(keys: PlatformKeys) -> None:
    [answer] = keys.vouched(keys.document.certificate, NOW)
    [told] = ocsp.load_der_ocsp_response(answer).responses
    end = told.next_update_utc
    assert isinstance(end, datetime)
    assert end - NOW <= timedelta(days=1)


async def test_the_embedded_authority_renews_itself_and_what_it_stamped_before_goes_on_being_proven(
        plain: bytes, tmp_path: Path) -> None:
    keys, other = (load_platform_keys(tmp_path, name="云开平台", now=NOW, ocsp_address=ADDRESS) for _ in range(2))
    first, authority = keys.timestamp.certificate, EmbeddedAuthority(keys.timestamp)
    sealed = await seal_paper(plain, keys, authority, field_name="platform", reason="回执", now=NOW)
    early = first.not_after - timedelta(days=365)
    assert not renew_embedded(keys, tmp_path, now=early, ocsp_address=ADDRESS), "a year before there is time"
    assert crl.CertificateList.load(keys.crls[0])["tbs_cert_list"]["next_update"].native > early, "its list is fresh"

    late = first.not_after - timedelta(days=190)
    with ThreadPoolExecutor(2) as nodes:
        work = [nodes.submit(renew_embedded, each, tmp_path, now=late, ocsp_address=ADDRESS) for each in (keys, other)]
    assert [each.result() for each in work] == [True, True]
    assert keys.timestamp.certificate.fingerprint == other.timestamp.certificate.fingerprint, "once across nodes"
    assert keys.timestamp.certificate.not_after > first.not_after + timedelta(days=3000)
    started = load_platform_keys(tmp_path, name="云开平台", now=late)
    assert started.own == keys.own == (keys.document.certificate, keys.timestamp.certificate, first)
    assert [len(keys.vouched(each, late)) for each in keys.own] == [1, 1, 1]
    assert not renew_embedded(started, tmp_path, now=late)

    authority = EmbeddedAuthority(other.timestamp, lambda: late)
    authority.take(keys.timestamp)
    renewed = await restamp(sealed, Evidence(own_trust(keys, late), late), authority)
    roots = trust_of([root.der for root in keys.roots])
    found = await validate_paper(renewed, roots, first.not_after + timedelta(days=365))
    assert [(each.level, each.holds) for each in found.signatures] == [(B_LTA, True)]
    assert [(each.is_trusted, each.ends_at) for each in found.stamps] == [
        (True, first.not_after), (True, keys.timestamp.certificate.not_after)]
    assert [each.holds for each in (await validate_paper(sealed, roots, late)).signatures] == [True]


def test_certified_keys_are_left_alone(tmp_path: Path) -> None:
    load_platform_keys(tmp_path, name="云开平台", now=NOW)
    (tmp_path / "platform" / "authority.pem").unlink()
    keys = load_platform_keys(tmp_path, name="云开平台", now=NOW)
    held = (tmp_path / "platform" / "timestamp.pem").read_bytes()
    assert not renew_embedded(keys, tmp_path, now=keys.timestamp.certificate.not_after)
    assert ((tmp_path / "platform" / "timestamp.pem").read_bytes(), keys.crls) == (held, ())
