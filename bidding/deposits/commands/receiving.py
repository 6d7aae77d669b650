"""What the bank tells becomes rows: accounts open, money comes, orders are carried out. Each message once."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from bidding.deposits.commands.balancing import compare
from bidding.deposits.commands.refunding import order_refund, told_of
from bidding.deposits.holding import PLATFORM_STREAM, counted, is_complete, lock_account, note, payments_of
from bidding.deposits.judging import Judgement, judge
from bidding.deposits.messages import (
    AccountOpened,
    BalanceStated,
    OrderDone,
    OrderFailed,
    PaymentReceived,
    Told,
    is_new,
    parse,
)
from bidding.deposits.model import ADDS_UP, Claim, MoneyState, Payment, Reason
from bidding.deposits.tables import DepositAccount, DepositForfeiture, DepositPayment, DepositRefund
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid, NotFound
from storage.kernel.identifiers import new_id
from storage.kernel.money import yuan
from trading.parties.queries import current_version, party
from trading.parties.records import data_of
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

BANK_ACTOR = Actor(id="bank", name="托管银行")


async def take(body: bytes, uow: Work) -> str:
    """Takes one message whose signature was checked, and answers its id; the same again changes nothing."""
    message = parse(body)
    async with uow:
        if await is_new(uow, message, body):
            await _act_on(uow, message)
            await uow.commit()
    return message.id


async def _act_on(uow: Work, message: Told) -> None:
    match message:
        case AccountOpened():
            await _open(uow, message)
        case PaymentReceived():
            await _receive(uow, message)
        case OrderDone():
            await _done(uow, message)
        case OrderFailed():
            await _failed(uow, message)
        case BalanceStated():
            await compare(uow, message.day, message.at, yuan(message.balance), BANK_ACTOR)


async def _hold(uow: Work, number: str) -> tuple[Lot, DepositAccount] | None:
    """Lot (shared) and account behind a number, locked; None for a number that is none of ours."""
    query = select(DepositAccount.id, DepositAccount.lot_id).where(DepositAccount.number == number)
    row = (await uow.session.execute(query)).one_or_none()
    if row is None:
        return None
    lot = await share_lot(uow, row.lot_id)
    return lot, await lock_account(uow, row.id)


async def _open(uow: Work, message: AccountOpened) -> None:
    found = await _hold(uow, message.account)
    if found is None:
        raise NotFound("没有这个子账号")
    lot, account = found
    if account.opened_at is None:
        account.opened_at, account.holder, account.bank = await uow.now(), message.holder, message.bank
        await note(uow, "deposit.account_opened", BANK_ACTOR, lot, account)


async def _receive(uow: Work, message: PaymentReceived) -> None:
    found = await _hold(uow, message.account)
    if await _was_told(uow, message):
        return
    now = await uow.now()
    payment = Payment(message.payer_name, message.payer_account, yuan(message.amount), message.value_at)
    if found is None:
        row = _row(message, payment, judge(payment, None), now)
        uow.session.add(row)
        await uow.session.flush()
        await _return_unknown(uow, row)
        return
    lot, account = found
    claim, version = await _claim(uow, lot, account)
    row = _row(message, payment, judge(payment, claim), now)
    row.account_id, row.party_version = account.id, version
    uow.session.add(row)
    await uow.session.flush()
    await note(uow, "deposit.received", BANK_ACTOR, lot, account, serial=row.serial, amount=f"{row.amount:.2f}",
         verdict=row.verdict, rules=list(row.reasons), value_at=to_wire(row.value_at))
    await _send_on(uow, lot, account, row, now)


async def _was_told(uow: Work, message: PaymentReceived) -> bool:
    """True for a serial that was booked; raises ``Invalid`` when it was booked otherwise (R-400)."""
    booked = (await uow.session.scalars(
        select(DepositPayment).where(DepositPayment.serial == message.serial))).one_or_none()
    if booked is None:
        return False
    same = (booked.account_number, booked.payer_name, booked.payer_account, booked.amount, booked.value_at)
    if same != (message.account, message.payer_name, message.payer_account, yuan(message.amount), message.value_at):
        raise Invalid("同一银行流水号的内容不同", field="serial", status=422)
    return True


async def _claim(uow: Work, lot: Lot, account: DepositAccount) -> tuple[Claim, int | None]:
    """What the deposit asks of the next payment, and the enrolment data that say so."""
    before = await payments_of(uow.session, account.id)
    version = await current_version(uow.session, account.party_id)
    name = (await party(uow.session, account.party_id)).name
    return Claim(
        required=lot.deposit or Decimal(0), deadline_at=lot.deadline_at or await uow.now(), payer_name=name,
        payer_account=data_of(version).bank_account if version else "", already=counted(before),
        is_complete=is_complete(before)), version.number if version else None


def _row(message: PaymentReceived, payment: Payment, judged: Judgement, now: datetime) -> DepositPayment:
    return DepositPayment(
        id=new_id(), account_number=message.account, serial=message.serial, payer_name=payment.payer_name,
        payer_account=payment.payer_account, amount=payment.amount, value_at=payment.value_at, received_at=now,
        verdict=judged.verdict, reasons=list(judged.reasons), counts=judged.verdict in ADDS_UP, state=MoneyState.HELD)


async def _send_on(uow: Work, lot: Lot, account: DepositAccount, row: DepositPayment, now: datetime) -> None:
    """Money that is no deposit goes back at once, and so does money for a lot that has let its deposits go."""
    if row.verdict in ADDS_UP and account.release_reason is None:
        return
    reason = Reason(account.release_reason) if account.release_reason and row.verdict in ADDS_UP \
        else Reason.REJECTED_MONEY
    refund = await order_refund(uow, lot, row, reason, since=now)
    await note(uow, "deposit.refund_ordered", BANK_ACTOR, lot, account, **told_of(refund))


async def _return_unknown(uow: Work, row: DepositPayment) -> None:
    refund = await order_refund(uow, None, row, Reason.REJECTED_MONEY, since=row.received_at)
    uow.record("deposit.unknown_received", BANK_ACTOR, stream=PLATFORM_STREAM, subject=f"payment:{row.id}",
               sealed=is_sealed(Subject.STRAY_MONEY), audience=("centre", "supervisor"),
               payload={"serial": row.serial, "amount": f"{row.amount:.2f}", **told_of(refund)})


async def _done(uow: Work, message: OrderDone) -> None:
    refund = await uow.session.get(DepositRefund, _order(message.order), with_for_update=True)
    if refund is None:
        await _transferred(uow, message)
        return
    if refund.done_at is not None:
        return
    refund.done_at, refund.bank_serial, refund.error = message.at, message.serial, None
    payment = await uow.session.get_one(DepositPayment, refund.payment_id, with_for_update=True)
    if payment.state == MoneyState.REFUNDING:
        payment.state = MoneyState.REFUNDED
    await _tell(uow, "deposit.refunded", payment, refund)


async def _tell(uow: Work, action: str, payment: DepositPayment, refund: DepositRefund) -> None:
    facts = told_of(refund) | {"serial": refund.bank_serial, "error": refund.error}
    if payment.account_id is None:
        uow.record(action, BANK_ACTOR, stream=PLATFORM_STREAM, subject=f"refund:{refund.id}",
                   sealed=is_sealed(Subject.STRAY_MONEY), audience=("centre", "supervisor"), payload=facts)
        return
    account = await uow.session.get_one(DepositAccount, payment.account_id)
    await note(uow, action, BANK_ACTOR, await share_lot(uow, account.lot_id), account, **facts)


async def _transferred(uow: Work, message: OrderDone) -> None:
    forfeited = await uow.session.get(DepositForfeiture, _order(message.order), with_for_update=True)
    if forfeited is None:
        raise NotFound("没有这个指令")
    if forfeited.transferred_at is not None:
        return
    forfeited.transferred_at, forfeited.bank_serial, forfeited.error = message.at, message.serial, None
    forfeited.status = "transferred"
    account = await uow.session.get_one(DepositAccount, forfeited.account_id)
    await note(uow, "deposit.transferred", BANK_ACTOR, await share_lot(uow, forfeited.lot_id), account,
         forfeiture=str(forfeited.id), amount=f"{forfeited.amount:.2f}", serial=message.serial)


async def _failed(uow: Work, message: OrderFailed) -> None:
    order = _order(message.order)
    refund = await uow.session.get(DepositRefund, order, with_for_update=True)
    if refund is not None:
        refund.error = message.reason
        await _tell(uow, "deposit.refund_failed", await uow.session.get_one(DepositPayment, refund.payment_id), refund)
        return
    forfeited = await uow.session.get(DepositForfeiture, order, with_for_update=True)
    if forfeited is None:
        raise NotFound("没有这个指令")
    forfeited.error = message.reason
    account = await uow.session.get_one(DepositAccount, forfeited.account_id)
    await note(uow, "deposit.transfer_failed", BANK_ACTOR, await share_lot(uow, forfeited.lot_id), account,
         forfeiture=str(forfeited.id), error=message.reason)


def _order(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("没有这个指令") from None
