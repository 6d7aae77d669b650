"""Validation by the trust list: terms, policies, CRLs and OCSP of CAs with intermediates, the grace (R-700, R-515)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1

from storage.crypto.certificates import describe
from storage.crypto.demo_pki import Identity
from storage.crypto.errors import CertificateRefused, Malformed
from storage.crypto.grounds import KeptEvidence, grounds_body
from storage.crypto.revocation import CRL, OCSP, ask_ocsp, parse_word
from storage.crypto.trust import UNWRAP, Admission, TrustList, Validation
from tests.pki.authorities import POLICY, TestAuthority, found_authority
from tests.pki.program import answer, crl

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
NAME = "连云港海洋工程有限公司"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", params=["rsa", "ec-p256", "sm2"])
def authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return found_authority(tmp_path_factory.mktemp("cas") / request.param, request.param, NOW)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return found_authority(tmp_path_factory.mktemp("cas") / "other", "ec-p256", NOW)


@pytest.fixture(scope="module")
def holder(authority: TestAuthority) -> Identity:
    return authority.issue(NAME, begins=NOW - 10 * HOUR)


def loaded(authority: TestAuthority, which: str) -> Any:
    _, _, der = pem.unarmor((authority.folder / f"{which}.pem").read_bytes())
    return asn1.Certificate.load(der)


def listed(authority: TestAuthority, *, crls: tuple[str, ...] = ("root", "issuing"), made_at: datetime = NOW,
           **more: Any) -> TrustList:
    return TrustList((loaded(authority, "root"),), (loaded(authority, "issuing"),),
                     tuple(parse_word(CRL, crl(authority, each, made_at)) for each in crls), **more)


async def reason(trust: TrustList, holder: Identity, at: datetime = NOW, usage: str = "sign", *,
                 answers: tuple[bytes, ...] = ()) -> str:
    with pytest.raises(CertificateRefused) as refusal:
        await trust.validate(holder.certificate, at, usage, answers)
    return str(refusal.value.facts["reason"])


def asked(authority: TestAuthority, holder: Identity, at: datetime = NOW) -> bytes:
    return answer(authority, ask_ocsp(int(holder.certificate.serial, 16), loaded(authority, "issuing")), at)


async def test_a_chain_over_an_intermediate_holds_and_says_what_it_rests_on(authority, holder):
    found = await listed(authority, version=7).validate(holder.certificate, NOW)
    assert found.chain == (holder.certificate.der, loaded(authority, "issuing").dump(),
                           loaded(authority, "root").dump())
    assert len(found.crls) == 2
    assert (found.flags, found.list_version) == ((), 7)
    alone = TrustList((loaded(authority, "root"),), (loaded(authority, "issuing"),),
                      tuple(parse_word(CRL, each) for each in found.crls))
    assert (await alone.validate(holder.certificate, NOW)).chain == found.chain  # what is kept suffices


async def test_dates_and_use_are_held_to(authority, holder):
    trust = listed(authority)
    assert await reason(trust, authority.issue(NAME, begins=NOW - 48 * HOUR, days=1)) == "expired"
    assert await reason(trust, authority.issue(NAME, begins=NOW + HOUR)) == "not-yet-valid"
    assert await reason(trust, authority.issue(NAME, begins=NOW - HOUR, usage="wrap")) == "usage"
    assert await reason(trust, authority.issue(NAME, begins=NOW - HOUR, usage="sign"), usage=UNWRAP) == "usage"


async def test_an_authority_itself_acts_for_nobody(authority):
    issuing = Identity(_described(authority, "issuing"), authority.key("issuing"), authority.certificate("root"))
    assert await reason(listed(authority), issuing) == "usage"


def _described(authority: TestAuthority, which: str) -> Any:
    return replace(describe(authority.certificate(which)), usages=frozenset())  # whatever uses it claims


@pytest.mark.parametrize(("terms", "expected"), [
    (Admission(NOW - HOUR, NOW), "not-listed"), (Admission(NOW + HOUR, NOW + 2 * HOUR), "not-listed"),
    (Admission(NOW - HOUR, NOW + HOUR, is_suspended=True), "suspended"),
    (Admission(NOW - HOUR, NOW + HOUR, policies=frozenset({"1.2.3"})), "policy")])
async def test_the_terms_on_which_a_ca_is_listed_are_held_to(authority, holder, terms, expected):
    name = loaded(authority, "issuing").sha256.hex()
    assert await reason(listed(authority, admissions={name: terms}), holder) == expected
    good = Admission(NOW - HOUR, NOW + HOUR, policies=frozenset({"1.2.3", POLICY}))
    assert (await listed(authority, admissions={name: good}).validate(holder.certificate, NOW)).flags == ()


async def test_a_revocation_counts_from_its_instant_on_and_also_for_the_intermediate(authority):
    lost = authority.issue(NAME, begins=NOW - 10 * HOUR)
    authority.revoke(lost, NOW - HOUR)
    trust = listed(authority)
    assert await reason(trust, lost) == "revoked"
    assert (await trust.validate(lost.certificate, NOW - 2 * HOUR)).flags == ()
    assert await reason(listed(authority, crls=("issuing",)), lost, NOW - 2 * HOUR) == "revocation-unknown"


async def test_a_crl_past_its_end_counts_within_the_grace_and_is_flagged_then_no_more(authority, holder):
    trust = listed(authority, grace=timedelta(hours=72))
    late = NOW + 3 * HOUR
    assert (await trust.validate(holder.certificate, late)).flags == ("cached-crl",)
    assert await reason(trust, holder, NOW + timedelta(hours=74)) == "revocation-unknown"
    assert await reason(listed(authority), holder, late) == "revocation-unknown"


async def test_what_a_cached_crl_revoked_stays_revoked_though_a_newer_word_is_missing(authority):
    lost = authority.issue(NAME, begins=NOW - 10 * HOUR)
    authority.revoke(lost, NOW - HOUR)
    assert await reason(listed(authority, grace=timedelta(hours=72)), lost, NOW + 3 * HOUR) == "revoked"


async def test_an_ocsp_answer_takes_the_place_of_a_crl(authority, holder):
    trust = listed(authority, crls=("root",), grace=2 * HOUR)
    assert await reason(trust, holder) == "revocation-unknown"
    found = await trust.validate(holder.certificate, NOW, "sign", [asked(authority, holder)])
    assert (len(found.crls), len(found.ocsps), found.flags) == (1, 1, ())
    late = await trust.validate(holder.certificate, NOW + 2 * HOUR, "sign", [asked(authority, holder)])
    assert late.flags == ("cached-crl", "cached-ocsp")
    lost = authority.issue(NAME, begins=NOW - 10 * HOUR)
    authority.revoke(lost, NOW - HOUR)
    assert await reason(trust, lost, answers=(asked(authority, lost),)) == "revoked"


async def test_an_ocsp_answer_about_another_certificate_or_by_another_ca_is_worth_nothing(authority, other, holder):
    trust = listed(authority, crls=("root",))
    neighbour = authority.issue("他人", begins=NOW - HOUR)
    assert await reason(trust, holder, answers=(asked(authority, neighbour),)) == "revocation-unknown"
    forged = answer(other, ask_ocsp(int(holder.certificate.serial, 16), loaded(authority, "issuing")), NOW)
    assert await reason(trust, holder, answers=(forged,)) == "revocation-unknown"


async def test_no_byte_of_a_crl_or_answer_can_be_changed_unseen(authority, holder):
    for make in (_with_crl, _with_answer):
        whole = make(authority, holder)
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            changed = bytearray(whole)
            changed[place] ^= 1
            await _holds_or_is_refused(authority, holder, bytes(changed), make, whole)


def _with_crl(authority: TestAuthority, holder: Identity) -> bytes:
    return crl(authority, "issuing", NOW)


def _with_answer(authority: TestAuthority, holder: Identity) -> bytes:
    return asked(authority, holder)


def _signed(kind: Callable[..., bytes], word: bytes) -> bytes:
    """What the signature of a CRL or of an answer covers."""
    made = (parse_word(CRL, word)["tbs_cert_list"] if kind is _with_crl
            else parse_word(OCSP, word).basic_ocsp_response["tbs_response_data"])
    return bytes(made.dump())


async def _holds_or_is_refused(authority: TestAuthority, holder: Identity, changed: bytes,
                               kind: Callable[..., bytes], whole: bytes) -> None:
    """A changed word is no word: the certificate is not valid by it."""
    base = listed(authority, crls=("root",))
    try:
        parsed = parse_word(CRL if kind is _with_crl else OCSP, changed)
    except Malformed:
        return
    crls = (*base.crls, parsed) if kind is _with_crl else base.crls
    answers = () if kind is _with_crl else (changed,)
    try:
        found = await TrustList(base.roots, base.intermediates, crls).validate(holder.certificate, NOW, "sign", answers)
    except CertificateRefused as refusal:
        reason = refusal.facts["reason"]
    else:  # a byte outside what is signed: of a certificate the answer carries along, of how its signature is packed
        taken = [_signed(kind, each) for each in (found.crls if kind is _with_crl else found.ocsps)]
        reason = "revocation-unknown" if _signed(kind, whole) in taken else "taken though changed"
    assert reason == "revocation-unknown"


async def test_a_crl_of_another_ca_with_the_same_name_is_not_taken(authority, holder, tmp_path):
    double = found_authority(tmp_path / authority.name, authority.state["kind"], NOW)
    base = listed(authority, crls=("root",))
    forged = parse_word(CRL, crl(double, "issuing", NOW))
    assert await reason(TrustList(base.roots, base.intermediates, (*base.crls, forged)), holder) == "revocation-unknown"


async def test_what_was_kept_leads_to_the_same_judgement_years_later(authority):
    """Whoever holds the grounds judges them again; a revocation within them, or another word of them, is found."""
    held = authority.issue(NAME, begins=NOW - 10 * HOUR, days=2)
    found = await listed(authority, version=3, crls=("root",)).validate(
        held.certificate, NOW, answers=(asked(authority, held),))
    body, evidence = grounds_body(held.certificate.fingerprint, "sign", found), kept(found)
    terms = {name: Admission(NOW - HOUR, NOW + HOUR) for name in body["chain"][1:]}
    held_again = KeptEvidence(evidence)
    assert held_again.judge(body, NOW, terms).chain == found.chain, "its own certificate may long have ended"
    suspended = dict.fromkeys(terms, Admission(NOW - HOUR, NOW + HOUR, is_suspended=True))
    with pytest.raises(CertificateRefused, match="暂停"):
        KeptEvidence(evidence).judge(body, NOW, suspended)
    with pytest.raises(Malformed, match="得不出当时的结论"):
        held_again.judge(body | {"flags": ["cached-ocsp"]}, NOW, terms)
    with pytest.raises(Malformed, match="缺失"):
        KeptEvidence({name: evidence[name] for name in body["chain"]}).judge(body, NOW, terms)
    with pytest.raises(Malformed, match="与其摘要不符"):
        KeptEvidence({**evidence, body["crls"][0]: evidence[body["ocsps"][0]]})
    authority.revoke(held, NOW - HOUR)
    told = asked(authority, held)
    name = sha256(told).hexdigest()
    with pytest.raises(CertificateRefused, match="吊销"):
        KeptEvidence({**evidence, name: told}).judge(body | {"ocsps": [name]}, NOW, terms)


def kept(found: Validation) -> dict[str, bytes]:
    """The evidence of a validation by its SHA-256, as an export carries it."""
    return {sha256(each).hexdigest(): each for each in (*found.chain, *found.crls, *found.ocsps)}
