"""Who is who in a hall; what is not granted here is denied."""

from dataclasses import dataclass
from uuid import UUID

from bidding.opening.tables import Opening
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import FRESH, SIGNED, rows
from trading.parties.model import CUSTODIAN
from trading.tenders.model import AFTER_OPENING, BEFORE_DEADLINE, BEFORE_PUBLICATION, RESULT_IS_KNOWN, Stage
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Seat:
    """What an actor is in one hall. ``bid`` is set once bids are frozen, for whose bid stands in the set; ``opened``
    is the id under which it stands in this opening."""

    roles: frozenset[str] = frozenset()
    bid: UUID | None = None
    opened: UUID | None = None
    custodian_index: int | None = None

    def require(self, role: str, message: str) -> None:
        """Raises ``NotAllowed`` unless the seat has the role."""
        if role not in self.roles:
            raise NotAllowed(message)


def staff_roles(actor: Actor, lot: Lot, opening: Opening | None) -> frozenset[str]:
    """host, recorder, centre, tenderee, agency, supervisor as far as the actor is one for this lot."""
    if actor.party_id is None:
        return frozenset()
    host = opening.host_id if opening else lot.host_id
    recorder = opening.recorder_id if opening else lot.recorder_id
    found = {role for role in ("centre", "supervisor") if actor.has(role)}
    found |= {name for name, party in (("host", host), ("recorder", recorder), ("tenderee", lot.tenderee_id),
                                       ("agency", lot.agency_id)) if party and actor.is_party(party)}
    return frozenset(found)


def custodian_index(actor: Actor, lot: Lot) -> int | None:
    """The share index of a custodian named in the tender document, by party."""
    if actor.party_id is None:
        return None
    return next((int(item["index"]) for item in lot.custodians if str(item["party_id"]) == str(actor.party_id)), None)


def require_host(seat: Seat) -> None:
    """Only the host moves the hall."""
    seat.require("host", "只有本场主持人可以进行此操作")


def require_identity(actor: Actor) -> UUID:
    """The party behind the actor; raises ``NotSignedIn``."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    return actor.party_id

_AFTER_THE_HOUR = frozenset({Stage.OPENING, *AFTER_OPENING, *RESULT_IS_KNOWN})
_RECORDED = _AFTER_THE_HOUR - {Stage.OPENING}
_OPENED_ONCE = _AFTER_THE_HOUR | {Stage.FAILED, Stage.TERMINATED}  # what was opened before the end stays one's own
_HALL = frozenset({Stage.OPENING, Stage.PRICE_OPENING})

# Who may do what in an opening hall, and at which stages (fault 33).
PERMISSIONS = (
    *rows("public", "readHall", frozenset(Stage) - BEFORE_PUBLICATION),
    *rows("public", "listRecordTemplates"),
    *rows("public", "readOpeningNotice", _AFTER_THE_HOUR),
    *rows("public", "readOpeningRecord readOpeningRecordPdf readLotBundle", _RECORDED),
    *rows("centre", "addRecordTemplate changeRecordTemplate retireRecordTemplate"),
    *rows("centre", "setHallPlan", BEFORE_DEADLINE | BEFORE_PUBLICATION),
    *rows("centre:host", "beginDecryption announcePrices concludeOpening extendDecryption", _HALL, FRESH),
    *rows("centre:host", "openObjections closeObjections pauseHall resumeHall answerObjection", _HALL),
    *rows("centre:host centre:standing-in", "handHallOver", _HALL, FRESH),
    *rows("tenderee:own agency:own centre supervisor bidder:bid", "signInToHall", BEFORE_DEADLINE | _HALL),
    *rows("bidder:bid", "raiseObjection confirmAnnounced", _HALL),
    *rows("bidder:bid", "releaseBid restoreParts completeRestoration", _HALL, FRESH),
    *rows("party:custodian", "releaseShares", _HALL, FRESH, keyed=CUSTODIAN),
    *rows("party", "listOwnCustody"),
    *rows("party:custodian bidder:bid", "readReleaseWork", _AFTER_THE_HOUR),
    *rows("centre:host centre:recorder", "prepareRecordSignature", _HALL),
    *rows("centre:host centre:recorder", "signRecord", _HALL, SIGNED),
    *rows("tenderee:own agency:own", "schedulePriceOpening", {Stage.EVALUATING}),
    *rows("bidder:own supervisor", "readBidBody readBidFile", _OPENED_ONCE),
    *rows("bidder:bid", "readOwnOpenedBid", _OPENED_ONCE),
)
