"""What the routes answer, as plain JSON values."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bidding.bids.holding import slot_of
from bidding.bids.model import (
    AT_WORK,
    LARGEST,
    SEGMENT,
    WORDS,
    BidStatus,
    VersionStatus,
    envelopes_asked,
    kinds_asked,
    statement_in,
    statement_size,
)
from bidding.bids.queries import Desk, OwnBid, VersionView
from bidding.bids.receipt_pdf import pdf_key
from bidding.bids.rules import (
    arrived_whole,
    bids_with_a_dual_pair,
    comes_before_the_deadline,
    outlasts_the_opening,
)
from bidding.bids.tables import Envelope, Receipt
from storage.crypto.canonical import to_base64
from storage.crypto.suites import suite_of
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.rule import Rule, unmet
from trading.parties.tables import BoundCertificate
from trading.tenders.model import bidding_is_open, stage_now
from trading.tenders.tables import Lot

_BID_WORDS = {BidStatus.NOT_SUBMITTED: "未提交", BidStatus.SUBMITTED: "已提交", BidStatus.WITHDRAWN: "已撤回"}


def desk_answer(desk: Desk, warnings: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A bidder's own view of its bid in a lot; ``warnings`` forbid nothing, and end with the time to heed them."""
    is_open = bidding_is_open(desk.lot, desk.now)
    unfit = unmet([(bids_with_a_dual_pair, _has_what_the_suite_asks(desk))])
    has_submitted = desk.bid is not None and desk.bid.status == BidStatus.SUBMITTED
    return {
        "now": to_wire(desk.now), "is_open": is_open,
        "bid": _bid(desk) if desk.bid else None,
        "requirements": _requirements(desk),
        "document_renewed_until": desk.renewed.get(desk.document_key or ""),
        "may": [*(["start_version"] if is_open and not unfit else []),
                *(["withdraw"] if is_open and has_submitted else [])],
        "missing": _told(unfit) if is_open else _missing(desk.lot, desk.now, [])[:1],
        "warnings": [*_ending(desk), *warnings] if is_open else [],
    }


def _has_what_the_suite_asks(desk: Desk) -> bool:
    """Some certificate of the bidder's may begin a bid in the lot's suite."""
    is_sm, halves = suite_of(desk.lot.suite).is_sm, {each.signing: each.fingerprint for each in desk.own_certificates}
    return not is_sm or any(bids_with_a_dual_pair(is_sm, each.key_kind, halves.get(each.fingerprint))
                            for each in desk.own_certificates if each.may_sign)


def _told(rules: Iterable[Rule[...]]) -> list[dict[str, str]]:
    return [{"number": rule.number, "title": rule.title, "cites": rule.cites} for rule in rules]


def _ending(desk: Desk) -> list[dict[str, Any]]:
    """A warning for each certificate the bidder may seal to that ends before the opening is over (R-704, A-13).

    A key that only signs opens nothing: its end matters to no seal.
    """
    opens_at = desk.lot.deadline_at
    if opens_at is None:
        return []
    takers = [each for each in desk.own_certificates if each.takes_seals]
    lasting = [each for each in takers if outlasts_the_opening(each.not_after, opens_at)]
    advice = "请同时封给另一张有效期更长的证书" if lasting else "请先换领或绑定有效期更长的证书，再封存投标文件"
    rule = outlasts_the_opening
    return [{"number": rule.number, "title": rule.title, "cites": rule.cites, "certificate": each.fingerprint,
             "not_after": to_wire(each.not_after),
             "text": f"{_until(each)}，距开标不足三十日；换证后旧证书封存的文件无法解密。{advice}"}
            for each in takers if each not in lasting]


def _until(bound: BoundCertificate) -> str:
    day = f"{shanghai(bound.not_after):%Y年%m月%d日}"
    return f"证书（{bound.subject_name}，序列号 {bound.serial}）将于 {day} 到期"


def _bid(desk: Desk) -> dict[str, Any]:
    bid = desk.bid
    if bid is None:
        raise ValueError("no bid")
    numbers = {view.version.id: view.version.number for view in desk.versions}
    counting = next((view.version for view in desk.versions if view.version.id == bid.submitted_version_id), None)
    return {
        "id": str(bid.id), "status": bid.status, "word": _BID_WORDS[BidStatus(bid.status)],
        "submitted": counting and {"version": counting.number, "version_id": str(counting.id),
                                   "at": _instant(counting.submitted_at), "receipt": counting.receipt_number},
        "versions": [version_answer(desk.lot, view, desk.now) for view in desk.versions],
        "receipts": [{"number": each.number, "kind": each.kind, "decided_at": to_wire(each.decided_at),
                      "version": numbers[each.bid_version_id], "renewed_until": desk.renewed.get(pdf_key(each))}
                     for each in desk.receipts],
    }


