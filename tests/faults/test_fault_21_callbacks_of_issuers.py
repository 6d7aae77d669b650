"""Faults 07, 21, 22, 23 for guarantee letters: callbacks twice, forged, old, out of order; half an act; two deciders.

Commands over the real database, as the routes call them.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from bidding.guarantees.application import sealed_application
from bidding.guarantees.commands.applying import ApplyForGuarantee, apply_for_guarantee
from bidding.guarantees.commands.hearing import hear_issuer
from bidding.guarantees.commands.issuers import Decide, ProposeIssuer, decide_issuer, propose_issuer
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeOrder, IssuerCallback
from frontend.cli.rehearsal.programs.serving import public_text
from storage.crypto.callbacks import sign_callback
from storage.crypto.demo_pki import Identity, demo_uscc
from storage.crypto.errors import SignatureRefused
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.kernel.errors import Conflict, Invalid, NotFound, Refused, RulesUnmet
from storage.ledger.tables import LedgerOutbox
from storage.objects.store import ObjectStore
from tests.guarantee_world import ask_for_deposit
from tests.opening_world import Hall, found_hall
from trading.exchange.tables import ExchangePush

BANK = "江苏海州银行"


@dataclass
class Counter:
    """An issuer on the list, one order at it, and its key."""

    hall: Hall
    key: Ed25519PrivateKey
    issuer: GuaranteeIssuer
    order: GuaranteeOrder

    async def tell(self, told: dict[str, Any], *, key: Ed25519PrivateKey | None = None, channel: str = "",
                   age: timedelta = timedelta()) -> dict[str, Any]:
        """A callback as its program signs it."""
        body = json.dumps({"v": 1, **told}).encode()
        signature = sign_callback(key or self.key, channel or f"issuer:{self.issuer.id}", process_now() - age, body)
        return await hear_issuer(self.issuer.id, signature, body, self.hall.world.work())

    async def status(self) -> str:
        async with self.hall.world.sessions() as session:
            return str(await session.scalar(select(GuaranteeOrder.status)))

    async def count(self, table: Any) -> int:
        async with self.hall.world.sessions() as session:
            return int(await session.scalar(select(func.count()).select_from(table)) or 0)


@pytest.fixture
async def counter(sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Counter:
    """An order that was applied for and not paid."""
    hall = await found_hall(sessions, settings, object_store, bidders=1)
    await ask_for_deposit(hall)
    key = Ed25519PrivateKey.generate()
    identity: Identity = hall.world.pki.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256",
                                              now=process_now())
    entry = ProposeIssuer(BANK, demo_uscc(BANK), "bank", "http://127.0.0.1:9/orders", public_text(key),
                          identity.certificate.pem)
    proposed = await propose_issuer(entry, hall.host.actor, hall.world.work())
    issuer = await decide_issuer(proposed.id, Decide(True), hall.recorder.actor, hall.world.work())
    order = await _apply(hall, issuer, identity)
    return Counter(hall, key, issuer, order)


async def _apply(hall: Hall, issuer: GuaranteeIssuer, identity: Identity) -> GuaranteeOrder:
    box = sealed_application({"lot": hall.lot.code}, identity.certificate, str(issuer.id))
    return await apply_for_guarantee(hall.lot.id, ApplyForGuarantee(issuer.id, box), hall.world.bidders[0].actor,
                                     hall.world.work(), hall.keys.master)


async def test_a_callback_twice_is_one_act_and_another_body_under_its_id_is_refused(counter: Counter) -> None:
    told = {"id": "cb-1", "kind": "guarantee.paid", "order": counter.order.number}
    first = await counter.tell(told)
    acts = await counter.count(LedgerOutbox)
    assert await counter.tell(told) == first == {"id": "cb-1", "accepted": True}
    assert await counter.count(LedgerOutbox) == acts, "nothing was recorded a second time"
    assert (await counter.status(), await counter.count(IssuerCallback)) == ("paid", 1)
    with pytest.raises(Invalid) as refused:
        await counter.tell(told | {"kind": "guarantee.refused", "reason": "改主意"})
    assert refused.value.facts["status"] == 422
    assert await counter.status() == "paid"


async def test_the_same_callback_eight_times_at_once_is_one_act(counter: Counter) -> None:
    told = {"id": "cb-1", "kind": "guarantee.paid", "order": counter.order.number}
    answers = await asyncio.gather(*(counter.tell(told) for _ in range(8)))
    assert answers == [{"id": "cb-1", "accepted": True}] * 8
    assert (await counter.status(), await counter.count(IssuerCallback)) == ("paid", 1)


async def test_what_another_key_signed_or_for_another_channel_or_long_ago_is_not_heard(counter: Counter) -> None:
    told = {"id": "cb-1", "kind": "guarantee.paid", "order": counter.order.number}
    with pytest.raises(SignatureRefused):
        await counter.tell(told, key=Ed25519PrivateKey.generate())
    with pytest.raises(SignatureRefused):
        await counter.tell(told, channel="bank")
    with pytest.raises(Refused):
        await counter.tell(told, age=timedelta(minutes=6))
    with pytest.raises(NotFound):
        await counter.tell(told | {"order": "BH-2222-2222-2222"})
    for broken in ({"id": "cb-2", "kind": "guarantee.lent"}, {"kind": "guarantee.paid"}, told | {"more": 1}):
        with pytest.raises(Invalid):
            await counter.tell(broken)
    assert (await counter.status(), await counter.count(IssuerCallback)) == ("applied", 0)


async def test_nothing_is_issued_unpaid_and_a_refused_callback_may_come_again(counter: Counter) -> None:
    """Fault 22: out of order changes nothing, and takes no id."""
    issued = {"id": "cb-2", "kind": "guarantee.issued", "order": counter.order.number, "letter": {"v": 1}}
    with pytest.raises(Refused):
        await counter.tell(issued)
    assert (await counter.status(), await counter.count(IssuerCallback)) == ("applied", 0)
    await counter.tell({"id": "cb-1", "kind": "guarantee.paid", "order": counter.order.number})
    assert (await counter.tell(issued))["accepted"]
    assert await counter.status() == "issued"
    with pytest.raises(Refused):
        await counter.tell({"id": "cb-3", "kind": "guarantee.refused", "order": counter.order.number, "reason": "晚了"})


@pytest.mark.parametrize("table", ["guarantee_order", "exchange_push", "ledger_outbox"])
async def test_an_application_is_whole_or_not_at_all(counter: Counter, table: str) -> None:
    """Fault 07: whichever INSERT fails, order, message and entry all stay away."""
    before = [await counter.count(each) for each in (GuaranteeOrder, ExchangePush, LedgerOutbox)]
    await _run(counter, """create function refuse() returns trigger language plpgsql as
                           $$ begin raise exception 'no'; end $$""")
    await _run(counter, f"create trigger refuse before insert on {table} for each row execute function refuse()")
    identity = counter.hall.world.pki.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256", now=process_now())
    with pytest.raises(DBAPIError):
        await _apply(counter.hall, counter.issuer, identity)
    assert [await counter.count(each) for each in (GuaranteeOrder, ExchangePush, LedgerOutbox)] == before


async def _run(counter: Counter, statement: str) -> None:
    async with counter.hall.world.sessions() as session:
        await session.execute(text(statement))
        await session.commit()


async def test_two_who_decide_one_entry_at_once_decide_it_once(counter: Counter) -> None:
    """Fault 23, and R-410/2: the proposer is never one of them."""
    hall, name = counter.hall, "江苏云台保险"
    identity = hall.world.pki.issue(organisation=name, uscc=demo_uscc(name), kind="ec-p256", now=process_now())
    entry = ProposeIssuer(name, demo_uscc(name), "insurer", "http://127.0.0.1:9/orders", public_text(counter.key),
                          identity.certificate.pem)
    proposed = await propose_issuer(entry, hall.host.actor, hall.world.work())
    with pytest.raises(Conflict):
        await propose_issuer(entry, hall.recorder.actor, hall.world.work())
    with pytest.raises(RulesUnmet):
        await decide_issuer(proposed.id, Decide(True), hall.host.actor, hall.world.work())

    async def decide(accepted: bool) -> object:
        return await decide_issuer(proposed.id, Decide(accepted), hall.recorder.actor, hall.world.work())

    results = await asyncio.gather(decide(True), decide(False), return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in results) == 1
    async with hall.world.sessions() as session:
        decided = await session.scalar(select(func.count()).select_from(LedgerOutbox).where(
            LedgerOutbox.action == "issuer.decided", LedgerOutbox.subject == f"issuer:{proposed.id}"))
    assert decided == 1
