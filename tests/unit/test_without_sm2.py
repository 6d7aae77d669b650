"""A machine whose OpenSSL knows no SM2 says that it cannot judge, never that good evidence is broken."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1
from click.testing import CliRunner

from bidding.guarantees.application import SignedLetter
from bidding.guarantees.judging import read_revealed
from frontend.verifier.command import verify
from storage.crypto import libcrypto
from storage.crypto.certificates import Certificate
from storage.crypto.chain_signatures import verifies
from storage.crypto.pdf_validation import validate_paper
from storage.crypto.revocation import CRL, parse_word
from storage.crypto.trust import TrustList
from storage.kernel.clock import process_now
from storage.kernel.errors import Unavailable
from tests.nodes import ROOT
from tests.pki.authorities import TestAuthority, found_authority
from tests.pki.program import crl

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
PAPER = ROOT / "tests" / "vectors" / "sm-signed.pdf"


@pytest.fixture
def no_sm2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No such library on this machine, until the test is over."""
    monkeypatch.setattr(libcrypto, "_NAME", "libcrypto.so.absent")
    libcrypto.libcrypto.cache_clear()
    yield
    libcrypto.libcrypto.cache_clear()


@pytest.fixture(scope="module")
def cas(tmp_path_factory: pytest.TempPathFactory) -> tuple[TestAuthority, TestAuthority]:
    """One CA of SM2, one of EC keys."""
    folder = tmp_path_factory.mktemp("cas")
    return found_authority(folder / "sm2-ca", "sm2", NOW), found_authority(folder / "ec-ca", "ec-p256", NOW)


@pytest.fixture(scope="module")
def held(cas: tuple[TestAuthority, TestAuthority]) -> tuple[TrustList, Certificate, Certificate]:
    """A list of both CAs with their CRLs, and a certificate of each."""
    roots, issuing = ([_read(each, which) for each in cas] for which in ("root", "issuing"))
    words = [parse_word(CRL, crl(each, which, NOW)) for each in cas for which in ("root", "issuing")]
    begins = NOW - timedelta(hours=1)
    sm2, plain = cas[0].issue_pair("国密公司", begins=begins), cas[1].issue("寻常公司", begins=begins)
    return TrustList(tuple(roots), tuple(issuing), tuple(words)), sm2.certificate, plain.certificate


def _read(authority: TestAuthority, which: str) -> asn1.Certificate:
    return asn1.Certificate.load(pem.unarmor((authority.folder / f"{which}.pem").read_bytes())[2])


async def test_both_are_valid_where_sm2_is_known(held: tuple[TrustList, Certificate, Certificate]) -> None:
    trust, sm2, plain = held
    for each in (sm2, plain):
        await trust.validate(each, NOW)


async def test_an_sm2_chain_is_not_judged_and_others_are_as_ever(
        no_sm2: None, held: tuple[TrustList, Certificate, Certificate]) -> None:
    trust, sm2, plain = held
    fresh = TrustList(trust.roots, trust.intermediates, trust.crls)
    await fresh.validate(plain, NOW)
    with pytest.raises(Unavailable):
        await fresh.validate(sm2, NOW)
    issuer, found = trust.intermediates[0], asn1.Certificate.load(sm2.der)
    with pytest.raises(Unavailable):
        verifies(issuer, found["signature_algorithm"], found["tbs_certificate"].dump(), found["signature_value"].native)


async def test_a_paper_signed_by_sm2_is_not_judged(no_sm2: None) -> None:
    with pytest.raises(Unavailable):
        await validate_paper(PAPER.read_bytes(), TrustList(()), process_now())


async def test_a_letter_signed_by_sm2_is_not_judged_and_so_not_called_broken(no_sm2: None) -> None:
    letter = SignedLetter({}, PAPER.read_bytes()).to_json()
    with pytest.raises(Unavailable):
        await read_revealed(letter, TrustList(()), process_now())


def test_the_verifier_says_that_this_machine_cannot_judge(no_sm2: None, cas: tuple[TestAuthority, TestAuthority],
                                                          tmp_path: Path) -> None:
    for words in ((str(PAPER),), (str(PAPER), "--root", str(cas[0].folder / "root.pem"))):
        told = CliRunner().invoke(verify, words)
        assert (told.exit_code, "这台机器不能判断" in told.output, "does not hold" in told.output) == (2, True, False)
    (tmp_path / "no.pem").write_text("no certificate")
    told = CliRunner().invoke(verify, (str(PAPER), "--root", str(tmp_path / "no.pem")))
    assert (told.exit_code, "--root no.pem" in told.output) == (2, True), told.output


def test_where_sm2_is_known_the_same_paper_is_judged() -> None:
    told = CliRunner().invoke(verify, (str(PAPER),))
    assert (told.exit_code, "这台机器不能判断" in told.output) == (0, False), told.output
