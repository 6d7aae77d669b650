"""Who is who before a committee; what is not granted here is denied, and mostly unseen (A-134)."""

from datetime import datetime
from uuid import UUID

from evaluation.committees.steps import CENTRE, MEMBER, OWNER
from evaluation.committees.tables import CommitteeMember
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from storage.kernel.permission import rows
from trading.tenders.disclosure import Subject, Viewer, shows
from trading.tenders.model import RESULT_IS_KNOWN, Stage
from trading.tenders.permissions import manages
from trading.tenders.tables import Lot

SUPERVISOR = "supervisor"
AUDIENCE = ("evaluation", "supervisor")


def standing(actor: Actor, lot: Lot, own: CommitteeMember | None) -> frozenset[str]:
    """owner, centre, supervisor, member as far as the actor is one for this lot."""
    found = {role for role in (CENTRE, SUPERVISOR) if actor.has(role)}
    found |= {OWNER} if manages(actor, lot) else set()
    return frozenset(found | ({MEMBER} if own is not None else set()))


def _viewers(roles: frozenset[str]) -> frozenset[Viewer]:
    return frozenset(Viewer(role) for role in roles)


def names_are_shown(lot: Lot, now: datetime, roles: frozenset[str]) -> bool:
    """Names are the supervisor's until the result, then everyone's (R-124)."""
    return shows(Subject.EXPERTS, lot, now, _viewers(roles))


def permit_reading(lot: Lot, now: datetime, roles: frozenset[str]) -> None:
    """Raises ``NotFound`` for whoever may not even know that a committee is being formed."""
    if not shows(Subject.COMMITTEE, lot, now, _viewers(roles)):
        raise NotFound("没有可以查看的评标委员会")


def require(actor: Actor, roles: frozenset[str], role: str) -> UUID:
    """The acting party; raises ``NotSignedIn``, ``NotFound`` for an outsider, ``NotAllowed`` for the wrong role."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not roles:
        raise NotFound("没有可以查看的评标委员会")
    if role not in roles:
        raise NotAllowed("您没有权限进行此操作", act=role)
    return actor.party_id

_OWNERS, _MEMBER = "tenderee:own agency:own", "expert:member representative:member"
_SITTING = frozenset({Stage.SELLING, Stage.PREPARING, Stage.OPENING, Stage.OPENED, Stage.EVALUATING})

# Who may do what with a committee, and at which stages (fault 33).
PERMISSIONS = (
    *rows(f"{_OWNERS} centre supervisor {_MEMBER}", "readCommittee readDraw"),
    *rows("public", "readCommittee readDraw", RESULT_IS_KNOWN),
    *rows("tenderee", "listRepresentatives"),
    *rows(_OWNERS, "requestCommittee drawCommittee nameRepresentative", _SITTING),
    *rows(_MEMBER, "answerInvitation signInToCommittee voteLeader askMoreTime", _SITTING),
    *rows("expert:leader", "setDuties", _SITTING),
    *rows("centre", "replaceMember extendHours", _SITTING),
    *rows("centre", "beginEvaluation", {Stage.OPENED}),
)
