"""Shamir's secret sharing over GF(2^8), polynomial 0x11b; a share is ``y[len(secret)] ‖ x``.

The same form as npm ``shamir-secret-sharing`` and PyPI ``pyshamir`` write. Products come from one constant
table; no branch depends on a secret (addresses do, as in any table: shares are made and joined where the secret
is known anyway).
"""

import secrets
from collections.abc import Callable, Sequence

from storage.crypto.errors import Malformed


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        product ^= left * (right & 1)
        left = (left << 1) ^ (0x11B * (left >> 7))
        right >>= 1
    return product


# PRODUCTS[a] translates a byte string to its product with a, byte by byte.
_PRODUCTS = tuple(bytes(_times(left, right) for right in range(256)) for left in range(256))
_INVERSES = bytes([0]) + bytes(_PRODUCTS[value].index(1) for value in range(1, 256))


def split(secret: bytes, *, needed: int, shares: int,
          randomness: Callable[[int], bytes] = secrets.token_bytes) -> list[bytes]:
    """``shares`` shares with x = 1 … ``shares``, any ``needed`` of which restore ``secret``.

    ``randomness(n)`` gives the coefficients of x¹, x², … one string of len(secret) at a time (vectors fix it).
    Raises ``Malformed`` unless 1 ≤ needed ≤ shares ≤ 255, and needed ≥ 2 where there are several.
    """
    check_threshold(needed, shares)
    if not secret:
        raise Malformed("秘密不能为空")
    terms = [secret, *(randomness(len(secret)) for _ in range(needed - 1))]
    return [_evaluate(terms, x) + bytes([x]) for x in range(1, shares + 1)]


def combine(shares: Sequence[bytes], *, at: int = 0) -> bytes:
    """The secret of exactly the needed number of shares or more; with ``at`` the value of that x instead, which is what
    the share of that index must be.

    Raises ``Malformed`` for none, unequal lengths, x = 0 or the same x twice. A false share gives a false
    secret: the caller checks each share's commitment before and the secret's after.
    """
    points = {share[-1]: share[:-1] for share in shares if len(share) > 1}
    lengths = {len(y) for y in points.values()}
    if not points or len(points) != len(shares) or len(lengths) != 1 or 0 in points:
        raise Malformed("密钥份额不成组")
    total = bytes(lengths.pop())
    for x, y in points.items():
        total = _add(total, y.translate(_PRODUCTS[_weight(x, points, at)]))
    return total


def check_threshold(needed: int, shares: int) -> None:
    """Raises ``Malformed`` for a threshold that cannot be, or that lets one of several open alone."""
    if not 1 <= needed <= shares <= 255 or (shares > 1 and needed < 2):
        raise Malformed("保管人门限不对：多人保管时至少两人", needed=needed, shares=shares)


def _evaluate(terms: Sequence[bytes], x: int) -> bytes:
    value = terms[-1]
    for term in reversed(terms[:-1]):
        value = _add(value.translate(_PRODUCTS[x]), term)
    return value


def _weight(x: int, points: dict[int, bytes], at: int) -> int:
    weight = 1
    for other in points:
        if other != x:
            weight = _PRODUCTS[weight][_PRODUCTS[other ^ at][_INVERSES[other ^ x]]]
    return weight


def _add(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))
