"""An exported opening re-checked by someone who trusts nobody. Imports no database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import dropwhile
from typing import Any

from bidding.bids.model import PRICE, TECHNICAL, WHOLE, envelopes_asked, fields_in, kinds_asked, kinds_in, statement_in
from bidding.opening.custody_verification import judge_custody
from bidding.opening.drawing import check_draw
from bidding.opening.grounds_verification import check_grounds
from bidding.opening.remedy_verification import judge_releases
from bidding.opening.sealed_set import NOTICE_KIND, FrozenBid, set_sha256
from bidding.opening.sealed_verification import check_bid, check_kinds, check_price_envelope, require_kept, spoilt_of
from bidding.opening.statement_verification import check_announced, check_confirmations, open_bid
from storage.crypto.canonical import from_base64, parse_object
from storage.crypto.errors import Malformed
from storage.crypto.export_seal import check_export_seal
from storage.crypto.stamp_chain import check_stamp
from storage.crypto.statements import check_statement
from storage.crypto.trust import TrustList
from storage.kernel.clock import from_wire
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import decode_entry, verify_entry_document, verify_export

Document = Mapping[str, Any]
Acts = dict[str, list[Document]]


@dataclass(frozen=True, slots=True)
class Proven:
    """One thing that was checked and holds, in both languages."""

    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the reader trusts: the log's verifier key, fingerprints of platform roots, and everyone else's CAs (None:
    not judged)."""

    ledger_key: str
    roots: Collection[str] | None = None
    trust: TrustList | None = None


def verify_bundle(bundle: Document, anchors: Anchors) -> Iterator[Proven]:
    """Each proof as it succeeds; raises a ``DomainError`` at the first that fails.

    Bids that the platform says it has not kept fail at the end (``BidsSpoilt``), once all else was judged.
    """
    yield from verify_opening(bundle, anchors)
    require_kept(bundle)


def verify_opening(bundle: Document, anchors: Anchors) -> Iterator[Proven]:
    """As ``verify_bundle``, leaving ``require_kept`` to the caller.

    Order: ledger, notice, frozen set, every bid's manifest, submission and receipt, every statement decrypted again,
    announced prices, confirmations, the record; of two envelopes then the same of the second opening (R-318); on what
    every signature's certificate was held valid (R-701); and the platform's seal over all of it.
    """
    verified = verify_export(bundle["ledger"], anchors.ledger_key)
    yield Proven(f"账本：{verified.entries} 条、密封动作 {verified.sealed} 条，均在检查点内",
                 f"ledger: {verified.entries} entries and {verified.sealed} sealed acts stand in the checkpoint")
    acts, later = _payloads(bundle["ledger"])
    two_envelopes = bool(bundle["lot"].get("two_envelopes"))
    envelope = envelopes_asked(two_envelopes)[0]
    notice = _notice(bundle["notice"], acts, anchors)
    yield Proven("开标通知：平台签名、时间戳、账本记录一致", "opening notice: signature, time stamp and ledger agree")
    frozen = {item["bid"]: item for item in notice["bids"]}
    yield _frozen_set(notice, _only(acts, "lot.bids_frozen"), envelope)
    bids: Sequence[Document] = bundle["bids"]
    if [bid["bid"] for bid in sorted(bids, key=lambda bid: str(bid["bid"]))] != sorted(frozen):
        raise Malformed("导出的投标文件与封存的集合不一致", field="bids")
    for bid in bids:
        check_kinds(bid, kinds_asked(two_envelopes))
        check_bid(bid, frozen[bid["bid"]], notice, anchors.roots, anchors.ledger_key)
    yield from _sealed(bids)
    yield from _announced(bundle, bundle, acts, acts, envelope)
    yield from verify_record(bundle["record"], anchors, acts)
    if two_envelopes:
        yield from _second_opening(bundle, acts, later, frozen, anchors)
    yield Proven(*check_grounds(bundle, anchors.trust).in_words(is_trusted=anchors.trust is not None))
    yield sealed_by(bundle, anchors)


def _sealed(bids: Sequence[Document]) -> Iterator[Proven]:
    spoilt = sum(bool(spoilt_of(bid)) for bid in bids)
    yield Proven(f"投标文件：{len(bids) - spoilt} 份的签名清单、递交记录、回执均成立，且先于开标时间",
                 f"bids: manifests, submissions and receipts of {len(bids) - spoilt} hold, all before the opening time")
    if spoilt:
        yield Proven(f"平台没有完好保存的 {spoilt} 份：递交记录、回执均成立，且先于开标时间，摘要与封存集合一致",
                     f"of {spoilt} that the platform did not keep, submissions and receipts hold all the same")


