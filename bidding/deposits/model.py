"""Cash deposits 投标保证金 as values and pure decisions: verdicts, reasons to refund, interest, due dates."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from bidding.guarantees.model import KIND_WORDS
from storage.kernel.calendar import Calendar, Span
from storage.kernel.clock import shanghai
from storage.kernel.money import CENT
from trading.parties.model import name_key

CASH = "cash"
# Every form a lot may take, as a bidder reads it.
FORM_WORDS: dict[str, str] = {CASH: "现金转账"} | {kind.value: word for kind, word in KIND_WORDS.items()}
YEAR = 360  # the bank's year, R-402
DEFAULT_PERCENT = "0.20"  # the demand rate until finance sets another
WITHDRAWN_TIMER = "deposit.withdrawn"
# A bidder who took its bid back may put a better one in; then the money stays. The law gives five days.
RESUBMISSION_GRACE = timedelta(days=3)


class Verdict(StrEnum):
    """What a payment is worth (R-401)."""

    MATCHED = "MATCHED"
    SHORT = "SHORT"
    LATE = "LATE"
    WRONG_PAYER = "WRONG_PAYER"
    NOT_BASIC = "NOT_BASIC"
    DUPLICATE = "DUPLICATE"
    OVERPAID = "OVERPAID"
    UNKNOWN = "UNKNOWN"


VERDICT_TITLES = {
    Verdict.MATCHED: "相符", Verdict.SHORT: "金额不足", Verdict.LATE: "到账超过截止时间",
    Verdict.WRONG_PAYER: "付款人不是投标人", Verdict.NOT_BASIC: "非基本账户转出", Verdict.DUPLICATE: "重复缴纳",
    Verdict.OVERPAID: "足额（有余额）", Verdict.UNKNOWN: "账号不存在",
}
STANDS = frozenset({Verdict.MATCHED, Verdict.OVERPAID})
# Money of the bidder's own that adds up to its deposit; all other money goes back at once.
ADDS_UP = STANDS | {Verdict.SHORT}


class MoneyState(StrEnum):
    """Where a payment is."""

    HELD = "held"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    FORFEITED = "forfeited"


class Reason(StrEnum):
    """Why money goes back (R-131, R-129, R-161, R-402)."""

    CONTRACT = "contract"
    AWARD = "award"
    FAILED = "failed"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    NO_BID = "no_bid"
    REJECTED_MONEY = "rejected_money"
    SURPLUS = "surplus"


REASON_TITLES = {
    Reason.CONTRACT: "合同已签订", Reason.AWARD: "中标通知书已发出", Reason.FAILED: "招标失败",
    Reason.TERMINATED: "招标终止", Reason.WITHDRAWN: "投标截止前撤回", Reason.NO_BID: "未提交投标文件",
    Reason.REJECTED_MONEY: "款项不符合要求，原路退回", Reason.SURPLUS: "超出应缴金额的部分",
}
# By kind of trade, where its law counts differently from the Implementing Regulation's five days.
_FIVE_DAYS, _FIVE_WORKING_DAYS = Span(5), Span(5, "working-days")
_SPANS = {("government", Reason.CONTRACT): _FIVE_WORKING_DAYS, ("government", Reason.AWARD): _FIVE_WORKING_DAYS}
REFUNDS_LOSERS_AT_AWARD = frozenset({"government"})


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came, as the bank tells it."""

    payer_name: str
    payer_account: str
    amount: Decimal
    value_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a deposit asks of the next payment; ``already`` is the bidder's own money that came before and stays."""

    required: Decimal
    deadline_at: datetime
    payer_name: str
    payer_account: str
    already: Decimal = Decimal(0)
    is_complete: bool = False


def account_key(number: str) -> str:
    """The form under which account numbers are compared: letters and digits alone."""
    return "".join(char for char in name_key(number) if char.isalnum())


def new_account_number() -> str:
    """Eighteen digits by chance: the number tells neither lot nor bidder nor order (R-400)."""
    return "88" + "".join(secrets.choice("0123456789") for _ in range(16))


def interest_of(principal: Decimal, percent: Decimal, days: int) -> Decimal:
    """Bank demand interest in yuan, half up: 200,000 × 0.20 % × 45 / 360 = 50.00 (R-402)."""
    return (principal * percent * days / 100 / YEAR).quantize(CENT, rounding=ROUND_HALF_UP)


def days_held(value_at: datetime, until: datetime) -> int:
    """Nights on the account, by the days of Shanghai."""
    return max((shanghai(until).date() - shanghai(value_at).date()).days, 0)


def refund_due_at(reason: Reason, trade_kind: str, since: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the money must be back (R-402, R-131, R-161); the day of the event is not counted."""
    span = _SPANS.get((trade_kind, reason), _FIVE_DAYS)
    if span.unit == "days":
        return calendar.end_of_period(since, span.length)
    return calendar.add(since, span)


@dataclass(frozen=True, slots=True)
class Rate:
    """A demand rate in per cent a year, from a day on."""

    since: date
    percent: Decimal


def percent_on(rates: list[Rate], day: date) -> Decimal:
    """The rate in force on a day: demand money is paid at the rate of the day it leaves."""
    known = [each for each in rates if each.since <= day]
    return max(known, key=lambda each: each.since).percent if known else Decimal(DEFAULT_PERCENT)
