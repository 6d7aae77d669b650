"""What a witness finds in a checkpoint offered to it, given the last one that it saw. Pure but for the proof."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.crypto import ed25519
from storage.ledger.merkle import consistency_holds
from storage.ledger.notes import (
    ED25519,
    Checkpoint,
    CheckpointRefused,
    KeyText,
    cosignature_line,
    cosigned_message,
    parse_checkpoint,
    parse_key,
    parse_note,
    signature_by,
)

Prove = Callable[[int, int], Sequence[bytes] | None]


class Finding(StrEnum):
    """What is to be thought of the offer."""

    FIRST = "first"
    GROWN = "grown"
    SAME = "same"
    # Smaller than what was seen, and the log proves that it still has what it had: an old answer, no misdeed.
    STALE = "stale"
    # Two roots for one size.
    SPLIT = "split-view"
    # It has fewer entries than it had.
    ROLLBACK = "rollback"
    # It has more entries, and cannot prove that they continue what it had.
    REWRITTEN = "rewritten"


ALARMS = frozenset({Finding.SPLIT, Finding.ROLLBACK, Finding.REWRITTEN})


@dataclass(frozen=True, slots=True)
class Judgement:
    """The finding, the checkpoint offered, and the proof that the log gave with it."""

    finding: Finding
    offered: Checkpoint
    proof: tuple[bytes, ...] | None = None


def verified(note: str, log: str) -> Checkpoint:
    """The checkpoint of a note signed by the log's verifier key; raises ``CheckpointRefused``."""
    key, parsed = parse_key(log, ED25519), parse_note(note)
    signature = signature_by(parsed, key)
    if signature is None or not ed25519.verifies(key.public, signature, parsed.text.encode()):
        raise CheckpointRefused("检查点没有该日志的有效签名 / not signed by this log")
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != key.name:
        raise CheckpointRefused("检查点属于另一账本 / a checkpoint of another log")
    return checkpoint


def judge(seen: str | None, offered: str, log: str, prove: Prove) -> Judgement:
    """Compares two notes of one log. ``prove(old, new)`` asks the log for a proof; None: it says that it has none.

    Raises ``CheckpointRefused`` for what the log did not sign, which proves nothing against it.
    """
    new = verified(offered, log)
    if seen is None:
        return Judgement(Finding.FIRST, new)
    old = verified(seen, log)
    if new.size == old.size:
        return Judgement(Finding.SAME if new.root == old.root else Finding.SPLIT, new)
    smaller, larger = sorted((old, new), key=lambda each: each.size)
    proof = prove(smaller.size, larger.size)
    holds = proof is not None and consistency_holds(smaller.size, larger.size, proof, smaller.root, larger.root)
    if new.size > old.size:
        finding = Finding.GROWN if holds else Finding.REWRITTEN
    else:
        finding = Finding.STALE if holds else Finding.ROLLBACK
    return Judgement(finding, new, None if proof is None else tuple(proof))


def cosign(note: str, key: KeyText, seed: bytes, seconds: int) -> str:
    """The witness's line over the note; ``seconds`` since the epoch. The signer verifies its output."""
    message = cosigned_message(parse_note(note).text, seconds)
    signature = ed25519.sign(seed, message)
    if not ed25519.verifies(key.public, signature, message):
        raise CheckpointRefused("见证签名未通过自检 / the cosignature does not verify")
    return cosignature_line(key, seconds, signature)
