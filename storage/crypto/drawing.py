"""A draw that anyone can repeat: commit to a seed, mix in what others bring, choose without bias (R-319, R-601).

The seed's digest is published before the others' contributions are known, and the seed after the draw; whoever holds
both repeats every choice. Nobody who brings a contribution knows the seed, and who knows the seed cannot change it.
"""

import hmac
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TypeVar

from storage.crypto.errors import Malformed

T = TypeVar("T")
SEED_BYTES = 32
_WORD = 8
_SPACE = 1 << (8 * _WORD)


def commitment(seed: bytes) -> str:
    """SHA-256 (hex) of ``"yunkai draw/1 commit\\0"‖seed``: published before anything is drawn."""
    return sha256(b"yunkai draw/1 commit\0" + _checked(seed)).hexdigest()


def mixed(seed: bytes, contributions: Sequence[bytes]) -> bytes:
    """The key of the draw, 32 bytes: the seed with every contribution, each with its length (u32be) before it."""
    told = b"".join(len(each).to_bytes(4) + each for each in contributions)
    return sha256(b"yunkai draw/1 mix\0" + _checked(seed) + told).digest()


def choose(key: bytes, label: str, items: Sequence[T], count: int) -> list[T]:
    """``count`` of the items, in the order drawn: a partial Fisher–Yates shuffle.

    The items must come in an order that everyone knows. Asking for more of the same label gives the same beginning.
    """
    if not 0 <= count <= len(items):
        raise Malformed("抽取数量超过可抽取的范围", field="count")
    pool, words = list(items), _words(key, label)
    for place in range(count):
        other = place + _below(words, len(pool) - place)
        pool[place], pool[other] = pool[other], pool[place]
    return pool[:count]


def _checked(seed: bytes) -> bytes:
    if len(seed) != SEED_BYTES:
        raise Malformed("抽取种子须为 32 字节", field="seed")
    return seed


def _words(key: bytes, label: str) -> Iterator[int]:
    """HMAC-SHA256(key, "yunkai draw/1\\0"‖label‖00‖u64be(counter)), eight bytes a word, big-endian."""
    counter = 0
    while True:
        block = hmac.digest(key, b"yunkai draw/1\0" + label.encode() + b"\0" + counter.to_bytes(8), "sha256")
        yield from (int.from_bytes(block[start:start + _WORD]) for start in range(0, len(block), _WORD))
        counter += 1


def _below(words: Iterator[int], bound: int) -> int:
    """A number in [0, bound) without bias: words past the last whole multiple are thrown away."""
    limit = _SPACE - _SPACE % bound
    return next(word for word in words if word < limit) % bound
