"""Deposits from the opening on: shown in the hall, given back with interest, or kept by two persons."""

import json
from base64 import b64encode
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from bidding.deposits.commands.balancing import SetRate, set_rate
from bidding.deposits.commands.forfeiting import (
    Decide,
    Evidence,
    ProposeForfeiture,
    decide_forfeiture,
    propose_forfeiture,
)
from bidding.deposits.commands.refunding import release_lot, retry_refund
from bidding.deposits.finance_answers import finance_answer
from bidding.deposits.model import Reason
from bidding.deposits.queries import evidence_file, finance, refunds_are_settled
from bidding.deposits.reactions import REACTIONS
from bidding.deposits.tables import DepositForfeiture, DepositPayment, DepositRefund
from bidding.deposits.tasks import tasks_of
from bidding.opening.tables import OpenedBid
from storage.kernel.clock import process_now, shanghai
from storage.kernel.errors import Invalid, NotAllowed, Refused, RulesUnmet
from storage.ledger.tables import LedgerEntry, LedgerOutbox, LedgerPayload
from storage.reactions.following import Follower
from tests.bids_world import Founder, Person
from tests.deposits_world import DEPOSIT, Till, ask_for_deposits, basic_account
from tests.opening_world import PRICES, Hall
from tests.waiting import eventually

_DAY = timedelta(days=1)


@pytest.fixture
async def vault(hall: Hall) -> Till:
    """Three bids: the first with its deposit, the second with too little, the third with none. T is not yet."""
    await ask_for_deposits(hall.world)
    till = Till(hall.world)
    first, second, _ = hall.world.bidders
    await till.pay(await till.open(first), first, "200000.50")
    await till.pay(await till.open(second), second, "120000.00")
    return till


async def _bid_of(till: Till, bidder: Person) -> UUID:
    async with till.sessions() as session:
        query = select(OpenedBid.bid_id).where(OpenedBid.party_id == bidder.party.id)
        return (await session.scalars(query)).one()


async def _age(till: Till, days: int) -> None:
    """The money has lain for so many days: moved by hand, as no act of the platform can."""
    async with till.sessions() as session:
        await session.execute(update(DepositPayment).values(value_at=DepositPayment.value_at - days * _DAY))
        await session.commit()


@pytest.mark.cts("A-103", "A-104")
async def test_the_hall_shows_deposits_from_the_opening_on_and_nothing_before(hall: Hall, vault: Till) -> None:
    before = await hall.snapshot(hall.host.actor)
    assert before["bids"] is None
    empty = await vault.seen(hall.host)
    assert (empty["is_open"], empty["bids"], empty["payments"], empty["refunds"]) == (True, [], [], [])
    assert await hall.close()
    rows = (await hall.snapshot())["bids"]
    assert [(each["security"]["form"], each["security"]["verdict"]) for each in rows] == \
        [("cash", "OVERPAID"), ("cash", "SHORT"), ("none", "NONE")]
    assert rows[1]["security"]["reasons"][0]["number"] == "R-401/5"
    told = await vault.seen(hall.host)
    assert [each["amount"] for each in told["payments"]] == ["200000.50", "120000.00"]
    tenderee = await vault.seen(vault.world.tenderee)
    assert (tenderee["payments"], tenderee["refunds"], len(tenderee["bids"])) == ([], [], 3)
    assert tenderee["may"] == ["propose_forfeiture"]
    with pytest.raises(NotAllowed):
        await vault.seen(vault.world.bidders[0])


async def test_a_lot_that_asks_for_no_deposit_shows_none(hall: Hall) -> None:
    assert await hall.close()
    assert {each["security"] for each in (await hall.snapshot())["bids"]} == {None}


