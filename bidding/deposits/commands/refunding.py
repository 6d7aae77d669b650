"""Money goes back where it came from, with interest, in time (R-131, R-402). Each order is one row and one message."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from bidding.bids.holding import require_open
from bidding.bids.permissions import permit_bidding
from bidding.bids.tables import Bid, BidVersion, Withdrawal
from bidding.deposits.commands.accounts import BANK
from bidding.deposits.holding import (
    PLATFORM_STREAM,
    account_of,
    bid_status,
    held,
    lock_account,
    lock_accounts,
    note,
    open_forfeiture,
    payments_of,
    sealed_stream,
)
from bidding.deposits.model import (
    MoneyState,
    Rate,
    Reason,
    days_held,
    interest_of,
    percent_on,
    refund_due_at,
)
from bidding.deposits.rules import goes_back_at_the_award, goes_back_where_it_came_from, nothing_is_submitted
from bidding.deposits.tables import DepositAccount, DepositPayment, DepositRate, DepositRefund
from bidding.opening.tables import OpenedBid
from storage.database.work import Work
from storage.kernel.actor import CLOCK, PLATFORM, Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import NotAllowed, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.exchange.queue import enqueue
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.queries import calendar, share_lot
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot


async def order_refund(uow: Work, lot: Lot | None, payment: DepositPayment, reason: Reason, *, since: datetime,
                       principal: Decimal | None = None) -> DepositRefund:
    """Orders the bank to pay one payment back; in an entered unit of work, whose owner commits and records."""
    now, sum_back = await uow.now(), payment.amount if principal is None else principal
    rates = [Rate(each.since, Decimal(each.percent)) for each in await uow.session.scalars(select(DepositRate))]
    percent = percent_on(rates, shanghai(now).date())
    days = days_held(payment.value_at, now)
    made = DepositRefund(
        id=new_id(), payment_id=payment.id, reason=reason, principal=sum_back, percent=str(percent), days=days,
        interest=interest_of(sum_back, percent, days), to_name=payment.payer_name, to_account=payment.payer_account,
        ordered_at=now, due_at=refund_due_at(reason, lot.trade_kind if lot else "", since,
                                             await calendar(uow.session)))
    require((goes_back_where_it_came_from, goes_back_where_it_came_from(made.to_account, payment.payer_account)))
    if principal is None:
        payment.state = MoneyState.REFUNDING
    uow.session.add(made)
    await send_order(uow, made, payment, await sealed_stream(uow, lot))
    return made


async def send_order(uow: Work, refund: DepositRefund, payment: DepositPayment, stream: str | None) -> None:
    """Puts the order into the bank's queue."""
    await enqueue(uow, "deposit.refund", f"refund:{refund.id}", {
        "order": str(refund.id), "account": payment.account_number, "serial": payment.serial,
        "to_name": refund.to_name, "to_account": refund.to_account, "principal": f"{refund.principal:.2f}",
        "interest": f"{refund.interest:.2f}", "total": f"{refund.principal + refund.interest:.2f}"},
        channel=BANK, sealed_stream=stream)


def told_of(refund: DepositRefund) -> dict[str, object]:
    """What the ledger keeps of a refund, before the salt."""
    return {"refund": str(refund.id), "reason": refund.reason, "principal": f"{refund.principal:.2f}",
            "interest": f"{refund.interest:.2f}", "due_at": to_wire(refund.due_at)}


async def give_back(uow: Work, lot: Lot, account: DepositAccount, reason: Reason, *, since: datetime,
                    actor: Actor) -> int:
    """Orders back all that is held on an account; nothing while a forfeiture waits for its decision (R-403)."""
    if await open_forfeiture(uow.session, account.id):
        return 0
    ready = held(await payments_of(uow.session, account.id))
    for payment in ready:
        refund = await order_refund(uow, lot, payment, reason, since=since)
        payment.counts = payment.counts and reason not in {Reason.WITHDRAWN, Reason.NO_BID}
        await note(uow, "deposit.refund_ordered", actor, lot, account, **told_of(refund))
    return len(ready)


