"""Fault 22: the bank tells of what was never ordered, or in another order: refused, and nothing changes."""

from uuid import uuid4

import pytest

from bidding.deposits.commands.receiving import take
from bidding.deposits.commands.refunding import ask_refund
from bidding.deposits.tables import BankCallback, DepositPayment, DepositRefund
from storage.kernel.errors import Invalid, NotFound, Refused
from tests.deposits_world import Till


async def test_an_order_nobody_gave_cannot_be_done(till: Till) -> None:
    for order in (str(uuid4()), "not-a-number"):
        with pytest.raises(NotFound):
            await till.tell("order.done", order=order, serial="B1", at="2026-11-26T08:00:00Z")
    with pytest.raises(NotFound):
        await till.tell("account.opened", account="880000000000000000", holder="x", bank="x")
    assert await till.count(BankCallback) == 0, "a refused call may come again"


async def test_there_is_nothing_to_give_back_before_money_came_nor_after_it_went(till: Till) -> None:
    bidder, lot = till.world.bidders[0], till.world.lot.id
    with pytest.raises(NotFound):
        await ask_refund(lot, bidder.actor, till.work())
    account = await till.open(bidder)
    with pytest.raises(Refused):
        await ask_refund(lot, bidder.actor, till.work())
    await till.pay(account, bidder)
    await ask_refund(lot, bidder.actor, till.work())
    with pytest.raises(Refused):
        await ask_refund(lot, bidder.actor, till.work())
    assert (await till.count(DepositPayment), await till.count(DepositRefund)) == (1, 1)


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[]", b'{"v":1,"id":"x","kind":"payment.received"}', b'{"v":2,"id":"x","kind":"account.opened"}',
    b'{"v":1,"id":"x","kind":"account.opened","account":"1","holder":"x","bank":"x","more":1}',
    b'{"v":1,"id":"x","kind":"order.done","order":"x","serial":"x","at":"2026-11-26T08:00:00"}',
    b'{"v":1,"id":"x","kind":"payment.received","serial":"x","account":"x","payer_name":"x","payer_account":"x",'
    b'"amount":"1e3","value_at":"2026-11-26T08:00:00Z"}'])
async def test_what_is_no_message_of_the_bank_is_refused(till: Till, body: bytes) -> None:
    with pytest.raises(Invalid):
        await take(body, till.work())
    assert await till.count(BankCallback) == 0
