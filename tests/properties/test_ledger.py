"""Laws of the ledger that hold for every log, proof and text."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from storage.kernel.errors import Invalid
from storage.ledger.chain import Chain, summarise
from storage.ledger.merkle import (
    Frontier,
    consistency_holds,
    consistency_plan,
    inclusion_holds,
    inclusion_plan,
    node_reader,
    prove,
)
from storage.ledger.model import (
    ZERO_HASH,
    Entry,
    LedgerBroken,
    canonical,
    head_text,
    leaf_hash,
    payload_digest,
    payload_text,
)
from storage.ledger.notes import Checkpoint
from storage.ledger.sealed_batch import SealedProof, seal_batch, sealed_proof_holds
from storage.ledger.verification import verify_log

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(600)]
READ = node_reader(LEAVES)
LOG = "yunkai/test"


def root(size: int) -> bytes:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    return frontier.root()


def flipped(value: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8) if place == bit // 8 else byte for place, byte in enumerate(value))


sizes = some.integers(1, 600)
bits = some.integers(0, 255)


@given(sizes, some.data(), bits)
def test_an_inclusion_proof_holds_for_its_leaf_alone(size: int, data: some.DataObject, bit: int) -> None:
    index = data.draw(some.integers(0, size - 1))
    proof, head = prove(inclusion_plan(index, size), READ), root(size)
    assert inclusion_holds(LEAVES[index], index, size, proof, head)
    assert not inclusion_holds(flipped(LEAVES[index], bit), index, size, proof, head)
    assert not inclusion_holds(LEAVES[index], index, size, proof, flipped(head, bit))
    assert not inclusion_holds(LEAVES[index], index, size, [*proof, head], head)
    assert not inclusion_holds(LEAVES[index], size, size, proof, head)
    for place in range(len(proof)):
        tampered = [flipped(step, bit) if place == at else step for at, step in enumerate(proof)]
        assert not inclusion_holds(LEAVES[index], index, size, tampered, head)
        assert not inclusion_holds(LEAVES[index], index, size, proof[:place] + proof[place + 1 :], head)
    other = data.draw(some.integers(0, size - 1).filter(lambda value: value != index)) if size > 1 else None
    assert other is None or not inclusion_holds(LEAVES[index], other, size, proof, head)


@given(sizes, some.data(), bits)
def test_a_consistency_proof_holds_for_its_two_trees_alone(new: int, data: some.DataObject, bit: int) -> None:
    old = data.draw(some.integers(1, new))
    proof = prove(consistency_plan(old, new), READ)
    assert consistency_holds(old, new, proof, root(old), root(new))
    assert not consistency_holds(old, new, proof, flipped(root(old), bit), root(new))
    assert not consistency_holds(old, new, proof, root(old), flipped(root(new), bit))
    assert not consistency_holds(old, new, [*proof, root(new)], root(old), root(new))
    assert old == new or not consistency_holds(new, old, proof, root(new), root(old))
    for place in range(len(proof)):
        tampered = [flipped(step, bit) if place == at else step for at, step in enumerate(proof)]
        assert not consistency_holds(old, new, tampered, root(old), root(new))


@given(some.lists(some.integers(1, 300), max_size=6))
def test_the_root_does_not_depend_on_how_leaves_arrive(parts: list[int]) -> None:
    frontier, position = Frontier(), 0
    for part in parts:
        frontier.extend(LEAVES[position : position + part])
        position = min(position + part, len(LEAVES))
    assert frontier.root() == root(position)


@given(some.integers(0, 40), bits, some.integers(0, 15))
def test_a_sealed_proof_holds_for_its_act_alone_and_shows_no_count(count: int, bit: int, place: int) -> None:
    head, proofs = seal_batch(LEAVES[:count])
    assert len(head) == 32
    assert len({proof.position for proof in proofs}) == count
    for leaf, proof in zip(LEAVES, proofs, strict=False):
        assert len(proof.siblings) == 16
        assert sealed_proof_holds(leaf, proof, head)
        tampered = tuple(flipped(step, bit) if at == place else step for at, step in enumerate(proof.siblings))
        assert not sealed_proof_holds(leaf, SealedProof(proof.position, tampered), head)
        assert not sealed_proof_holds(leaf, SealedProof(proof.position ^ (1 << place), proof.siblings), head)
        assert not sealed_proof_holds(flipped(leaf, bit), proof, head)


def test_two_batches_over_the_same_acts_have_nothing_in_common() -> None:
    first, second = seal_batch(LEAVES[:3]), seal_batch(LEAVES[:3])
    assert first[0] != second[0]
    assert seal_batch([])[0] != seal_batch([])[0]


texts = some.text(some.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(texts, texts, texts, some.integers(0, 2**53 - 1))
def test_a_head_is_jcs_as_a_stranger_writes_it(action: str, stream: str, subject: str, seq: int) -> None:
    fields = {"action": head_text(action), "actor": "bidder#00", "log": LOG, "payload_sha256": ZERO_HASH,
              "prev": ZERO_HASH, "seq": seq, "stream": head_text(stream), "stream_prev": ZERO_HASH,
              "subject": head_text(subject), "ts": "2026-11-30T01:00:00.123456Z", "v": 1}
    assert canonical(Entry(**fields)) == rfc8785.dumps(fields)  # type: ignore[arg-type]


@given(some.text(some.characters(categories=["Cc"]), min_size=1))
def test_control_characters_never_enter_a_head(text: str) -> None:
    with pytest.raises(Invalid):
        head_text(text)


json_values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3), max_leaves=12)


@given(some.dictionaries(texts.filter(lambda text: text.isascii()), json_values, max_size=5),
       some.binary(min_size=16, max_size=16))
def test_a_payload_digest_is_jcs_of_salt_and_payload(payload: dict[str, object], salt: bytes) -> None:
    try:
        text = payload_text(payload)
    except TypeError:
        return  # two keys that are one text in NFC
    whole = {"salt": salt.hex(), "payload": json.loads(text)}
    assert rfc8785.dumps(whole) == f'{{"payload":{text},"salt":"{salt.hex()}"}}'.encode()
    assert payload_digest(text, salt) == payload_digest(payload_text(json.loads(text)), salt)


def chained(count: int, streams: int = 3) -> list[bytes]:
    prev, heads, entries = ZERO_HASH, dict[str, str](), list[bytes]()
    for seq in range(count):
        stream = f"lot:{seq * 7 % streams}"
        raw = canonical(Entry(
            action="lot.extended", actor="agency#00", log=LOG, payload_sha256=ZERO_HASH, prev=prev, seq=seq,
            stream=stream, stream_prev=heads.get(stream, ZERO_HASH), subject=f"act:{seq}",
            ts="2026-11-30T01:00:00.123456Z"))
        prev = heads[stream] = leaf_hash(raw).hex()
        entries.append(raw)
    return entries


ENTRIES = chained(60)


def blocks(entries: list[bytes], width: int) -> list[bytes]:
    return [b"".join(line + b"\n" for line in entries[at : at + width]) for at in range(0, len(entries), width)]


def held(size: int) -> Checkpoint:
    frontier = Frontier()
    frontier.extend([leaf_hash(entry) for entry in ENTRIES[:size]])
    return Checkpoint(LOG, size, frontier.root())


@given(some.integers(1, 70), some.sets(some.integers(0, 60), max_size=4))
def test_a_sound_log_verifies_however_it_is_cut_into_blocks(width: int, checkpoints: set[int]) -> None:
    chain = verify_log(blocks(ENTRIES, width), LOG, [held(size) for size in checkpoints])
    assert (chain.size, chain.frontier.root()) == (60, held(60).root)


@given(some.integers(1, 70), some.integers(0, 59), some.data())
def test_an_altered_byte_is_named(width: int, victim: int, data: some.DataObject) -> None:
    entry = ENTRIES[victim]
    place = data.draw(some.integers(0, len(entry) - 1))
    byte = data.draw(some.integers(0, 255).filter(lambda value: value != entry[place]))
    altered = [*ENTRIES]
    altered[victim] = entry[:place] + bytes([byte]) + entry[place + 1 :]
    with pytest.raises(LedgerBroken) as caught:
        verify_log(blocks(altered, width), LOG, [held(size) for size in range(61)])
    # Two neighbours cannot be told apart where the later one is the last of its block.
    assert caught.value.facts["seq"] in (victim, victim - 1)


@given(some.integers(2, 70), some.data())
def test_entries_that_hide_in_one_line_are_refused(width: int, data: some.DataObject) -> None:
    at = data.draw(some.integers(0, 58))
    joined = [*ENTRIES[:at], ENTRIES[at] + b"," + ENTRIES[at + 1], *ENTRIES[at + 2 :]]
    with pytest.raises(LedgerBroken):
        verify_log(blocks(joined, width), LOG)
    spaced = [*ENTRIES[:at], ENTRIES[at].replace(b'","', b'", "', 1), *ENTRIES[at + 1 :]]
    with pytest.raises(LedgerBroken):
        verify_log(blocks(spaced, width), LOG)


def test_a_block_that_does_not_follow_is_refused() -> None:
    chain = Chain(LOG)
    with pytest.raises(LedgerBroken) as caught:
        chain.accept(summarise(blocks(ENTRIES, 10)[1]))
    assert caught.value.facts["seq"] == 0