def own_bid_line(own: OwnBid, now: datetime) -> dict[str, Any]:
    """A line of a bidder's list: ``status`` is what counts now, ``newer`` the state of a version still at work."""
    status = own.bid.status
    newer = own.at_work.status if own.at_work else None
    if status == BidStatus.NOT_SUBMITTED:
        status, newer = newer or VersionStatus.DRAFT.value, None
    return {"lot_id": str(own.lot.id), "code": own.lot.code, "title": own.lot.title,
            "deadline_at": _instant(own.lot.deadline_at), "stage": stage_now(own.lot, now).value,
            "rehearsal": own.lot.rehearsal, "status": status, "newer": newer,
            "receipt": own.counting.receipt_number if own.counting and status == BidStatus.SUBMITTED else None}


def version_answer(lot: Lot, view: VersionView, now: datetime) -> dict[str, Any]:
    """A version with its envelopes; ``contexts`` is what each seal must carry, while the version is at work."""
    version = view.version
    states = [(each.kind, each.state) for each in view.envelopes]
    is_at_work = version.status in AT_WORK and bidding_is_open(lot, now)
    may = ["upload", "discard"] if is_at_work else []
    if is_at_work and version.status == VersionStatus.UPLOADED:
        may.append("submit")
    return {
        "id": str(version.id), "number": version.number, "status": version.status,
        "word": WORDS[VersionStatus(version.status)], "certificate": version.certificate,
        "created_at": to_wire(version.created_at), "submitted_at": _instant(version.submitted_at),
        "receipt": version.receipt_number, "trial_at": _instant(version.trial_at),
        "envelopes": [envelope_answer(each) for each in view.envelopes],
        "contexts": {kind: slot_of(lot, version).context(kind) for kind in kinds_asked(lot.two_envelopes)}
        if is_at_work else None,
        "may": may, "missing": _missing(lot, now, states) if version.status in AT_WORK else [],
    }


def _missing(lot: Lot, now: datetime, states: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    if lot.deadline_at is None:
        return []
    verdicts: list[tuple[Rule[...], bool]] = [
        (comes_before_the_deadline, comes_before_the_deadline(now, lot.deadline_at)),
        (arrived_whole, arrived_whole(states, kinds_asked(lot.two_envelopes)))]
    return _told(unmet(verdicts))


def envelope_answer(envelope: Envelope) -> dict[str, Any]:
    """How far a sealed object is."""
    return {
        "id": str(envelope.id), "kind": envelope.kind, "state": envelope.state, "size": envelope.size,
        "parts": envelope.part_count, "checked_parts": envelope.checked_parts,
        "header_sha256": envelope.header_sha256, "manifest_sha256": envelope.manifest_sha256,
        "first_byte_at": _instant(envelope.first_byte_at), "last_byte_at": _instant(envelope.last_byte_at),
        "checked_at": _instant(envelope.checked_at), "reason": envelope.reason,
    }


def sealed_answer(envelope: Envelope, address: str) -> dict[str, Any]:
    """A stored envelope whole: what a bidder needs to try its key, or to check its receipt."""
    return {
        "kind": envelope.kind, "header": envelope.header, "manifest": envelope.manifest, "url": address,
        "signature": to_base64(envelope.signature) if envelope.signature else None,
    }


def receipt_answer(receipt: Receipt, proof: object) -> dict[str, Any]:
    """A receipt: the signed text, the platform's signature, and the ledger proof once there is one."""
    return {"number": receipt.number, "kind": receipt.kind, "body": receipt.body, "signature": receipt.signature,
            "proof": proof}


def _requirements(desk: Desk) -> dict[str, Any]:
    lot = desk.lot
    if lot.deadline_at is None:
        raise ValueError("a published lot has a deadline")
    pems = {each.fingerprint: each.pem for each in desk.custodian_certificates}
    kinds = kinds_asked(lot.two_envelopes)
    return {
        "lot": {"id": str(lot.id), "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal},
        "tender": desk.tender, "round": lot.round, "deadline_at": to_wire(lot.deadline_at),
        "suite": lot.suite, "k": lot.k, "n": len(lot.custodians), "remedy": lot.remedy,
        "envelopes": list(envelopes_asked(lot.two_envelopes)),
        "segments": {kind: SEGMENT[kind] for kind in kinds}, "largest": {kind: LARGEST[kind] for kind in kinds},
        "custodians": [{**item, "certificate_pem": pems.get(item["certificate"])}
                       for item in sorted(lot.custodians, key=lambda item: int(item["index"]))],
        "announced_fields": lot.announced_fields, "bid_parts": lot.bid_parts,
        "price_limit": str(lot.price_limit) if lot.price_limit is not None else None,
        "deposit": str(lot.deposit) if lot.deposit else None, "deposit_forms": lot.deposit_forms,
        "validity_days": lot.validity_days, "statement_sizes": {
            statement_in(each): statement_size(lot.deposit, each) for each in envelopes_asked(lot.two_envelopes)},
        "certificates": [_certificate(each) for each in desk.own_certificates],
    }


def _certificate(bound: BoundCertificate) -> dict[str, str | None]:
    return {"fingerprint": bound.fingerprint, "pem": bound.pem, "key_kind": bound.key_kind,
            "subject_name": bound.subject_name, "not_after": to_wire(bound.not_after), "signing": bound.signing}


def _instant(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment is not None else None
