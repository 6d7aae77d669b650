"""Letters as an issuer really writes them, sealed on both ways, and judged from the file alone."""

import random
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bidding.guarantees.application import (
    LARGEST_PDF,
    SignedLetter,
    opened_application,
    opened_letter,
    read_signed_letter,
    sealed_application,
    sealed_letter,
)
from bidding.guarantees.judging import Reading, read_revealed
from bidding.guarantees.model import IssuerKind, LetterFacts
from bidding.guarantees.rules import judged
from bidding.opening.statements import read_statement
from frontend.cli.rehearsal.programs.letters import House, issue_letter, letter_data
from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.trust import TrustList, read_trust_list
from storage.kernel.clock import SHANGHAI, process_now

NOW = process_now()
DEADLINE = datetime(2026, 3, 23, 9, 0, tzinfo=SHANGHAI)
ORDER, LOT, ISSUER_ID = "BH-2345-6789-ABCD", "E3207000001000001001", "b2d2a0a2-0000-4000-8000-000000000001"
BANK, BIDDER, TENDEREE = "江苏海州银行", "江苏新浦建设集团有限公司", "连云港市水利工程建设处"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=NOW)


@pytest.fixture(scope="module")
def trust(pki: DemoPki) -> TrustList:
    return read_trust_list(pki.directory)