@pytest.mark.cts("A-105", "B-047")
async def test_r_402_after_the_contract_all_deposits_go_back_with_interest_to_where_they_came_from(
        hall: Hall, vault: Till) -> None:
    assert await hall.close()
    await _age(vault, 45)
    await set_rate(SetRate("0.20", date(2026, 1, 1)), hall.host.actor, vault.work())
    await vault.move_lot("contracted", "contract.signed")
    await _until_heard(vault)
    refunds = await vault.refunds()
    [(reason, days)] = {(each.reason, each.days) for each in refunds}
    assert (reason, days) in {("contract", 45), ("contract", 46)}, "midnight in Shanghai may have passed meanwhile"
    interest = {45: ("30.00", "50.00"), 46: ("30.67", "51.11")}[days]
    assert [(each.principal, each.interest) for each in refunds] == [
        (Decimal("120000.00"), Decimal(interest[0])), (Decimal("200000.50"), Decimal(interest[1]))]
    assert {shanghai(each.due_at).date() - shanghai(each.ordered_at).date() >= 5 * _DAY for each in refunds} == {True}
    orders = await vault.orders("deposit.refund")
    payers = {basic_account(each) for each in vault.world.bidders[:2]}
    assert {each["to_account"] for each in orders} == payers
    assert not await _settled(vault)
    for order in orders:
        await vault.tell("order.done", order=order["order"], serial="B" + order["order"], at="2026-11-26T09:00:00Z")
    assert await _settled(vault)
    shown = await vault.own(vault.world.bidders[0])
    assert (shown["status"], shown["refunds"][0]["total"]) == ("refunded", {45: "200050.50", 46: "200051.61"}[days])
    rows = (await hall.snapshot())["bids"]
    assert rows[0]["security"]["verdict"] == "OVERPAID", "what stood at the opening is still told"


async def _settled(till: Till) -> bool:
    async with till.sessions() as session:
        return await refunds_are_settled(session, till.world.lot.id)


async def _until_heard(till: Till) -> None:
    """The sequencer has numbered the entries and the reaction has heard them."""
    follower = Follower(till.sessions, REACTIONS)

    async def ordered() -> object:
        await follower.follow()
        return await till.refunds()
    await eventually(ordered)


@pytest.mark.cts("A-105")
async def test_r_161_in_procurement_losers_have_their_money_at_the_award_and_the_winner_at_the_contract(
        hall: Hall, vault: Till) -> None:
    await hall.change_lot(trade_kind="government")
    assert await hall.close()
    winner, loser = vault.world.bidders[:2]
    lot, now = vault.world.lot.id, process_now()
    await release_lot(lot, Reason.AWARD, now, vault.work(), winner=winner.party.id)
    assert [(each.to_name, each.reason) for each in await vault.refunds()] == [(loser.party.name, "award")]
    await release_lot(lot, Reason.CONTRACT, now, vault.work())
    assert [(each.to_name, each.reason) for each in await vault.refunds()] == \
        [(loser.party.name, "award"), (winner.party.name, "contract")]


async def test_who_paid_but_did_not_bid_has_it_back_when_the_bids_freeze(hall: Hall, vault: Till) -> None:
    founder = Founder(hall.world.sessions, hall.settings.key_directory.parent / "ca", hall.settings.trust_directory)
    stranger = await founder.person("江苏观望建设有限公司", "bidder")
    hall.world.bidders.append(stranger)
    await ask_for_deposits(hall.world)
    await vault.pay(await vault.open(stranger), stranger)
    assert await hall.close()
    await _until_heard(vault)
    assert [(each.to_name, each.reason) for each in await vault.refunds()] == [(stranger.party.name, "no_bid")]


async def test_r_108_a_failed_lot_returns_everything_and_its_ledger_still_tells_nobody(
        empty_hall: Hall) -> None:
    await ask_for_deposits(empty_hall.world)
    till = Till(empty_hall.world)
    bidder = till.world.bidders[0]
    await till.pay(await till.open(bidder), bidder)
    await empty_hall.submit(bidder, PRICES[0])
    assert await empty_hall.close()
    await _until_heard(till)
    assert [(each.to_name, each.reason) for each in await till.refunds()] == [(bidder.party.name, "failed")]
    entries = await empty_hall.entries()
    assert not [action for action, _ in entries if action.startswith("deposit.")]


def _proposal(bid: UUID, **changed: Any) -> ProposeForfeiture:
    facts = {"bid": bid, "ground": "refuses_to_sign", "statement": "发出中标通知书后拒签合同，经两次书面催告。",
             "evidence": [Evidence("催告函.pdf", b64encode(b"%PDF-1.7 letter").decode())], "clause": ""}
    return ProposeForfeiture(**{**facts, **changed})


