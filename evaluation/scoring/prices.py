"""Price baselines and price scores (R-310 to R-320), each number with its explanation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from evaluation.scoring.figures import Figure, half_up, listed, mean, plain, text_of, trimmed
from storage.kernel.errors import Refused
from trading.tenders.content import Formula, PriceFormula

_FEWEST_FOR_EXTREMES = 5
_FEWEST_FOR_PERCENTAGE = 7
_ONE_FIFTH = Fraction(1, 5)
Coefficients = Mapping[str, Decimal]


def _coefficient(drawn: Coefficients, name: str) -> Fraction:
    if name not in drawn:
        raise Refused("开标时未抽取价格公式的系数，不能计算评标基准价", coefficient=name)
    return Fraction(drawn[name])


def _kept(prices: Sequence[Decimal], drops: bool) -> list[Decimal]:
    """Without one highest and one lowest, where there are five or more (R-311)."""
    return trimmed(prices, 1) if drops and len(prices) >= _FEWEST_FOR_EXTREMES else sorted(prices)


def _means(prices: Sequence[Decimal], kept: Sequence[Decimal]) -> tuple[tuple[str, str], ...]:
    return (("有效报价", listed(prices)), ("参与平均的报价", listed(kept)), ("平均值", text_of(half_up(mean(kept)))))


def _plain_mean(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
                drawn: Coefficients) -> Figure:
    return Figure(half_up(mean(prices)), Formula.MEAN, "D = 有效报价的算术平均值", _means(prices, sorted(prices)))


def _trimmed_mean(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
                  drawn: Coefficients) -> Figure:
    kept = _kept(prices, drops=True)
    return Figure(half_up(mean(kept)), Formula.TRIMMED_MEAN,
                  "D = 有效报价五家及以上时去掉一个最高价和一个最低价后的算术平均值，不足五家时不去掉",
                  _means(prices, kept))


def _percentage_trim(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
                     drawn: Coefficients) -> Figure:
    each_side = 0
    if len(prices) >= _FEWEST_FOR_PERCENTAGE:
        each_side = int(len(prices) * _ONE_FIFTH + Fraction(1, 2))
    kept, k = trimmed(prices, each_side), _coefficient(drawn, "k")
    return Figure(half_up(mean(kept) * k / 100), Formula.PERCENTAGE_TRIM,
                  "D = A′ × K，七家及以上时各去掉最高、最低百分之二十（四舍五入取整）",
                  (*_means(prices, kept), ("每端去掉", str(each_side)), ("K", f"{plain(drawn['k'])}%")))


def _composite(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
               drawn: Coefficients) -> Figure:
    if limit is None:
        raise Refused("复合基准价须有最高投标限价", formula=Formula.COMPOSITE.value)
    kept = _kept(prices, formula.drops_extremes)
    k, d, weight = (_coefficient(drawn, name) for name in ("k", "d", "lambda"))
    value = (weight * Fraction(limit) * (1 - d / 100) + (1 - weight) * mean(kept)) * k
    return Figure(half_up(value), Formula.COMPOSITE, "D = [λ × C × (1 − d) + (1 − λ) × A′] × k",
                  (*_means(prices, kept), ("最高投标限价 C", text_of(limit)), ("λ", plain(drawn["lambda"])),
                   ("d", f"{plain(drawn['d'])}%"), ("k", plain(drawn["k"]))))


def _down_float(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
                drawn: Coefficients) -> Figure:
    kept, k = _kept(prices, formula.drops_extremes), _coefficient(drawn, "k")
    return Figure(half_up(mean(kept) * (1 - k / 100)), Formula.DOWN_FLOAT, "D = A′ × (1 − K)",
                  (*_means(prices, kept), ("K", f"{plain(drawn['k'])}%")))


_BASELINES: dict[Formula, Callable[[PriceFormula, Sequence[Decimal], Decimal | None, Coefficients], Figure]] = {
    Formula.MEAN: _plain_mean, Formula.TRIMMED_MEAN: _trimmed_mean, Formula.PERCENTAGE_TRIM: _percentage_trim,
    Formula.COMPOSITE: _composite, Formula.DOWN_FLOAT: _down_float}


def baseline(formula: PriceFormula, prices: Sequence[Decimal], limit: Decimal | None,
             drawn: Coefficients) -> Figure:
    """The baseline price D in yuan, from the prices of the valid bids (at least one) and what was drawn.

    Raises ``Refused`` when a coefficient the formula needs was not drawn, or a limit is missing.
    """
    return _BASELINES[Formula(formula.number)](formula, prices, limit, drawn)


def deviation(price: Decimal, base: Figure) -> Figure:
    """How far a price lies from D, in per cent, two decimals (R-315)."""
    value = half_up((Fraction(price) - Fraction(base.value)) / Fraction(base.value) * 100)
    return Figure(value, "R-315", "偏差率 =（报价 − D）÷ D × 100%",
                  (("报价", text_of(price)), ("评标基准价 D", replace(base, inputs=()))))


def reasonable_score(price: Decimal, base: Figure, formula: PriceFormula) -> Figure:
    """F − |deviation| × E₁ above D, × E₂ at or below it; never under nothing (R-315)."""
    off = deviation(price, base)
    is_above = price > base.value
    rate = formula.above if is_above else formula.below
    if rate is None:
        raise Refused("价格公式缺少扣分系数 E₁、E₂")
    value = max(Fraction(formula.full) - abs(Fraction(off.value)) * Fraction(rate), Fraction(0))
    sign = "E₁" if is_above else "E₂"
    return Figure(half_up(value), "R-315", f"F − |偏差率| × {sign}，最低 0",
                  (("F", plain(formula.full)), (sign, plain(rate)), ("偏差率", off)))


def weighed(score: Figure, weight: Decimal, full: Decimal) -> Figure:
    """A price score as part of the total: × weight ÷ F (R-316)."""
    return Figure(half_up(Fraction(score.value) * Fraction(weight) / Fraction(full)), "R-316", "价格得分 × 权重 ÷ F",
                  (("价格得分", score), ("权重", plain(weight)), ("F", plain(full))))


def adjusted_price(price: Decimal, adjustment: Decimal) -> Figure:
    """The evaluated price of R-317: price and the deviations quantified in money."""
    return Figure(half_up(Fraction(price) + Fraction(adjustment)), "R-317", "评审价 = 报价 + 偏差折价",
                  (("报价", text_of(price)), ("偏差折价", text_of(adjustment))))


def deducted_price(price: Decimal, deduction: Decimal) -> Figure:
    """The evaluated price of R-320: the price less the deduction for small enterprises; for scoring only."""
    return Figure(half_up(Fraction(price) * (100 - Fraction(deduction)) / 100), "R-320",
                  "评审价 = 报价 ×（1 − 小微企业价格扣除）",
                  (("报价", text_of(price)), ("价格扣除", f"{plain(deduction)}%")))


def ratio_score(evaluated: Figure, lowest: Decimal, weight: Decimal) -> Figure:
    """Lowest evaluated price ÷ evaluated price × weight × 100 (R-320)."""
    return Figure(half_up(Fraction(lowest) / Fraction(evaluated.value) * Fraction(weight)), "R-320",
                  "最低评审价 ÷ 评审价 × 权重 × 100",
                  (("最低评审价", text_of(lowest)), ("评审价", evaluated), ("权重", f"{plain(weight)}%")))