def sealed_by(document: Document, anchors: Anchors) -> Proven:
    """That an exported document is, to its last value, as the platform gave it out."""
    signer = check_export_seal(document, anchors.roots)
    return Proven(f"导出文件：与“{signer.organisation}”给出时一字不差",
                  f"the file is to its last value as {signer.organisation} gave it out")


def _second_opening(bundle: Document, before: Acts, acts: Acts, first: Mapping[str, Document],
                    anchors: Anchors) -> Iterator[Proven]:
    """The opening of prices: exactly those whom the signed result passed, at the hour set; all others stay sealed."""
    second: Document | None = bundle["prices"]
    passed = set(_only(before, "prices.passers_fixed")["passed"]) if second else set[str]()
    for bid in bundle["bids"]:
        _stays_sealed(bid)
    if second is None:
        yield _nothing_of_prices(bundle["ledger"])
        return
    notice = _notice(second["notice"], acts, anchors)
    fixed, hour = _only(before, "prices.passers_fixed"), before["prices.scheduled"][-1]["opens_at"]
    if notice["result_sha256"] != fixed["result_sha256"] or notice["opens_at"] != hour:
        raise Malformed("第二次开标通知与签署的评审结果或公告的时间不符", field="prices")
    listed = {item["bid"]: item for item in notice["bids"]}
    if set(listed) != passed or {bid["bid"] for bid in second["bids"]} != passed or not passed <= set(first):
        raise Malformed("第二次开标的投标人不是通过评审的投标人（R-318）", field="prices")
    for bid in second["bids"]:
        check_price_envelope(bid, listed[bid["bid"]], first[bid["bid"]])
    yield _frozen_set(notice, _only(acts, "prices.frozen"), PRICE)
    yield from _announced(bundle, second, before, acts, PRICE)
    yield from verify_record(second["record"], anchors, acts)
    yield Proven(f"未通过评审的 {len(first) - len(passed)} 家：第二信封保持密封，没有密钥、份额或内容（R-318）",
                 f"{len(first) - len(passed)} bids did not pass: their price envelopes are sealed, without any key")


def _nothing_of_prices(export: Document) -> Proven:
    """Why a second opening is not here: the ledger must not tell that its record is out. Payloads are not asked."""
    actions = (decode_entry(proof["entry"]).action for proof in export["entries"])
    later = list(dropwhile(lambda action: action != "prices.frozen", actions))
    if "opening.published" in later:
        raise Malformed("第二次开标已公布，导出包缺少其内容", field="prices")
    if later:
        return Proven("第二信封（报价）：第二次开标正在进行，记录尚未公布；导出包中没有其密钥或内容",
                      "price envelopes: the second opening is under way and its record not out; no key of them is here")
    return Proven("第二信封（报价）：全部保持密封，导出包中没有其密钥或内容",
                  "price envelopes: all still sealed, no key or content of them is here")


def _stays_sealed(bid: Document) -> None:
    """The part of the first opening holds of the price envelope what was sealed, and nothing that opens it."""
    told = bid["secrets"] is not None and bid["secrets"]["kind"] != statement_in(TECHNICAL)
    if told or any("object" in each for each in bid["envelopes"] if each["kind"] in kinds_in(PRICE)):
        raise Malformed("第二信封不应带有密钥或内容", bid=bid["bid"])


def _payloads(export: Document) -> tuple[Acts, Acts]:
    """Payloads of the stream by action, in order; their digests were checked with the export.

    The second value is what follows the freeze of prices, where there was one.
    """
    found: tuple[Acts, Acts] = ({}, {})
    part = 0
    for proof in export["entries"]:
        if proof.get("payload") is not None and isinstance(proof.get("salt"), str):
            action = decode_entry(proof["entry"]).action
            part = 1 if action == "prices.frozen" else part
            found[part].setdefault(action, []).append(proof["payload"])
    return found


def _only(acts: Acts, action: str) -> Document:
    if len(acts.get(action, [])) != 1:
        raise LedgerBroken(f"账本中“{action}”应有且仅有一条", seq=None)
    return acts[action][0]


def _notice(signed: Document, acts: Acts, anchors: Anchors) -> Document:
    text = str(signed["notice"]).encode()
    notice: Document = parse_object(text)
    opened_at = from_wire(str(notice["opened_at"]))
    check_statement(NOTICE_KIND, text, signed["signature"], at=opened_at, roots=anchors.roots)
    digest = sha256(text)
    stamp = check_stamp(from_base64(signed["token"], "token"), digest.digest(), anchors.roots)
    if stamp.at.replace(microsecond=999_999) < from_wire(str(notice["opens_at"])):
        raise Malformed("开标通知的时间戳早于开标时间", field="token")
    if opened_at < from_wire(str(notice["opens_at"])):
        raise Malformed("开标早于公布的开标时间", field="opened_at")
    if _only(acts, "opening.notice_issued")["notice_sha256"] != digest.hexdigest():
        raise LedgerBroken("开标通知与账本记录不符", seq=None)
    return notice