@pytest.fixture(scope="module")
def house(pki: DemoPki) -> House:
    return House(BANK, IssuerKind.BANK, pki.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256", now=NOW))


@pytest.fixture(scope="module")
def bidder(pki: DemoPki) -> Identity:
    return pki.issue(organisation=BIDDER, uscc=demo_uscc(BIDDER), kind="rsa", now=NOW)


@pytest.fixture(scope="module")
def application(bidder: Identity) -> dict[str, Any]:
    return {"project": "蔷薇河综合整治", "lot": LOT, "lot_title": "一标段",
            "bidder": {"name": BIDDER, "uscc": demo_uscc(BIDDER)}, "contact": {"name": "李联系", "phone": "0518"},
            "beneficiary": TENDEREE, "amount": "200000.00", "begin": "2026-03-20", "end": "2026-06-21",
            "reply_certificate": bidder.certificate.pem, "amends": None}


def facts_of(reading: Reading) -> LetterFacts:
    listed = [each for each in reading.signers if each.uscc == demo_uscc(BANK)]
    return LetterFacts(
        letter=reading.letter, issuer_kind="bank" if listed else None, signed_by_issuer=bool(listed),
        digest_agrees=reading.digest_agrees, required=Decimal(200_000), forms=frozenset({"bank"}),
        beneficiary=TENDEREE, lot_code=LOT, bidder=BIDDER, uscc=demo_uscc(BIDDER), deadline_at=DEADLINE,
        validity_days=90)


async def failed(letter: SignedLetter, trust: TrustList) -> set[str]:
    reading = await read_revealed(letter.to_json(), trust, process_now())
    return {asked.number for asked, satisfied in judged(facts_of(reading)) if not satisfied}


async def written(house: House, application: dict[str, Any], mistake: str = "") -> SignedLetter:
    maker = replace(house, mistake=mistake)
    return await issue_letter(maker, letter_data(maker, ORDER, application, NOW), NOW)


async def test_an_honest_letter_holds_and_fits_into_a_statement(house: House, application: dict[str, Any],
                                                               trust: TrustList):
    letter = await written(house, application)
    assert await failed(letter, trust) == set()
    assert len(letter.pdf) < LARGEST_PDF
    assert read_signed_letter(letter.to_json()) == letter


@pytest.mark.cts("A-104")
@pytest.mark.parametrize(("mistake", "numbers"), [
    ("amount", {"R-414/4"}), ("end", {"R-414/7"}), ("begin", {"R-414/6"}), ("beneficiary", {"R-414/3"}),
    ("lot", {"R-414/5"}), ("wording", {"R-414/8"}), ("applicant", {"R-414/9"}), ("digest", {"R-414/2"}),
    ("unsigned", {"R-410", "R-414"})])
async def test_each_mistake_of_an_issuer_is_found_from_the_file_itself(
        house: House, application: dict[str, Any], trust: TrustList, mistake: str, numbers: set[str]):
    assert await failed(await written(house, application, mistake), trust) == numbers


async def test_a_letter_signed_under_a_foreign_root_is_nobodys(house: House, application: dict[str, Any],
                                                               trust: TrustList, tmp_path: Path):
    foreign = open_demo_pki(tmp_path / "keys", tmp_path / "trust", now=NOW)
    forged = replace(house, identity=foreign.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256", now=NOW))
    assert await failed(await written(forged, application), trust) == {"R-410", "R-414"}


async def test_a_revoked_issuer_signs_nothing_that_holds(pki: DemoPki, house: House, application: dict[str, Any]):
    revoked = replace(house, identity=pki.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256", now=NOW))
    letter = await written(revoked, application)
    assert await failed(letter, read_trust_list(pki.directory)) == set()
    pki.revoke(revoked.identity.certificate, now=process_now())
    assert await failed(letter, read_trust_list(pki.directory)) == {"R-410", "R-414"}


async def test_data_or_file_changed_afterwards_is_found(house: House, application: dict[str, Any], trust: TrustList):
    letter = await written(house, application)
    richer = SignedLetter({**letter.data, "amount": "900000.00"}, letter.pdf)
    assert await failed(richer, trust) == {"R-414/2"}
    middle = len(letter.pdf) // 2
    torn = SignedLetter(letter.data, letter.pdf[:middle] + b"\0" + letter.pdf[middle + 1:])
    assert "R-414" in await failed(torn, trust)


@pytest.mark.parametrize("member", [{}, {"data": 1, "pdf": ""}, {"data": {}, "pdf": "!"}, {"data": {}, "pdf": ""},
                                    {"data": {"v": 1}, "pdf": to_base64(b"%PDF-1.7 nothing")}])
async def test_what_is_no_letter_fails_every_rule_and_stops_nothing(member: dict[str, Any], trust: TrustList):
    reading = await read_revealed(member, trust, process_now())
    assert reading.letter is None
    assert not any(satisfied for _, satisfied in judged(facts_of(reading)))


async def test_what_passes_the_platform_opens_for_its_receiver_alone(house: House, application: dict[str, Any],
                                                                     bidder: Identity):
    box = sealed_application(application, house.identity.certificate, ISSUER_ID)
    assert BIDDER.encode() not in canonical_bytes(box)
    assert opened_application(box, house.identity.key, ISSUER_ID) == {"v": 1, **application}  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        opened_application(box, house.identity.key, "another issuer")  # type: ignore[arg-type]
    letter = await written(house, application)
    reply = sealed_letter(letter, bidder.certificate.pem, ORDER)
    assert opened_letter(reply, bidder.key, ORDER) == letter  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        opened_letter(reply, bidder.key, "BH-2345-6789-ABCE")  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        opened_letter(reply, house.identity.key, ORDER)  # type: ignore[arg-type]


def test_a_file_too_large_for_a_statement_is_no_letter():
    with pytest.raises(Malformed):
        read_signed_letter({"data": {}, "pdf": to_base64(b"x" * (LARGEST_PDF + 1))})


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_a_bidder_does_to_the_file_the_letter_fails_and_nothing_else(
        house: House, application: dict[str, Any], trust: TrustList, seed: int):
    """The others' letters are judged after it: no damage may raise."""
    letter, chance = await written(house, application), random.Random(seed)
    damaged = bytearray(letter.pdf)
    for _ in range(chance.randint(1, 200)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    if seed % 3 == 0:
        del damaged[chance.randrange(len(damaged)):]
    assert "R-414" in await failed(SignedLetter(letter.data, bytes(damaged)), trust)


def test_a_character_that_no_column_holds_makes_a_statement_invalid_not_a_hall_that_stops():
    for guarantee in ({"data": {"number": "a\0b"}, "pdf": ""}, {"data": {}, "pdf": "\0"}):
        with pytest.raises(Malformed):
            read_statement(canonical_bytes({"v": 1, "fields": {}, "guarantee": guarantee}), [])
    spelled_out = {"data": {"number": r"a\u0000b"}, "pdf": ""}
    held = canonical_bytes({"v": 1, "fields": {}, "guarantee": spelled_out})
    assert read_statement(held, []).guarantee == spelled_out
