"""The ranking: totals, ties, ranks, and the whole of it as one value that explains itself (R-316, R-321, R-322)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from evaluation.scoring.aggregation import item_score
from evaluation.scoring.figures import Figure, half_up, plain, text_of
from evaluation.scoring.model import ADJUSTMENT, DEDUCTION, Method, MethodKind, OpenBid, Sheet
from evaluation.scoring.prices import (
    adjusted_price,
    baseline,
    deducted_price,
    ratio_score,
    reasonable_score,
    weighed,
)
from evaluation.scoring.reviewing import Rejection, headline
from trading.tenders.content import BASELINES, Formula

_ZERO = Decimal(0)
Rejections = Mapping[str, Sequence[Rejection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One valid bid with all its figures; ``total`` is a price in yuan under R-317."""

    bid: OpenBid
    price: Decimal
    evaluated: Figure | None
    price_score: Figure | None
    items: tuple[tuple[str, str, Figure], ...]
    technical: Decimal
    total: Figure


def draw_key(set_sha256: str, sheets: Iterable[Sheet]) -> str:
    """The seed of a draw between equals: the frozen set of bids, and the salts all members committed to unseen."""
    salts = sorted(sheet.salt for sheet in sheets)
    return sha256("\0".join(("yunkai tie/1", set_sha256, *salts)).encode()).hexdigest()


def _drawn(key: str, bid: str) -> str:
    return sha256(f"yunkai tie/1\0{key}\0{bid}".encode()).hexdigest()


def evaluate(method: Method, bids: Sequence[OpenBid], rejections: Rejections, sheets: Sequence[Sheet], *,
             aliases: Mapping[str, str], key: str) -> dict[str, Any]:
    """The outcome of the evaluation: baseline, a row a bid with its explanations, candidates. Plain JSON.

    It depends on nothing but its arguments, and on no order among them.
    """
    valid = [(each, each.price) for each in sorted(bids, key=lambda each: each.place)
             if not rejections.get(each.bid) and each.price is not None]
    base = baseline(method.formula, [price for _, price in valid], method.limit, method.coefficients) \
        if valid and Formula(method.formula.number) in BASELINES else None
    scored = _score(method, valid, sheets, aliases, base)
    ranked = _rank(method, scored, key)
    rows = [_row(each, ranked, rejections) for each in sorted(bids, key=lambda each: each.place)]
    return {"v": 1, "method": method.kind.value, "baseline": base.to_json() if base else None, "rows": rows,
            "candidates": [each.bid.bid for each, rank, _ in ranked if rank <= method.candidates][:method.candidates]}


def _score(method: Method, valid: Sequence[tuple[OpenBid, Decimal]], sheets: Sequence[Sheet],
           aliases: Mapping[str, str], base: Figure | None) -> list[Scored]:
    values = {bid.bid: {item.number: {aliases[sheet.member]: sheet.scores[bid.bid][item.number] for sheet in sheets}
                        for item in method.sheet_items} for bid, _ in valid}
    items = {bid: {item.number: item_score(item, row[item.number]) for item in method.sheet_items}
             for bid, row in values.items()}
    evaluated = {bid.bid: _evaluated(method, price, items[bid.bid]) for bid, price in valid}
    lowest = min((figure.value for figure in evaluated.values() if figure), default=_ZERO)
    return [_scored(method, bid, price, items[bid.bid], _price_score(method, price, base, evaluated[bid.bid], lowest),
                    evaluated[bid.bid]) for bid, price in valid]


def _evaluated(method: Method, price: Decimal, items: Mapping[str, Figure]) -> Figure | None:
    match method.kind:
        case MethodKind.LOWEST:
            return adjusted_price(price, items[ADJUSTMENT].value)
        case MethodKind.GOVERNMENT:
            return deducted_price(price, items[DEDUCTION].value if DEDUCTION in items else _ZERO)
    return None


def _price_score(method: Method, price: Decimal, base: Figure | None, evaluated: Figure | None,
                 lowest: Decimal) -> Figure | None:
    if base is not None:
        score = reasonable_score(price, base, method.formula)
        return score if method.kind is MethodKind.REASONABLE and method.price_weight == method.formula.full \
            else weighed(score, method.price_weight, method.formula.full)
    return ratio_score(evaluated, lowest, method.price_weight) \
        if evaluated is not None and method.kind is MethodKind.GOVERNMENT else None


