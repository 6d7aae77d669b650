"""How a desk is told, by audience. ``may`` and ``missing`` come from the table of acts alone."""

import json
from dataclasses import asdict
from typing import Any

import msgspec

from evaluation.scoring.gathering import read_method
from evaluation.scoring.holding import valid_bids
from evaluation.scoring.method import LEGAL_GROUNDS
from evaluation.scoring.model import KINDS, EvaluationAct, EvaluationStep, Vote
from evaluation.scoring.queries import CENTRE, MEMBER, WORK, DeskView
from evaluation.scoring.steps import ACTS, LEADER, missing
from storage.kernel.clock import to_wire

Answer = dict[str, Any]


def desk_answer(view: DeskView) -> Answer:
    """Owners and the centre learn how far it is; members and the supervisor see the desk (A-146)."""
    held, facts = view.evaluation, view.facts
    revealed = sum(each.text is not None for each in view.sheets)
    told: Answer = {
        "lot": {"id": str(view.lot.id), "code": view.lot.code, "title": view.lot.title, "stage": view.lot.stage,
                "trade_kind": view.lot.trade_kind, "two_envelopes": view.lot.two_envelopes,
                "price_limit": _money(view.lot.price_limit)},
        "step": held.step, "step_at": to_wire(held.step_at), "round": held.round, "role": view.role,
        "progress": {"members": facts.members, "size": facts.size, "reviewed": facts.reviewed,
                     "committed": facts.committed, "revealed": revealed,
                     "bodies_unchecked": facts.bodies_unchecked},
        "failure": {"reason": held.failed_reason, "at": to_wire(held.step_at)} if held.failed_reason else None,
        "now": to_wire(view.now), "feed": view.position, **_acts(view)}
    return told | _work(view) if view.role in WORK else told


