"""Who may do what to projects, lots, notices and documents; what is not granted here is denied."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn


class Right(StrEnum):
    """A right over a project, lot, notice or document."""

    PLAN = "plan"
    MANAGE = "manage"
    REVIEW = "review"
    VERIFY = "verify"
    SIGN = "sign"
    READ_DRAFT = "read_draft"
    DOWNLOAD = "download"
    EDIT_CALENDAR = "edit_calendar"


class Owned(Protocol):
    """What belongs to a tenderee, perhaps with an agency."""

    @property
    def tenderee_id(self) -> UUID: ...
    @property
    def agency_id(self) -> UUID | None: ...


_STAFF = frozenset({"centre", "supervisor"})


def is_tenderee(actor: Actor, owned: Owned) -> bool:
    """True for the tenderee itself."""
    return actor.has("tenderee") and actor.is_party(owned.tenderee_id)


def manages(actor: Actor, owned: Owned) -> bool:
    """True for the tenderee and its agency."""
    return is_tenderee(actor, owned) or (actor.has("agency") and actor.is_party(owned.agency_id))


def may(actor: Actor, right: Right, owned: Owned | None = None) -> bool:
    """True when the actor has the right. Reviewing and signing are the tenderee's own (R-147, A-52)."""
    if right is Right.PLAN:
        return bool(actor.roles & {"tenderee", "agency"})
    if right in {Right.VERIFY, Right.EDIT_CALENDAR}:
        return actor.has("centre")
    if right is Right.DOWNLOAD:
        return actor.party_id is not None
    if owned is None:
        return False
    if right is Right.MANAGE:
        return manages(actor, owned)
    if right is Right.READ_DRAFT:
        return manages(actor, owned) or bool(actor.roles & _STAFF)
    return is_tenderee(actor, owned)


def permit(actor: Actor, right: Right, owned: Owned | None = None) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed``; ``NotFound`` where even the draft's existence is private."""
    if may(actor, right, owned):
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if owned is not None and not may(actor, Right.READ_DRAFT, owned):
        raise NotFound("没有这一项")
    raise NotAllowed("您没有权限进行此操作", act=right.value)


def insiders(owned: Owned) -> tuple[str, ...]:
    """The audience of what is not public yet: its owners, the centre, the supervisors."""
    agency = (f"party:{owned.agency_id}",) if owned.agency_id else ()
    return ("centre", "supervisor", f"party:{owned.tenderee_id}", *agency)
