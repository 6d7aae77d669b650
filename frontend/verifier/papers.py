"""Signed PDFs as evidence: by whom, when, changed or not, and the opening record that one may carry inside."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from bidding.opening.verification import Anchors, Proven, verify_record
from frontend.verifier.given import Given
from frontend.verifier.witnessing import with_witnesses
from storage.crypto.errors import SignatureRefused, TimestampRefused
from storage.crypto.pdf_attachments import attachments
from storage.crypto.pdf_validation import B_B, B_LT, B_LTA, B_T, PdfSignature, validate_paper
from storage.crypto.trust_reasons import REASONS
from storage.kernel.clock import process_now, shanghai

_ADDED = {"nothing": ("无", "nothing"), "evidence": ("有效性证据", "proof of validity"),
          "signatures": ("后续签名及证据", "further signatures and proof"), "annotations": ("批注", "annotations"),
          "content": ("其他内容", "other content")}
_LEVELS = {B_B: "没有可信时间，证书过期后不能再证明", B_T: "时间可信，文件中没有吊销信息",
           B_LT: "吊销信息在文件之内", B_LTA: "吊销信息在文件之内，并有文件时间戳"}


def paper(content: bytes, given: Given) -> Iterator[Proven]:
    """A PDF: its signatures, and the record it carries inside."""
    yield Proven(f"文件摘要 SHA-256 {sha256(content).hexdigest()}",
                 "digest of this file, as the ledger and notice print it")
    yield from signatures(content, given)
    attached = attachments(content)
    if "record.json" in attached and "proof.json" in attached:
        text, proof = attached["record.json"].decode(), json.loads(attached["proof.json"])
        record = {"text": text, "sha256": sha256(text.encode()).hexdigest(), "proof": proof}
        steps = verify_record(record, Anchors(given.key or proof["key"], given.roots))
        yield from with_witnesses(steps, proof["checkpoint"], given)


def signatures(content: bytes, given: Given) -> Iterator[Proven]:
    """Each signature and document time stamp: by whom, when, what came later, and how long it can be proven."""
    found = asyncio.run(validate_paper(content, given.known, process_now()))
    if not found.signatures:
        raise SignatureRefused("PDF 没有签名 / the PDF is not signed")
    for each in found.signatures:
        _insist(each, given)
        yield _told(each)
    if given.known.roots and not any(each.is_trusted for each in found.signatures):
        raise SignatureRefused("没有一个签名能由您信任的根证书证明（可用 --trust）/ none is proven by a root you trust")
    for stamp in found.stamps:
        if not stamp.is_intact or stamp.is_modified or (given.roots is not None and not stamp.is_trusted):
            raise TimestampRefused("文件时间戳不成立 / a document time stamp does not hold", authority=stamp.authority)
        yield Proven(f"文件时间戳：{_at(stamp.at)}，{stamp.authority}；有效至 {stamp.ends_at:%Y-%m-%d}，届时须加盖新的",
                     f"document time stamp by {stamp.authority}, good until {stamp.ends_at:%Y-%m-%d}; then add another")
    if not found.is_whole:
        raise SignatureRefused("最后一个签名之后还有内容 / something follows the last signature")


def _insist(each: PdfSignature, given: Given) -> None:
    reason = ("被签内容有改动，或不是该证书所签 / the signed bytes were changed, or another key signed"
              if not each.is_intact else
              f"签后加入了{_ADDED[each.added][0]} / after signing there was added: {_ADDED[each.added][1]}"
              if each.is_modified else
              f"{REASONS[each.reason]} / the certificate was not valid: {each.reason}"
              if given.trust is not None and not each.is_trusted else "")
    if reason:
        raise SignatureRefused(reason, field=each.field, signer=each.certificate.organisation)


def _told(each: PdfSignature) -> Proven:
    when = (f"{_at(each.signed_at)}（时间戳：{each.authority}）" if each.signed_at else
            f"{_at(each.claimed_at)}（签署人自报）" if each.claimed_at else "时间不详")
    if not each.is_trusted:
        return Proven(f"签名 {each.field}：{each.certificate.organisation}，内容未改；是否可信未判断（可用 --trust）",
                      f"signed by {each.certificate.organisation}, unchanged; trust not judged")
    chinese, english = _ADDED[each.added]
    level, meaning = each.level, _LEVELS[each.level]
    return Proven(f"签名 {each.field}：{each.certificate.organisation}，{when}，证书当时有效、未吊销，内容未改；"
                  f"签后加入：{chinese}；PAdES {level}，{meaning}",
                  f"signed by {each.certificate.organisation}, valid then, unchanged; added later: {english}; {level}")


def _at(moment: datetime) -> str:
    return f"{shanghai(moment):%Y-%m-%d %H:%M:%S}"