def _scored(method: Method, bid: OpenBid, price: Decimal, items: Mapping[str, Figure], price_score: Figure | None,
            evaluated: Figure | None) -> Scored:
    points = [(item, items[item.number]) for item in method.sheet_items if item.unit == "points"]
    technical = sum((figure.value for item, figure in points if item.group == "technical"), _ZERO)
    if method.kind is MethodKind.LOWEST and evaluated is not None:
        total = evaluated
    else:
        total = _total(method, price_score, [(item.title, figure) for item, figure in points])
    return Scored(bid=bid, price=price, evaluated=evaluated, price_score=price_score, technical=technical, total=total,
                  items=tuple((item.number, item.title, items[item.number]) for item in method.sheet_items))


def _total(method: Method, price_score: Figure | None, points: Sequence[tuple[str, Figure]]) -> Figure:
    others = sum((Fraction(figure.value) for _, figure in points), Fraction(0)) * Fraction(method.share)
    value = half_up(others + Fraction(price_score.value if price_score else _ZERO))
    share = (("其他各项合计乘以", plain(method.share)),) if method.share != 1 else ()
    price = (("价格分", price_score),) if price_score else ()
    return Figure(value, "R-316", "总分 = 各项得分之和", (*price, *points, *share))


def _rank(method: Method, scored: Sequence[Scored], key: str) -> list[tuple[Scored, int, str | None]]:
    """Each bid with its rank and what parted it from an equal: price, technical, draw, or nothing (R-321)."""
    sign = 1 if method.kind is MethodKind.LOWEST else -1
    steps: list[tuple[str, Callable[[Scored], Any]]] = [
        ("", lambda each: sign * each.total.value), ("price", lambda each: each.price)]
    if method.ties_are_drawn:
        steps += [("technical", lambda each: -each.technical), ("draw", lambda each: _drawn(key, each.bid.bid))]
    marks = {each.bid.bid: tuple(step(each) for _, step in steps) for each in scored}
    ordered = sorted(scored, key=lambda each: (marks[each.bid.bid], each.bid.bid))
    found: list[tuple[Scored, int, str | None]] = []
    for place, each in enumerate(ordered, 1):
        equal = bool(found) and marks[found[-1][0].bid.bid] == marks[each.bid.bid]
        parting = _parting(each, ordered, marks, [name for name, _ in steps])
        found.append((each, found[-1][1] if equal else place, parting))
    return found


def _parting(each: Scored, ordered: Sequence[Scored], marks: Mapping[str, tuple[Any, ...]],
             names: Sequence[str]) -> str | None:
    """The last step that was needed to part the bid from any other of the same total."""
    own, needed = marks[each.bid.bid], 0
    for other in ordered:
        theirs = marks[other.bid.bid]
        if other is not each and theirs[0] == own[0]:
            needed = max(needed, next((at for at in range(1, len(own)) if own[at] != theirs[at]), len(own)))
    return (*names, "equal")[needed] or None


def _row(bid: OpenBid, ranked: Sequence[tuple[Scored, int, str | None]], rejections: Rejections) -> dict[str, Any]:
    found = next((each for each in ranked if each[0].bid.bid == bid.bid), None)
    row: dict[str, Any] = {
        "bid": bid.bid, "place": bid.place, "name": bid.name, "uscc": bid.uscc,
        "price": text_of(bid.price) if bid.price is not None else None, "rank": found[1] if found else None,
        "rejected": headline(rejections.get(bid.bid, ())),
        "grounds": [each.to_json() for each in rejections.get(bid.bid, ())]}
    if found is None:
        return row | {"evaluated_price": None, "price_score": None, "items": [], "technical": None, "total": None,
                      "tie": None}
    scored = found[0]
    return row | {
        "evaluated_price": scored.evaluated.to_json() if scored.evaluated else None,
        "price_score": scored.price_score.to_json() if scored.price_score else None,
        "items": [{"number": number, "title": title, "score": figure.to_json()}
                  for number, title, figure in scored.items],
        "technical": text_of(scored.technical), "total": scored.total.to_json(), "tie": found[2]}
