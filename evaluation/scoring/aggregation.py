"""From the members' sheets to one score an item, and what about them asks for a reason (R-330 to R-332)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import combinations

from evaluation.scoring.figures import Figure, by_alias, half_up, labelled, mean, text_of, trimmed
from evaluation.scoring.model import ALERT_PERCENT, Method, Sheet, SheetItem
from evaluation.scoring.rules import objective_scores_agree

_FEWEST_FOR_TRIM = 7


@dataclass(frozen=True, slots=True)
class Dispute:
    """An objective item on which members differ: the round is scored anew."""

    bid: str
    item: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Alert:
    """A score that asks for a written reason; ``other`` is the second member of a repeated pattern."""

    kind: str
    member: str
    bid: str = ""
    other: str = ""
    value: Decimal | None = None
    mean: Decimal | None = None
    percent: Decimal | None = None

    @property
    def id(self) -> str:
        """The same for the same finding, whoever computes it."""
        return sha256("\0".join((self.kind, self.member, self.bid, self.other)).encode()).hexdigest()[:12]


def item_score(item: SheetItem, values: Mapping[str, Decimal]) -> Figure:
    """The mean of the members' values by name, or the one value of an objective item (R-331).

    Where the document says so for the item, one highest and one lowest of seven values and more do not count.
    """
    if item.objective:
        return Figure(next(iter(values.values())), "R-330", "客观项：全体评委评分一致", (("评分", labelled(values)),))
    is_trimmed = item.drops_extremes and len(values) >= _FEWEST_FOR_TRIM
    kept = trimmed(list(values.values()), 1) if is_trimmed else list(values.values())
    told = "去掉一个最高分和一个最低分后的算术平均值" if is_trimmed else "全体评委评分的算术平均值"
    return Figure(half_up(mean(kept)), "R-331", told, (("评分", labelled(values)),))


def disputes(method: Method, sheets: Sequence[Sheet], aliases: Mapping[str, str]) -> list[Dispute]:
    """Every objective item of every bid that the members score differently, in a fixed order (R-330/2)."""
    found = []
    for bid in sorted(sheets[0].scores) if sheets else []:
        for item in method.sheet_items:
            values = {aliases[sheet.member]: sheet.scores[bid][item.number] for sheet in sheets}
            if item.objective and not objective_scores_agree(values.values()):
                found.append(Dispute(bid, item.number, {name: values[name] for name in sorted(values, key=by_alias)}))
    return found


def alerts(method: Method, sheets: Sequence[Sheet], aliases: Mapping[str, str]) -> list[Alert]:
    """Members are named by alias. Only what is judged counts: objective items are facts (R-332)."""
    judged = [item.number for item in method.sheet_items if not item.objective]
    if not judged or len(sheets) < 2:
        return []
    rows = {aliases[sheet.member]: {bid: tuple(row[number] for number in judged) for bid, row in sheet.scores.items()}
            for sheet in sheets}
    return [*_deviations(rows), *_patterns(rows)]


_Rows = Mapping[str, Mapping[str, tuple[Decimal, ...]]]


def _total(values: Iterable[Decimal]) -> Fraction:
    return sum((Fraction(each) for each in values), Fraction(0))


def _deviations(rows: _Rows) -> list[Alert]:
    found = []
    for alias, own in sorted(rows.items(), key=lambda row: by_alias(row[0])):
        for bid, values in sorted(own.items()):
            others = [_total(row[bid]) for name, row in rows.items() if name != alias]
            average, value = sum(others, Fraction(0)) / len(others), _total(values)
            gap = abs(value - average)
            if gap * 100 > average * Fraction(ALERT_PERCENT):
                share = half_up(gap / average * 100) if average else Decimal("100.00")
                found.append(Alert("deviation", alias, bid, "", half_up(value), half_up(average), share))
    return found


def _patterns(rows: _Rows) -> list[Alert]:
    """Two members whose judged scores are the same for every bid, item by item."""
    return [Alert("pattern", one, other=other) for one, other in combinations(sorted(rows, key=by_alias), 2)
            if len(rows[one]) > 1 and len(next(iter(rows[one].values()))) > 1 and rows[one] == rows[other]]


def alert_json(alert: Alert) -> dict[str, str | None]:
    """As the answers, the report and the archive carry it."""
    return {"id": alert.id, "kind": alert.kind, "alias": alert.member, "bid": alert.bid or None,
            "with": alert.other or None,
            **{name: text_of(value) if value is not None else None
               for name, value in (("value", alert.value), ("mean", alert.mean), ("percent", alert.percent))}}
