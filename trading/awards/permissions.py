"""What somebody is to one lot's award: the roles that the table of acts asks for."""

from collections.abc import Collection
from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.permission import FRESH, rows
from trading.tenders.model import RESULT_IS_KNOWN, Stage
from trading.tenders.permissions import is_tenderee
from trading.tenders.tables import Lot

INSIDE = frozenset({"tenderee", "agency", "centre", "supervisor"})


def roles_of(actor: Actor, lot: Lot, bidders: Collection[UUID] = (), winner: UUID | None = None) -> frozenset[str]:
    """``interested`` is every enrolled bidder: whoever has an interest may object (IR 54). Empty for the public."""
    roles = set(actor.roles & {"centre", "supervisor"})
    if is_tenderee(actor, lot):
        roles.add("tenderee")
    if actor.has("agency") and actor.is_party(lot.agency_id):
        roles.add("agency")
    if actor.has("bidder"):
        roles.add("interested")
    if actor.party_id is not None and actor.party_id in bidders:
        roles.add("bidder")
    if actor.is_party(winner):
        roles.add("winner")
    if actor.party_id is not None:
        roles.add("party")
    return frozenset(roles)


def is_inside(roles: frozenset[str]) -> bool:
    """True for those who read drafts, rankings and letters."""
    return bool(roles & INSIDE)

_OWNERS, _INSIDE = "tenderee:own agency:own", "tenderee:own agency:own centre supervisor"
_AFTER_EVALUATION = frozenset({Stage.EVALUATED, Stage.PUBLICISED, *RESULT_IS_KNOWN})
_AWARDED = frozenset({Stage.AWARDED})
_OPEN = _AFTER_EVALUATION - {Stage.ARCHIVED}

# Who may do what between the ranking and the contract, and at which stages (fault 33).
PERMISSIONS = (
    *rows("public", "courierReports"),
    *rows("public", "readAward readCandidates readResult listAwardNotices", _AFTER_EVALUATION),
    *rows(_OWNERS, "writeAwardText submitAwardText publishAwardText", _OPEN),
    *rows("tenderee:own", "reviewAwardText fileAwardReport", _OPEN),
    *rows("tenderee:own", "confirmWinner", _OPEN, FRESH),
    *rows("bidder", "objectToResult", _OPEN),
    *rows(_OWNERS, "answerResultObjection", _OPEN),
    *rows("supervisor", "holdForComplaint", _OPEN),
    *rows("party", "listOwnLetters"),
    *rows(_OWNERS, "writeLetters submitLetters sendLetters writeLetterReason", _AWARDED),
    *rows("centre", "verifyLetters", _AWARDED),
    *rows(f"{_INSIDE} bidder:addressee", "readLetter readLetterPdf readServiceRecord", _AFTER_EVALUATION),
    *rows("bidder:addressee", "confirmLetterRead giveAddress", RESULT_IS_KNOWN),
    *rows(_OWNERS, "orderCourier", RESULT_IS_KNOWN),
    *rows(f"{_INSIDE} bidder:winner", "readContract", RESULT_IS_KNOWN),
    *rows("public", "readContract", {Stage.CONTRACTED, Stage.ARCHIVED}),
    *rows(_OWNERS, "writeContract submitContract", _AWARDED),
    *rows("centre", "verifyContract", _AWARDED),
)
