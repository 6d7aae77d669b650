"""What the routes answer of deposits, as plain JSON values: a bidder's own page, and what all pages share."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bidding.deposits.holding import counted, is_complete
from bidding.deposits.judging import TITLES
from bidding.deposits.model import CASH, REASON_TITLES, VERDICT_TITLES, MoneyState, Reason, Verdict
from bidding.deposits.queries import Money, OwnDeposit
from bidding.deposits.rules import (
    basic_account_is_registered,
    cash_is_admitted,
    is_back_in_time,
    nothing_is_submitted,
)
from bidding.deposits.tables import DepositAccount, DepositRefund
from storage.kernel.clock import to_wire
from storage.kernel.rule import Rule, unmet
from trading.tenders.model import bidding_is_open
from trading.tenders.tables import Lot

Answer = dict[str, Any]


def masked(account: str) -> str:
    """An account number as others may see it: its last four characters."""
    return f"…{account[-4:]}"


def yuan_text(amount: Decimal) -> str:
    """Money on the wire."""
    return f"{amount:.2f}"


def told(rules: Sequence[Rule[...]]) -> list[dict[str, str]]:
    """Rules as a page shows them."""
    return [{"number": each.number, "title": each.title, "cites": each.cites} for each in rules]


def lot_line(lot: Lot) -> Answer:
    """A lot in a few words."""
    return {"id": str(lot.id), "code": lot.code, "title": lot.title, "stage": lot.stage, "rehearsal": lot.rehearsal,
            "deadline_at": to_wire(lot.deadline_at) if lot.deadline_at else None}


def asked(lot: Lot) -> Answer | None:
    """What the tender document asks for; None for no deposit."""
    if not lot.deposit:
        return None
    return {"amount": yuan_text(lot.deposit), "forms": lot.deposit_forms, "cash": CASH in lot.deposit_forms}


def own_answer(desk: OwnDeposit) -> Answer:
    """A bidder's own page."""
    payments, account = [each.payment for each in desk.money], desk.account
    sum_in = counted(payments)
    may, missing = _own_acts(desk)
    return {
        "now": to_wire(desk.now), "lot": lot_line(desk.lot), "asked": asked(desk.lot),
        "payer": {"name": desk.payer[0], "account": desk.payer[1], "bank": desk.payer[2]},
        "account": account and _account(account),
        "status": _status(desk), "counted": yuan_text(sum_in),
        "missing_amount": yuan_text(max((desk.lot.deposit or Decimal(0)) - sum_in, Decimal(0))),
        "payments": [payment_answer(each) for each in desk.money],
        "refunds": [refund_answer(each, desk.now) for each in desk.money if each.refund],
        "may": may, "missing": missing,
    }


def _account(account: DepositAccount) -> Answer:
    """The number is told once the bank has opened it: money sent before would go astray."""
    return {"number": account.number if account.opened_at else None,
            "state": "open" if account.opened_at else "requested", "holder": account.holder, "bank": account.bank,
            "requested_at": to_wire(account.requested_at),
            "opened_at": to_wire(account.opened_at) if account.opened_at else None}


def _status(desk: OwnDeposit) -> str:
    """The one word for where the deposit stands; money that was no deposit and went straight back has no part in it."""
    if desk.account is None:
        return "none"
    if desk.forfeited:
        return "forfeited"
    own = {each.payment.state for each in desk.money
           if each.refund is None or each.refund.reason != Reason.REJECTED_MONEY}
    if MoneyState.HELD in own:
        return "received" if is_complete([each.payment for each in desk.money]) else "short"
    if own:
        return "refunding" if MoneyState.REFUNDING in own else "refunded"
    if desk.money:
        return "wrong"
    return "waiting" if desk.account.opened_at else "requested"


def _own_acts(desk: OwnDeposit) -> tuple[list[str], dict[str, Any]]:
    lot, is_open = desk.lot, bidding_is_open(desk.lot, desk.now)
    may: list[str] = []
    missing: dict[str, Any] = {}
    if is_open and desk.account is None and lot.deposit:
        failed = unmet([(cash_is_admitted, cash_is_admitted(lot.deposit, lot.deposit_forms)),
                        (basic_account_is_registered, basic_account_is_registered(desk.payer[1]))])
        may += [] if failed else ["request_account"]
        missing |= {"request_account": told(failed)} if failed else {}
    if is_open and any(each.payment.state == MoneyState.HELD for each in desk.money):
        failed = unmet([(nothing_is_submitted, nothing_is_submitted(desk.bid_status))])
        may += [] if failed else ["ask_refund"]
        missing |= {"ask_refund": told(failed)} if failed else {}
    return may, missing


def payment_answer(money: Money) -> Answer:
    """One payment; the payer's account only by its end."""
    each = money.payment
    return {
        "id": str(each.id), "serial": each.serial, "payer_name": each.payer_name,
        "payer_account": masked(each.payer_account), "amount": yuan_text(each.amount),
        "value_at": to_wire(each.value_at), "received_at": to_wire(each.received_at), "verdict": each.verdict,
        "verdict_title": VERDICT_TITLES[Verdict(each.verdict)], "counts": each.counts, "state": each.state,
        "reasons": [{"number": number, "title": TITLES[number]} for number in each.reasons],
    }


def refund_answer(money: Money, now: datetime) -> Answer:
    """A refund with what it is made of: principal × rate × days / 360."""
    each = money.refund
    if each is None:
        raise ValueError("no refund")
    return {
        "id": str(each.id), "payment": str(each.payment_id), "reason": each.reason,
        "reason_title": REASON_TITLES[Reason(each.reason)], "principal": yuan_text(each.principal),
        "interest": yuan_text(each.interest), "rate": each.percent, "days": each.days,
        "total": yuan_text(each.principal + each.interest), "to_name": each.to_name,
        "to_account": masked(each.to_account), "ordered_at": to_wire(each.ordered_at), "due_at": to_wire(each.due_at),
        "done_at": to_wire(each.done_at) if each.done_at else None, "bank_serial": each.bank_serial,
        "error": each.error, "overdue": is_overdue(each, now),
    }


def is_overdue(refund: DepositRefund, now: datetime) -> bool:
    """True for money that is not back though its day is over."""
    return refund.done_at is None and not is_back_in_time(refund.due_at, refund.done_at, now)
