"""The tree against RFC 6962, a stranger's implementation, and tampered proofs."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InclusionProof

from storage.ledger.checkpoints import parse_verifier_key, sign_checkpoint, verifier_key, verify_checkpoint
from storage.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_subtrees,
    consistency_holds,
    consistency_plan,
    inclusion_plan,
    node_reader,
    prove,
)
from storage.ledger.model import leaf_hash
from storage.ledger.notes import Checkpoint, CheckpointRefused, parse_note

# RFC 6962 test inputs of the certificate-transparency reference implementation.
CT_INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_certificate_transparency() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for data, root in zip(CT_INPUTS, CT_ROOTS, strict=True):
        frontier.extend([leaf_hash(data)])
        assert frontier.root().hex() == root


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 255, 256, 257, 300])
def test_a_stranger_accepts_our_proofs_and_agrees_on_every_root(size: int) -> None:
    stranger = InmemoryTree(algorithm="sha256")
    data = [f"entry {number}".encode() for number in range(size)]
    for item in data:
        stranger.append_entry(item)
    leaves = [leaf_hash(item) for item in data]
    frontier = Frontier()
    frontier.extend(leaves)
    root, read = frontier.root(), node_reader(leaves)
    assert stranger.get_root() == root
    for index in {0, size // 3, size // 2, size - 1}:
        theirs = stranger.prove_inclusion(index + 1)
        ours = [leaves[index], *prove(inclusion_plan(index, size), read)]
        assert [bytes(step) for step in theirs.path] == ours
        proof = InclusionProof("sha256", True, size, index + 1, theirs.rule, ours)
        verify_inclusion(leaves[index], root, proof, index=index + 1, size=size)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (6, 8), (255, 256), (256, 300), (199, 300)])
def test_a_stranger_accepts_our_consistency(old: int, new: int) -> None:
    stranger = InmemoryTree(algorithm="sha256")
    leaves = [leaf_hash(bytes([number % 256, number // 256])) for number in range(new)]
    for number in range(new):
        stranger.append_entry(bytes([number % 256, number // 256]))
    theirs = stranger.prove_consistency(old, new)
    old_root, new_root = stranger.get_root(old), stranger.get_root(new)
    verify_consistency(old_root, new_root, theirs)
    ours = prove(consistency_plan(old, new), node_reader(leaves))
    assert consistency_holds(old, new, ours, old_root, new_root)
    assert not consistency_holds(old, new, ours, old_root, stranger.get_root(old))


def test_complete_nodes_at_tile_levels_are_those_of_the_tree() -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    frontier, completed = Frontier(), []
    for start, end in ((0, 1), (1, 300), (300, 65_536), (65_536, 70_000)):
        completed += frontier.extend(leaves[start:end])
    read = node_reader(leaves)
    assert {(level, index) for level, index, _ in completed} == {(8, index) for index in range(273)} | {(16, 0)}
    assert all(read(level, index) == value for level, index, value in completed)
    assert complete_subtrees((5, 70_000))[0] == (0, 5)


ORIGIN = "yunkai/E3207000001"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_checkpoint_is_a_signed_note_and_any_change_is_refused() -> None:
    checkpoint = Checkpoint(ORIGIN, 42, bytes(range(32)))
    note = sign_checkpoint(checkpoint, KEY)
    assert note.startswith(f"{ORIGIN}\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— {ORIGIN} ")
    assert verify_checkpoint(note, ORIGIN, KEY.public_key()) == checkpoint
    for bad in (note.replace("42", "43"), note.replace("AAEC", "AAED"), note.replace("\n\n", "\n"), note[:-1], ""):
        with pytest.raises(CheckpointRefused):
            verify_checkpoint(bad, ORIGIN, KEY.public_key())
    with pytest.raises(CheckpointRefused):
        verify_checkpoint(note, ORIGIN, Ed25519PrivateKey.generate().public_key())
    with pytest.raises(CheckpointRefused):
        verify_checkpoint(note, "yunkai/other", KEY.public_key())


def test_a_key_of_the_signed_note_specification_is_read() -> None:
    # c2sp.org/signed-note, the worked example of its Go implementation.
    name, public = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = ("If you think cryptography is the answer to your problem,\n"
            "then you don't know what your problem is.\n\n"
            "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
            "b6KE6RyyBwJnAM=\n")
    parsed = parse_note(note)
    assert isinstance(public, Ed25519PublicKey)
    assert parsed.signatures[0].key_id.hex() == "c74f20a3"
    public.verify(parsed.signatures[0].signature, parsed.text.encode())
    assert verifier_key(name, public) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert len(b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")) == 33
