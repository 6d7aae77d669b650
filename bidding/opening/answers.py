"""What the hall's routes answer, as plain JSON values."""

from datetime import datetime
from typing import Any
from uuid import UUID

from bidding.bids.model import fields_in
from bidding.bids.tables import ObjectDamage
from bidding.deposits.summary import security_answer
from bidding.opening.complaints import WORDS, Why
from bidding.opening.model import CAUSES, TERMINAL, BidState, BodyCheck, HallAct, HallStep
from bidding.opening.queries import HallView
from bidding.opening.steps import missing
from bidding.opening.tables import CustodianComplaint, OpenedBid
from bidding.opening.turns import Standing, owed
from storage.kernel.clock import to_wire
from trading.tenders.kinds import hall_minutes

_HOST = (HallAct.BEGIN_DECRYPTION, HallAct.EXTEND, HallAct.PAUSE, HallAct.RESUME, HallAct.HAND_OVER, HallAct.ANNOUNCE,
         HallAct.OPEN_OBJECTIONS, HallAct.CLOSE_OBJECTIONS, HallAct.CONCLUDE, HallAct.ANSWER)
_NEXT = {BidState.SEALED: "bidder", BidState.WAITING: "custodians", BidState.QUEUED: "platform",
         BidState.DECRYPTING: "platform", BidState.DAMAGED: "restore"}


def hall_answer(view: HallView) -> dict[str, Any]:
    """The snapshot. What it leaves out before T it leaves out for everyone, host and operator included (R-122)."""
    opening, facts = view.opening, view.facts
    may, unmet = _acts(view)
    return {
        "lot": _lot(view), "envelope": view.envelope, "prices": _prices(view), "now": to_wire(view.now),
        "step": facts.step.value,
        "step_at": _at(opening.step_at if opening else None), "step_by": opening.step_by if opening else None,
        "paused": {"at": to_wire(opening.paused_at), "reason": opening.pause_reason}
        if opening and opening.paused_at else None,
        "host": _person(view, opening.host_id if opening else view.lot.host_id),
        "recorder": _person(view, opening.recorder_id if opening else view.lot.recorder_id),
        "is_unattended": view.is_unattended, "discipline": view.form.discipline, "me": _me(view),
        "custodians": [{"index": each["index"], "name": each["name"], "role": each["role"],
                        "released_at": _at(view.custodians.get(int(each["index"])))} for each in view.lot.custodians],
        "window": _window(view), "set_sha256": opening.set_sha256 if opening else None,
        "bids": [_bid(view, bid) for bid in view.bids] if view.shows_bids else None,
        "figures": _figures(view) if view.shows_bids else None, "announced": _announced(view),
        "objections": [{"id": str(each.id), "name": each.name, "text": each.text, "at": to_wire(each.at),
                        "answer": each.answer, "answered_by": each.answered_by, "answered_at": _at(each.answered_at)}
                       for each in view.objections],
        "objections_until": _at(facts.objections_until), "confirmations_until": _at(facts.confirmations_until),
        "coefficients": opening.coefficients if opening else None,
        "record": _record(view), "may": may, "missing": unmet,
        "feed": {"stream": f"lot:{view.lot.id}", "position": view.position},
    }


def _prices(view: HallView) -> dict[str, Any] | None:
    """Of two envelopes: since when it is fixed who passed, and the second hour. None before that."""
    if view.prices is None:
        return None
    return {"fixed_at": to_wire(view.prices.fixed_at), "opens_at": _at(view.lot.price_opens_at),
            "notice_minutes": view.lot.price_notice_minutes, "result_sha256": view.prices.result_sha256}


