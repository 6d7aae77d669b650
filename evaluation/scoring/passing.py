"""Who passes the technical review of two envelopes: one value that explains itself, made without any price (R-318)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from evaluation.scoring.aggregation import item_score
from evaluation.scoring.figures import text_of
from evaluation.scoring.model import Method, OpenBid, Sheet
from evaluation.scoring.reviewing import Rejection, headline

RESULT_KIND = "technical-result"


def unpriced(bids: Sequence[OpenBid]) -> list[OpenBid]:
    """The bids as they were when nobody knew a price."""
    return [replace(each, price=None, sealed=True) for each in bids]


def technical_result(method: Method, bids: Sequence[OpenBid], rejections: Mapping[str, Sequence[Rejection]],
                     sheets: Sequence[Sheet], aliases: Mapping[str, str]) -> dict[str, Any]:
    """The result as plain JSON: who judged, a row a bid with its grounds or scores, and who passed.

    Whoever is not rejected passes. It depends on nothing but its arguments, and on no order among them.
    """
    ordered = sorted(bids, key=lambda each: each.place)
    rows = [_row(method, each, rejections.get(each.bid, ()), sheets, aliases) for each in ordered]
    return {"v": 1, "kind": RESULT_KIND, "rows": rows, "passed": sorted(row["bid"] for row in rows if row["passed"]),
            "members": [{"member": member, "alias": aliases[member]} for member in sorted(aliases)]}


def _row(method: Method, bid: OpenBid, grounds: Sequence[Rejection], sheets: Sequence[Sheet],
         aliases: Mapping[str, str]) -> dict[str, Any]:
    scored = [] if grounds or not sheets else [
        (item, item_score(item, {aliases[sheet.member]: sheet.scores[bid.bid][item.number] for sheet in sheets}))
        for item in method.sheet_items]
    total = sum((figure.value for item, figure in scored if item.unit == "points"), Decimal(0))
    return {
        "bid": bid.bid, "place": bid.place, "name": bid.name, "uscc": bid.uscc, "passed": not grounds,
        "rejected": headline(grounds), "grounds": [each.to_json() for each in grounds],
        "items": [{"number": item.number, "title": item.title, "score": figure.to_json()} for item, figure in scored],
        "technical": text_of(total) if scored else None}
