"""How an award is told to clients: what each may see of it, with ``may`` and ``missing``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from trading.awards import acts
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, award_rule, facts_of
from trading.awards.delivery_rules import contract_is_made_in_time
from trading.awards.letter_answers import Delivery, letter_answer
from trading.awards.model import AwardFacts, Paperwork, TextKind
from trading.awards.permissions import is_inside
from trading.awards.rules import candidates_are_publicised_in_time, report_is_filed_in_time
from trading.awards.tables import AwardBidder, AwardText, Contract, ResultObjection
from trading.tenders.views import rules_view

Json = dict[str, Any]


def wire(moment: datetime | None) -> str | None:
    """An instant as answers carry it."""
    return to_wire(moment) if moment else None


def rights(file: AwardFile, facts: AwardFacts, among: Sequence[AwardAct] | None = None) -> Json:
    """``may`` and ``missing`` of the asker, for the acts named or for all that concern the lot."""
    mine = [act for act in acts.acts_of(file.roles)
            if act not in acts.ELSEWHERE and (among is None or act in among) and not acts.is_over(act, facts)]
    unmet = {act.value: acts.missing(act, facts) for act in mine}
    return {"may": [name for name, rules in unmet.items() if not rules],
            "missing": {name: rules_view(rules) for name, rules in unmet.items() if rules}}


def award_answer(file: AwardFile, actor: Actor, delivery: Delivery) -> Json:
    """The whole state as this asker may know it."""
    facts, inside = facts_of(file), is_inside(file.roles)
    own = [each for each in file.bidders if actor.is_party(each.party_id)]
    return {
        "lot": lot_line(file), "award": msgspec.to_builtins(award_rule(file.lot)),
        "received_at": wire(file.award.received_at), "publicise_by": wire(facts.publicise_by),
        **candidates_part(file, facts, is_shown=inside),
        "ranking": [bidder_line(each) for each in (file.bidders if inside else own)] if inside or own else None,
        "winner": winner_line(file), "texts": {kind.value: _text(file, kind, inside) for kind in TextKind},
        "objections": objections_part(file, actor), "report": _report(file, facts) if inside else None,
        "letters": _letters(file, actor, delivery) if inside or own else None,
        "contract": _contract(file), "contract_by": wire(facts.contract_by),
        "warnings": rules_view(_warnings(facts)) if inside else [],
        "archived_at": wire(file.award.archived_at), "package_sha256": file.award.package_sha256,
        "me": {"roles": sorted(file.roles), "bidder": str(own[0].id) if own else None},
        **rights(file, facts), "server_time": wire(file.now)}


def lot_line(file: AwardFile) -> Json:
    """The lot in short."""
    lot = file.lot
    return {"id": str(lot.id), "code": lot.code, "title": lot.title, "stage": lot.stage, "rehearsal": lot.rehearsal,
            "suspended": lot.suspended, "trade_kind": lot.trade_kind}


def candidates_part(file: AwardFile, facts: AwardFacts, *, is_shown: bool) -> Json:
    """The publicity and its candidates; before it begins, for insiders alone."""
    award = file.award
    publicity = None if award.publicised_at is None else {
        "from": wire(award.publicised_at), "until": wire(award.publicity_until),
        "is_open": award.publicity_until is not None and file.now < award.publicity_until,
        "earliest_until": wire(facts.earliest_until)}
    seen = is_shown or publicity is not None
    return {"publicity": publicity, "candidates": [bidder_line(each) for each in file.candidates] if seen else None,
            "is_frozen": file.open_objections > 0, "holds_complaint": award.holds_complaint}


def bidder_line(row: AwardBidder) -> Json:
    """One bidder with its rank and what became of it."""
    return {"id": str(row.id), "rank": row.rank, "name": row.name, "uscc": row.uscc, "rejected": row.rejected,
            "price": None if row.price is None else f"{row.price:.2f}",
            "score": None if row.score is None else f"{row.score:.2f}", "standing": row.standing,
            "ground": row.ground, "reason": row.reason,
            "values": [{"label": label, "value": value} for label, value in row.values.items()]}


def winner_line(file: AwardFile) -> Json | None:
    """The winner, public from its confirmation on."""
    winner = file.winner
    return {**bidder_line(winner), "confirmed_at": wire(file.award.winner_at)} if winner else None


def _text(file: AwardFile, kind: TextKind, inside: bool) -> Json | None:
    held = file.texts.get(kind)
    if held is None or not (inside or held.status == Paperwork.PUBLISHED):
        return None
    return text_line(held)


def text_line(held: AwardText) -> Json:
    """A publicity or a result notice."""
    return {"kind": held.kind, "title": held.title, "body": held.body, "sha256": held.sha256, "status": held.status,
            "fields": held.fields, "reason": held.reason or None, "submitted_by": held.submitted_by or None,
            "submitted_at": wire(held.submitted_at), "reviewer": held.reviewer or None,
            "reviewed_at": wire(held.reviewed_at), "published_at": wire(held.published_at),
            "notice_id": str(held.notice_id) if held.notice_id else None}


def objections_part(file: AwardFile, actor: Actor) -> Json:
    """Everything for insiders, its own for an objector; the public learns how many there are and how many wait."""
    seen = file.objections if is_inside(file.roles) else [each for each in file.objections
                                                          if actor.is_party(each.party_id)]
    return {"open": file.open_objections, "total": len(file.objections),
            "items": [objection_line(each) for each in seen]}


def objection_line(row: ResultObjection) -> Json:
    """One objection and its answer."""
    return {"id": str(row.id), "name": row.name, "text": row.text, "at": wire(row.at), "due_at": wire(row.due_at),
            "answer": row.answer or None, "answered_by": row.answered_by or None,
            "answered_at": wire(row.answered_at), "late_reason": row.late_reason or None,
            "is_late": row.answered_at is not None and row.answered_at >= row.due_at}


def _report(file: AwardFile, facts: AwardFacts) -> Json | None:
    award = file.award
    if award.winner_at is None or facts.report_due_at is None:
        return None
    is_late = award.report_at is not None and award.report_at >= facts.report_due_at
    return {"due_at": wire(facts.report_due_at), "filed_at": wire(award.report_at), "is_late": is_late,
            "text": award.report or None, "late_reason": award.report_late_reason or None}


def _letters(file: AwardFile, actor: Actor, delivery: Delivery) -> Json:
    award, inside = file.award, is_inside(file.roles)
    shown = [each for each in file.letters if inside or (each.sent_at and actor.is_party(each.party_id))]
    whole = {"reply_by": wire(award.letters_reply_by), "remarks": award.letters_remarks,
             "verifier": award.letters_verifier or None, "verified_at": wire(award.letters_verified_at),
             "reason": award.letters_reason or None} if inside else {}
    return {"status": award.letters if inside or shown else Paperwork.NONE, "sent_at": wire(award.letters_sent_at),
            **whole, "items": [letter_answer(file, each, actor, delivery) for each in shown]}


def _contract(file: AwardFile) -> Json | None:
    held = file.contract
    if held is None:
        return None
    if not is_inside(file.roles) and "winner" not in file.roles:
        return {"status": held.status, "signed_at": wire(held.signed_at), "price": f"{held.price:.2f}"} \
            if held.signed_at else None
    return contract_line(held, file.winner)


def contract_line(held: Contract, winner: AwardBidder | None) -> Json:
    """The contract for its parties and the staff."""
    return {"id": str(held.id), "number": held.number, "status": held.status, "price": f"{held.price:.2f}",
            "winner": winner.name if winner else None, "fields": held.fields,
            "performance_bond": None if held.performance_bond is None else f"{held.performance_bond:.2f}",
            "reason": held.reason or None, "verifier": held.verifier or None, "verified_at": wire(held.verified_at),
            "paper_id": str(held.paper_id) if held.paper_id else None, "sha256": held.sha256 or None,
            "signed_at": wire(held.signed_at), "is_late": held.is_late}


def _warnings(facts: AwardFacts) -> list[Any]:
    """Terms that are over while their act is still owed."""
    owed = ((candidates_are_publicised_in_time, facts.publicised_at is None),
            (report_is_filed_in_time, facts.winner_at is not None and facts.report_at is None),
            (contract_is_made_in_time, facts.letters_sent_at is not None and facts.contract_signed_at is None))
    return [rule for rule, is_owed in owed if is_owed and not rule(facts)]