def _at(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment else None


def _lot(view: HallView) -> dict[str, Any]:
    lot, opens_at = view.lot, view.facts.deadline_at
    return {
        "id": str(lot.id), "code": lot.code, "title": lot.title, "stage": lot.stage, "rehearsal": lot.rehearsal,
        "tenderee": view.names.get(lot.tenderee_id, ""),
        "agency": view.names.get(lot.agency_id, "") if lot.agency_id else "",
        "opens_at": to_wire(opens_at),
        "sign_in_from": to_wire(opens_at - hall_minutes(lot.trade_kind, lot.sign_in_minutes)),
        "sign_in_minutes": lot.sign_in_minutes, "decryption_minutes": lot.decryption_minutes,
        "objection_minutes": lot.objection_minutes, "remedy": lot.remedy, "min_bidders": lot.min_bidders,
        "k": lot.k, "n": len(lot.custodians), "two_envelopes": lot.two_envelopes,
        "announced_fields": fields_in(lot.announced_fields, view.envelope),
        "price_limit": f"{lot.price_limit:.2f}" if lot.price_limit is not None else None,
        "failed_reason": lot.failed_reason, "suspended": lot.suspended,
    }


def _person(view: HallView, party_id: UUID | None) -> dict[str, str] | None:
    return {"party_id": str(party_id), "name": view.names.get(party_id, "")} if party_id else None


def _me(view: HallView) -> dict[str, Any]:
    mine = next((bid for bid in view.bids if bid.bid_id == view.seat.bid), None)
    roles = set(view.seat.roles) | ({"bidder"} if view.has_own_bid else set())
    index = view.seat.custodian_index
    released = mine.released_at if mine else view.custodians.get(index) if index is not None else None
    return {
        "roles": sorted(roles), "bid": str(mine.bid_id) if mine else None, "custodian_index": index,
        "signed_in_at": _at(view.own_sign_in), "released_at": _at(released), "state": mine.state if mine else None,
        "next": _next(view, mine),
    }


def _next(view: HallView, mine: OpenedBid | None) -> str | None:
    """The one thing this person owes now, if any."""
    act = owed(view.facts, Standing(
        view.seat.roles, mine.state if mine else None, mine is not None and mine.bid_id in view.confirmations,
        view.owes_shares(settled_by_complaint=True)))
    return act.value if act else None


def _window(view: HallView) -> dict[str, Any]:
    facts = view.facts
    return {
        "is_open": facts.step == HallStep.DECRYPTING and not facts.is_paused and facts.window.admits(view.now),
        "closes_at": _at(facts.window.closes_at),
        "periods": [{"number": each.number, "opens_at": to_wire(each.opens_at), "closes_at": to_wire(each.closes_at),
                     "reason": each.reason, "set_by": each.set_by} for each in view.periods]}


def _bid(view: HallView, bid: OpenedBid) -> dict[str, Any]:
    cause = CAUSES[bid.cause] if bid.cause else None
    return {
        "bid": str(bid.bid_id), "opened": str(bid.id), "place": bid.place, "version": bid.number,
        "bidder": {"name": bid.bidder_name, "uscc": bid.bidder_uscc}, "submitted_at": to_wire(bid.submitted_at),
        "receipt_number": bid.receipt_number, "signed_in_at": _at(view.sign_ins.get(bid.party_id)),
        "state": bid.state, "cause": cause.code if cause else None, "cause_title": cause.title if cause else None,
        "at_fault": cause.at_fault if cause else None, "custody": _custody(view, bid), "remedy": bid.used_remedy,
        "certificate_flags": bid.certificate_flags,
        "by_bidder_alone": bid.opens_alone,
        "damages": [damage_answer(each) for each in view.damages.get(bid.bid_id, ())],
        "consequence": cause.consequence if cause and bid.state in TERMINAL else None,
        "may_retry": bool(cause and cause.may_retry and bid.state not in TERMINAL), "attempts": bid.attempts,
        "released_at": _at(bid.released_at), "decrypted_at": _at(bid.decrypted_at),
        "confirmed_at": _at(view.confirmations.get(bid.bid_id)), "body_check": bid.body_check,
        "security": _security(view, bid), "size": view.sizes.get(bid.bid_id),
        "next": _NEXT.get(BidState(bid.state), "nobody"),
    }


def damage_answer(row: ObjectDamage) -> dict[str, Any]:
    """What the platform found damaged, its own fault, and since when its bidder has brought it again."""
    cause = CAUSES[row.cause]
    return {"kind": row.kind, "cause": cause.code, "title": cause.title, "at_fault": cause.at_fault,
            "found_at": to_wire(row.found_at), "restored_at": _at(row.restored_at)}


def complaint_answer(row: CustodianComplaint) -> dict[str, Any]:
    """One complaint that stands, as the hall and its custodian see it."""
    return {"index": row.index, "name": row.name, "kind": row.kind, "why": row.why, "title": WORDS[Why(row.why)],
            "at": to_wire(row.at)}


def _custody(view: HallView, bid: OpenedBid) -> dict[str, Any]:
    """By share index: who gave sound shares, who complains of what."""
    complaints = [complaint_answer(each) for each in view.complaints if each.bid_id == bid.bid_id]
    return {"sound": sorted(view.tallies[bid.bid_id].sound), "complaints": complaints}


def _security(view: HallView, bid: OpenedBid) -> dict[str, Any] | None:
    """Deposit or letter with its verdict (A-103); None where the document asks for none."""
    found = view.security.get(bid.bid_id)
    return security_answer(found) if found else None


def _figures(view: HallView) -> dict[str, int]:
    counts = {state.value: sum(bid.state == state for bid in view.bids) for state in BidState}
    ended = sum(counts[state] for state in TERMINAL)
    answered = sum(each.answered_at is not None for each in view.objections)
    return {
        "total": len(view.bids), "signed_in": sum(bid.party_id in view.sign_ins for bid in view.bids), **counts,
        "progress": ended * 100 // len(view.bids) if view.bids else 0,
        "bytes_decrypted": sum(view.sizes.get(bid.bid_id, 0) for bid in view.bids
                               if bid.state == BidState.DECRYPTED),
        "objections_open": len(view.objections) - answered, "objections_answered": answered,
    }


def _announced(view: HallView) -> dict[str, Any] | None:
    opening = view.opening
    if opening is None or opening.announced is None:
        return None
    limit = f"{view.lot.price_limit:.2f}" if view.lot.price_limit is not None else None
    return {"at": _at(opening.announced_at), "limit": limit, "rows": opening.announced}


def _record(view: HallView) -> dict[str, Any] | None:
    opening = view.opening
    if opening is None or opening.record_sha256 is None:
        return None
    return {"sha256": opening.record_sha256, "pdf_sha256": opening.record_pdf_sha256,
            "signatures": [{"capacity": each.capacity, "name": each.name, "signed_at": _at(each.signed_at)}
                           for each in view.signatures],
            "published_at": _at(opening.published_at), "renewed_until": view.renewed}


def _acts(view: HallView) -> tuple[list[str], list[dict[str, str]]]:
    """What this actor may do now, and for its own acts that the step admits, which rules are still unmet."""
    may, unmet = [], []
    for act in _open_to(view):
        failed = missing(act, view.facts)
        if failed is None:
            continue
        if not failed:
            may.append(act.value)
        unmet += [{"act": act.value, "number": rule.number, "title": rule.title, "cites": rule.cites}
                  for rule in failed]
    return may, unmet


def _open_to(view: HallView) -> list[HallAct]:
    roles, acts = view.seat.roles, list[HallAct]()
    # Once a set is frozen, who bids sits in it; of two envelopes, whoever failed does not sit in the second.
    if (roles or (view.has_own_bid and view.opening is None)) and view.own_sign_in is None:
        acts.append(HallAct.SIGN_IN)
    if "host" in roles:
        acts += [act for act in _HOST if not (act is HallAct.RESUME and not view.facts.is_paused)]
    elif "centre" in roles:
        acts.append(HallAct.HAND_OVER)
    mine = next((bid for bid in view.bids if bid.bid_id == view.seat.bid), None)
    if mine is not None:
        acts.append(HallAct.OBJECT)
        acts += [HallAct.RELEASE_BID] if mine.state == BidState.SEALED else []
        is_damaged = mine.state == BidState.DAMAGED or (mine.body_check == BodyCheck.FAILED and any(
            each.restored_at is None for each in view.damages.get(mine.bid_id, ())))
        may_restore = is_damaged and view.lot.remedy != "none"
        acts += [HallAct.RESTORE_OBJECT, HallAct.RESTORE_BODY] if may_restore else []
        is_open = mine.state == BidState.DECRYPTED and mine.bid_id not in view.confirmations
        acts += [HallAct.CONFIRM] if is_open else []
    if view.owes_shares(settled_by_complaint=False):
        acts.append(HallAct.RELEASE_SHARES)
    if roles & {"host", "recorder"} - view.facts.signatures:
        acts.append(HallAct.SIGN_RECORD)
    if roles & {"tenderee", "agency"} and view.prices is not None:
        acts.append(HallAct.SCHEDULE_PRICES)
    return acts
