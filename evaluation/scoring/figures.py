"""Numbers that explain themselves: value, rule, formula, inputs. Arithmetic is exact until a stated point of rounding.

Rounding points (R-322): the baseline price, a deviation in per cent, a score, an item's mean, a total; two decimals,
half up. Between them every number is a fraction, so that no order of operations can change a result.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

_STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its reason; each input is text or another figure."""

    value: Decimal
    rule: str
    formula: str
    inputs: tuple[tuple[str, "Figure | str"], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``{value, rule, formula, inputs: [{name, value} | {name, figure}]}``, every number as text."""
        return {"value": text_of(self.value), "rule": self.rule, "formula": self.formula,
                "inputs": [{"name": name, "value": held} if isinstance(held, str)
                           else {"name": name, "figure": held.to_json()} for name, held in self.inputs]}


def half_up(value: Fraction) -> Decimal:
    """Two decimals, half away from zero (R-322)."""
    cents = (abs(value) * 200 + 1) // 2
    return Decimal(-cents if value < 0 else cents).scaleb(-2)


def text_of(value: Decimal) -> str:
    """A rounded number with its two decimals; minus nothing is nothing."""
    return f"{value if value else abs(value):.2f}"


def plain(value: Decimal) -> str:
    """A parameter as the document writes it, without needless zeros."""
    return f"{value.normalize():f}"


def mean(values: Iterable[Decimal]) -> Fraction:
    """The exact arithmetic mean of at least one value."""
    held = [Fraction(each) for each in values]
    return sum(held, Fraction(0)) / len(held)


def trimmed(values: Sequence[Decimal], each_side: int) -> list[Decimal]:
    """The values without so many of the highest and so many of the lowest."""
    ordered = sorted(values)
    return ordered[each_side:len(ordered) - each_side]


def listed(values: Iterable[Decimal]) -> str:
    """Values for an explanation, from the highest."""
    return "、".join(text_of(each) for each in sorted(values, reverse=True))


def by_alias(alias: str) -> tuple[int, int, str]:
    """The order of members' aliases: 甲, 乙 … 亥, 甲2."""
    return len(alias), _STEMS.find(alias[:1]), alias


def labelled(values: Mapping[str, Decimal]) -> str:
    """Values by member's alias, for an explanation."""
    return "、".join(f"{name} {text_of(values[name])}" for name in sorted(values, key=by_alias))
