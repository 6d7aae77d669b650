"""Plain values of an evaluation for tests: a method, bids, votes, sheets. No database."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from evaluation.scoring.method import method_of
from evaluation.scoring.model import Method, OpenBid, Sheet
from trading.tenders.content import PriceFormula, ReviewItem, ScoringItem, Structure

REVIEW = [ReviewItem("3.1", "投标报价", "response", "不高于最高投标限价"),
          ReviewItem("1.1", "投标人名称", "form", "与营业执照一致"),
          ReviewItem("2.1", "资质等级", "qualification", "符合公告要求")]
PRICE = ScoringItem("1", "投标报价", Decimal(0), Decimal(60), "见价格公式", "price", True)
DESIGN = ScoringItem("2", "施工组织设计", Decimal(10), Decimal(30), "综合评价")
CREDIT = ScoringItem("3", "信用", Decimal(0), Decimal(10), "信用等级", "credit", True)
BASELINE: dict[str, Any] = {"above": Decimal(2), "below": Decimal(1)}
MEAN = PriceFormula("R-310", **BASELINE)


def structure(formula: PriceFormula = MEAN, items: Sequence[ScoringItem] = (PRICE, DESIGN, CREDIT)) -> Structure:
    """A structured part with this formula and these items."""
    return Structure(review_items=list(REVIEW), scoring_items=list(items), price_formula=formula)


def method(formula: PriceFormula = MEAN, items: Sequence[ScoringItem] = (PRICE, DESIGN, CREDIT), *,
           trade_kind: str = "works", limit: str | None = "10000000", drawn: Mapping[str, str] | None = None) -> Method:
    """The method such a document states."""
    return method_of(structure(formula, items), trade_kind=trade_kind, limit=Decimal(limit) if limit else None,
                     fewest_valid=3, drawn={name: Decimal(text) for name, text in (drawn or {}).items()})


def name_of(number: int) -> str:
    """The id of the bid of that place."""
    return str(UUID(int=number))


def bids(*prices: str | None) -> list[OpenBid]:
    """Bids by order of submission."""
    return [OpenBid(name_of(place), place, f"投标人{place}", f"9132070000000000{place:02d}",
                    Decimal(price) if price is not None else None) for place, price in enumerate(prices, 1)]


def sheet(member: str, *rows: Mapping[str, str], salt: str = "") -> Sheet:
    """One member's sheet; a row a bid in order."""
    return Sheet(member, 1, salt or member.encode().hex().ljust(64, "0"), {
        name_of(place): {item: Decimal(value) for item, value in row.items()} for place, row in enumerate(rows, 1)})
