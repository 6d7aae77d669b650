"""Strangers take our checkpoints and inclusion proofs: the verifiers of sigstore, in Python and for Node.

Of their formats only what is theirs alone is left out (the kinds of entries, certificates, time); pymerkle, the third
stranger, is in ``test_ledger_merkle``, and ``openssl ts`` in ``test_ledger_stamps``.
"""

import json
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint as stranger_verifies
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore_models.common import v1 as common

from frontend.witness.judging import cosign
from storage.crypto import ed25519
from storage.ledger.merkle import inclusion_plan, node_reader, prove
from storage.ledger.notes import COSIGNATURE_V1, ED25519, KeyText, parse_checkpoint, parse_key
from tests.browser.web_client import WEB
from tests.witness_world import ENTRIES, LOG, LOG_KEY, note_of

SEED = bytes(range(32, 64))
WITNESS = KeyText("witness.example/1", ed25519.public_key(SEED), COSIGNATURE_V1)
KEY_ID = parse_key(LOG, ED25519).id

# The package's own modules, by path: what it exports asks for certificates of its own world as well.
NODE = """
import { createRequire } from 'node:module'
import { createPublicKey } from 'node:crypto'
const require = createRequire(process.cwd() + '/')
const { verifyCheckpoint } = require('./node_modules/@sigstore/verify/dist/tlog/checkpoint.js')
const { verifyMerkleInclusion } = require('./node_modules/@sigstore/verify/dist/tlog/merkle.js')
const { key, id, name, cases } = JSON.parse(process.argv[1])
const logs = [{ logID: Buffer.from(id, 'hex'), baseURL: name, publicKey: createPublicKey(key) }]
console.log(JSON.stringify(cases.map(({ body, index, hashes, note }) => {
  const entry = { canonicalizedBody: Buffer.from(body), inclusionProof: {
    logIndex: String(index), hashes: hashes.map((each) => Buffer.from(each, 'hex')), checkpoint: { envelope: note } } }
  try {
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, logs))
    return ''
  } catch (error) {
    return error.message
  }
})))
"""


@dataclass(frozen=True)
class Case:
    """An entry's bytes, its place, its proof, and the checkpoint it is proven in."""

    body: str
    index: int
    hashes: list[str]
    note: str


def case(index: int, size: int) -> Case:
    proof = prove(inclusion_plan(index, size), node_reader(ENTRIES[:size]))
    note = note_of(ENTRIES[:size])
    return Case(f"entry {index}", index, [each.hex() for each in proof],
                note + cosign(note, WITNESS, SEED, 1_795_971_600))


SOUND = [case(index, size) for size in (1, 2, 3, 7, 8, 25, 40) for index in {0, size // 2, size - 1}]
WHOLE = case(17, 40)
FORGED = [
    Case("entry 18", WHOLE.index, WHOLE.hashes, WHOLE.note),
    Case(WHOLE.body, 18, WHOLE.hashes, WHOLE.note),
    Case(WHOLE.body, WHOLE.index, [*WHOLE.hashes[:-1], "00" * 32], WHOLE.note),
    Case(WHOLE.body, WHOLE.index, WHOLE.hashes[:-1], WHOLE.note),
    Case(WHOLE.body, WHOLE.index, WHOLE.hashes, WHOLE.note.replace("\n40\n", "\n41\n")),
    Case(WHOLE.body, WHOLE.index, WHOLE.hashes, note_of(ENTRIES[:39])),
]


def test_sigstore_for_node_accepts_what_we_prove_and_refuses_what_was_changed() -> None:
    key = LOG_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    asked = json.dumps({"key": key, "id": KEY_ID.hex(), "name": LOG.partition("+")[0],
                        "cases": [vars(each) for each in (*SOUND, *FORGED)]})
    done = subprocess.run(["node", "--input-type=module", "-e", NODE, asked], cwd=WEB, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said[: len(SOUND)] == [""] * len(SOUND)
    assert all(said[len(SOUND):]), said


def _entry(given: Case) -> SimpleNamespace:
    checkpoint = parse_checkpoint(given.note.partition("\n\n")[0] + "\n")
    proof = SimpleNamespace(log_index=given.index, tree_size=checkpoint.size, root_hash=checkpoint.root,
                            hashes=[bytes.fromhex(each) for each in given.hashes],
                            checkpoint=SimpleNamespace(envelope=given.note))
    return SimpleNamespace(_inner=SimpleNamespace(
        inclusion_proof=proof, canonicalized_body=given.body.encode(), log_id=SimpleNamespace(key_id=KEY_ID)))


def _judge(given: Case, keyring: RekorKeyring) -> None:
    stranger_verifies(keyring, _entry(given))
    verify_merkle_inclusion(_entry(given))


@pytest.fixture(scope="module")
def keyring() -> RekorKeyring:
    der = LOG_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return RekorKeyring(Keyring([common.PublicKey(raw_bytes=b64encode(der),
                                                  key_details=common.PublicKeyDetails.PKIX_ED25519)]))


@pytest.mark.parametrize("given", SOUND)
def test_sigstore_for_python_accepts_what_we_prove(given: Case, keyring: RekorKeyring) -> None:
    _judge(given, keyring)


@pytest.mark.parametrize("given", FORGED)
def test_sigstore_for_python_refuses_what_was_changed(given: Case, keyring: RekorKeyring) -> None:
    with pytest.raises(VerificationError):
        _judge(given, keyring)