def _money(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"


def _acts(view: DeskView) -> Answer:
    may, lacking = [], {}
    for act in EvaluationAct:
        if not _has_role(view, act) or _is_done(view, act):
            continue
        failed = missing(act, view.evaluation.step, view.facts)
        if failed == ():
            may.append(act.value)
        elif failed and view.evaluation.step != EvaluationStep.FINISHED:
            lacking[act.value] = [{"number": rule.number, "title": rule.title} for rule in failed]
    return {"may": may, "missing": lacking}


def _has_role(view: DeskView, act: EvaluationAct) -> bool:
    role = ACTS[act].role
    if role == CENTRE:
        return view.role == CENTRE
    if role == LEADER:
        return view.seat is not None and view.seat.is_leader
    return view.role == MEMBER or (act is EvaluationAct.READ_BODIES and view.role in WORK)


def _is_done(view: DeskView, act: EvaluationAct) -> bool:
    """What the member has done already, or cannot do before another act of its own."""
    if view.seat is None:
        return False
    own, sheet = view.seat.member_id, _own_sheet(view)
    match act:
        case EvaluationAct.SAVE_REVIEW | EvaluationAct.SUBMIT_REVIEW:
            return own in view.reviewed
        case EvaluationAct.VOTE_COMPETITION:
            return str(own) in view.competition
        case EvaluationAct.COMMIT_SCORES:
            return sheet is not None
        case EvaluationAct.REVEAL_SCORES:
            return sheet is None or sheet.text is not None
        case EvaluationAct.EXPLAIN_ALERT:
            return not any(view.seat.alias in {each["alias"], each["with"]} and each["id"] not in view.reasons
                           for each in view.evaluation.alerts)
    return False


def _own_sheet(view: DeskView) -> Any:
    return next((each for each in view.sheets if view.seat and each.member_id == view.seat.member_id), None)


def _work(view: DeskView) -> Answer:
    held, seat, aliases = view.evaluation, view.seat, {str(each.member_id): each.alias for each in view.seats}
    own = [vote for vote in view.votes if seat is not None and vote.member == str(seat.member_id)]
    sheet, is_open = _own_sheet(view), view.all_revealed
    return {
        "me": {"member": str(seat.member_id), "alias": seat.alias, "is_leader": seat.is_leader} if seat else None,
        "members": [_member(view, each.member_id, each.alias, each.is_leader) for each in view.seats],
        "document": _document(view), "method": method_answer(held.method), "bids": _bids(view),
        "own_review": {"submitted": bool(seat and seat.member_id in view.reviewed),
                       "votes": [_vote(each) for each in own]},
        "own_sheet": {"round": sheet.round, "commitment": sheet.commitment, "box": sheet.box,
                      "revealed": sheet.text is not None} if sheet else None,
        "reviews": [{"alias": aliases[each.member], **_vote(each)} for each in view.votes
                    if each.member in aliases] if view.all_reviewed else [],
        "sheets": [{"alias": aliases[str(each.member_id)], "round": each.round, "commitment": each.commitment,
                    "sheet": json.loads(each.text) if is_open and each.text else None} for each in view.sheets],
        "restarts": held.restarts, "disputes": held.restarts[-1]["disputes"] if held.restarts else [],
        "alerts": [{**each, "reason": view.reasons.get(each["id"])} for each in held.alerts],
        "technical": held.technical, "technical_sha256": held.technical_sha256,
        "technical_paper": str(held.technical_paper_id) if held.technical_paper_id else None,
        "outcome": held.outcome, "outcome_sha256": held.outcome_sha256,
        "report_paper": str(held.paper_id) if held.paper_id else None}


def _member(view: DeskView, member_id: Any, alias: str, is_leader: bool) -> Answer:
    sheets = {each.member_id: each for each in view.sheets}
    return {"member": str(member_id), "alias": alias, "is_leader": is_leader, "reviewed": member_id in view.reviewed,
            "committed": member_id in sheets, "voted": str(member_id) in view.competition,
            "revealed": member_id in sheets and sheets[member_id].text is not None}


def _vote(vote: Vote) -> Answer:
    return {"bid": vote.bid, "item": vote.item, "passes": vote.passes, "reason": vote.reason, "page": vote.page}


def _document(view: DeskView) -> Answer | None:
    """The document in force with its clarifications (A-136)."""
    if view.document is None:
        return None
    return {"number": view.document.number, "sha256": view.document.sha256,
            "clarifications": view.document.clarifications, "pdf": f"/api/lots/{view.lot.id}/evaluation/document"}


def method_answer(kept: dict[str, Any]) -> Answer:
    """The method with its title, clauses and items, as the desk shows them (A-137)."""
    method = read_method(kept)
    told: Answer = msgspec.to_builtins(method)
    names = {"kind", "price_weight", "share", "coefficients", "limit", "candidates", "review_items"}
    return {**{name: told[name] for name in names}, "title": KINDS[method.kind].title, "rule": KINDS[method.kind].rule,
            "price_formula": told["formula"], "scoring_items": told["sheet_items"],
            "legal_grounds": [asdict(each) for each in LEGAL_GROUNDS]}


def _body(view: DeskView, opened: str, size: int, digest: str) -> Answer:
    """Where a body is read; of two envelopes each opening has one."""
    return {"url": f"/api/lots/{view.lot.id}/evaluation/bids/{opened}/body", "size": size, "sha256": digest,
            "check": view.checks.get(opened, "none")}


def _bids(view: DeskView) -> list[Answer]:
    held = view.evaluation
    valid = valid_bids(held)
    return [{
        "bid": each["bid"], "place": each["place"], "name": each["name"], "uscc": each["uscc"],
        "price": each["price"], "sealed": each.get("sealed", False), "values": each["values"],
        "body": _body(view, each["bid"], each["body_size"], each["body_sha256"]),
        "price_body": _body(view, second["opened"], second["size"], second["sha256"])
        if (second := each.get("price_body")) else None,
        "valid": None if held.rejections is None else each["bid"] in valid,
        "rejected": held.rejections[each["bid"]][0] if held.rejections and held.rejections[each["bid"]] else None,
        "grounds": held.rejections[each["bid"]] if held.rejections else []} for each in held.bids]
