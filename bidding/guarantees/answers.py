"""What the routes of guarantee letters answer, as plain JSON values."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bidding.deposits.forfeiture import GROUNDS, decided_by_another
from bidding.guarantees.model import (
    CLAIM_STEPS,
    ISSUER_STEPS,
    LETTER_STEPS,
    Act,
    ClaimFacts,
    ClaimStatus,
    OrderStatus,
    admits,
    last_day_needed,
)
from bidding.guarantees.permissions import STAFF, sees_claims
from bidding.guarantees.queries import Board, Desk, Revealed
from bidding.guarantees.rules import applies_before_the_deadline, claim_comes_in_time, list_is_kept_by_two
from bidding.guarantees.tables import GuaranteeClaim, GuaranteeIssuer, GuaranteeOrder
from storage.kernel.actor import Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.rule import unmet
from trading.tenders.model import BEFORE_DEADLINE
from trading.tenders.permissions import is_tenderee
from trading.tenders.tables import Lot

Answer = dict[str, Any]
_LETTERS = ("bank", "insurer", "guarantor")


def issuer_list(listed: Iterable[GuaranteeIssuer], actor: Actor) -> Answer:
    """The list; how much an issuer issues, and for which lot, stands nowhere (R-412)."""
    may = ["propose_issuer"] if actor.has("centre") else []
    return {"items": [issuer_answer(each, actor) for each in listed], "may": may, "missing": {}}


def issuer_answer(issuer: GuaranteeIssuer, actor: Actor) -> Answer:
    """One entry; addresses, keys and who decided are for the staff."""
    shown: Answer = {"id": str(issuer.id), "name": issuer.name, "uscc": issuer.uscc, "kind": issuer.kind,
                     "status": issuer.status, "box_certificate": issuer.box_certificate, "may": [], "missing": {}}
    if not actor.roles & STAFF:
        return shown
    may, missing = _issuer_acts(issuer, actor)
    decided = {"name": issuer.decided_by_name, "at": _at(issuer.decided_at)} if issuer.decided_by else None
    return shown | {"address": issuer.address, "public_key": issuer.public_key, "reason": issuer.reason,
                    "proposed_by": {"name": issuer.asked_by_name, "at": _at(issuer.asked_at)}, "decided_by": decided,
                    "may": may, "missing": missing}


def _issuer_acts(issuer: GuaranteeIssuer, actor: Actor) -> tuple[list[str], Answer]:
    if not actor.has("centre"):
        return [], {}
    open_acts = [act.value for act in (Act.APPROVE, Act.REFUSE, Act.RETIRE)
                 if admits(ISSUER_STEPS, issuer.status, act)]
    failed = _numbered(unmet([(list_is_kept_by_two, list_is_kept_by_two(issuer.asked_by, actor.id))]))
    deciding = {act for act in open_acts if act != Act.RETIRE}
    if not failed:
        return open_acts, {}
    return [act for act in open_acts if act not in deciding], dict.fromkeys(sorted(deciding), failed)


def order_answer(order: GuaranteeOrder, issuers: Mapping[UUID, GuaranteeIssuer]) -> Answer:
    """An own order; the letter stays sealed until its bidder's client opens it."""
    issuer = issuers.get(order.issuer_id)
    return {
        "number": order.number, "status": order.status, "amends": order.amends, "reason": order.reason,
        "issuer": {"id": str(order.issuer_id), "name": issuer.name if issuer else "",
                   "kind": issuer.kind if issuer else ""},
        "applied_at": to_wire(order.applied_at), "paid_at": _at(order.paid_at), "issued_at": _at(order.issued_at),
        "letter_box": order.letter_box}


def desk_answer(desk: Desk, actor: Actor) -> Answer:
    """The asking bidder's own desk: what the lot asks, what it applied for, what it may do."""
    lot = desk.lot
    required = required_of(lot, desk.tenderee.name)
    may, missing = _applying(desk, required)
    return {
        "now": to_wire(desk.now), "lot": {**_lot(lot), "tenderee": desk.tenderee.name},
        "required": required | {"applicant": {"name": desk.applicant.name, "uscc": desk.applicant.uscc}}
        if required else None,
        "orders": [order_answer(each, desk.issuers) for each in desk.orders],
        "has_letter": any(each.status == OrderStatus.ISSUED for each in desk.orders),
        "must_extend": desk.must_extend and lot.stage in BEFORE_DEADLINE,
        "letter": letter_answer(desk.revealed, lot, actor, desk.now) if desk.revealed else None,
        "may": may, "missing": missing}


def _applying(desk: Desk, required: Answer | None) -> tuple[list[str], Answer]:
    if required is None or desk.lot.deadline_at is None:
        return [], {}
    failed = _numbered(unmet([(applies_before_the_deadline,
                               applies_before_the_deadline(desk.now, desk.lot.deadline_at))]))
    if failed:
        return [], {"apply": failed}
    return (["apply"] if desk.lot.stage in BEFORE_DEADLINE else []), {}


