"""An exported opening re-checked by someone who trusts nobody. Imports no database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bidding.bids.model import STATEMENT
from bidding.bids.receipt_verification import verify_receipt
from bidding.opening.drawing import check_draw
from bidding.opening.sealed_set import NOTICE_KIND, FrozenBid, set_sha256
from bidding.opening.statement_verification import check_announced, check_confirmations, open_bid
from storage.crypto.canonical import from_base64, parse_object
from storage.crypto.certificates import parse_certificate
from storage.crypto.errors import Malformed
from storage.crypto.header import read_header
from storage.crypto.manifest import check_manifest, read_manifest
from storage.crypto.statements import check_statement
from storage.crypto.timestamps import read_timestamp, stamps_digest
from storage.kernel.clock import from_wire
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import decode_entry, verify_entry_document, verify_export, verify_sealed_document

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proven:
    """One thing that was checked and holds, in both languages."""

    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the reader trusts: the log's verifier key, and fingerprints of platform roots (None: not judged)."""

    ledger_key: str
    roots: Collection[str] | None = None


def verify_bundle(bundle: Document, anchors: Anchors) -> Iterator[Proven]:
    """Each proof as it succeeds; raises a ``DomainError`` at the first that fails.

    Order: ledger, notice, frozen set, every bid's manifest, submission and receipt, every statement decrypted again,
    announced prices, confirmations, the record.
    """
    verified = verify_export(bundle["ledger"], anchors.ledger_key)
    yield Proven(f"账本：{verified.entries} 条、密封动作 {verified.sealed} 条，均在检查点内",
                 f"ledger: {verified.entries} entries and {verified.sealed} sealed acts stand in the checkpoint")
    acts = _payloads(bundle["ledger"])
    notice = _notice(bundle["notice"], acts, anchors)
    yield Proven("开标通知：平台签名、时间戳、账本记录一致", "opening notice: signature, time stamp and ledger agree")
    frozen = {item["bid"]: item for item in notice["bids"]}
    yield _frozen_set(notice, acts)
    bids: Sequence[Document] = bundle["bids"]
    if [bid["bid"] for bid in sorted(bids, key=lambda bid: str(bid["bid"]))] != sorted(frozen):
        raise Malformed("导出的投标文件与封存的集合不一致", field="bids")
    for bid in bids:
        _sealed_bid(bid, frozen[bid["bid"]], notice, anchors)
    yield Proven(f"投标文件：{len(bids)} 份的签名清单、递交记录、回执均成立，且先于开标时间",
                 f"bids: manifests, submissions and receipts of {len(bids)} hold, all before the opening time")
    yield from _prices(bundle, acts)
    yield from verify_record(bundle["record"], anchors, acts)


def _payloads(export: Document) -> dict[str, list[Document]]:
    """Payloads of the stream by action, in order; their digests were checked with the export."""
    found: dict[str, list[Document]] = {}
    for proof in export["entries"]:
        if proof.get("payload") is not None and isinstance(proof.get("salt"), str):
            found.setdefault(decode_entry(proof["entry"]).action, []).append(proof["payload"])
    return found


def _only(acts: Mapping[str, list[Document]], action: str) -> Document:
    if len(acts.get(action, [])) != 1:
        raise LedgerBroken(f"账本中“{action}”应有且仅有一条", seq=None)
    return acts[action][0]


def _notice(signed: Document, acts: Mapping[str, list[Document]], anchors: Anchors) -> Document:
    text = str(signed["notice"]).encode()
    notice: Document = parse_object(text)
    opened_at = from_wire(str(notice["opened_at"]))
    check_statement(NOTICE_KIND, text, signed["signature"], at=opened_at, roots=anchors.roots)
    digest = sha256(text)
    token = from_base64(signed["token"], "token")
    if not stamps_digest(token, digest.digest()) or read_timestamp(token).at.replace(
            microsecond=999_999) < from_wire(str(notice["opens_at"])):
        raise Malformed("开标通知的时间戳不符", field="token")
    if opened_at < from_wire(str(notice["opens_at"])):
        raise Malformed("开标早于公布的开标时间", field="opened_at")
    if _only(acts, "opening.notice_issued")["notice_sha256"] != digest.hexdigest():
        raise LedgerBroken("开标通知与账本记录不符", seq=None)
    return notice


def _frozen_set(notice: Document, acts: Mapping[str, list[Document]]) -> Proven:
    items = [FrozenBid(each["bid"], each["version"], each["certificate"], each["headers"], each["manifests"])
             for each in notice["bids"]]
    digest, entry = set_sha256(items), _only(acts, "lot.bids_frozen")
    if {digest} != {notice["set_sha256"], entry["set_sha256"]} or {len(items)} != {notice["count"], entry["count"]}:
        raise LedgerBroken("封存集合的摘要不符", seq=None)
    return Proven(f"封存集合：{len(items)} 份，摘要 {digest[:16]}… 与开标时刻记入账本的一致",
                  f"frozen set: {len(items)} bids, the digest recorded at the opening time")


