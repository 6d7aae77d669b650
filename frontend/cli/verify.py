"""``yunkai verify``: evidence checked by someone who trusts nobody. No network, no database.

Takes what the platform gives out: receipts, opening records (JSON or PDF), exported lots, archives, ledger entries,
checkpoints, and two checkpoints with the proof that the log only grew. Exit code 0: everything holds; 1: something
does not; 2: a file is of no known kind.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from cryptography import x509

from bidding.bids.receipt_verification import verify_receipt
from bidding.opening.verification import Anchors, Proven, verify_bundle, verify_record
from evaluation.archives.model import ARCHIVE_KIND
from evaluation.archives.verification import verify_archive
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import describe
from storage.crypto.pdf_attachments import attachments
from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.trust import TrustList, read_trust_list
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError
from storage.ledger.checkpoints import parse_verifier_key, verify_checkpoint
from storage.ledger.verification import verify_entry_document, verify_growth, verify_sealed_document

_UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Given:
    """What the reader brings along: pinned keys, trusted authorities, a growth proof, other files."""

    key: str | None
    roots: frozenset[str] | None
    trust: TrustList | None
    proof: Path | None


class NotEvidence(click.ClickException):
    """The file is of no kind this command knows."""

    exit_code = _UNKNOWN


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="账本公钥（检查点页面所公布，或含有它的文件）。The log's verifier key, or a file with it.")
@click.option("--root", "roots", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="信任的平台根证书（PEM）。Trusted root of the platform's certificates.")
@click.option("--trust", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="信任列表目录（根证书与 CRL），用于 PDF 签名。Directory of roots and CRLs, for PDF signatures.")
@click.option("--proof", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="两个检查点之间的一致性证明（JSON）。Consistency proof between two checkpoints.")
def verify(files: tuple[Path, ...], key: str | None, roots: tuple[Path, ...], trust: Path | None,
           proof: Path | None) -> None:
    """验证回执、开标记录、标段导出包、检查点。Checks receipts, opening records, exported lots, checkpoints."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it would say is said below, in words for people
    pinned = Path(key).read_text().strip() if key and Path(key).is_file() else key
    given = Given(pinned, _fingerprints(roots), read_trust_list(trust) if trust else None, proof)
    _state_anchors(given)
    failed = 0
    for name, steps in _evidence(files, given):
        click.secho(f"\n{name}", bold=True)
        failed += not _run(steps)
    if failed:
        click.secho(f"\n✗ {failed} 项证据不成立 / {failed} piece(s) of evidence do not hold", fg="red", bold=True)
        sys.exit(1)
    click.secho("\n✓ 全部成立 / everything holds", fg="green", bold=True)


def _state_anchors(given: Given) -> None:
    """Says what is taken on the documents' own word; nothing unproven passes in silence."""
    if given.key is None:
        click.secho("! 未给出 --key：账本公钥取自文件本身，请另行核对 / the log's key is the file's own word",
                    fg="yellow")
    if given.roots is None:
        click.secho("! 未给出 --root：平台证书链是否可信由您判断 / trust in the platform's root is left to you",
                    fg="yellow")


def _fingerprints(files: tuple[Path, ...]) -> frozenset[str] | None:
    found = [describe(each) for file in files for each in x509.load_pem_x509_certificates(file.read_bytes())]
    return frozenset(each.fingerprint for each in found) if files else None


def _run(steps: Iterator[Proven]) -> bool:
    try:
        for proven in steps:
            click.echo(f"  ✓ {proven.chinese}\n    {proven.english}")
    except DomainError as error:
        facts = "，".join(f"{name}={value}" for name, value in error.facts.items() if value is not None)
        click.secho(f"  ✗ {error.message}" + (f"（{facts}）" if facts else ""), fg="red")
        click.secho(f"    does not hold: {error.code}", fg="red")
        return False
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        click.secho(f"  ✗ 文件残缺或格式有误：{error}", fg="red")
        click.secho("    incomplete or malformed", fg="red")
        return False
    return True


def _evidence(files: tuple[Path, ...], given: Given) -> Iterator[tuple[str, Iterator[Proven]]]:
    if len(files) == 2 and all(_is_note(file) for file in files):
        yield f"{files[0].name} → {files[1].name}", _growth(files[0], files[1], given)
        return
    for file in files:
        content = file.read_bytes()
        if content[:5] == b"%PDF-":
            yield file.name, _paper(content, given)
        elif _is_note(file):
            yield file.name, _checkpoint(file, given)
        else:
            yield file.name, _document(file, content, given)


