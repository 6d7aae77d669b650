"""Who may do what with guarantee letters; what is not granted here is denied."""

from bidding.guarantees.tables import GuaranteeLetter
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from storage.kernel.permission import FRESH, rows
from trading.tenders.model import AFTER_OPENING, BEFORE_DEADLINE, BEFORE_PUBLICATION, RESULT_IS_KNOWN, Stage
from trading.tenders.permissions import is_tenderee, manages
from trading.tenders.tables import Lot

STAFF = frozenset({"centre", "supervisor"})


def require_centre(actor: Actor) -> None:
    """Raises unless the actor is of the centre, which keeps the list and approves claims."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.has("centre"):
        raise NotAllowed("只有交易中心可以进行此操作")


def require_tenderee(actor: Actor, lot: Lot) -> None:
    """Raises unless the actor is the tenderee, who alone decides to claim (R-403)."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not is_tenderee(actor, lot):
        raise NotAllowed("只有招标人可以提出索赔")


def sees_claims(actor: Actor, lot: Lot, letter: GuaranteeLetter) -> bool:
    """The tenderee's side, the staff, and the bidder whose letter it is."""
    return manages(actor, lot) or bool(actor.roles & STAFF) or actor.is_party(letter.party_id)


def require_reader(actor: Actor, lot: Lot, letter: GuaranteeLetter) -> None:
    """Who may read the letter itself: as ``sees_claims``; to others it is as if it were not there."""
    if not sees_claims(actor, lot, letter):
        raise NotFound("没有这份保函")

_INSIDE = "tenderee:own agency:own centre supervisor"
_AFTER_THE_HOUR = frozenset({Stage.OPENING, *AFTER_OPENING, *RESULT_IS_KNOWN})

# Who may do what with guarantee letters, and at which stages (fault 33).
PERMISSIONS = (
    *rows("public", "hearIssuer listGuaranteeIssuers"),
    *rows("public", "readGuarantees", frozenset(Stage) - BEFORE_PUBLICATION),
    *rows("centre", "proposeGuaranteeIssuer decideGuaranteeIssuer retireGuaranteeIssuer", proof=FRESH),
    *rows("bidder", "readOwnGuarantee", frozenset(Stage) - BEFORE_PUBLICATION),
    *rows("bidder", "applyForGuarantee", BEFORE_DEADLINE),
    *rows(f"{_INSIDE} bidder:own", "readGuaranteePdf readGuaranteeData readGuaranteeClaimEvidence", _AFTER_THE_HOUR),
    *rows("tenderee:own", "proposeGuaranteeClaim", _AFTER_THE_HOUR, FRESH),
    *rows("centre", "decideGuaranteeClaim", _AFTER_THE_HOUR, FRESH),
)
