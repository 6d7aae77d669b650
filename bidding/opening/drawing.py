"""The coefficients of the price formula, drawn in public at the opening so that anyone can draw them again (R-319).

The seed is committed when the lot is published. At the announcement it is mixed with the digest of the frozen set,
to which every bidder's own randomness contributed unknown to all others, and one value of each set is chosen before
any price is shown. What is drawn concerns the formula alone, never bidders or winners.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from storage.crypto.drawing import choose, commitment, mixed
from storage.ledger.model import LedgerBroken

NAMES = {"k": "k_set", "d": "d_set", "lambda": "lambda_set"}
Sets = Mapping[str, Sequence[str]]


def sets_of(price_formula: Mapping[str, Any]) -> dict[str, list[str]]:
    """The sets that a formula draws from, each in rising order, by the coefficient's name; empty ones left out."""
    found = {name: sorted({Decimal(str(value)) for value in price_formula.get(member) or ()})
             for name, member in NAMES.items()}
    return {name: [str(value) for value in values] for name, values in found.items() if values}


def draw(seed: bytes, set_sha256: str, sets: Sets) -> dict[str, str]:
    """One value of each set, by name; ``set_sha256`` is the digest of the frozen set of bids."""
    key = mixed(seed, [bytes.fromhex(set_sha256)])
    return {name: choose(key, name, list(sets[name]), 1)[0] for name in sorted(sets)}


def check_draw(committed: Mapping[str, Any], shown: Mapping[str, Any], set_sha256: str) -> dict[str, str]:
    """The coefficients, drawn again from what was committed and what was shown; raises ``LedgerBroken``."""
    seed = bytes.fromhex(str(shown["seed"]))
    if {commitment(seed), committed["commitment"]} != {shown["commitment"]} or shown["set_sha256"] != set_sha256:
        raise LedgerBroken("抽取系数的种子与开标前的承诺不符", seq=None)
    again = draw(seed, set_sha256, committed["sets"])
    if again != dict(shown["drawn"]):
        raise LedgerBroken("抽取的系数不能由公开的种子重新得出", seq=None)
    return again
