"""The draw of a committee as a pure function of its published inputs: anyone who holds them repeats it (R-601).

A candidate stands in the published inputs as a salted digest of its bank number. Salts come from an order key that
was committed to together with the seed, so nobody can order candidates to its liking once the others' parts are known,
and the digests tell nobody who is in the bank; the salts of those drawn are told with their names, after the result.
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from evaluation.committees.model import Stratum
from storage.crypto.canonical import Json, canonical_sha256
from storage.crypto.drawing import choose, mixed


@dataclass(frozen=True, slots=True)
class Pool:
    """One stratum with the digests of everyone who may be drawn for it; their order does not matter."""

    stratum: Stratum
    candidates: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """As the ledger carries it: sorted, for that is the order of the draw."""
        return {"region": self.stratum.region, "count": self.stratum.count, "candidates": sorted(self.candidates)}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One seat that was drawn: the index of its stratum, and the candidate's digest."""

    stratum: int
    candidate: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Everything a draw is made of. ``key`` comes of ``draw_key``; ``lot`` is the lot's code."""

    lot: str
    round: int
    key: bytes
    pools: tuple[Pool, ...]

    def order(self, stratum: int) -> list[str]:
        """In which order the candidates of a stratum are called."""
        items = sorted(set(self.pools[stratum].candidates))
        return choose(self.key, f"committee/{self.lot}/{self.round}/stratum/{stratum}", items, len(items))

    def first(self) -> list[Drawn]:
        """Who is called at first; fewer than asked for where a stratum has not enough."""
        found: list[Drawn] = []
        for index, pool in enumerate(self.pools):
            taken = {each.candidate for each in found}
            free = [each for each in self.order(index) if each not in taken]
            found += [Drawn(index, each) for each in free[:pool.stratum.count]]
        return found

    def next(self, stratum: int, called: Collection[str]) -> Drawn | None:
        """Who of the same stratum is called in place of one who left; ``called`` are all called so far."""
        return next((Drawn(stratum, each) for each in self.order(stratum) if each not in called), None)

    def places(self, members: int) -> list[int]:
        """The place, and so the alias, of each member: experts as drawn, then representatives as named."""
        return choose(self.key, f"committee/{self.lot}/{self.round}/aliases", range(members), members)


def draw_key(seed: bytes, set_sha256: str, nonce: bytes) -> bytes:
    """The platform's committed seed, the bidders' frozen set and the tenderee's nonce, mixed."""
    return mixed(seed, [bytes.fromhex(set_sha256), nonce])


def salt_of(order_key: bytes, lot: str, number: str) -> str:
    """A candidate's salt (hex), known to whoever holds the order key."""
    return hmac.digest(order_key, f"yunkai committee/1\0{lot}\0{number}".encode(), "sha256").hex()


def candidate_digest(lot: str, number: str, salt: str) -> str:
    """What stands for a candidate in the draw: SHA-256 over the JCS of lot, number and salt."""
    return canonical_sha256({"v": 1, "lot": lot, "number": number, "salt": salt})


def pools_of(strata: Iterable[Stratum], digests: Sequence[Collection[str]]) -> tuple[Pool, ...]:
    """Strata with their candidates' digests."""
    return tuple(Pool(stratum, tuple(found)) for stratum, found in zip(strata, digests, strict=True))
