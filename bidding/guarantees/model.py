"""Guarantee letters 保函 as values and pure decisions: kinds, states, a letter's data, the period it must cover."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from storage.kernel.clock import SHANGHAI, shanghai
from storage.kernel.errors import Invalid, Refused
from storage.kernel.money import yuan

APPLICATION = "guarantee-application"  # purpose of the box a bidder seals to an issuer
LETTER = "guarantee-letter"  # purpose of the box an issuer seals to a bidder; its subject is the order's number
ATTACHMENT = "guarantee.json"  # the data inside the signed PDF, byte for byte
State = TypeVar("State", bound=StrEnum)
_LONGEST = 300
_LAST_YEAR = 2999


class IssuerKind(StrEnum):
    """Who stands surety: bank 银行保函, insurer 保证保险, guarantee company 担保 (R-410); also a lot's deposit form."""

    BANK = "bank"
    INSURER = "insurer"
    GUARANTOR = "guarantor"


KIND_WORDS = {IssuerKind.BANK: "银行保函", IssuerKind.INSURER: "保证保险", IssuerKind.GUARANTOR: "担保保函"}


class IssuerStatus(StrEnum):
    """Where an issuer stands on the list; nobody enters or leaves it by one person's will."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    REFUSED = "refused"


ON_THE_LIST = frozenset({IssuerStatus.ACTIVE, IssuerStatus.RETIRING})


class OrderStatus(StrEnum):
    """An application on its way to a letter (R-411). That a letter is BOUND to a bid, only its bidder knows."""

    APPLIED = "applied"
    PAID = "paid"
    ISSUED = "issued"
    REFUSED = "refused"
    AMENDED = "amended"


class LetterStatus(StrEnum):
    """A letter once its bid is open (R-411)."""

    VERIFIED = "verified"
    INVALID = "invalid"
    SURRENDERED = "surrendered"
    CLAIMED = "claimed"
    PAID = "paid"
    REFUSED = "refused"
    EXPIRED = "expired"


class ClaimStatus(StrEnum):
    """A claim 索赔: proposed by the tenderee, approved by another person, answered by the issuer."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    PAID = "paid"
    DENIED = "refused_by_issuer"


class Act(StrEnum):
    """What moves an issuer's entry, an order, a letter or a claim."""

    APPROVE = "approve"
    REFUSE = "refuse"
    RETIRE = "retire"
    PAY = "pay"
    ISSUE = "issue"
    AMEND = "amend"
    SURRENDER = "surrender"
    CLAIM = "claim"
    DENY = "deny"
    EXPIRE = "expire"


ISSUER_STEPS: Mapping[tuple[IssuerStatus, Act], IssuerStatus] = {
    (IssuerStatus.PROPOSED, Act.APPROVE): IssuerStatus.ACTIVE,
    (IssuerStatus.PROPOSED, Act.REFUSE): IssuerStatus.REFUSED,
    (IssuerStatus.ACTIVE, Act.RETIRE): IssuerStatus.RETIRING,
    (IssuerStatus.RETIRING, Act.APPROVE): IssuerStatus.RETIRED,
    (IssuerStatus.RETIRING, Act.REFUSE): IssuerStatus.ACTIVE,
}
ORDER_STEPS: Mapping[tuple[OrderStatus, Act], OrderStatus] = {
    (OrderStatus.APPLIED, Act.PAY): OrderStatus.PAID,
    (OrderStatus.APPLIED, Act.REFUSE): OrderStatus.REFUSED,
    (OrderStatus.PAID, Act.REFUSE): OrderStatus.REFUSED,
    (OrderStatus.PAID, Act.ISSUE): OrderStatus.ISSUED,
    (OrderStatus.ISSUED, Act.AMEND): OrderStatus.AMENDED,
}
# An invalid letter is given back as well: its bidder paid for it. What a claim holds is not surrendered.
LETTER_STEPS: Mapping[tuple[LetterStatus, Act], LetterStatus] = {
    (LetterStatus.VERIFIED, Act.SURRENDER): LetterStatus.SURRENDERED,
    (LetterStatus.INVALID, Act.SURRENDER): LetterStatus.SURRENDERED,
    (LetterStatus.VERIFIED, Act.CLAIM): LetterStatus.CLAIMED,
    (LetterStatus.CLAIMED, Act.PAY): LetterStatus.PAID,
    (LetterStatus.CLAIMED, Act.DENY): LetterStatus.REFUSED,
    (LetterStatus.VERIFIED, Act.EXPIRE): LetterStatus.EXPIRED,
}
CLAIM_STEPS: Mapping[tuple[ClaimStatus, Act], ClaimStatus] = {
    (ClaimStatus.PROPOSED, Act.APPROVE): ClaimStatus.APPROVED,
    (ClaimStatus.PROPOSED, Act.REFUSE): ClaimStatus.REFUSED,
    (ClaimStatus.APPROVED, Act.PAY): ClaimStatus.PAID,
    (ClaimStatus.APPROVED, Act.DENY): ClaimStatus.DENIED,
}


