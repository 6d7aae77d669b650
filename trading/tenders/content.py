"""The structured part of a tender document: what is announced, who keeps a share, how bids are judged.

Every class checks its own shape when it is made and raises ``ValueError``; rules check how the parts fit.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

PRICE_KEY = "price"
FIELD_KINDS = frozenset({"money", "days", "text", "percent"})
REMEDIES = frozenset({"none", "backup"})
FEWEST_NOTICE_MINUTES = 30  # of the second opening, ours


def _text(value: str, what: str, longest: int = 2000) -> None:
    if not value.strip() or len(value) > longest or any(ord(sign) < 32 and sign not in "\n\t" for sign in value):
        raise ValueError(f"{what}须为 1 至 {longest} 字")


@dataclass(frozen=True, slots=True)
class AnnouncedField:
    """One line of the opening statement 开标一览表; ``kind`` is money, days, text or percent.

    ``priced``: it belongs into the price envelope, where there are two (R-318).
    """

    key: str
    label: str
    kind: str
    required: bool = True
    priced: bool = False

    def __post_init__(self) -> None:
        if not self.key.isidentifier() or not self.key.isascii() or len(self.key) > 40:
            raise ValueError("唱标字段的键须为英文标识符")
        if self.kind not in FIELD_KINDS:
            raise ValueError("唱标字段类型须为 money、days、text 或 percent")
        _text(self.label, "唱标字段名称", 40)


@dataclass(frozen=True, slots=True)
class Custodian:
    """One keeper of a share of S_P (sealing.md §2); ``index`` counts from 1."""

    index: int
    party_id: UUID
    name: str
    role: str
    certificate: str

    def __post_init__(self) -> None:
        if not 1 <= self.index <= 255:
            raise ValueError("保管人序号须为 1 至 255")
        if len(self.certificate) != 64 or not set(self.certificate) <= set("0123456789abcdef"):
            raise ValueError("保管人证书指纹须为 64 位十六进制小写")
        _text(self.name, "保管人名称", 200)


@dataclass(frozen=True, slots=True)
class BidPart:
    """One part a bid must consist of (A-63); ``priced``: of the price envelope, where there are two (R-318)."""

    number: str
    title: str
    required: bool = True
    priced: bool = False

    def __post_init__(self) -> None:
        _text(self.number, "组成编号", 20)
        _text(self.title, "组成名称", 200)


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One clause of the initial review (R-300): form, qualification or response."""

    number: str
    title: str
    stage: str
    standard: str

    def __post_init__(self) -> None:
        _text(self.number, "评审条款编号", 20)
        _text(self.title, "评审条款名称", 200)
        _text(self.standard, "评审标准")
        if self.stage not in {"form", "qualification", "response"}:
            raise ValueError("初步评审阶段须为 form、qualification 或 response")


@dataclass(frozen=True, slots=True)
class ScoringItem:
    """One scored item with its range; ``objective`` items must not differ between experts (R-330).

    ``drops_extremes``: of seven scores and more, one highest and one lowest do not count (R-331).
    """

    number: str
    title: str
    lowest: Decimal
    highest: Decimal
    standard: str
    group: str = "technical"
    objective: bool = False
    drops_extremes: bool = False

    def __post_init__(self) -> None:
        _text(self.number, "评分项编号", 20)
        _text(self.title, "评分项名称", 200)
        _text(self.standard, "评分标准")
        if self.group not in {"price", "technical", "business", "credit"}:
            raise ValueError("评分项类别须为 price、technical、business 或 credit")
        if not 0 <= self.lowest <= self.highest <= 100:
            raise ValueError("评分范围须在 0 至 100 之间，且下限不高于上限")


class Formula(StrEnum):
    """Price baselines and price scores (R-310 to R-320)."""

    MEAN = "R-310"
    TRIMMED_MEAN = "R-311"
    PERCENTAGE_TRIM = "R-312"
    COMPOSITE = "R-313"
    DOWN_FLOAT = "R-314"
    LOWEST_EVALUATED = "R-317"
    LOWEST_RATIO = "R-320"


BASELINES = frozenset({Formula.MEAN, Formula.TRIMMED_MEAN, Formula.PERCENTAGE_TRIM, Formula.COMPOSITE,
                       Formula.DOWN_FLOAT})


@dataclass(frozen=True, slots=True)
class PriceFormula:
    """The price formula and its parameters; sets (``*_set``) are drawn from at the opening (R-319).

    ``full`` F, ``above`` E₁ and ``below`` E₂ belong to R-315; ``weight`` in per cent to R-316 and R-320.
    """

    number: str
    full: Decimal = Decimal(100)
    above: Decimal | None = None
    below: Decimal | None = None
    weight: Decimal | None = None
    k_set: list[Decimal] = field(default_factory=list)
    d_set: list[Decimal] = field(default_factory=list)
    lambda_set: list[Decimal] = field(default_factory=list)
    drops_extremes: bool = False
    recomputes_after_rejection: bool = False
    rounding: str = "half-up-2"

    def __post_init__(self) -> None:
        Formula(self.number)
        if self.rounding != "half-up-2":
            raise ValueError("舍入规则须为 half-up-2（R-322）")
        if max(len(self.k_set), len(self.d_set), len(self.lambda_set)) > 50:
            raise ValueError("抽取系数不超过 50 个")


DEPOSIT_FORMS = ("cash", "bank", "insurer", "guarantor")


@dataclass(frozen=True, slots=True)
class AwardRule:
    """How the award follows from the ranking: at most three candidates (R-128); whether the committee names the winner
    instead of recommending (A-166); whether the first-ranked must win (B-027)."""

    candidates: int = 3
    names_winner: bool = False
    first_ranked_wins: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.candidates <= 3:
            raise ValueError("中标候选人为 1 至 3 名（R-128）")


@dataclass(frozen=True, slots=True)
class Structure:
    """The structured part as one value, as `tender.json` carries it."""

    announced_fields: list[AnnouncedField] = field(default_factory=list)
    custodians: list[Custodian] = field(default_factory=list)
    k: int = 1
    suite: int = 1
    bid_parts: list[BidPart] = field(default_factory=list)
    review_items: list[ReviewItem] = field(default_factory=list)
    scoring_items: list[ScoringItem] = field(default_factory=list)
    price_formula: PriceFormula | None = None
    remedy: str = "none"
    deposit_forms: list[str] = field(default_factory=list)
    award: AwardRule = field(default_factory=AwardRule)
    two_envelopes: bool = False  # technical first; prices of those who passed, in a second opening
    price_notice_minutes: int = 60  # the second opening is told of at least so long before

    @property
    def n(self) -> int:
        """How many custodians keep a share."""
        return len(self.custodians)


def numbers_repeat(items: list[Any]) -> bool:
    """True when two items carry one number (A-62)."""
    return len({item.number for item in items}) != len(items)