@pytest.mark.cts("A-105")
async def test_r_403_a_deposit_is_kept_only_on_the_list_with_evidence_and_by_two_persons(
        hall: Hall, vault: Till) -> None:
    assert await hall.close()
    lot, tenderee, centre = vault.world.lot.id, vault.world.tenderee, hall.host
    bid = await _bid_of(vault, vault.world.bidders[0])

    async def propose(command: ProposeForfeiture, who: Person = tenderee) -> DepositForfeiture:
        return await propose_forfeiture(lot, command, who.actor, vault.work(), hall.store)

    with pytest.raises(RulesUnmet) as refused:
        await propose(_proposal(bid, ground="because", evidence=[]))
    assert [each.number for each in refused.value.rules] == ["R-403", "R-403/2"]
    for name, content in (("证据.html", b"%PDF-1.7"), ("证据.pdf", b"<script>"), ("\u202e.pdf", b"%PDF-1.7")):
        with pytest.raises(Invalid):
            await propose(_proposal(bid, evidence=[Evidence(name, b64encode(content).decode())]))
    with pytest.raises(NotAllowed):
        await propose(_proposal(bid), centre)
    with pytest.raises(Refused):
        await propose(_proposal(await _bid_of(vault, vault.world.bidders[2])))
    made = await propose(_proposal(bid))
    assert made.amount == Decimal(DEPOSIT)
    with pytest.raises(Refused):
        await propose(_proposal(bid))
    await release_lot(lot, Reason.CONTRACT, process_now(), vault.work())
    assert [each.to_name for each in await vault.refunds()] == [vault.world.bidders[1].party.name]
    with pytest.raises(NotAllowed):
        await decide_forfeiture(made.id, Decide(True), tenderee.actor, vault.work())
    await decide_forfeiture(made.id, Decide(True), centre.actor, vault.work())
    with pytest.raises(Refused):
        await decide_forfeiture(made.id, Decide(True), hall.recorder.actor, vault.work())
    order = (await vault.orders("deposit.transfer"))[0]
    assert (order["to_account"], order["amount"]) == (basic_account(tenderee), DEPOSIT)
    assert next((each.reason, each.principal) for each in await vault.refunds()) == ("surplus", Decimal("0.50"))
    await vault.tell("order.done", order=order["order"], serial="Z1", at="2026-11-26T09:00:00Z")
    shown = (await vault.seen(vault.world.supervisor))["forfeitures"][0]
    assert (shown["status"], shown["bank_serial"], shown["may"]) == ("transferred", "Z1", [])
    async with vault.sessions() as session:
        name, key = await evidence_file(session, made.id, 0, vault.world.supervisor.actor)
        with pytest.raises(NotAllowed):
            await evidence_file(session, made.id, 0, vault.world.bidders[1].actor)
    assert (name, await hall.store.get_range(key, 0, 8)) == ("催告函.pdf", b"%PDF-1.7")
    assert (await vault.own(vault.world.bidders[0]))["status"] == "forfeited"


async def test_a_refused_proposal_lets_the_money_go_that_waited_for_it(hall: Hall, vault: Till) -> None:
    assert await hall.close()
    lot, bidder = vault.world.lot.id, vault.world.bidders[0]
    made = await propose_forfeiture(lot, _proposal(await _bid_of(vault, bidder)), vault.world.tenderee.actor,
                                    vault.work(), hall.store)
    await release_lot(lot, Reason.CONTRACT, process_now(), vault.work())
    assert bidder.party.name not in {each.to_name for each in await vault.refunds()}
    await decide_forfeiture(made.id, Decide(False, "证据不足"), hall.host.actor, vault.work())
    assert bidder.party.name in {each.to_name for each in await vault.refunds()}


