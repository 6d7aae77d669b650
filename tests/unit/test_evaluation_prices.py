"""Price baselines and price scores against the vectors of the domain: V1, V2, V3, and every example beside them."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from evaluation.scoring.figures import Figure, half_up
from evaluation.scoring.prices import (
    adjusted_price,
    baseline,
    deducted_price,
    deviation,
    ratio_score,
    reasonable_score,
    weighed,
)
from evaluation.scoring.rules import price_is_within_limit
from storage.kernel.errors import Refused
from trading.tenders.content import PriceFormula

V1 = {"A": "9500000", "B": "9300000", "C": "9200000", "D": "9000000", "E": "8800000", "F": "8700000", "G": "8000000"}
PRICES = [Decimal(text) for text in V1.values()]
LIMIT = Decimal(10_000_000)
E1_E2 = PriceFormula("R-312", above=Decimal(2), below=Decimal(1))


def base_of(number: str, prices=PRICES, drops: bool = False, limit: Decimal | None = LIMIT, **drawn: str) -> Figure:
    names = {"lambda_": "lambda"}
    coefficients = {names.get(name, name): Decimal(text) for name, text in drawn.items()}
    return baseline(PriceFormula(number, above=Decimal(2), below=Decimal(1), drops_extremes=drops), prices, limit,
                    coefficients)


def test_v1_r310_the_baseline_is_the_mean():
    assert base_of("R-310").value == Decimal("8928571.43")


def test_v1_r311_one_highest_and_one_lowest_are_dropped():
    assert base_of("R-311").value == Decimal("9000000.00")


def test_r311_four_prices_are_all_kept():
    assert base_of("R-311", PRICES[:4]).value == Decimal("9250000.00")


def test_r311_five_prices_lose_two():
    assert base_of("R-311", PRICES[:5]).value == Decimal("9166666.67")


def test_v1_r312_a_fifth_of_seven_rounds_to_one_each_side():
    base = base_of("R-312", k="97")
    assert base.value == Decimal("8730000.00")
    assert ("每端去掉", "1") in base.inputs


@pytest.mark.parametrize(("count", "each_side"), [(6, "0"), (7, "1"), (8, "2"), (12, "2"), (13, "3")])
def test_r312_a_fifth_is_rounded_half_up_and_six_are_all_kept(count: int, each_side: str):
    prices = [Decimal(8_000_000 + 1000 * number) for number in range(count)]
    assert ("每端去掉", each_side) in base_of("R-312", prices, k="97").inputs


def test_v1_r313_the_composite_with_extremes_dropped():
    assert base_of("R-313", drops=True, k="0.97", d="2", lambda_="0.35").value == Decimal("9001600.00")


def test_r313_without_a_limit_has_no_baseline():
    with pytest.raises(Refused):
        base_of("R-313", limit=None, k="0.97", d="2", lambda_="0.35")


def test_r314_the_mean_floats_down():
    assert base_of("R-314", drops=True, k="3").value == Decimal("8730000.00")


def test_r319_a_coefficient_that_was_not_drawn_is_not_invented():
    with pytest.raises(Refused):
        base_of("R-312")


BASE = base_of("R-312", k="97")


@pytest.mark.parametrize(("bid", "off", "score"), [
    ("A", "8.82", "82.36"), ("B", "6.53", "86.94"), ("C", "5.38", "89.24"), ("D", "3.09", "93.82"),
    ("E", "0.80", "98.40"), ("F", "-0.34", "99.66"), ("G", "-8.36", "91.64")])
def test_v2_r315_deviation_and_score(bid: str, off: str, score: str):
    price = Decimal(V1[bid])
    assert deviation(price, BASE).value == Decimal(off)
    assert reasonable_score(price, BASE, E1_E2).value == Decimal(score)


def test_r315_exactly_the_baseline_scores_full():
    assert reasonable_score(BASE.value, BASE, E1_E2).value == Decimal("100.00")


def test_r315_a_score_is_never_below_nothing():
    assert reasonable_score(BASE.value * 3, BASE, E1_E2).value == Decimal("0.00")


def test_r316_the_price_weighs_sixty_in_the_hundred():
    score = reasonable_score(Decimal(V1["F"]), BASE, E1_E2)
    assert weighed(score, Decimal(60), Decimal(100)).value == Decimal("59.80")


def test_r317_deviations_are_quantified_into_money():
    late, punctual = (adjusted_price(Decimal(price), Decimal(adjustment))
                      for price, adjustment in (("9100000", "150000"), ("9200000", "0")))
    assert late.value == Decimal("9250000.00")
    assert punctual.value < late.value


def test_v3_r320_the_lowest_evaluated_price_scores_full():
    evaluated = {"A": deducted_price(Decimal(95), Decimal(10)), "B": deducted_price(Decimal(90), Decimal(0)),
                 "C": deducted_price(Decimal(100), Decimal(0))}
    lowest = min(each.value for each in evaluated.values())
    assert {name: ratio_score(each, lowest, Decimal(30)).value for name, each in evaluated.items()} == {
        "A": Decimal("30.00"), "B": Decimal("28.50"), "C": Decimal("25.65")}


def test_r322_half_a_cent_goes_up_away_from_nothing():
    assert [half_up(Fraction(text)) for text in ("0.005", "0.0049", "-0.005", "2.675")] == [
        Decimal("0.01"), Decimal("0.00"), Decimal("-0.01"), Decimal("2.68")]


def test_every_number_explains_itself_down_to_its_inputs():
    told = weighed(reasonable_score(Decimal(V1["F"]), BASE, E1_E2), Decimal(60), Decimal(100)).to_json()
    score = told["inputs"][0]["figure"]
    off = score["inputs"][2]["figure"]
    base = off["inputs"][1]["figure"]
    assert [each["rule"] for each in (told, score, off, base)] == ["R-316", "R-315", "R-315", "R-312"]
    assert (told["value"], score["value"], off["value"], base["value"]) == ("59.80", "99.66", "-0.34", "8730000.00")
    assert {each["name"]: each["value"] for each in BASE.to_json()["inputs"]}["K"] == "97%"


def test_a_formula_with_other_rates_gives_other_scores():
    strict = replace(E1_E2, below=Decimal(3))
    assert reasonable_score(Decimal(V1["F"]), BASE, strict).value == Decimal("98.98")


@pytest.mark.parametrize(("price", "limit", "stands"), [
    ("10000000.00", "10000000.00", True), ("10000000.01", "10000000.00", False), ("0", None, False),
    (None, "10000000.00", False), (None, None, False), ("1", None, True)])
def test_a_price_at_the_limit_stands_and_one_above_it_or_none_at_all_is_rejected(price, limit, stands):
    assert price_is_within_limit(price and Decimal(price), limit and Decimal(limit)) is stands
