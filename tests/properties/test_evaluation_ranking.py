"""The ranking depends on the bids, the votes and the scores, and on no order or path of reckoning."""

from decimal import Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.scoring.figures import half_up, mean
from evaluation.scoring.model import Method, Vote
from evaluation.scoring.prices import baseline, reasonable_score
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import collate
from tests.evaluation_values import BASELINE, CREDIT, DESIGN, PRICE, bids, method, sheet
from trading.tenders.content import PriceFormula

MEMBERS = {"m1": "甲", "m2": "乙", "m3": "丙", "m4": "丁", "m5": "戊"}
DRAWN = {"R-310": {}, "R-311": {}, "R-312": {"k": "97"}, "R-313": {"k": "0.97", "d": "2", "lambda": "0.35"},
         "R-314": {"k": "3"}}
cents = st.integers(700_000_000, 1_000_000_100).map(lambda value: f"{Decimal(value) / 100:.2f}")
points = st.integers(1000, 3000).map(lambda value: f"{Decimal(value) / 100:.2f}")


@st.composite
def evaluations(draw):
    """A method, bids, votes and sheets, complete and lawful."""
    number = draw(st.sampled_from(sorted(DRAWN)))
    held = method(PriceFormula(number, drops_extremes=draw(st.booleans()), **BASELINE), (PRICE, DESIGN, CREDIT),
                  drawn=DRAWN[number])
    prices = draw(st.lists(cents, min_size=1, max_size=9))
    found = bids(*prices)
    votes = [Vote(name, bid.bid, item.number, passes, "" if passes else "不符合")
             for bid in found for item in held.review_items for name in MEMBERS
             for passes in [draw(st.integers(0, 9)) > 1]]
    credit = [draw(st.sampled_from(("5.00", "8.00"))) for _ in found]
    sheets = [sheet(name, *({"2": draw(points), "3": each} for each in credit)) for name in MEMBERS]
    return held, found, votes, sheets


def outcome_of(held, found, votes, sheets):
    return evaluate(held, found, collate(held, found, votes, len(MEMBERS)), sheets, aliases=MEMBERS,
                    key=draw_key("11" * 32, sheets))


@pytest.mark.cts("A-145")
@settings(max_examples=150, deadline=None)
@given(evaluations(), st.randoms(use_true_random=False))
def test_the_ranking_does_not_depend_on_the_order_of_bids_experts_or_votes(made, shuffle):
    held, found, votes, sheets = made
    first = outcome_of(held, found, votes, sheets)
    for sequence in (found, votes, sheets):
        shuffle.shuffle(sequence)
    for each in sheets:
        order = sorted(each.scores, key=lambda _: shuffle.random())
        object.__setattr__(each, "scores", {bid: dict(reversed(each.scores[bid].items())) for bid in order})
    assert outcome_of(held, found, votes, sheets) == first


@settings(max_examples=80, deadline=None)
@given(evaluations(), st.integers(3, 60))
def test_the_ranking_does_not_depend_on_the_precision_of_the_reckoner(made, precision):
    first = outcome_of(*made)
    with localcontext() as context:
        context.prec = max(precision, 15)  # the figures themselves have up to fifteen digits
        assert outcome_of(*made) == first


@settings(max_examples=200, deadline=None)
@given(st.lists(cents, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_a_mean_is_the_same_by_every_path(prices, shuffle):
    values = [Decimal(each) for each in prices]
    whole = half_up(mean(values))
    shuffle.shuffle(values)
    running = Fraction(0)
    for place, value in enumerate(values, 1):  # a running mean, another path to the same number
        running += (Fraction(value) - running) / place
    assert half_up(running) == whole
    with localcontext() as context:
        context.prec = 80
        assert abs(sum(values) / len(values) - whole) <= Decimal("0.005")


@settings(max_examples=150, deadline=None)
@given(evaluations())
def test_rows_carry_their_ranks_without_gap_and_candidates_are_the_first(made):
    outcome = outcome_of(*made)
    ranks = sorted(row["rank"] for row in outcome["rows"] if row["rank"])
    assert ranks == list(range(1, len(ranks) + 1))
    assert outcome["candidates"] == [row["bid"] for row in sorted(
        (row for row in outcome["rows"] if row["rank"]), key=lambda row: row["rank"])][:3]
    totals = [Decimal(row["total"]["value"]) for row in sorted(
        (row for row in outcome["rows"] if row["rank"]), key=lambda row: row["rank"])]
    assert totals == sorted(totals, reverse=True)


@settings(max_examples=150, deadline=None)
@given(evaluations())
def test_a_method_survives_the_way_through_json_whole(made):
    held = made[0]
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(held)), Method) == held


@settings(max_examples=200, deadline=None)
@given(st.lists(cents, min_size=1, max_size=12), cents)
def test_a_price_nearer_the_baseline_on_one_side_never_scores_less(prices, other):
    formula = PriceFormula("R-310", **BASELINE)
    base = baseline(formula, [Decimal(each) for each in prices], None, {})
    price = Decimal(other)
    nearer = (price + base.value) / 2
    assert reasonable_score(nearer.quantize(Decimal("0.01")), base, formula).value >= \
        reasonable_score(price, base, formula).value - Decimal("0.02")