def required_of(lot: Lot, beneficiary: str) -> Answer | None:
    """What a letter of this lot must say; None where no letter is asked for."""
    forms = [form for form in _LETTERS if form in lot.deposit_forms]
    if not lot.deposit or not forms or lot.deadline_at is None:
        return None
    return {"amount": _yuan(lot.deposit), "forms": forms, "beneficiary": beneficiary, "lot_code": lot.code,
            "begin_by": shanghai(lot.deadline_at).date().isoformat(),
            "end_from": last_day_needed(lot.deadline_at, lot.validity_days).isoformat()}


def board_answer(board: Board, actor: Actor) -> Answer:
    """All letters that came to light; the same empty list to everyone before."""
    return {"now": to_wire(board.now), "lot": _lot(board.lot), "required": required_of(board.lot, board.tenderee.name),
            "items": [letter_answer(each, board.lot, actor, board.now) for each in board.letters],
            "may": [], "missing": {}}


def letter_answer(revealed: Revealed, lot: Lot, actor: Actor, now: datetime) -> Answer:
    """One letter with a line per rule; claims only for whom they concern."""
    letter, bid, issuer = revealed.letter, revealed.bid, revealed.issuer
    sees = sees_claims(actor, lot, letter)
    may, missing = _claiming(revealed, lot, actor, now)
    standing = next((each for each in revealed.claims if each.status != ClaimStatus.REFUSED), None)
    return {
        "bid": str(letter.bid_id), "bidder": {"name": bid.bidder_name, "uscc": bid.bidder_uscc}, "form": letter.form,
        "issuer": {"id": str(issuer.id), "name": issuer.name} if issuer else None, "number": letter.number,
        "amount": _yuan(letter.amount), "begin": _day(letter.begins_on), "end": _day(letter.ends_on),
        "status": letter.status, "verdict": letter.verdict, "verified_at": to_wire(letter.verified_at),
        "rules": letter.rules, "pdf_sha256": letter.pdf_sha256,
        "claim": claim_answer(standing, actor) if sees and standing else None,
        "claims": [claim_answer(each, actor) for each in revealed.claims] if sees else [],
        "may": [*(["read_letter"] if sees else []), *may], "missing": missing}


def _claiming(revealed: Revealed, lot: Lot, actor: Actor, now: datetime) -> tuple[list[str], Answer]:
    letter = revealed.letter
    is_open = admits(LETTER_STEPS, letter.status, Act.CLAIM) and all(
        each.status == ClaimStatus.REFUSED for each in revealed.claims)
    if not is_open or not is_tenderee(actor, lot) or letter.amount is None or letter.ends_on is None:
        return [], {}
    facts = ClaimFacts(amount=letter.amount, letter_amount=letter.amount, now=now, ends_on=letter.ends_on)
    failed = _numbered(unmet([(claim_comes_in_time, claim_comes_in_time(facts))]))
    return ([], {"propose_claim": failed}) if failed else (["propose_claim"], {})


def claim_answer(claim: GuaranteeClaim, actor: Actor) -> Answer:
    """A claim as its parties see it."""
    may, missing = list[str](), dict[str, Any]()
    if actor.has("centre") and admits(CLAIM_STEPS, claim.status, Act.APPROVE):
        failed = _numbered(unmet([(decided_by_another, decided_by_another(claim.proposed_by, actor.party_id))]))
        may, missing = ([], {"decide": failed}) if failed else (["decide"], {})
    ground = GROUNDS[claim.ground]
    decided = {"name": claim.decided_by_name, "at": _at(claim.decided_at)} if claim.decided_by else None
    return {
        "id": str(claim.id), "bid": str(claim.bid_id), "ground": claim.ground, "ground_title": ground.title,
        "cites": ground.cites, "clause": claim.clause, "statement": claim.statement, "amount": _yuan(claim.amount),
        "evidence": [{"name": each["name"], "sha256": each["sha256"], "size": each["size"]}
                     for each in claim.evidence],
        "status": claim.status, "proposed_by": {"name": claim.proposed_by_name, "at": to_wire(claim.proposed_at)},
        "decided_by": decided, "answered_at": _at(claim.answered_at), "reason": claim.reason, "may": may,
        "missing": missing}


def _lot(lot: Lot) -> Answer:
    return {"id": str(lot.id), "code": lot.code, "title": lot.title, "stage": lot.stage, "rehearsal": lot.rehearsal,
            "deadline_at": _at(lot.deadline_at)}


def _numbered(rules: Iterable[Any]) -> list[Answer]:
    return [{"number": rule.number, "title": rule.title, "cites": rule.cites} for rule in rules]


def _at(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _yuan(amount: Decimal | None) -> str | None:
    return f"{amount:.2f}" if amount is not None else None