async def ask_refund(lot_id: UUID, actor: Actor, uow: Work) -> None:
    """A bidder without a submitted bid has its money back before the deadline; it may pay again (R-131)."""
    async with uow:
        lot = await share_lot(uow, lot_id)
        party_id = permit_bidding(actor, lot)
        found = await account_of(uow.session, lot_id, party_id)
        if found is None:
            raise NotFound("没有保证金账户")
        account = await lock_account(uow, found.id)
        now = await uow.now()
        require_open(lot, now)
        require((nothing_is_submitted, nothing_is_submitted(await bid_status(uow.session, lot_id, party_id))))
        if not await give_back(uow, lot, account, Reason.WITHDRAWN, since=now, actor=actor):
            raise Refused("没有可以退还的款项")
        await uow.commit()


async def return_withdrawn(bid_id: UUID, uow: Work) -> None:
    """The days of grace after a withdrawal are over: the money goes back, unless a new bid came in (R-131)."""
    async with uow:
        bid = await uow.session.get_one(Bid, bid_id)
        lot = await share_lot(uow, bid.lot_id)
        found = await account_of(uow.session, bid.lot_id, bid.party_id)
        if found is None or not nothing_is_submitted(await bid_status(uow.session, bid.lot_id, bid.party_id)):
            return
        account = await lock_account(uow, found.id)
        withdrawn_at = await uow.session.scalar(
            select(Withdrawal.withdrawn_at).join(BidVersion, BidVersion.id == Withdrawal.bid_version_id)
            .where(BidVersion.bid_id == bid_id).order_by(Withdrawal.withdrawn_at.desc()).limit(1))
        since = withdrawn_at or await uow.now()
        if await give_back(uow, lot, account, Reason.WITHDRAWN, since=since, actor=CLOCK):
            await uow.commit()


async def release_lot(lot_id: UUID, reason: Reason, since: datetime, uow: Work, *,
                      winner: UUID | None = None) -> None:
    """An event frees the deposits of a lot: all, or those without a bid, or the losers' (R-129, R-161, R-402)."""
    async with uow:
        lot = await share_lot(uow, lot_id)
        accounts = [each for each in await lock_accounts(uow, lot_id) if each.release_reason is None]
        bidders = set(await uow.session.scalars(select(OpenedBid.party_id).where(OpenedBid.opening_id == lot_id)))
        for account in accounts:
            if reason is Reason.NO_BID and account.party_id in bidders:
                continue
            if reason is Reason.AWARD and not goes_back_at_the_award(account.party_id == winner, lot.trade_kind):
                continue
            account.release_reason, account.released_at = reason, since
            await note(uow, "deposit.released", PLATFORM, lot, account, reason=reason.value)
            await give_back(uow, lot, account, reason, since=since, actor=PLATFORM)
        await uow.commit()


async def retry_refund(refund_id: UUID, actor: Actor, uow: Work) -> None:
    """Finance sends an order again that the bank could not carry out."""
    if not actor.has("centre"):
        raise NotAllowed("只有交易中心可以重新发出退款指令")
    async with uow:
        refund = await uow.session.get(DepositRefund, refund_id, with_for_update=True)
        if refund is None or refund.error is None or refund.done_at is not None:
            raise Refused("没有失败的退款指令")
        payment = await uow.session.get_one(DepositPayment, refund.payment_id)
        account = await uow.session.get(DepositAccount, payment.account_id) if payment.account_id else None
        lot = await lot_of(uow.session, account.lot_id) if account else None
        refund.error = None
        await send_order(uow, refund, payment, await sealed_stream(uow, lot))
        if lot is not None and account is not None:
            await note(uow, "deposit.refund_ordered", actor, lot, account, **told_of(refund))
        else:
            uow.record("deposit.refund_ordered", actor, stream=PLATFORM_STREAM, subject=f"refund:{refund.id}",
                       sealed=is_sealed(Subject.STRAY_MONEY), audience=("centre", "supervisor"),
                       payload=told_of(refund))
        await uow.commit()
