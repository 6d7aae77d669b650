"""Evaluation 评标 as values: its steps, the method as the tender document states it, what members decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from trading.tenders.content import PriceFormula, ReviewItem


class EvaluationStep(StrEnum):
    """Where the evaluation of a lot stands (R-300)."""

    REVIEWING = "reviewing"
    COMPETITION = "competition"  # fewer valid bids than the law asks for: the committee judges competition
    SCORING = "scoring"
    REVEALING = "revealing"
    ALERTS = "alerts"
    TECHNICAL = "technical"  # of two envelopes: the technical result stands, without any price
    TECHNICAL_SIGNING = "technical_signing"
    PRICES = "prices"  # it is signed; the second opening is awaited
    RANKED = "ranked"
    SIGNING = "signing"
    FINISHED = "finished"
    FAILED = "failed"


class EvaluationAct(StrEnum):
    """What is done at the desk; who may do it stands in ``steps``."""

    SAVE_REVIEW = "save_review"
    SUBMIT_REVIEW = "submit_review"
    VOTE_COMPETITION = "vote_competition"
    COMMIT_SCORES = "commit_scores"
    REVEAL_SCORES = "reveal_scores"
    RESTART_ROUND = "restart_round"
    EXPLAIN_ALERT = "explain_alert"
    EDIT_REPORT = "edit_report"
    WRITE_DISSENT = "write_dissent"
    RECORD_REFUSAL = "record_refusal"
    LAY_OUT_REPORT = "lay_out_report"
    TAKE_PRICES = "take_prices"
    READ_BODIES = "read_bodies"


class MethodKind(StrEnum):
    """How bids are compared; its number is that of the rule of domain law."""

    REASONABLE = "reasonable-low-price"
    COMPREHENSIVE = "comprehensive"
    LOWEST = "lowest-evaluated"
    GOVERNMENT = "government-low-price"


@dataclass(frozen=True, slots=True)
class KindOfMethod:
    """The name of a method and the rule it follows."""

    title: str
    rule: str


KINDS: dict[MethodKind, KindOfMethod] = {
    MethodKind.REASONABLE: KindOfMethod("合理低价法", "R-315"),
    MethodKind.COMPREHENSIVE: KindOfMethod("综合评估法", "R-316"),
    MethodKind.LOWEST: KindOfMethod("经评审的最低投标价法", "R-317"),
    MethodKind.GOVERNMENT: KindOfMethod("政府采购综合评分法（低价优先法计算价格分）", "R-320"),
}

ADJUSTMENT = "adjustment"  # the item under which R-317 quantifies deviations, in yuan
DEDUCTION = "deduction"  # the item under which R-320 deducts for small enterprises, in per cent
ALERT_PERCENT = Decimal(30)
REASONS_TO_RESTART = {
    "sheet-lost": "评委无法打开本人已提交的评分表", "sum-error": "分值汇总计算错误",
    "out-of-range": "分项评分超出评分标准范围", "objective-differs": "客观评审因素评分不一致"}


@dataclass(frozen=True, slots=True)
class SheetItem:
    """One item that every member fills for every valid bid; ``unit`` is points, yuan or percent."""

    number: str
    title: str
    lowest: Decimal
    highest: Decimal
    standard: str
    group: str
    objective: bool
    unit: str = "points"
    drops_extremes: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of law on which a bid is rejected beside the clauses of the document (R-126)."""

    number: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The method of one lot: from the structured tender document, and what was drawn at the opening.

    ``price_weight`` is what the price counts for in the total, in points. ``share`` multiplies the other items where
    the document gives the price its weight beside a full hundred of other points.
    """

    kind: MethodKind
    formula: PriceFormula
    price_weight: Decimal
    share: Decimal = Decimal(1)
    review_items: list[ReviewItem] = field(default_factory=list)
    sheet_items: list[SheetItem] = field(default_factory=list)
    limit: Decimal | None = None
    coefficients: dict[str, Decimal] = field(default_factory=dict)
    candidates: int = 3
    fewest_valid: int = 3
    ties_are_drawn: bool = True

    def item(self, number: str) -> SheetItem | None:
        """The sheet item of that number."""
        return next((each for each in self.sheet_items if each.number == number), None)


@dataclass(frozen=True, slots=True)
class OpenBid:
    """One decrypted bid as the committee sees it; ``price`` None where no figure was stated.

    ``sealed``: its price envelope was not opened, or not yet, so that nothing can be said of its price (R-318).
    ``unopened``: the cause (``bidding.opening.model.CAUSES``) why it stayed shut at the second opening.
    """

    bid: str
    place: int
    name: str
    uscc: str
    price: Decimal | None
    sealed: bool = False
    unopened: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One member's verdict on one bid by one clause of the document or ground of law (R-300)."""

    member: str
    bid: str
    item: str
    passes: bool
    reason: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One member's scores, as revealed: bid → item → value."""

    member: str
    round: int
    salt: str
    scores: Mapping[str, Mapping[str, Decimal]]
