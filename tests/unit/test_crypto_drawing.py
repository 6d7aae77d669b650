"""A draw that anyone can repeat: the same from the same, without bias, tied to what was committed (R-319, R-601)."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.opening.drawing import check_draw, draw, sets_of
from storage.crypto.drawing import choose, commitment, mixed
from storage.crypto.errors import Malformed
from storage.ledger.model import LedgerBroken

SEED, SET = bytes(range(32)), sha256(b"frozen").hexdigest()
SETS = {"k": ["95", "96", "97", "98"], "lambda": ["0.30", "0.35", "0.40"]}
keys = st.binary(min_size=32, max_size=32)


@given(keys, st.lists(st.integers(), unique=True, max_size=40), st.data())
def test_whoever_holds_the_key_draws_the_same_and_more_of_it_begins_alike(key: bytes, items: list[int],
                                                                         data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(items)))
    drawn = choose(key, "label", items, count)
    assert drawn == choose(key, "label", items, count)
    assert len(set(drawn)) == count
    assert set(drawn) <= set(items)
    assert choose(key, "label", items, len(items))[:count] == drawn


def test_every_item_is_drawn_about_equally_often() -> None:
    """5,000 draws of one in five: each 1,000 ± 150, more than five standard deviations."""
    counted = Counter(choose(sha256(number.to_bytes(4)).digest(), "k", list("abcde"), 1)[0] for number in range(5000))
    assert all(850 < times < 1150 for times in counted.values())
    assert len(counted) == 5


def test_seed_and_every_contribution_change_the_key_and_their_borders_count() -> None:
    told = {mixed(SEED, each) for each in ([], [b""], [b"ab"], [b"a", b"b"], [b"b", b"a"])}
    assert len(told) == 5
    assert mixed(bytes(32), [b"ab"]) not in told
    with pytest.raises(Malformed):
        commitment(b"short")
    with pytest.raises(Malformed):
        choose(SEED, "k", ["a"], 2)


def test_a_formula_draws_only_from_the_sets_that_it_states() -> None:
    assert sets_of({"number": "R-311", "k_set": [], "d_set": []}) == {}
    assert sets_of({"k_set": ["97", "95", "95"], "lambda_set": ["0.30"]}) == {"k": ["95", "97"], "lambda": ["0.30"]}


def test_a_stranger_draws_the_coefficients_again_and_finds_every_change() -> None:
    committed = {"commitment": commitment(SEED), "sets": SETS}
    shown = {"commitment": commitment(SEED), "seed": SEED.hex(), "set_sha256": SET, "drawn": draw(SEED, SET, SETS)}
    assert check_draw(committed, shown, SET) == shown["drawn"]
    other = next(value for value in SETS["k"] if value != shown["drawn"]["k"])
    for change in ({"drawn": {**shown["drawn"], "k": other}}, {"seed": bytes(32).hex()}, {"set_sha256": "0" * 64}):
        with pytest.raises(LedgerBroken):
            check_draw(committed, {**shown, **change}, SET)
    with pytest.raises(LedgerBroken):
        check_draw({**committed, "sets": {"k": ["95"]}}, shown, SET)
