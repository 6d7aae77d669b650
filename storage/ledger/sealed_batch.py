"""Acts that must stay unseen before a deadline, committed to without betraying who or how many (R-122).

A batch is a Merkle tree of fixed depth. Acts stand at random distinct positions; every absent
sibling is 32 fresh random bytes. So a root looks the same over no act and over a thousand, and a
proof shows its holder sixteen strings that cannot be told from noise.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from storage.ledger.merkle import node_hash

DEPTH = 16
POSITIONS = 1 << DEPTH
LARGEST_BATCH = POSITIONS // 4


@dataclass(frozen=True, slots=True)
class SealedProof:
    """Where an act stands in its batch: position in 0..65535 and sixteen siblings from the leaf upwards."""

    position: int
    siblings: tuple[bytes, ...]


def seal_batch(leaves: Sequence[bytes]) -> tuple[bytes, list[SealedProof]]:
    """The root over these leaves (none is fine) and one proof per leaf, in order."""
    if len(leaves) > LARGEST_BATCH:
        raise ValueError("too many acts for one batch")
    chosen = secrets.SystemRandom().sample(range(POSITIONS), len(leaves))
    if not leaves:
        return secrets.token_bytes(32), []
    level, levels = dict(zip(chosen, leaves, strict=True)), list[dict[int, bytes]]()
    for _ in range(DEPTH):
        level = _with_siblings(level)
        levels.append(level)
        level = {place >> 1: node_hash(level[place], level[place | 1]) for place in level if not place & 1}
    proofs = [
        SealedProof(place, tuple(levels[depth][(place >> depth) ^ 1] for depth in range(DEPTH))) for place in chosen
    ]
    return level[0], proofs


def _with_siblings(level: dict[int, bytes]) -> dict[int, bytes]:
    absent = {place ^ 1: secrets.token_bytes(32) for place in level if place ^ 1 not in level}
    return level | absent


def sealed_proof_holds(leaf: bytes, proof: SealedProof, root: bytes) -> bool:
    """True when the act with this leaf stands in the batch with this root."""
    if len(proof.siblings) != DEPTH or not 0 <= proof.position < POSITIONS:
        return False
    value, place = leaf, proof.position
    for sibling in proof.siblings:
        value = node_hash(sibling, value) if place & 1 else node_hash(value, sibling)
        place >>= 1
    return value == root