def after(steps: Mapping[tuple[State, Act], State], status: str, act: Act) -> State:
    """The state after the act; raises ``Refused`` when the table has no such row."""
    found = next((end for (begin, by), end in steps.items() if begin == status and by is act), None)
    if found is None:
        raise Refused("当前状态不允许此操作", status=str(status), act=act.value)
    return found


def admits(steps: Mapping[tuple[State, Act], State], status: str, act: Act) -> bool:
    """True when a step leads on from this state by the act."""
    return any(begin == status and by is act for begin, by in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What of a letter's data (R-413) the rules ask about; ``end`` is its last day, whole."""

    order: str
    lot: str
    bidder: str
    uscc: str
    type: str
    number: str
    beneficiary: str
    issuer: str
    amount: Decimal
    begin: date
    end: date
    on_demand: bool
    irrevocable: bool


def read_letter(data: Mapping[str, object]) -> Letter:
    """The letter of its R-413 data; raises ``Invalid`` naming the first field that is missing or malformed."""
    wording = data.get("wording")
    if not isinstance(wording, Mapping):
        raise Invalid("保函数据缺少条款", field="wording")
    return Letter(
        order=_text(data, "order"), lot=_text(data, "lot"), bidder=_text(data, "bidder"), uscc=_text(data, "uscc"),
        type=_text(data, "type"), number=_text(data, "number"), beneficiary=_text(data, "beneficiary"),
        issuer=_text(data, "issuer"), amount=_money(data), begin=_day(data, "begin"),
        end=_day(data, "end"), on_demand=wording.get("on_demand") is True,
        irrevocable=wording.get("irrevocable") is True)


def _text(data: Mapping[str, object], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value or len(value) > _LONGEST or not value.isprintable():
        raise Invalid("保函数据缺项或格式不对", field=field)
    return value


def _money(data: Mapping[str, object]) -> Decimal:
    """In the one form 200000.00: what is signed is read in one way."""
    text = _text(data, "amount")
    value = yuan(text)
    if text != f"{value:.2f}":
        raise Invalid("保函金额的写法不对", field="amount")
    return value


def _day(data: Mapping[str, object], field: str) -> date:
    text = _text(data, field)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("保函数据的日期格式不对", field=field) from None
    if text != day.isoformat() or day.year > _LAST_YEAR:
        raise Invalid("保函数据的日期格式不对", field=field)
    return day


def last_day_needed(deadline_at: datetime, validity_days: int) -> date:
    """The day a letter must at least last to: the deadline's day and the bid's validity (R-120, R-414).

    V5: deadline 2026-03-23, validity 90 days: 2026-06-21.
    """
    return shanghai(deadline_at).date() + timedelta(days=validity_days)


def expires_at(end: date) -> datetime:
    """The first instant after a letter's last day, in Shanghai."""
    return datetime.combine(end + timedelta(days=1), time(0), tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """One revealed letter with all that decides whether it holds (R-414). ``letter`` is None when unreadable."""

    letter: Letter | None
    issuer_kind: str | None = None  # None: nobody on the list
    signed_by_issuer: bool = False
    digest_agrees: bool = False
    required: Decimal = Decimal(0)
    forms: frozenset[str] = frozenset()
    beneficiary: str = ""
    lot_code: str = ""
    bidder: str = ""
    uscc: str = ""
    deadline_at: datetime
    validity_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFacts:
    """A claim with all that decides whether it may be made."""

    amount: Decimal
    letter_amount: Decimal
    now: datetime
    ends_on: date
