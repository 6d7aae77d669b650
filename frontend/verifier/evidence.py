"""What a file is evidence of, and the steps that check it; each step is said as it succeeds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bidding.bids.receipt_verification import verify_receipt
from bidding.opening.verification import Anchors, Proven, verify_bundle, verify_record
from evaluation.archives.model import ARCHIVE_KIND
from evaluation.archives.verification import verify_archive
from frontend.verifier.given import Given, NotEvidence
from frontend.verifier.papers import paper, signatures
from frontend.verifier.witnessing import alarm, checkpoint, checkpoint_document, read_proof, with_witnesses
from frontend.witness.alarm import KIND as ALARM_KIND
from storage.crypto.canonical import from_base64
from storage.ledger.notes import CheckpointRefused
from storage.ledger.verification import verify_entry_document, verify_growth, verify_sealed_document


def pieces(files: tuple[Path, ...], given: Given) -> Iterator[tuple[str, Iterator[Proven]]]:
    """The name of each piece of evidence, and what proves it; nothing of a file is read before its first step.

    The steps raise ``NotEvidence``, a ``DomainError``, or whatever a mutilated file makes go wrong.
    """
    if len(files) == 2 and all(_is_note(file) for file in files):
        yield f"{files[0].name} → {files[1].name}", _growth(files[0], files[1], given)
        return
    for file in files:
        yield file.name, _piece(file, given)


def _piece(file: Path, given: Given) -> Iterator[Proven]:
    content = file.read_bytes()
    if content[:5] == b"%PDF-":
        yield from paper(content, given)
    elif _is_note(file):
        yield from _checkpoint(file, given)
    else:
        yield from _document(file, content, given)


def _is_note(file: Path) -> bool:
    lines = file.read_bytes()[:4096].split(b"\n")
    return len(lines) > 4 and lines[1].isdigit()


def _checkpoint(file: Path, given: Given) -> Iterator[Proven]:
    """A checkpoint alone; two with ``--proof`` show that the log only grew."""
    if given.key is None:
        raise NotEvidence("验证检查点须有 --key / checkpoints need --key")
    yield from checkpoint(file.read_text(encoding="utf-8"), given.key, given)


def _growth(older: Path, newer: Path, given: Given) -> Iterator[Proven]:
    if given.proof is None:
        raise NotEvidence("两个检查点之间须有 --proof / two checkpoints need --proof")
    if given.key is None:
        raise NotEvidence("验证检查点须有 --key / checkpoints need --key")
    first, last = older.read_text(encoding="utf-8"), newer.read_text(encoding="utf-8")
    old, new = verify_growth(first, last, read_proof(given.proof), given.key)
    yield Proven(f"账本只增不改：{old.size} 条 → {new.size} 条", f"the log only grew: {old.size} to {new.size} entries")
    yield from with_witnesses(iter(()), last, given)


def _document(file: Path, content: bytes, given: Given) -> Iterator[Proven]:
    try:
        document = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here") from error
    if not isinstance(document, dict):
        raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here")
    if document.get("kind") == ALARM_KIND:
        found: Iterator[Proven] | None = alarm(content.decode(), given)
    elif document.get("kind") == "checkpoint":
        found = checkpoint_document(document, given)
    else:
        found = _ledger_evidence(document, given)
    if found is None:
        raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here")
    yield from found


def _ledger_evidence(document: dict[str, Any], given: Given) -> Iterator[Proven] | None:
    """What rests on a checkpoint inside the document, which the pinned witnesses must have cosigned too."""
    if document.get("kind") == "lot-bundle":
        ledger = document["ledger"]
        steps = verify_bundle(document, Anchors(given.key or ledger["key"], given.roots, given.trust))
    elif document.get("kind") == ARCHIVE_KIND:
        ledger = document["opening"]["ledger"]
        steps = _archive(document, Anchors(given.key or ledger["key"], given.roots, given.trust), given)
    elif document.get("kind") in ("receipt", "withdrawal") and "body" in document:
        ledger = document.get("proof")
        steps = _receipt(document, given)
    elif "record_text" in document:
        ledger = document["proof"]
        steps = verify_record(document, Anchors(given.key or ledger["key"], given.roots))
    elif {"checkpoint", "entry"} <= set(document) or {"checkpoint", "act"} <= set(document):
        ledger, steps = document, _entry(document, given)
    else:
        return None
    if ledger is not None:
        return with_witnesses(steps, ledger["checkpoint"], given)
    if given.witnesses:
        raise CheckpointRefused("回执尚无账本证明，稍后重新取得 / not yet proven by the ledger, get it again later")
    return steps


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may take two values from a member that stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotEvidence("文件中同一名称出现两次 / a member stands twice")
    return found


def _archive(package: dict[str, Any], anchors: Anchors, given: Given) -> Iterator[Proven]:
    """A whole lot, from the sealed bids to the contract, and the signatures of its papers."""
    yield from verify_archive(package, anchors)
    for file in package["files"]:
        yield Proven(f"文件 {file['title']}（{file['name']}）", f"paper {file['name']}")
        yield from signatures(from_base64(file["content"], "content"), given)


def _receipt(document: dict[str, Any], given: Given) -> Iterator[Proven]:
    proof = document.get("proof")
    key = given.key or (proof["key"] if proof else None)
    found = verify_receipt(document, roots=given.roots, ledger_key=key)
    body, signer = found.body, found.signer
    yield Proven(f"回执 {body['number']}：由“{signer.organisation}”签名，内容未改",
                 f"receipt signed by {signer.organisation}")
    yield Proven(f"{body['lot']['title']}（{body['lot']['code']}），{body['bidder']['name']}，第 {body['version']} 版，"
                 f"{body['decided_at']}", "lot, bidder, version and instant as printed")
    for kind, at in found.stamped_at.items():
        yield Proven(f"时间戳：{kind} 的清单，{at.isoformat()}", f"time stamp over the manifest of {kind}")
    if found.is_in_ledger:
        yield Proven("账本：密封记录在检查点之内", "ledger: the sealed act stands in a checkpoint")


def _entry(document: dict[str, Any], given: Given) -> Iterator[Proven]:
    key = given.key or document["key"]
    if "entry" in document:
        entry = verify_entry_document(document, key)  # type: ignore[arg-type]
        yield Proven(f"账本条目 {entry.seq}：{entry.action}，{entry.ts}", f"ledger entry {entry.seq} holds")
    else:
        head = verify_sealed_document(document, key)  # type: ignore[arg-type]
        yield Proven(f"密封记录：{head.action}，{head.at}", "sealed act holds")
