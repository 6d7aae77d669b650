"""The witness's own Ed25519, its judgement, its alarm, what it keeps, and that it packs into one file."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from frontend.cli.packing import NotSelfContained, pack
from frontend.witness.alarm import alarm_text, read_alarm
from frontend.witness.judging import Finding, cosign, judge
from frontend.witness.keeping import Followed, Keeper, NotKept
from storage.crypto import ed25519
from storage.kernel.clock import process_now
from storage.ledger.checkpoints import verify_checkpoint, verify_cosignature
from storage.ledger.notes import COSIGNATURE_V1, CheckpointRefused, KeyText, parse_key, signed_by_log
from tests.witness_world import ENTRIES, FORGED, LOG, LOG_KEY, ORIGIN, WitnessProgram, note_of, proof_of

SEED = bytes(range(32, 64))
WITNESS = KeyText("witness.example/1", ed25519.public_key(SEED), COSIGNATURE_V1)
# RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_its_ed25519_gives_the_rfcs_own_values(seed: str, public: str, message: str, signature: str) -> None:
    key, text = bytes.fromhex(seed), bytes.fromhex(message)
    assert ed25519.public_key(key).hex() == public
    assert ed25519.sign(key, text).hex() == signature
    assert ed25519.verifies(bytes.fromhex(public), bytes.fromhex(signature), text)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_its_ed25519_agrees_with_cryptography_and_refuses_a_changed_bit(seed: bytes, message: bytes, bit: int) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = ed25519.public_key(seed), ed25519.sign(seed, message)
    assert (public, signature) == (stranger.public_key().public_bytes_raw(), stranger.sign(message))
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verifies(public, bytes(changed), message)
    assert not ed25519.verifies(public, signature, message + b"x")


def test_a_signature_with_a_large_scalar_is_refused() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature = ed25519.sign(SEED, b"m")
    number = int.from_bytes(signature[32:], "little") + order
    assert not ed25519.verifies(WITNESS.public, signature[:32] + number.to_bytes(32, "little"), b"m")


def test_what_the_witness_signs_the_platform_verifies() -> None:
    note = note_of(ENTRIES[:7])
    cosigned = note + cosign(note, WITNESS, SEED, 1_795_971_600)
    assert verify_cosignature(cosigned, str(WITNESS)).timestamp() == 1_795_971_600
    assert verify_checkpoint(cosigned, ORIGIN, LOG_KEY.public_key()).size == 7
    assert signed_by_log(cosigned, ORIGIN) == note
    for bad in (note, cosigned.replace("\n7\n", "\n8\n")):
        with pytest.raises(CheckpointRefused):
            verify_cosignature(bad, str(WITNESS))


def test_keys_of_logs_and_of_witnesses_are_never_taken_for_each_other() -> None:
    assert parse_key(str(WITNESS), COSIGNATURE_V1) == WITNESS
    for text in (LOG, str(WITNESS).replace("witness", "witnesz"), "a b+00000000+AA==", "", str(WITNESS)[:-4]):
        with pytest.raises(CheckpointRefused):
            parse_key(text, COSIGNATURE_V1)


def asked(leaves: list[bytes], old: int) -> Finding:
    """What is found of a log of 20 forged or true entries by who saw ``old`` true ones."""
    return judge(note_of(ENTRIES[:old]), note_of(leaves), LOG,
                 lambda smaller, larger: proof_of(leaves[:larger], smaller) if larger <= len(leaves) else None).finding


def test_it_tells_growth_from_misdeed() -> None:
    assert judge(None, note_of(ENTRIES[:5]), LOG, lambda *_: None).finding is Finding.FIRST
    assert asked(ENTRIES[:20], 7) is Finding.GROWN
    assert asked(ENTRIES[:20], 20) is Finding.SAME
    assert asked(FORGED[:20], 20) is Finding.SPLIT
    assert asked(FORGED[:20], 15) is Finding.REWRITTEN
    assert asked(FORGED[:20], 10) is Finding.GROWN, "until there the stories are the same"
    assert asked(ENTRIES[:20], 25) is Finding.ROLLBACK
    stale = judge(note_of(ENTRIES[:25]), note_of(ENTRIES[:20]), LOG, lambda old, new: proof_of(ENTRIES[:new], old))
    assert stale.finding is Finding.STALE, "an old answer of a log that still has what it had"


def test_what_the_log_did_not_sign_is_no_finding() -> None:
    note = note_of(ENTRIES[:5])
    for bad in (note.replace("\n5\n", "\n6\n"), note[:-1], "", "x\n5\nAA==\n\n— x AAAAAAAA\n",
                note.replace(ORIGIN, "yunkai/other")):
        with pytest.raises(CheckpointRefused):
            judge(None, bad, LOG, lambda *_: None)


@pytest.fixture(scope="module")
def alarm() -> str:
    """An alarm over two roots for one size."""
    seen, offered = note_of(ENTRIES[:20]), note_of(FORGED[:20])
    return alarm_text(judge(seen, offered, LOG, lambda *_: None), seen, offered, LOG, WITNESS, SEED, process_now())


def test_an_alarm_is_evidence_for_anyone_and_cannot_be_made_up(alarm: str) -> None:
    assert read_alarm(alarm, LOG) == (Finding.SPLIT, str(WITNESS), LOG)
    told = json.loads(alarm)
    for change in ({"offered": told["seen"]}, {"finding": "rollback"}, {"at": "2020-01-01T00:00:00.000000Z"},
                   {"signature": told["signature"][:-4] + "AAA="}, {"proof": ["zz"]}, {"seen": 5}):
        with pytest.raises(CheckpointRefused):
            read_alarm(json.dumps({**told, **change}), LOG)
    seen, offered = note_of(ENTRIES[:10]), note_of(ENTRIES[:20])
    proof = tuple(proof_of(ENTRIES[:20], 10))
    calm = judge(seen, offered, LOG, lambda *_: proof)
    with pytest.raises(CheckpointRefused, match="no cause"):
        read_alarm(alarm_text(calm, seen, offered, LOG, WITNESS, SEED, process_now()), LOG)


def test_it_keeps_its_key_to_itself_and_the_last_checkpoint_whole(tmp_path: Path) -> None:
    keeper = Keeper.create(tmp_path / "w", Followed("witness.example/1", LOG, "http://127.0.0.1:1"))
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o077 == 0
    with pytest.raises(NotKept):
        Keeper.create(tmp_path / "w", keeper.followed)
    keeper.keep("first")
    (tmp_path / "w" / ".seen.checkpoint.new").write_text("torn by a power cut")
    assert Keeper(tmp_path / "w").seen() == "first"
    keeper.keep("second")
    assert keeper.seen() == "second"
    with keeper.alone(), pytest.raises(NotKept, match="another witness"), Keeper(tmp_path / "w").alone():
        pass


def test_it_packs_into_one_file_that_needs_nothing_but_python(tmp_path: Path) -> None:
    program = WitnessProgram(tmp_path / "witness.pyz", tmp_path / "w")
    pack("frontend.witness.__main__", program.program)
    pack("frontend.witness.__main__", tmp_path / "again.pyz")
    assert program.program.read_bytes() == (tmp_path / "again.pyz").read_bytes()
    parse_key(program.init("witness.example/1", LOG, "http://127.0.0.1:1"), COSIGNATURE_V1)
    assert program.run("check").returncode == 1, "nobody answers there"
    assert program.run("init", "--name", "a b", "--log", LOG, "--url", "http://x").returncode == 2
    assert program.run("init", "--name", "a", "--log", LOG, "--url", "file:///etc/passwd").returncode == 2
    assert program.run("judge", str(tmp_path / "none.json")).returncode == 2, "no file is no alarm that fails"
    (tmp_path / "none.json").write_text("{}")
    assert program.run("judge", str(tmp_path / "none.json")).returncode == 1
    with pytest.raises(NotSelfContained):
        pack("storage.crypto.canonical", tmp_path / "other.pyz")
    listed = subprocess.run(["python3", "-m", "zipfile", "-l", str(program.program)], capture_output=True, text=True)
    assert "cryptography" not in listed.stdout