async def test_overdue_and_failed_refunds_alarm_finance_and_can_be_sent_again(hall: Hall, vault: Till) -> None:
    assert await hall.close()
    await release_lot(vault.world.lot.id, Reason.CONTRACT, process_now(), vault.work())
    await vault.move_lot("contracted")
    order = (await vault.orders("deposit.refund"))[0]
    await vault.tell("order.failed", order=order["order"], reason="账户已注销")

    async def kinds(who: Person, days: int = 0) -> list[str]:
        async with vault.sessions() as session:
            return sorted(each.kind for each in await tasks_of(session, who.actor, process_now() + days * _DAY))

    assert await kinds(hall.host) == ["refund_failed"]
    assert await kinds(vault.world.supervisor, days=30) == ["refund_overdue", "refund_overdue"]
    assert await kinds(vault.world.bidders[0], days=30) == []
    with pytest.raises(NotAllowed):
        await retry_refund(UUID(order["order"]), vault.world.tenderee.actor, vault.work())
    await retry_refund(UUID(order["order"]), hall.host.actor, vault.work())
    assert len(await vault.orders("deposit.refund")) == 3
    assert await kinds(hall.host) == []


async def _checked(till: Till) -> list[tuple[dict[str, Any], list[str]]]:
    """What the log holds of the comparisons so far, numbered or not, with who may read it."""
    action, found = "deposit.balance_checked", []
    async with till.sessions() as session:
        # One snapshot for both reads: the sequencer may number an entry between them.
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        numbered = select(LedgerPayload.payload, LedgerPayload.audience).join(
            LedgerEntry, LedgerEntry.seq == LedgerPayload.seq).where(LedgerEntry.entry.contains(action))
        waiting = select(LedgerOutbox.payload, LedgerOutbox.audience).where(LedgerOutbox.action == action)
        for query in (numbered.order_by(LedgerPayload.seq), waiting.order_by(LedgerOutbox.id)):
            found += [(json.loads(payload), audience) for payload, audience in await session.execute(query)]
    return found


async def test_r_404_the_day_books_are_compared_with_the_bank_and_a_difference_alarms(hall: Hall, vault: Till) -> None:
    at = "2099-01-01T00:00:00Z"
    await vault.tell("balance.stated", day="2026-11-26", at=at, balance="320000.50")

    async def page() -> dict[str, Any]:
        async with vault.sessions() as session:
            return finance_answer(await finance(session, hall.host.actor))

    async def alarms() -> list[str]:
        async with vault.sessions() as session:
            return [each.kind for each in await tasks_of(session, hall.host.actor, process_now())]

    await vault.tell("balance.stated", day="2026-11-27", at=at, balance="320000.49")
    shown = await page()
    told = [(each["day"], each["agrees"], each["difference"]) for each in shown["balances"]]
    assert told == [("2026-11-27", None, None), ("2026-11-26", None, None)], "a sum that moves with one bidder (R-122)"
    assert shown["lots"] == [], "before the opening finance sees no lot, and no total"
    assert await alarms() == []
    assert [audience for _, audience in await _checked(vault)] == [[], []]
    assert await hall.close()
    told = [(each["day"], each["agrees"], each["difference"]) for each in (await page())["balances"]]
    assert told == [("2026-11-27", False, "-0.01"), ("2026-11-26", True, "0.00")]
    assert await alarms() == ["balance_differs"]
    await vault.tell("balance.stated", day="2026-11-28", at=at, balance="320000.50")
    assert await alarms() == []
    stated = {"day": "2026-11-28", "at": "2099-01-01T00:00:00.000000Z", "agrees": True, "difference": "0.00"}
    assert (await _checked(vault))[-1] == (stated, ["centre", "supervisor"])
    line = (await page())["lots"][0]
    assert (line["received"], line["held"], line["overdue"]) == (2, "320000.50", 0)


async def test_r_901_one_payer_behind_two_bidders_is_shown_to_the_supervisor(hall: Hall, vault: Till) -> None:
    first, second, third = vault.world.bidders
    await vault.pay(await vault.open(third), first)
    assert await hall.close()
    found = (await vault.seen(vault.world.supervisor))["signals"]
    assert {each["number"] for each in found} == {"R-901/2"}
    assert sorted(found[0]["bidders"]) == sorted([first.party.name, third.party.name])
    assert (await vault.seen(vault.world.tenderee))["signals"] == []
    assert second.party.name not in found[0]["bidders"]


async def test_refund_rows_are_one_per_payment_however_often_a_lot_is_released(hall: Hall, vault: Till) -> None:
    assert await hall.close()
    for reason in (Reason.FAILED, Reason.CONTRACT, Reason.TERMINATED):
        await release_lot(vault.world.lot.id, reason, process_now(), vault.work())
    assert await vault.count(DepositRefund) == 2
