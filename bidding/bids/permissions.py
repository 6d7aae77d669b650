"""Who may touch a sealed bid: its bidder, nobody else; what is not granted here is denied (R-122, A-96)."""

from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from storage.kernel.permission import SIGNED, rows
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION, Stage
from trading.tenders.tables import Lot


def bidder_of(actor: Actor) -> UUID:
    """The party that may bid. The answer to others is one and the same whoever has bid (R-122, fault 34)."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.has("bidder"):
        raise NotAllowed("只有投标人可以进行投标操作")
    return actor.party_id


def permit_bidding(actor: Actor, lot: Lot) -> UUID:
    """As ``bidder_of``; who tenders a lot, or runs the tender, does not bid in it (IR 34)."""
    party_id = bidder_of(actor)
    if party_id in {lot.tenderee_id, lot.agency_id}:
        raise NotAllowed("招标人、招标代理不得在本标段投标")
    return party_id


def no_such_bid() -> NotFound:
    """The one answer for what does not exist and for what is somebody else's."""
    return NotFound("没有这份投标文件")

# Who may do what with a sealed bid (fault 33); reading one's own is for ever.
PERMISSIONS = (
    *rows("bidder", "readOwnBid", frozenset(Stage) - BEFORE_PUBLICATION),
    *rows("bidder", "listOwnBids"),
    *rows("bidder", "startVersion", BEFORE_DEADLINE),
    *rows("bidder:own", "readVersion readEnvelope readSealed readReceipt readReceiptPdf"),
    *rows("bidder:own", "discardVersion openEnvelope announceParts recordTrial submitBid", BEFORE_DEADLINE),
    *rows("bidder:own", "completeEnvelope withdrawBid", BEFORE_DEADLINE, SIGNED),
)
