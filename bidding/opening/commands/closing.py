"""What happens at T: the set of bids freezes, once, whichever node or reader notices first (R-107, R-501)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select

from bidding.bids.model import BidStatus, envelopes_asked
from bidding.bids.tables import Bid, BidVersion, Envelope, Receipt
from bidding.opening.commands.coefficients import ensure_commitment
from bidding.opening.commands.periods import begin_window
from bidding.opening.holding import hour_of
from bidding.opening.model import BidState, HallStep
from bidding.opening.sealed_set import NOTICE_KIND, FrozenBid, NoticeFacts, notice_text, set_sha256
from bidding.opening.tables import HallPlan, OpenedBid, Opening, SignIn
from storage.crypto.canonical import to_base64
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.session_key import new_session_key
from storage.crypto.statements import sign_statement
from storage.crypto.suites import suite_of
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import CLOCK
from storage.kernel.clock import to_wire
from trading.tenders.announcing import announce
from trading.tenders.life import Passage, advance
from trading.tenders.model import BEFORE_DEADLINE, Act, NoticeKind, deadline_has_passed
from trading.tenders.queries import lock_lot
from trading.tenders.tables import Lot
from trading.trust.queries import validations


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted bid as the hall's row and as the set's item."""

    row: OpenedBid
    item: FrozenBid
    validation: str | None


async def close_bidding(lot_id: UUID, uow: Work, keys: PlatformKeys) -> bool:
    """Freezes the set and opens the hall, or fails the lot (R-108).

    Answers whether it did; a lot not due, held by a suspension (R-210) or closed already is left as it is. The
    decision stands on one clock reading under the lot's lock, never on when a timer ran (faults 03, 04, 19, 20).
    """
    async with uow:
        lot = await lock_lot(uow, lot_id)
        now = await uow.now()
        if lot.stage not in BEFORE_DEADLINE or lot.suspended or not deadline_has_passed(lot, now):
            return False
        bids = await _submitted(uow, lot)
        passage = Passage(now=now, documents_from=lot.documents_from, documents_until=lot.documents_until,
                          deadline_at=lot.deadline_at, suspended=lot.suspended, sealed_bids=len(bids),
                          min_bidders=lot.min_bidders)
        is_enough = len(bids) >= lot.min_bidders
        lot.stage = advance(lot.stage, Act.OPEN if is_enough else Act.FAIL, passage)
        opening = await _new_opening(uow, lot, [each.item for each in bids], now)
        reach("opening.closing")
        if is_enough:
            await ensure_commitment(uow, lot, keys)
            await _open(uow, lot, opening, bids, keys)
        else:
            await _fail(uow, lot, opening)
        await uow.commit()
        return True


async def _submitted(uow: Work, lot: Lot) -> list[Submitted]:
    """The last submitted version of every bid (R-220), by time of submission."""
    query = (select(Bid, BidVersion, Receipt.act_id).join(BidVersion, BidVersion.id == Bid.submitted_version_id)
             .join(Receipt, Receipt.number == BidVersion.receipt_number)
             .where(Bid.lot_id == lot.id, Bid.status == BidStatus.SUBMITTED)
             .order_by(BidVersion.submitted_at, Bid.id))
    rows = (await uow.session.execute(query)).all()
    sealed = await _envelopes(uow, [version.id for _, version, _ in rows])
    flagged = {each.digest: each.flags for each in await validations(
        uow.session, [version.validation for _, version, _ in rows if version.validation])}
    found = [_frozen(place, bid, version, act_id, sealed[version.id])
             for place, (bid, version, act_id) in enumerate(rows, 1)]
    for each in found:
        if flags := flagged.get(each.validation or ""):
            each.row.certificate_flags = {"submitted": flags}
    return found


def _frozen(place: int, bid: Bid, version: BidVersion, act_id: UUID, envelopes: Sequence[Envelope]) -> Submitted:
    item = FrozenBid(str(bid.id), version.number, version.certificate,
                     {each.kind: each.header_sha256 for each in envelopes},
                     {each.kind: str(each.manifest_sha256) for each in envelopes})
    row = OpenedBid(
        id=bid.id, bid_id=bid.id, opening_id=bid.lot_id, lot_id=bid.lot_id, bid_version_id=version.id, place=place,
        number=version.number, party_id=bid.party_id, bidder_name=version.bidder_name, bidder_uscc=version.bidder_uscc,
        certificate=version.certificate, submitted_at=version.submitted_at, receipt_number=version.receipt_number,
        sealed_act=str(act_id), state=BidState.SEALED)
    return Submitted(row, item, version.validation)


