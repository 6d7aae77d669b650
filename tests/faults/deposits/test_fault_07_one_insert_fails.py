"""Fault 07: one INSERT fails, and nothing of the act stays; the bank's next attempt does all of it."""

import json

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from bidding.deposits.commands.receiving import take
from bidding.deposits.tables import BankCallback, DepositPayment
from storage.ledger.tables import LedgerOutbox
from tests.deposits_world import DEPOSIT, Till
from trading.exchange.tables import ExchangePush

_RAISES = """create function fails() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$"""


async def _sizes(till: Till) -> tuple[int, ...]:
    async with till.sessions() as session:
        waiting = await session.scalar(select(func.count()).select_from(LedgerOutbox)) or 0
    return (*[await till.count(each) for each in (BankCallback, DepositPayment, ExchangePush)], waiting)


async def test_money_whose_refund_cannot_be_written_is_not_booked_by_half(till: Till) -> None:
    bidder = till.world.bidders[0]
    account = await till.open(bidder)
    body = json.dumps({
        "v": 1, "id": "call-7", "kind": "payment.received", "serial": "S-7", "account": account.number,
        "payer_name": "陌生人", "payer_account": "1", "amount": DEPOSIT, "value_at": "2026-11-26T00:00:00Z"}).encode()
    before = await _sizes(till)
    async with till.sessions() as session:
        await session.execute(text(_RAISES))
        await session.execute(text("create trigger fails before insert on deposit_refund for each row execute "
                                   "function fails()"))
        await session.commit()
    with pytest.raises(DBAPIError):
        await take(body, till.work())
    assert await _sizes(till) == before
    async with till.sessions() as session:
        await session.execute(text("drop trigger fails on deposit_refund"))
        await session.commit()
    assert await take(body, till.work()) == "call-7"
    assert [each["state"] for each in (await till.own(bidder))["payments"]] == ["refunding"]
