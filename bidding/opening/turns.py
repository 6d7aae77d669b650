"""Whose turn it is: what somebody owes a hall now, and the move that its host or the tenderee may make. Pure."""

from dataclasses import dataclass

from bidding.opening.model import PRICES_ARE_KNOWN, BidState, HallAct, HallFacts, HallStep
from bidding.opening.steps import missing

_MOVES = (HallAct.BEGIN_DECRYPTION, HallAct.ANNOUNCE, HallAct.OPEN_OBJECTIONS, HallAct.CLOSE_OBJECTIONS,
          HallAct.CONCLUDE)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is in a hall. ``own``: the state of its bid in the set that is shown, None without one;
    ``owes_shares``: undecided bids lack its share as custodian, and it has not complained of them; ``has_prices``: of
    two envelopes it is fixed who passed."""

    roles: frozenset[str]
    own: str | None = None
    has_confirmed: bool = False
    owes_shares: bool = False
    has_prices: bool = False


def owed(facts: HallFacts, who: Standing) -> HallAct | None:
    """The one thing this person owes now, if any."""
    if facts.step == HallStep.DECRYPTING and who.own == BidState.SEALED:
        return HallAct.RELEASE_BID
    if facts.step == HallStep.DECRYPTING and who.owes_shares:
        return HallAct.RELEASE_SHARES
    if facts.step in PRICES_ARE_KNOWN and who.own == BidState.DECRYPTED:
        return HallAct.CONFIRM if missing(HallAct.CONFIRM, facts) == () and not who.has_confirmed else None
    if facts.step == HallStep.SIGNING and who.roles & {"host", "recorder"} - facts.signatures:
        return HallAct.SIGN_RECORD
    return None


def turn(facts: HallFacts, who: Standing) -> HallAct | None:
    """What it owes, or else the move that waits for it."""
    moves = [*(_MOVES if "host" in who.roles else ()),
             *((HallAct.SCHEDULE_PRICES,) if who.has_prices and who.roles & {"tenderee", "agency"} else ())]
    return owed(facts, who) or next((move for move in moves if missing(move, facts) == ()), None)
