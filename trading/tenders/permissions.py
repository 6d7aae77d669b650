"""Who may do what to projects, lots, notices and documents; what is not granted here is denied."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from storage.kernel.permission import SIGNED, rows
from trading.tenders.disclosure import Viewer
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION, LIVE, Stage


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


def viewers(actor: Actor, owned: Owned) -> frozenset[Viewer]:
    """What the actor is to a lot, as the table of disclosure asks it; whose own thing it is, its room adds."""
    found = {Viewer.CENTRE} if actor.has("centre") else set()
    found |= {Viewer.SUPERVISOR} if actor.has("supervisor") else set()
    return frozenset(found | ({Viewer.OWNER} if manages(actor, owned) else set()))


def insiders(owned: Owned) -> tuple[str, ...]:
    """The audience of what is not public yet: its owners, the centre, the supervisors."""
    agency = (f"party:{owned.agency_id}",) if owned.agency_id else ()
    return ("centre", "supervisor", f"party:{owned.tenderee_id}", *agency)

_OWNERS = "tenderee:own agency:own"
_INSIDERS = f"{_OWNERS} centre supervisor"
_PUBLIC_STAGES = frozenset(Stage) - BEFORE_PUBLICATION

# Who may do what with projects, lots, notices and documents, and at which stages (fault 33).
PERMISSIONS = (
    *rows("public", "listTradeKinds listNoticeFields listDocumentFields readCalendar proposeClocks findNotices "
                    "noticesFeed openingsCalendar listOpenings listLotNotices"),
    *rows("centre", "markDay"),
    *rows("party", "listProjects listLots listWaitingNotices listOwnDownloads"),
    *rows("tenderee agency", "createProject"),
    *rows(_INSIDERS, "readProject readTenderProject readLot readDocument previewDocument readNotice "
                     "readNoticeDelivery"),
    *rows(f"{_OWNERS} supervisor", "listDownloads", _PUBLIC_STAGES),
    *rows("public", "readLot readNotice", _PUBLIC_STAGES),
    *rows(_OWNERS, "changeProject deleteProject submitProject createTenderProject changeTenderProject "
                   "deleteTenderProject submitTenderProject createLot"),
    *rows(_OWNERS, "changeLot deleteLot submitLot", {Stage.DRAFT}),
    *rows(_OWNERS, "reviseLot", {Stage.PLANNED}),
    *rows(_OWNERS, "extendDeadline", BEFORE_DEADLINE),
    *rows(_OWNERS, "createNotice changeNotice deleteNotice declareNotice", LIVE | BEFORE_PUBLICATION),
    *rows("tenderee:own", "reviewNotice", LIVE | BEFORE_PUBLICATION),
    *rows("centre", "verifyNotice", LIVE | BEFORE_PUBLICATION),
    *rows(f"{_OWNERS} centre", "publishNotice", {Stage.PLANNED}),
    *rows(_OWNERS, "writeDocument renderDocument attachFile removeFile", LIVE | BEFORE_PUBLICATION),
    *rows("tenderee:own", "prepareDocumentSignature", LIVE | BEFORE_PUBLICATION),
    *rows("tenderee:own", "completeDocumentSignature", LIVE | BEFORE_PUBLICATION, SIGNED),
    *rows(_OWNERS, "draftClarification dropClarification issueClarification", LIVE),
    *rows("party:verified", "downloadDocument downloadPackage readStructuredPart listFiles downloadFile",
          _PUBLIC_STAGES),
)
