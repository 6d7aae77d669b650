"""A deposit on its way: an account that tells nothing, money with its verdict, money that goes back at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bidding.bids.commands.submitting import Seal, WithdrawBid, withdraw_bid
from bidding.bids.tables import Bid, Receipt
from bidding.bids.withdrawing import withdrawal_bytes
from bidding.deposits.commands.refunding import ask_refund, return_withdrawn
from bidding.deposits.tables import DepositAccount, DepositPayment
from storage.crypto.canonical import to_base64
from storage.kernel.clock import process_now
from storage.kernel.errors import Invalid, NotAllowed, RulesUnmet
from storage.ledger.tables import LedgerOutbox
from storage.timers.tables import Timer
from tests.bids_fixtures import Submitted
from tests.bids_world import Client
from tests.deposits_world import DEPOSIT, Till, ask_for_deposits, basic_account
from trading.exchange.tables import ExchangePush


@pytest.mark.cts("A-102")
async def test_r_400_a_bidder_gets_one_account_whose_order_names_neither_lot_nor_bidder(till: Till) -> None:
    bidder = till.world.bidders[0]
    account = await till.ask(bidder)
    again = await till.ask(bidder)
    assert (again.id, again.number) == (account.id, account.number)
    assert await till.orders("deposit.account.open") == [{"account": account.number, "label": "保证金"}]
    shown = await till.own(bidder)
    assert (shown["status"], shown["account"]["state"], shown["account"]["number"]) == ("requested", "requested", None)
    await till.tell("account.opened", account=account.number, holder="专户", bank="演示银行")
    shown = await till.own(bidder)
    assert (shown["status"], shown["account"]["number"]) == ("waiting", account.number)
    assert shown["payer"]["account"] == basic_account(bidder)
    other = await till.ask(till.world.bidders[1])
    assert other.number != account.number


async def test_whoever_tenders_gets_no_account_and_without_a_basic_account_there_is_none(till: Till) -> None:
    with pytest.raises(NotAllowed):
        await till.ask(till.world.tenderee)
    await ask_for_deposits(till.world, forms=("bank",))
    with pytest.raises(RulesUnmet) as refused:
        await till.ask(till.world.bidders[0])
    assert [each.number for each in refused.value.rules] == ["R-120/3"]
    assert (await till.own(till.world.bidders[0]))["missing"]["request_account"][0]["number"] == "R-120/3"


@pytest.mark.cts("A-102", "A-104")
async def test_r_401_money_that_matches_stands_and_everything_else_goes_back_at_once(till: Till) -> None:
    bidder, other = till.world.bidders[:2]
    account = await till.open(bidder)
    await till.pay(account, bidder, own="6222 9999")
    await till.pay(account, other)
    assert (await till.own(bidder))["status"] == "wrong"
    await till.pay(account, bidder, "150000.00")
    shown = await till.own(bidder)
    assert (shown["status"], shown["counted"], shown["missing_amount"]) == ("short", "150000.00", "50000.00")
    await till.pay(account, bidder, "50000.00")
    await till.pay(account, bidder, "1.00")
    shown = await till.own(bidder)
    assert (shown["status"], shown["missing_amount"]) == ("received", "0.00")
    assert [each["verdict"] for each in shown["payments"]] == \
        ["NOT_BASIC", "WRONG_PAYER", "SHORT", "MATCHED", "DUPLICATE"]
    assert [each["state"] for each in shown["payments"]] == ["refunding", "refunding", "held", "held", "refunding"]
    assert {each["reason"] for each in shown["refunds"]} == {"rejected_money"}
    back = {(each["to_name"], each["to_account"]) for each in await till.orders("deposit.refund")}
    assert back == {(bidder.party.name, "6222 9999"), (other.party.name, basic_account(other)),
                    (bidder.party.name, basic_account(bidder))}


async def test_money_for_a_number_that_is_not_ours_goes_back_and_is_no_bidders(till: Till) -> None:
    bidder = till.world.bidders[0]
    await till.pay("880000000000000000", bidder)
    async with till.sessions() as session:
        row = (await session.scalars(select(DepositPayment))).one()
    assert (row.verdict, row.account_id, row.state) == ("UNKNOWN", None, "refunding")
    assert (await till.own(bidder))["status"] == "none"


async def test_r_400_a_bank_serial_is_booked_once_and_never_otherwise(till: Till) -> None:
    bidder = till.world.bidders[0]
    account = await till.open(bidder)
    facts = {"serial": "S1", "account": account.number, "payer_name": bidder.party.name,
             "payer_account": basic_account(bidder), "value_at": "2026-11-26T00:00:00Z"}
    await till.tell("payment.received", amount=DEPOSIT, **facts)
    await till.tell("payment.received", amount=DEPOSIT, **facts)
    assert await till.count(DepositPayment) == 1
    with pytest.raises(Invalid):
        await till.tell("payment.received", amount="200000.01", **facts)
    assert (await till.own(bidder))["counted"] == DEPOSIT


async def test_r_401_money_by_value_time_after_the_deadline_is_late_and_in_time_though_told_after(till: Till) -> None:
    bidder, other = till.world.bidders[:2]
    accounts = [await till.open(bidder), await till.open(other)]
    paid_at = process_now()
    await till.world.close()
    await till.pay(accounts[0], bidder, value_at=paid_at)
    await till.pay(accounts[1], other, value_at=process_now() + timedelta(seconds=1))
    assert [(await till.own(each))["payments"][0]["verdict"] for each in (bidder, other)] == ["MATCHED", "LATE"]
    with pytest.raises(RulesUnmet):
        await till.ask(till.world.bidders[2])


async def _withdraw(till: Till, client: Client, receipt: Receipt, seal: Seal) -> Bid:
    async with till.sessions() as session:
        bid = (await session.scalars(select(Bid).where(Bid.party_id == client.bidder.party.id))).one()
    signed = withdrawal_bytes(till.world.lot.code, bid.id, 1, receipt.number)
    command = WithdrawBid(to_base64(client.bidder.identities[0].sign(signed)))
    await withdraw_bid(bid.id, command, client.bidder.actor, till.work(), seal)
    return bid


@pytest.mark.cts("A-105")
async def test_r_131_a_deposit_goes_back_before_the_deadline_only_without_a_bid(
        till: Till, client: Client, submitted: Submitted, seal: Seal) -> None:
    bidder = client.bidder
    account = await till.open(bidder)
    await till.pay(account, bidder)
    receipt = await submitted(client)
    assert (await till.own(bidder))["missing"]["ask_refund"][0]["number"] == "R-131"
    with pytest.raises(RulesUnmet):
        await ask_refund(till.world.lot.id, bidder.actor, till.work())
    bid = await _withdraw(till, client, receipt, seal)
    async with till.sessions() as session:
        timer = (await session.scalars(select(Timer).where(Timer.kind == "deposit.withdrawn"))).one()
    assert timer.subject == f"bid:{bid.id}"
    await return_withdrawn(bid.id, till.work())
    shown = await till.own(bidder)
    assert (shown["status"], shown["refunds"][0]["reason"]) == ("refunding", "withdrawn")
    order = (await till.orders("deposit.refund"))[0]
    await till.tell("order.done", order=order["order"], serial="B1", at="2026-11-27T00:00:00Z")
    assert (await till.own(bidder))["status"] == "refunded"
    await till.pay(account, bidder)
    assert (await till.own(bidder))["status"] == "received", "it may pay again, for a better bid"


async def test_a_bid_that_came_again_in_the_days_of_grace_keeps_its_deposit(
        till: Till, client: Client, submitted: Submitted, seal: Seal) -> None:
    account = await till.open(client.bidder)
    await till.pay(account, client.bidder)
    bid = await _withdraw(till, client, await submitted(client), seal)
    await submitted(client)
    await return_withdrawn(bid.id, till.work())
    assert (await till.own(client.bidder))["status"] == "received"


async def test_r_122_every_trace_of_money_before_the_deadline_is_sealed(till: Till) -> None:
    bidder = till.world.bidders[0]
    account = await till.open(bidder)
    await till.pay(account, bidder)
    await till.pay("889999999999999999", bidder)
    await ask_refund(till.world.lot.id, bidder.actor, till.work())
    async with till.sessions() as session:
        acts = (await session.scalars(select(LedgerOutbox).where(LedgerOutbox.action.like("deposit.%")))).all()
        orders = (await session.scalars(select(ExchangePush).where(ExchangePush.channel == "bank"))).all()
    assert len(acts) == 5
    assert all(act.sealed for act in acts)
    assert {push.sealed_stream for push in orders} == {f"lot:{till.world.lot.id}", "platform"}
    assert await till.count(DepositAccount) == 1