async def _envelopes(uow: Work, versions: Sequence[UUID]) -> dict[UUID, list[Envelope]]:
    rows = await uow.session.scalars(select(Envelope).where(Envelope.bid_version_id.in_(versions)))
    found: dict[UUID, list[Envelope]] = {version: [] for version in versions}
    for envelope in rows:
        found[envelope.bid_version_id].append(envelope)
    return found


async def _new_opening(uow: Work, lot: Lot, bids: Sequence[FrozenBid], now: datetime) -> Opening:
    plan = await uow.session.get(HallPlan, lot.id)
    opening = Opening(id=lot.id, lot_id=lot.id, envelope=envelopes_asked(lot.two_envelopes)[0], step=HallStep.FAILED,
                      step_at=now, step_by=CLOCK.name, opened_at=now, set_sha256=set_sha256(bids), count=len(bids),
                      host_id=lot.host_id, recorder_id=lot.recorder_id, is_unattended=bool(plan and plan.is_unattended))
    uow.session.add(opening)
    return opening


async def _open(uow: Work, lot: Lot, opening: Opening, bids: Sequence[Submitted], keys: PlatformKeys) -> None:
    now, frozen = opening.opened_at, [each.item for each in bids]
    await begin_session(uow, lot, opening, frozen, keys)
    uow.session.add_all(each.row for each in bids)
    sign_ins = await uow.session.scalars(select(SignIn).where(
        SignIn.lot_id == lot.id, SignIn.envelope == opening.envelope).order_by(SignIn.at))
    stream = f"lot:{lot.id}"
    uow.record("lot.bids_frozen", CLOCK, stream=stream, subject=stream, payload={
        "code": lot.code, "set_sha256": opening.set_sha256, "count": len(bids), "opened_at": to_wire(now),
        "late_ms": _late_ms(lot, now), "bids": [_named(each) for each in bids],
        "sign_ins": [{"name": each.name, "at": to_wire(each.at)} for each in sign_ins]})
    note_notice(uow, opening)
    if opening.is_unattended:
        await begin_window(uow, lot, opening, CLOCK)


async def begin_session(uow: Work, lot: Lot, opening: Opening, frozen: Sequence[FrozenBid], keys: PlatformKeys, *,
                        result_sha256: str | None = None) -> None:
    """The session key of an opening, and the signed notice that commits to its set; inside an entered unit of work."""
    key = new_session_key(keys.master, str(opening.id), suite_of(lot.suite))
    opening.step, opening.session_public, opening.session_sealed = HallStep.FROZEN, to_base64(key.public), key.sealed
    opening.notice = notice_text(NoticeFacts(
        lot=str(lot.id), code=lot.code, opens_at=hour_of(lot, opening) or opening.opened_at,
        opened_at=opening.opened_at, session_key=opening.session_public, envelope=opening.envelope,
        result_sha256=result_sha256), frozen)
    opening.notice_signature = sign_statement(NOTICE_KIND, opening.notice.encode(), keys.document)
    await uow.session.flush()


def note_notice(uow: Work, opening: Opening) -> None:
    """Records the digest of a notice, after the set that it commits to."""
    stream = f"lot:{opening.lot_id}"
    uow.record("opening.notice_issued", CLOCK, stream=stream, subject=stream, payload={
        "notice_sha256": sha256(str(opening.notice).encode()).hexdigest(), "session_key": opening.session_public})


def _named(bid: Submitted) -> dict[str, object]:
    row = bid.row
    return {**bid.item.to_json(), "place": row.place, "name": row.bidder_name, "uscc": row.bidder_uscc,
            "submitted_at": to_wire(row.submitted_at), "receipt_number": row.receipt_number,
            "sealed_act": row.sealed_act, "validation": bid.validation,
            "flags": (row.certificate_flags or {}).get("submitted", [])}


async def _fail(uow: Work, lot: Lot, opening: Opening) -> None:
    """No name, no count: what was sealed stays sealed, and who bid stays unsaid (R-108, R-122)."""
    lot.failed_reason = f"投标人少于 {lot.min_bidders} 家，依法不开标，应当重新招标"
    stream = f"lot:{lot.id}"
    uow.record("lot.failed", CLOCK, stream=stream, subject=stream, payload={
        "code": lot.code, "reason": lot.failed_reason, "rule": "R-108", "min_bidders": lot.min_bidders,
        "set_sha256": opening.set_sha256, "late_ms": _late_ms(lot, opening.opened_at)})
    await announce(uow, lot, NoticeKind.FAILED, f"{lot.title}流标公告", lot.failed_reason, CLOCK)


def _late_ms(lot: Lot, now: datetime) -> int:
    """How long after T this was done: the gap a stopped platform leaves (fault 03)."""
    return int((now - (lot.deadline_at or now)).total_seconds() * 1000)


