"""What a committee's routes answer. Names leave here under one condition only (R-124, A-134)."""

from datetime import datetime
from typing import Any

from evaluation.committees.holding import seated
from evaluation.committees.model import (
    DISCIPLINE,
    SEATED,
    CommitteeAct,
    CommitteeStep,
    MemberStatus,
    time_must_be_extended,
)
from evaluation.committees.permissions import SUPERVISOR, names_are_shown
from evaluation.committees.queries import CommitteeView
from evaluation.committees.steps import ACTS, CENTRE, MEMBER, missing
from evaluation.committees.tables import Committee, CommitteeMember
from storage.kernel.clock import to_wire

Json = dict[str, Any]
_LEADERS_OWN = CommitteeAct.SET_DUTIES


def committee_answer(view: CommitteeView) -> Json:
    """The snapshot for the asker."""
    committee = view.committee
    may, unmet = _acts(view)
    return {
        "lot": {"id": str(view.lot.id), "code": view.lot.code, "title": view.lot.title, "stage": view.lot.stage},
        "now": to_wire(view.now), "step": _step(view), "round": committee.round if committee else 0,
        "request": _request(committee) if committee else None,
        "begun_at": _at(committee.begun_at) if committee else None,
        "begun_by": committee.begun_by if committee else None,
        "figures": _figures(view), "leader": _leader(view), "must_extend": _must_extend(view),
        "members": [_member(view, each) for each in view.members], "me": _me(view), "voting": _voting(view),
        "discipline": DISCIPLINE, "may": may, "missing": unmet,
    }


def _step(view: CommitteeView) -> str:
    return view.committee.step if view.committee else CommitteeStep.NONE.value


def _at(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment else None


def _request(committee: Committee) -> Json:
    return {"size": committee.size, "representatives": len(committee.representatives),
            "specialty": committee.specialty, "strata": committee.strata, "starts_at": to_wire(committee.starts_at),
            "ends_at": to_wire(committee.ends_at), "requested_at": to_wire(committee.requested_at),
            "requested_by": committee.requested_by, "commitment": committee.commitment}


def _figures(view: CommitteeView) -> Json:
    sitting = seated(view.members)
    wanted = view.facts.size if view.members else 0
    return {"invited": len(sitting), "accepted": sum(each.status != MemberStatus.INVITED for each in sitting),
            "signed_in": view.facts.signed_in, "vacant": max(0, wanted - len(sitting))}


def _leader(view: CommitteeView) -> str | None:
    leader = view.committee.leader_id if view.committee else None
    return next((each.alias for each in view.members if each.id == leader), None)


def _must_extend(view: CommitteeView) -> bool:
    sitting = seated(view.members)
    return time_must_be_extended(sum(each.asked_time_at is not None for each in sitting), len(sitting))


def _member(view: CommitteeView, member: CommitteeMember) -> Json:
    """One line. Whether a seat is an expert's or a representative's is as secret as the name."""
    shows_names = names_are_shown(view.lot, view.now, view.roles)
    has_id = bool(view.roles & {CENTRE, SUPERVISOR, MEMBER})
    return {
        "id": str(member.id) if has_id else None, "alias": member.alias, "status": member.status,
        "signed_in_at": _at(member.signed_in_at), "duties": member.duties,
        "is_leader": view.committee is not None and view.committee.leader_id == member.id,
        **{name: getattr(member, name) if shows_names else None
           for name in ("name", "capacity", "unit", "number", "salt")}}


def _me(view: CommitteeView) -> Json | None:
    own = view.own
    if own is None:
        return None
    return {"member_id": str(own.id), "alias": own.alias, "status": own.status, "capacity": own.capacity,
            "is_leader": view.committee is not None and view.committee.leader_id == own.id, "duties": own.duties,
            "vote": str(view.own_vote) if view.own_vote else None}


def _voting(view: CommitteeView) -> Json | None:
    if view.committee is None or not view.members:
        return None
    return {"round": view.committee.voting_round, "votes": view.votes, "needed": len(seated(view.members)) // 2 + 1}


def _acts(view: CommitteeView) -> tuple[list[str], dict[str, list[dict[str, str]]]]:
    """The acts open to the asker now, and what is missing for the others of its role."""
    may, unmet = [], {}
    for act, row in ACTS.items():
        failed = missing(act, _step(view), view.facts) if row.role in view.roles and _is_turn(view, act) else None
        if failed:
            unmet[act.value] = [{"number": each.number, "title": each.title} for each in failed]
        elif failed is not None:
            may.append(act.value)
    return may, unmet


def _is_turn(view: CommitteeView, act: CommitteeAct) -> bool:
    """Whether the act still has something to do for this asker."""
    own, committee = view.own, view.committee
    if act is CommitteeAct.NAME_REPRESENTATIVE:
        return view.facts.lacks_representative
    if ACTS[act].role != MEMBER:
        return True
    if own is None or committee is None or own.status not in SEATED:
        return False
    if act is CommitteeAct.ANSWER:
        return own.status == MemberStatus.INVITED
    if act is CommitteeAct.SIGN_IN:
        return own.status != MemberStatus.SIGNED_IN
    if act is _LEADERS_OWN:
        return committee.leader_id == own.id
    if act is CommitteeAct.VOTE:
        return committee.leader_id is None and view.own_vote is None
    return own.status == MemberStatus.SIGNED_IN and own.asked_time_at is None


def draw_evidence(view: CommitteeView, request: Json) -> Json:
    """The inputs of the draw, ready for a replay."""
    committee = view.committee
    return {"request": request, "drawn": committee.drawn if committee else None,
            "replaced": committee.replaced if committee else []}
