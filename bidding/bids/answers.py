"""What the routes answer, as plain JSON values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bidding.bids.holding import slot_of
from bidding.bids.model import (
    AT_WORK,
    KINDS,
    LARGEST,
    SEGMENT,
    SUITE,
    WORDS,
    BidStatus,
    VersionStatus,
    statement_size,
)
from bidding.bids.queries import Desk, OwnBid, VersionView
from bidding.bids.rules import arrived_whole, comes_before_the_deadline
from bidding.bids.tables import Envelope, Receipt
from storage.crypto.canonical import to_base64
from storage.kernel.clock import to_wire
from storage.kernel.rule import Rule, unmet
from trading.parties.tables import BoundCertificate
from trading.tenders.model import bidding_is_open, stage_now
from trading.tenders.tables import Lot

_BID_WORDS = {BidStatus.NOT_SUBMITTED: "未提交", BidStatus.SUBMITTED: "已提交", BidStatus.WITHDRAWN: "已撤回"}


def desk_answer(desk: Desk, warnings: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A bidder's own view of its bid in a lot; ``warnings`` forbid nothing, and end with the time to heed them."""
    is_open = bidding_is_open(desk.lot, desk.now)
    has_submitted = desk.bid is not None and desk.bid.status == BidStatus.SUBMITTED
    return {
        "now": to_wire(desk.now), "is_open": is_open,
        "bid": _bid(desk) if desk.bid else None,
        "requirements": _requirements(desk),
        "may": [*(["start_version"] if is_open else []), *(["withdraw"] if is_open and has_submitted else [])],
        "missing": _missing(desk.lot, desk.now, [])[:1] if not is_open else [],
        "warnings": list(warnings) if is_open else [],
    }


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
                      "version": numbers[each.bid_version_id]} for each in desk.receipts],
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
        "contexts": {kind: slot_of(lot, version).context(kind) for kind in KINDS} if is_at_work else None,
        "may": may, "missing": _missing(lot, now, states) if version.status in AT_WORK else [],
    }


def _missing(lot: Lot, now: datetime, states: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    if lot.deadline_at is None:
        return []
    verdicts: list[tuple[Rule[...], bool]] = [
        (comes_before_the_deadline, comes_before_the_deadline(now, lot.deadline_at)),
        (arrived_whole, arrived_whole(states))]
    return [{"number": rule.number, "title": rule.title, "cites": rule.cites} for rule in unmet(verdicts)]


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
    return {
        "lot": {"id": str(lot.id), "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal},
        "tender": desk.tender, "round": lot.round, "deadline_at": to_wire(lot.deadline_at),
        "suite": SUITE, "k": lot.k, "n": len(lot.custodians),
        "segments": SEGMENT, "largest": LARGEST,
        "custodians": [{**item, "certificate_pem": pems.get(item["certificate"])}
                       for item in sorted(lot.custodians, key=lambda item: int(item["index"]))],
        "announced_fields": lot.announced_fields, "bid_parts": lot.bid_parts,
        "price_limit": str(lot.price_limit) if lot.price_limit is not None else None,
        "deposit": str(lot.deposit) if lot.deposit else None, "deposit_forms": lot.deposit_forms,
        "validity_days": lot.validity_days, "statement_size": statement_size(lot.deposit),
        "certificates": [_certificate(each) for each in desk.own_certificates],
    }


def _certificate(bound: BoundCertificate) -> dict[str, str]:
    return {"fingerprint": bound.fingerprint, "pem": bound.pem, "key_kind": bound.key_kind,
            "subject_name": bound.subject_name, "not_after": to_wire(bound.not_after)}


def _instant(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment is not None else None
