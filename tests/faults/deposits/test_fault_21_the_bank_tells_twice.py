"""Fault 21: the bank tells twice, at once or later: one booking. Another body under the same id is refused."""

import asyncio
import json

import pytest

from bidding.deposits.commands.receiving import take
from bidding.deposits.tables import BankCallback, DepositPayment, DepositRefund
from storage.kernel.errors import Invalid
from tests.deposits_world import DEPOSIT, Till, basic_account


def _paid(till: Till, number: str, **changed: str) -> bytes:
    bidder = till.world.bidders[0]
    return json.dumps({
        "v": 1, "id": "call-1", "kind": "payment.received", "serial": "S-1", "account": number,
        "payer_name": bidder.party.name, "payer_account": basic_account(bidder), "amount": DEPOSIT,
        "value_at": "2026-11-26T00:00:00Z", **changed}).encode()


@pytest.mark.cts("A-102")
async def test_the_same_call_any_number_of_times_is_one_payment(till: Till) -> None:
    account = await till.open(till.world.bidders[0])
    body = _paid(till, account.number)
    told = await asyncio.gather(*(take(body, till.work()) for _ in range(6)))
    told.append(await take(body, till.work()))
    assert set(told) == {"call-1"}
    assert await till.count(DepositPayment) == 1
    with pytest.raises(Invalid) as refused:
        await take(_paid(till, account.number, amount="1.00"), till.work())
    assert refused.value.facts["status"] == 422
    assert (await till.own(till.world.bidders[0]))["counted"] == DEPOSIT


async def test_a_refund_is_ordered_and_booked_once_though_the_bank_says_done_again(till: Till) -> None:
    bidder = till.world.bidders[0]
    account = await till.open(bidder)
    await till.pay(account, bidder, own="6222 1111")
    order = (await till.orders("deposit.refund"))[0]
    done = await till.tell("order.done", order=order["order"], serial="B1", at="2026-11-26T08:00:00Z")
    await take(done, till.work())
    await till.tell("order.done", order=order["order"], serial="B2", at="2026-11-26T09:00:00Z")
    assert await till.count(DepositRefund) == 1
    shown = (await till.own(bidder))["refunds"][0]
    assert (shown["bank_serial"], shown["done_at"]) == ("B1", "2026-11-26T08:00:00.000000Z")


async def test_two_requests_for_an_account_at_once_are_one_account(till: Till) -> None:
    found = await asyncio.gather(*(till.ask(till.world.bidders[0]) for _ in range(5)))
    assert len({each.number for each in found}) == 1
    assert len(await till.orders("deposit.account.open")) == 1
    assert await till.count(BankCallback) == 0
