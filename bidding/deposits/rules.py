"""The numbered rules of cash deposits."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from bidding.bids.model import BidStatus
from bidding.deposits.model import CASH, REFUNDS_LOSERS_AT_AWARD, Claim, Payment, account_key
from storage.kernel.rule import rule
from trading.parties.model import name_key

_IR, _IR_SINCE = "招标投标法实施条例 ", date(2012, 2, 1)
_EB = date(2013, 5, 1)


@rule("R-120/3", "招标文件要求缴纳保证金，且允许现金转账形式", cites=_IR + "第二十六条", since=_IR_SINCE)
def cash_is_admitted(amount: Decimal | None, forms: Collection[str]) -> bool:
    """A deposit is asked for, and may be paid."""
    return bool(amount) and CASH in forms


@rule("R-120/4", "投标人已登记基本账户", cites=_IR + "第二十六条", since=_IR_SINCE)
def basic_account_is_registered(account: str) -> bool:
    """Money is compared with it, and nothing else would match."""
    return bool(account_key(account))


@rule("R-120/5", "招标文件要求投标保证金的，在投标截止时间前按所列形式提交", cites=_IR + "第二十六条", since=_IR_SINCE)
def is_secured(amount: Decimal | None, cash_stands: bool) -> bool:
    """Nothing is asked for, or the bidder's own money is there. A letter under seal shows at the opening alone."""
    return not amount or cash_stands


@rule("R-400", "保证金子账号不含标段、投标人信息", cites="电子招标投标办法 第二十二条", since=_EB)
def account_betrays_nobody(number: str, names: Collection[str]) -> bool:
    """No code of the lot or of the bidder, whole or its last six characters, stands in the number."""
    return not any(name and (name in number or name[-6:] in number) for name in names)


@rule("R-401", "付款人名称与投标人名称一致", cites=_IR + "第二十六条", since=_IR_SINCE)
def payer_is_the_bidder(payment: Payment, claim: Claim) -> bool:
    """Compared in one form: width, brackets and spaces apart (A-26)."""
    return name_key(payment.payer_name) == name_key(claim.payer_name)


@rule("R-401/2", "款项从投标人基本账户转出", cites=_IR + "第二十六条第二款", since=_IR_SINCE)
def paid_from_the_basic_account(payment: Payment, claim: Claim) -> bool:
    """The account the bidder has enrolled with."""
    return account_key(payment.payer_account) == account_key(claim.payer_account)


@rule("R-401/3", "保证金在投标截止时间前到账", cites=_IR + "第二十六条；电子招标投标办法 第二十七条", since=_IR_SINCE)
def arrived_in_time(payment: Payment, claim: Claim) -> bool:
    """By the bank's value time, the deadline itself included."""
    return payment.value_at <= claim.deadline_at


@rule("R-401/4", "保证金未重复缴纳", cites=_IR + "第二十六条", since=_IR_SINCE)
def nothing_was_complete_before(payment: Payment, claim: Claim) -> bool:
    """Money that comes after the whole deposit is one too many."""
    return not claim.is_complete


@rule("R-401/5", "到账金额不少于招标文件要求的金额", cites=_IR + "第二十六条", since=_IR_SINCE)
def amount_is_enough(payment: Payment, claim: Claim) -> bool:
    """With what the bidder paid before in parts."""
    return claim.already + payment.amount >= claim.required


@rule("R-131", "投标文件未提交或已撤回，方可在截止前退还保证金", cites=_IR + "第三十五条", since=_IR_SINCE)
def nothing_is_submitted(bid_status: str | None) -> bool:
    """A bid that counts needs its deposit."""
    return bid_status != BidStatus.SUBMITTED


@rule("R-402", "保证金退还至原付款账户", cites=_IR + "第五十七条", since=_IR_SINCE)
def goes_back_where_it_came_from(to_account: str, payer_account: str) -> bool:
    """To no other account, whoever asks."""
    return account_key(to_account) == account_key(payer_account)


@rule("R-402/2", "保证金及利息在法定期限内退还", cites=_IR + "第三十一条、第三十五条、第五十七条", since=_IR_SINCE)
def is_back_in_time(due_at: datetime, done_at: datetime | None, now: datetime) -> bool:
    """Back by its day; while it is not, that day has not passed."""
    return (done_at or now) <= due_at


@rule("R-161", "政府采购未中标人的保证金在中标通知书发出后即退还", cites="政府采购法实施条例 第三十三条",
      since=date(2015, 3, 1))
def goes_back_at_the_award(is_winner: bool, trade_kind: str) -> bool:
    """Losers do not wait for another's contract where the law of the kind of trade says so."""
    return not is_winner and trade_kind in REFUNDS_LOSERS_AT_AWARD


@rule("R-404", "保证金账面余额与银行余额一致", cites="招标投标法实施条例 第二十六条第三款", since=_IR_SINCE)
def ledger_equals_bank(held: Decimal, stated: Decimal) -> bool:
    """To the cent, every day: held money is not used."""
    return held == stated


@rule("R-901/2", "不同投标人的保证金不得从同一单位或者个人的账户转出", cites=_IR + "第四十条第六项", since=_IR_SINCE)
def payer_pays_for_one_bidder(bidders: Collection[object]) -> bool:
    """One payer for two bidders of a lot is deemed collusion."""
    return len(set(bidders)) <= 1
