"""Finance's page as plain JSON values: sums of lots past their opening, never a total over all (R-122, R-404)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bidding.deposits.answers import is_overdue, lot_line, payment_answer, refund_answer, yuan_text
from bidding.deposits.model import DEFAULT_PERCENT, MoneyState
from bidding.deposits.queries import Finance, Money
from bidding.deposits.rules import ledger_equals_bank
from bidding.deposits.tables import BankBalance, DepositForfeiture, DepositRate
from storage.kernel.clock import shanghai, to_wire
from trading.tenders.tables import Lot


def finance_answer(view: Finance) -> dict[str, Any]:
    """The whole page."""
    return {
        "now": to_wire(view.now), "rate": _rate_in_force(view),
        "rates": [rate_answer(each) for each in view.rates],
        "lots": [_lot(lot, money, forfeitures, view.now) for lot, money, forfeitures in view.lots],
        "unknown": [payment_answer(each) | {"refund": refund_answer(each, view.now) if each.refund else None}
                    for each in view.unknown],
        "balances": [_balance(row, is_told) for row, is_told in view.balances],
        "may": ["set_rate"] if view.is_centre else [], "missing": {},
    }


def _balance(row: BankBalance, is_told: bool) -> dict[str, Any]:
    """One day's comparison; that there was one is told at once, what came of it after the lots of its time."""
    return {"day": row.day.isoformat(), "at": to_wire(row.at),
            "agrees": ledger_equals_bank(row.held, row.stated) if is_told else None,
            "difference": yuan_text(row.stated - row.held) if is_told else None}


def rate_answer(rate: DepositRate) -> dict[str, Any]:
    """A demand rate and who set it."""
    return {"percent": rate.percent, "since": rate.since.isoformat(), "set_by": rate.set_by}


def _rate_in_force(view: Finance) -> dict[str, Any]:
    today = shanghai(view.now).date()
    found = next((each for each in view.rates if each.since <= today), None)
    return rate_answer(found) if found else {"percent": DEFAULT_PERCENT, "since": None, "set_by": None}


def _lot(lot: Lot, money: Sequence[Money], forfeitures: Sequence[DepositForfeiture], now: datetime) -> dict[str, Any]:
    def total(state: MoneyState) -> str:
        return yuan_text(sum((each.payment.amount for each in money if each.payment.state == state), Decimal(0)))

    return {
        "lot": lot_line(lot), "received": len(money), "held": total(MoneyState.HELD),
        "refunding": total(MoneyState.REFUNDING), "refunded": total(MoneyState.REFUNDED),
        "forfeited": total(MoneyState.FORFEITED),
        "overdue": sum(each.refund is not None and is_overdue(each.refund, now) for each in money),
        "failed": sum(each.refund is not None and each.refund.error is not None for each in money),
        "forfeitures_open": sum(each.status == "proposed" for each in forfeitures)}