def _is_note(file: Path) -> bool:
    lines = file.read_bytes()[:4096].split(b"\n")
    return len(lines) > 4 and lines[1].isdigit()


def _checkpoint(file: Path, given: Given) -> Iterator[Proven]:
    """A checkpoint alone: that the log's key signed it; two with ``--proof`` show that the log only grew."""
    if given.key is None:
        raise NotEvidence("验证检查点须有 --key / checkpoints need --key")
    found = verify_checkpoint(file.read_text(), *parse_verifier_key(given.key))
    yield Proven(f"检查点：{found.origin} 前 {found.size} 条，根 {found.root.hex()[:16]}…，签名成立",
                 f"checkpoint over the first {found.size} entries, signed by the log's key")


def _growth(older: Path, newer: Path, given: Given) -> Iterator[Proven]:
    if given.proof is None:
        raise NotEvidence("两个检查点之间须有 --proof / two checkpoints need --proof")
    if given.key is None:
        raise NotEvidence("验证检查点须有 --key / checkpoints need --key")
    proof = json.loads(given.proof.read_text())
    hashes = proof["proof"] if isinstance(proof, dict) else proof
    old, new = verify_growth(older.read_text(), newer.read_text(), hashes, given.key)
    yield Proven(f"账本只增不改：{old.size} 条 → {new.size} 条", f"the log only grew: {old.size} to {new.size} entries")


def _document(file: Path, content: bytes, given: Given) -> Iterator[Proven]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here") from error
    if not isinstance(document, dict):
        raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here")
    if document.get("kind") == "lot-bundle":
        return verify_bundle(document, Anchors(given.key or document["ledger"]["key"], given.roots))
    if document.get("kind") == ARCHIVE_KIND:
        return _archive(document, Anchors(given.key or document["opening"]["ledger"]["key"], given.roots), given)
    if document.get("kind") in ("receipt", "withdrawal") and "body" in document:
        return _receipt(document, given)
    if "record_text" in document:
        return verify_record(document, Anchors(given.key or document["proof"]["key"], given.roots))
    if {"checkpoint", "entry"} <= set(document) or {"checkpoint", "act"} <= set(document):
        return _entry(document, given)
    raise NotEvidence(f"{file.name}: 不是可验证的文件 / not a kind of evidence known here")


def _archive(package: dict[str, Any], anchors: Anchors, given: Given) -> Iterator[Proven]:
    """A whole lot, from the sealed bids to the contract, and the signatures of its papers."""
    yield from verify_archive(package, anchors)
    for file in package["files"]:
        yield Proven(f"文件 {file['title']}（{file['name']}）", f"paper {file['name']}")
        yield from _signatures(from_base64(file["content"], "content"), given)


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


def _paper(content: bytes, given: Given) -> Iterator[Proven]:
    """A PDF: its signatures, and the record it carries inside."""
    yield Proven(f"文件摘要 SHA-256 {sha256(content).hexdigest()}",
                 "digest of this file, as the ledger and notice print it")
    yield from _signatures(content, given)
    attached = attachments(content)
    if "record.json" in attached and "proof.json" in attached:
        text, proof = attached["record.json"].decode(), json.loads(attached["proof.json"])
        record = {"text": text, "sha256": sha256(text.encode()).hexdigest(), "proof": proof}
        yield from verify_record(record, Anchors(given.key or proof["key"], given.roots))


def _signatures(content: bytes, given: Given) -> Iterator[Proven]:
    signatures = asyncio.run(validate_pdf(content, given.trust or TrustList(()), process_now()))
    if not signatures:
        raise ValueError("PDF 没有签名 / the PDF is not signed")
    for each in signatures:
        if not each.is_intact or each.is_modified or (given.trust is not None and not each.is_trusted):
            raise ValueError(f"签名不成立 / signature does not hold: {each.field} {each.certificate.organisation}")
        word = "可信" if each.is_trusted else "完好（未判断是否可信，可用 --trust）"
        yield Proven(f"签名 {each.field}：{each.certificate.organisation}，{word}",
                     f"signature intact{', trusted' if each.is_trusted else ', trust not judged'}")