def _sealed_bid(bid: Document, frozen: Document, notice: Document, anchors: Anchors) -> None:
    certificate = parse_certificate(bid["certificate"])
    if certificate.fingerprint != frozen["certificate"] or bid["version"] != frozen["version"]:
        raise Malformed("投标文件与封存的集合不一致", bid=bid["bid"])
    for envelope in bid["envelopes"]:
        kind = envelope["kind"]
        header, manifest = read_header(envelope["header"].encode()), read_manifest(envelope["manifest"].encode())
        if (header.sha256, manifest.sha256) != (frozen["headers"][kind], frozen["manifests"][kind]):
            raise Malformed("信封头或清单与封存的集合不一致", bid=bid["bid"], kind=kind)
        check_manifest(manifest, header, certificate.public_key, from_base64(envelope["signature"], "signature"))
        ctx = header.ctx
        if (ctx.lot, ctx.version, ctx.bidder, ctx.envelope) != (
                notice["code"], frozen["version"], certificate.tag, kind):
            raise Malformed("信封不属于这个标段、版本或投标人", bid=bid["bid"], kind=kind)
    head = verify_sealed_document(bid["submission"], anchors.ledger_key)
    if (head.action, head.subject) != ("bid.submitted", f"bid:{bid['bid']}") or head.at >= notice["opens_at"]:
        raise LedgerBroken("递交记录不属于这份投标文件，或晚于截止时间", seq=None)
    receipt = {"number": parse_object(bid["receipt"]["body"].encode())["number"], "proof": None, **bid["receipt"]}
    body = verify_receipt(receipt, roots=anchors.roots, ledger_key=None).body
    manifests = {each["kind"]: each["manifest_sha256"] for each in body["envelopes"]}
    if (body["bid"], body["decided_at"], manifests) != (bid["bid"], head.at, frozen["manifests"]):
        raise Malformed("回执与递交记录不一致", bid=bid["bid"])


def _prices(bundle: Document, acts: Mapping[str, list[Document]]) -> Iterator[Proven]:
    opened = {bid["bid"]: open_bid(bid, bundle["lot"]["announced_fields"]) for bid in bundle["bids"]
              if bid["state"] == "decrypted"}
    yield Proven(f"开标一览表：{len(opened)} 份用公开的密钥重新解密，承诺、份额、摘要均一致",
                 f"opening statements: {len(opened)} decrypted again with the released secrets")
    announced = _only(acts, "opening.announced")
    yield from _coefficients(acts)
    check_announced(bundle, opened, announced)
    yield Proven(f"唱标：{len(announced['rows'])} 行与重新解密的内容逐项一致，一次公布",
                 f"announced: {len(announced['rows'])} rows equal what was decrypted again")
    for bid in bundle["bids"]:
        if bid["state"] != "decrypted":
            _excluded(bid, acts)
    yield Proven(f"未开启：{len(bundle['bids']) - len(opened)} 份，原因均有账本记录，未公开其密钥",
                 f"not opened: {len(bundle['bids']) - len(opened)}, each with its recorded cause")
    confirmed = check_confirmations(bundle)
    yield Proven(f"确认：{confirmed} 家投标人的签名成立", f"confirmed: signatures of {confirmed} bidders hold")


def _coefficients(acts: Mapping[str, list[Document]]) -> Iterator[Proven]:
    if "opening.coefficients_drawn" not in acts and "coefficients.committed" not in acts:
        return
    frozen = _only(acts, "lot.bids_frozen")
    found = check_draw(_only(acts, "coefficients.committed"), _only(acts, "opening.coefficients_drawn"),
                       frozen["set_sha256"])
    told = "，".join(f"{name} = {value}" for name, value in found.items())
    yield Proven(f"抽取系数：{told}；由开标前承诺的种子与封存集合的摘要重新得出",
                 f"coefficients: {told}; drawn again from the committed seed and the digest of the frozen set")


def _excluded(bid: Document, acts: Mapping[str, list[Document]]) -> None:
    action = "bid.revoked" if bid["state"] == "revoked" else "bid.withdrawn_by_fault"
    if not any(each["bid"] == bid["bid"] and each["cause"] == bid["cause"] for each in acts.get(action, [])):
        raise LedgerBroken("未开启的投标文件没有账本记录", seq=None)
    if bid["secrets"] is not None or any("object" in each for each in bid["envelopes"] if each["kind"] == STATEMENT):
        raise Malformed("未开启的投标文件不应带有密钥或内容", bid=bid["bid"])


def verify_record(record: Document, anchors: Anchors,
                  acts: Mapping[str, list[Document]] | None = None) -> Iterator[Proven]:
    """An opening record with its ledger proof; ``acts`` of the bundle where there is one."""
    text = str(record.get("text") or record.get("record_text"))
    digest = sha256(text.encode()).hexdigest()
    entry = verify_entry_document(record["proof"], anchors.ledger_key)
    payload = record["proof"]["entry"].get("payload") or {}
    has_salt = isinstance(record["proof"]["entry"].get("salt"), str)
    body = parse_object(text.encode())
    lot: Any = body["lot"]
    expected = ("opening.concluded", f"lot:{lot['id']}", digest, digest)
    if not has_salt or (entry.action, entry.stream, payload.get("record_sha256"), record["sha256"]) != expected:
        raise LedgerBroken("开标记录与账本记录不符", seq=entry.seq)
    yield Proven(f"开标记录：摘要 {digest[:16]}… 在账本第 {entry.seq} 条",
                 f"opening record: its digest stands in ledger entry {entry.seq}")
    if acts is not None:
        published = _only(acts, "opening.published")
        if published["pdf_sha256"] != record["pdf_sha256"] or published["record_sha256"] != digest:
            raise LedgerBroken("公布的开标记录文件与账本记录不符", seq=None)
        signed = {each["capacity"] for each in acts.get("record.signed", [])}
        if signed != {"host", "recorder"}:
            raise LedgerBroken("开标记录缺少主持人或记录人的签署", seq=None)
        yield Proven("签署：主持人、记录人签署及公布均有账本记录", "signed by host and recorder, and published")
