"""`yunkai verify` on receipts, ledger entries and checkpoints; what it says and its exit codes."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from bidding.bids.tables import Receipt
from frontend.cli.verify import verify
from storage.ledger.checkpoints import verifier_key
from storage.ledger.documents import SealedDocument
from storage.ledger.notes import COSIGNATURE_V1, KeyText
from storage.ledger.proofs import consistency_proof, sealed_proof
from storage.ledger.queries import checkpoints
from tests.nodes import ROOT
from tests.opening_world import Hall
from tests.waiting import eventually


async def told_by(*arguments: object) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, verify, [str(each) for each in arguments])


def key_of(hall: Hall) -> str:
    return verifier_key(f"yunkai/{hall.settings.platform_id}", hall.keys.checkpoint.public_key())


async def proof_of(hall: Hall, receipt: Receipt) -> SealedDocument:
    async def packed() -> SealedDocument | None:
        async with hall.world.sessions() as session:
            return await sealed_proof(session, receipt.act_id, key_of(hall))
    found = await eventually(packed)
    assert found is not None
    return found


async def receipt_of(hall: Hall) -> dict[str, Any]:
    async with hall.world.sessions() as session:
        receipt = (await session.scalars(select(Receipt).limit(1))).one()
    return {"number": receipt.number, "kind": receipt.kind, "body": receipt.body, "signature": receipt.signature,
            "proof": await proof_of(hall, receipt)}


async def test_a_receipt_is_verified_alone_and_offline(hall: Hall, tmp_path: Path) -> None:
    document = await receipt_of(hall)
    file, root = tmp_path / "receipt.json", tmp_path / "root.pem"
    root.write_text("".join(each.pem for each in hall.keys.roots))
    file.write_text(json.dumps(document))
    told = await told_by(file, "--key", key_of(hall), "--root", root)
    assert told.exit_code == 0, told.output
    assert document["number"] in told.output
    assert "账本：密封记录在检查点之内" in told.output
    for name, value in (("body", document["body"].replace("河道", "河边")), ("number", "HZ-0000"),
                        ("signature", {**document["signature"], "signature": "AAAA"})):
        file.write_text(json.dumps({**document, name: value}))
        assert (await told_by(file)).exit_code == 1
    file.write_text(json.dumps(document))
    other = verifier_key("yunkai/other", hall.keys.checkpoint.public_key())
    assert (await told_by(file, "--key", other)).exit_code == 1


async def test_a_sealed_act_and_two_checkpoints_are_verified(hall: Hall, tmp_path: Path) -> None:
    document = await receipt_of(hall)
    act, older, newer, proof = (tmp_path / name for name in ("act.json", "older", "newer", "proof.json"))
    act.write_text(json.dumps(document["proof"]))
    assert (await told_by(act)).exit_code == 0
    async with hall.world.sessions() as session:
        first, *_, last = await checkpoints(session)
        hashes = [each.hex() for each in await consistency_proof(session, first.size, last.size)]
    older.write_text(first.note)
    newer.write_text(last.note)
    proof.write_text(json.dumps({"proof": hashes}))
    told = await told_by(older, newer, "--proof", proof, "--key", key_of(hall))
    assert told.exit_code == 0, told.output
    alone = await told_by(newer, "--key", key_of(hall))
    assert (alone.exit_code, f"前 {last.size} 条" in alone.output) == (0, True), alone.output
    assert (await told_by(newer)).exit_code == 2, "without the log's key a checkpoint says nothing"
    altered = tmp_path / "altered"
    altered.write_text(last.note.replace(f"\n{last.size}\n", f"\n{last.size + 1}\n", 1))
    assert (await told_by(altered, "--key", key_of(hall))).exit_code == 1
    proof.write_text(json.dumps({"proof": ["00" * 32, *hashes[1:]]}))
    assert (await told_by(older, newer, "--proof", proof, "--key", key_of(hall))).exit_code == 1


def test_verification_needs_no_database_and_no_server() -> None:
    code = "import sys, frontend.cli.verify; print(*{'sqlalchemy', 'psycopg', 'litestar', 'minio'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


async def test_what_is_no_evidence_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    for content in ("你好", "[]", '{"kind":"letter"}'):
        file.write_text(content)
        assert (await told_by(file)).exit_code == 2
    key = verifier_key("yunkai/x", Ed25519PrivateKey.generate().public_key())
    for mutilated in (b'{"kind":"lot-bundle","ledger":{"key":"x"}}', b'{"kind":"lot-bundle"}', b'{"kind":"checkpoint"}',
                      b'{"kind":"witness-alarm"}', b'{"record_text":""}', "账本\n7\n根\n\n名\n".encode("gbk")):
        file.write_bytes(mutilated)
        told = await told_by(file, "--key", key)
        assert isinstance(told.exception, SystemExit), (mutilated, told.exception)
        assert (told.exit_code, "✗" in told.output) == (1, True), told.output
    file.write_bytes("不是证据".encode("gbk"))
    assert (await told_by(file)).exit_code == 2


async def test_a_receipt_without_its_proof_by_the_ledger_is_no_proof_of_witnesses(hall: Hall, tmp_path: Path) -> None:
    file, witness = tmp_path / "receipt.json", KeyText("w.example/1", bytes(32), COSIGNATURE_V1)
    file.write_text(json.dumps({**await receipt_of(hall), "proof": None}))
    assert (await told_by(file)).exit_code == 0
    told = await told_by(file, "--witness", witness)
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "尚无账本证明" in told.output) == (1, True), told.output
