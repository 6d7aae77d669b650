"""A letter signed by SM2 on a machine without SM2: it waits alone, and is judged, and given back, when SM2 is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from bidding.guarantees.application import SignedLetter
from bidding.guarantees.model import IssuerKind, IssuerStatus
from bidding.guarantees.reactions import reactions
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeLetter
from frontend.cli.rehearsal.programs.letters import House, issue_letter, letter_data
from storage.crypto import libcrypto
from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import demo_uscc
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now, shanghai
from storage.kernel.identifiers import new_id
from storage.reactions.aside import all_aside
from storage.reactions.following import Follower
from storage.reactions.tables import ReactionAside
from tests.bids_world import Person
from tests.guarantee_world import ask_for_deposit, submit_with
from tests.opening_fixtures import empty_hall
from tests.opening_world import PRICES, Hall
from tests.waiting import eventually

__all__ = ["empty_hall"]
SM2_BANK, BANK = "国密银行", "海州银行"


@contextmanager
def without_sm2() -> Iterator[None]:
    """No such library on this machine meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libcrypto, "_NAME", "libcrypto.so.absent")
        libcrypto.libcrypto.cache_clear()
        yield
    libcrypto.libcrypto.cache_clear()


async def letter_of(hall: Hall, bank: str, kind: KeyKind, bidder: Person) -> SignedLetter:
    """What a bank of the list, with a key of that kind, issued to the bidder without being asked through here."""
    identity = hall.world.pki.issue(organisation=bank, uscc=demo_uscc(bank), kind=kind, now=process_now())
    async with hall.world.sessions() as session, session.begin():
        session.add(GuaranteeIssuer(
            id=new_id(), name=bank, uscc=demo_uscc(bank), kind=IssuerKind.BANK, address="http://127.0.0.1:9/",
            public_key="", box_certificate=identity.certificate.pem, status=IssuerStatus.ACTIVE, asked_by="host",
            asked_by_name="host", asked_at=process_now(), decided_by="recorder", decided_by_name="recorder",
            decided_at=process_now()))
    today: date = shanghai(process_now()).date()
    application = {
        "bidder": {"name": bidder.party.name, "uscc": bidder.party.uscc}, "contact": {"name": "李", "phone": "1"},
        "amount": "200000.00", "project": "试验", "lot": hall.lot.code, "beneficiary": hall.world.tenderee.party.name,
        "begin": (today - timedelta(days=1)).isoformat(), "end": (today + timedelta(days=400)).isoformat()}
    house = House(bank, IssuerKind.BANK, identity, rate=Decimal("0.30"))
    return await issue_letter(house, letter_data(house, "NONE", application, process_now()), process_now())


async def judged(hall: Hall) -> dict[str, tuple[str, str]]:
    """Verdict and state of every letter that was judged, by its issuer's name."""
    query = (select(GuaranteeIssuer.name, GuaranteeLetter.verdict, GuaranteeLetter.status)
             .join(GuaranteeIssuer, GuaranteeIssuer.id == GuaranteeLetter.issuer_id))
    async with hall.world.sessions() as session:
        return {name: (verdict, status) for name, verdict, status in await session.execute(query)}


async def test_one_letter_that_cannot_be_judged_here_holds_up_no_other(empty_hall: Hall) -> None:
    hall, follower = empty_hall, Follower(empty_hall.world.sessions, reactions(empty_hall.keys))
    await ask_for_deposit(hall)
    first, second, third = hall.world.bidders
    letters = [await letter_of(hall, SM2_BANK, "sm2", first), await letter_of(hall, BANK, "ec-p256", second), None]
    for bidder, price, letter in zip((first, second, third), PRICES, letters, strict=True):
        await submit_with(hall, bidder, price, letter)
    await hall.begin()
    await hall.release_all()

    async def numbered() -> bool:
        query = text("select count(*) from ledger_entry where entry::json->>'action' = 'bid.decrypted'")
        async with hall.world.sessions() as session:
            return bool(await session.scalar(query) == 3)

    await eventually(numbered)
    with without_sm2():
        await follower.follow()
        assert await judged(hall) == {BANK: ("VALID", "verified")}
        async with hall.world.sessions() as session:
            [waiting] = await all_aside(session)
        assert (waiting.name, waiting.last_error.split(":")[0]) == ("guarantees.verify", "unavailable")

        # The tender ends before anybody can judge it.
        await hall.change_lot(stage="contracted")
        async with hall.world.work() as uow:
            uow.record("contract.signed", PLATFORM, stream=f"lot:{hall.lot.id}", subject=f"lot:{hall.lot.id}",
                       payload={"lot": hall.lot.code})
            await uow.commit()

        async def given_back() -> bool:
            await follower.follow()
            return await judged(hall) == {BANK: ("VALID", "surrendered")}

        await eventually(given_back)
    async with hall.world.sessions() as session, session.begin():
        await session.execute(update(ReactionAside).values(retry_at=text("clock_timestamp()")))
    await follower.follow()
    assert await judged(hall) == dict.fromkeys((SM2_BANK, BANK), ("VALID", "surrendered"))
    assert sorted(payload["number"] for _, payload in await hall.entries("guarantee.surrendered")) == sorted(
        str(letter.data["number"]) for letter in letters if letter)
    async with hall.world.sessions() as session:
        assert await all_aside(session) == []
