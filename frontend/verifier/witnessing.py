"""Who besides the platform vouches for a checkpoint: witnesses whose keys the reader pinned, and a time stamp."""

import asyncio
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from bidding.opening.verification import Proven
from frontend.verifier.given import Given
from frontend.witness.alarm import read_alarm
from frontend.witness.judging import Finding
from storage.crypto.canonical import from_base64
from storage.crypto.errors import TimestampRefused
from storage.crypto.stamp_chain import check_stamp
from storage.crypto.timestamps import check_timestamp
from storage.kernel.clock import to_wire
from storage.ledger.checkpoints import parse_verifier_key, verify_checkpoint, verify_cosignature
from storage.ledger.model import LedgerBroken
from storage.ledger.notes import (
    COSIGNATURE_V1,
    CheckpointRefused,
    parse_checkpoint,
    parse_key,
    parse_note,
    signed_by_log,
)
from storage.ledger.verification import verify_growth


def with_witnesses(steps: Iterator[Proven], note: str, given: Given) -> Iterator[Proven]:
    """The steps, and then that every pinned witness cosigned the checkpoint; raises ``CheckpointRefused``."""
    yield from steps
    for witness in given.witnesses:
        at = verify_cosignature(note, witness)
        name = parse_key(witness, COSIGNATURE_V1).name
        yield Proven(f"见证：{name} 于 {at.isoformat()} 会签了这个检查点，平台不能再向他人出示另一本账而不被发现",
                     f"cosigned by {name}: the platform cannot show others another history unnoticed")


def checkpoint(note: str, key: str, given: Given) -> Iterator[Proven]:
    """A checkpoint alone: that the log's key signed it, and who cosigned."""
    found = verify_checkpoint(note, *parse_verifier_key(key))
    yield Proven(f"检查点：{found.origin} 前 {found.size} 条，根 {found.root.hex()[:16]}…，签名成立",
                 f"checkpoint over the first {found.size} entries, signed by the log's key")
    yield from with_witnesses(iter(()), note, given)


def checkpoint_document(document: dict[str, Any], given: Given) -> Iterator[Proven]:
    """A checkpoint as the platform hands it out, with its time stamp where it has one."""
    key = given.key or str(document["key"])
    _require_said_by_note(document, key)
    yield from checkpoint(document["note"], key, given)
    if document["stamp"] is not None:
        yield _stamped(document, key, given)


def _require_said_by_note(document: dict[str, Any], key: str) -> None:
    """What the document says beside its note is what the note says; raises ``CheckpointRefused``."""
    note = parse_note(document["note"])
    found, origin = parse_checkpoint(note.text), key.partition("+")[0]
    said = {"v": 1, "kind": "checkpoint", "key": key.strip(), "size": found.size, "root": found.root.hex(),
            "witnesses": sorted(line.name for line in note.signatures if line.name != origin)}
    if set(document) != {*said, "note", "stamp", "signed_at"}:  # nothing signs signed_at, so nothing is said of it
        raise CheckpointRefused("检查点文件的字段不对 / other members than a checkpoint has")
    for name, value in said.items():
        given = sorted(document[name]) if name == "witnesses" else document[name]
        if given != value or type(given) is not type(value):
            raise CheckpointRefused("检查点文件与其签名文本不符 / the document says something else than its note",
                                    field=name)


def _stamped(document: dict[str, Any], key: str, given: Given) -> Proven:
    """The time stamp over the note; raises ``TimestampRefused``. ``--root`` counts as it does for receipts."""
    stamp = document["stamp"]
    token = from_base64(stamp["token"], "token")
    digest = sha256(signed_by_log(document["note"], key.partition("+")[0]).encode()).digest()
    found = check_stamp(token, digest, given.roots)
    if given.roots is None and given.trust is not None:
        asyncio.run(check_timestamp(token, digest, given.trust))
    # An authority that does not name itself in its token is named by the platform alone.
    said = {"size": document["size"], "at": to_wire(found.at), "authority": found.authority or stamp["authority"]}
    if {**said, "token": stamp["token"]} != stamp:
        raise TimestampRefused("文件所称的时间戳与令牌不符 / the document says something else than the token")
    is_trusted = given.roots is not None or given.trust is not None
    word = "可信" if is_trusted else "未判断是否可信，可用 --root 或 --trust"
    name = found.authority or "令牌未署名 unnamed"
    return Proven(f"时间戳：{name}，{found.at.isoformat()}，{word}",
                  f"time stamp by {name}{'' if is_trusted else ', trust not judged'}")


def alarm(text: str, given: Given) -> Iterator[Proven]:
    """A witness's alarm; raises ``CheckpointRefused`` where it is none, or none of a witness that was asked for."""
    finding, witness, log = read_alarm(text, given.key)
    if given.witnesses and witness not in {str(parse_key(each, COSIGNATURE_V1)) for each in given.witnesses}:
        raise CheckpointRefused("警报不是所给见证人签发的 / not the alarm of a witness that was asked for")
    if given.proof is not None:
        _require_no_growth(json.loads(text), given.proof, log)
    name = parse_key(witness, COSIGNATURE_V1).name
    words = {"split-view": "同样条数、两个不同的根，平台两次签名：账本分叉",
             "rewritten": "条目增加，却没有承接此前内容的证明", "rollback": "条目减少，且不能出示原有的条目"}
    yield Proven(f"见证人警报（{name}）：{words[finding.value]}",
                 f"alarm of a witness: {finding.value}, both checkpoints signed by the log")
    if finding is not Finding.SPLIT:
        yield Proven("账本若能出示两个检查点之间的一致性证明即可澄清（可用 --proof）；不能，则为改写",
                     "the log could clear itself with a consistency proof between the two (--proof)")
    if not given.witnesses:
        yield Proven(f"未给出 --witness：“{name}”是文件自称，任何人都能以此名签发",
                     f"no witness asked: that this is {name} is the file's own word")


def _require_no_growth(told: dict[str, Any], proof: Path, log: str) -> None:
    """Raises ``CheckpointRefused`` where the proof shows that the log only grew between the alarm's checkpoints."""
    older, newer = sorted((told["seen"], told["offered"]),
                          key=lambda note: parse_checkpoint(parse_note(note).text).size)
    try:
        verify_growth(older, newer, read_proof(proof), log)
    except LedgerBroken:
        return
    raise CheckpointRefused("所给证明表明账本只增不改，警报不成立 / the proof given clears the log")


def read_proof(file: Path) -> list[str]:
    """The hashes of a consistency proof, bare or as the platform gives them out."""
    proof = json.loads(file.read_text(encoding="utf-8"))
    hashes: list[str] = proof["proof"] if isinstance(proof, dict) else proof
    return hashes