def _frozen_set(notice: Document, entry: Document, envelope: str) -> Proven:
    items = [FrozenBid(each["bid"], each["version"], each["certificate"], each["headers"], each["manifests"])
             for each in notice["bids"]]
    digest = set_sha256(items)
    if notice.get("envelope", WHOLE) != envelope:
        raise Malformed("开标通知所载的信封不对", field="envelope")
    if {digest} != {notice["set_sha256"], entry["set_sha256"]} or {len(items)} != {notice["count"], entry["count"]}:
        raise LedgerBroken("封存集合的摘要不符", seq=None)
    return Proven(f"封存集合：{len(items)} 份，摘要 {digest[:16]}… 与开标时刻记入账本的一致",
                  f"frozen set: {len(items)} bids, the digest recorded at the opening time")


def _announced(bundle: Document, opening: Document, before: Acts, acts: Acts, envelope: str) -> Iterator[Proven]:
    """What one opening announced; ``opening`` is the bundle itself, or its second, whose draw was committed before."""
    fields = fields_in(bundle["lot"]["announced_fields"], envelope)
    opened = {bid["bid"]: open_bid(bid, fields, envelope).values for bid in opening["bids"]
              if bid["state"] == "decrypted" and statement_in(envelope) not in spoilt_of(bid)}
    yield Proven(f"开标一览表：{len(opened)} 份用公开的密钥重新解密，承诺、份额、摘要均一致",
                 f"opening statements: {len(opened)} decrypted again with the released secrets")
    announced = _only(acts, "opening.announced")
    if envelope != TECHNICAL:
        yield from _coefficients(before, acts)
    closed = [bid for bid in opening["bids"] if bid["state"] != "decrypted"]
    check_announced(opening, opened, announced, fields, bundle["lot"]["price_limit"])
    told = len(opened) + len(closed)
    yield Proven(f"唱标：{told} 行与重新解密的内容逐项一致，一次公布",
                 f"announced: {told} rows equal what was decrypted again")
    for bid in closed:
        _excluded(bid, acts, envelope)
    yield Proven(f"未开启：{len(closed)} 份，原因均有账本记录，未公开其密钥",
                 f"not opened: {len(closed)}, each with its recorded cause")
    for words in judge_releases(opening, acts, kinds_in(envelope), bundle["lot"].get("remedy")):
        yield Proven(*words)
    notice = sha256(opening["notice"]["notice"].encode()).hexdigest()
    for words in judge_custody({**opening, "lot": bundle["lot"]}, acts, notice):
        yield Proven(*words)
    confirmed = check_confirmations(opening)
    yield Proven(f"确认：{confirmed} 家投标人的签名成立", f"confirmed: signatures of {confirmed} bidders hold")


def _coefficients(before: Acts, acts: Acts) -> Iterator[Proven]:
    """Committed in ``before``, drawn in ``acts`` over the set that was frozen there."""
    if "opening.coefficients_drawn" not in acts and "coefficients.committed" not in before:
        return
    frozen = _only(acts, "prices.frozen" if "prices.frozen" in acts else "lot.bids_frozen")
    found = check_draw(_only(before, "coefficients.committed"), _only(acts, "opening.coefficients_drawn"),
                       frozen["set_sha256"])
    told = "，".join(f"{name} = {value}" for name, value in found.items())
    yield Proven(f"抽取系数：{told}；由开标前承诺的种子与封存集合的摘要重新得出",
                 f"coefficients: {told}; drawn again from the committed seed and the digest of the frozen set")


def _excluded(bid: Document, acts: Acts, envelope: str) -> None:
    action = "bid.revoked" if bid["state"] == "revoked" else "bid.withdrawn_by_fault"
    if not any(each["bid"] == bid["bid"] and each["cause"] == bid["cause"] for each in acts.get(action, [])):
        raise LedgerBroken("未开启的投标文件没有账本记录", seq=None)
    if bid["secrets"] is not None or any("object" in each for each in bid["envelopes"]
                                         if each["kind"] == statement_in(envelope)):
        raise Malformed("未开启的投标文件不应带有密钥或内容", bid=bid["bid"])


def verify_record(record: Document, anchors: Anchors, acts: Acts | None = None) -> Iterator[Proven]:
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
