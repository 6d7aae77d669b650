"""Whose fault it is that a bid was not opened when the window ends (R-144, R-506). Imports no database."""

from dataclasses import dataclass

from bidding.opening.model import CAUSES, BidState, Cause

# One voice alone never costs a bidder its bid, whatever the threshold.
LEAST_VOICES = 2


@dataclass(frozen=True, slots=True)
class Tally:
    """What custodians 1 … ``custodians`` did about one bid; ``needed`` is k. Whoever is in none of the sets was silent.

    ``sound``: shares of every envelope came and fit their commitments. ``complained``: a signed complaint about one
    envelope at least, and no sound share since. ``unsound``: a share that does not fit, and no signed complaint.
    """

    needed: int
    custodians: int
    sound: frozenset[int] = frozenset()
    complained: frozenset[int] = frozenset()
    unsound: frozenset[int] = frozenset()

    @property
    def absent(self) -> frozenset[int]:
        """Who gave neither a share of every envelope nor a complaint."""
        return frozenset(range(1, self.custodians + 1)) - self.sound - self.complained - self.unsound

    @property
    def is_enough(self) -> bool:
        """True when the bid can be opened, whoever complains."""
        return len(self.sound) >= self.needed

    @property
    def shows_bad_dealing(self) -> bool:
        """True when one honest custodian at least is among who complains.

        The seal holds only while fewer than k custodians are dishonest together; so k complaints cannot all be lies.
        """
        return len(self.complained) >= max(self.needed, LEAST_VOICES)

    @property
    def is_disputed(self) -> bool:
        """True when the complaints alone keep the bid shut, were all others sound, and yet may all be lies."""
        return not self.shows_bad_dealing and self.custodians - len(self.complained) < self.needed

    def evidence(self) -> dict[str, object]:
        """Who did what, by index, as the ledger keeps it."""
        return {"needed": self.needed, "sound": sorted(self.sound), "complained": sorted(self.complained),
                "unsound": sorted(self.unsound), "absent": sorted(self.absent)}


def cause_at_close(state: str, tally: Tally, found: str | None = None) -> Cause | None:
    """Why a bid that is not open when the window ends is not; None leaves it to the worker (R-506).

    ``found``: the cause that a damaged object was found under.
    """
    if state == BidState.SEALED:
        return CAUSES["not-released"]
    if state == BidState.DAMAGED:
        return CAUSES[found or "object-altered"]
    if state != BidState.WAITING:
        return None
    if tally.shows_bad_dealing:
        return CAUSES["badly-dealt"]
    if tally.is_disputed:
        return CAUSES["dealing-disputed"]
    return CAUSES["share-mismatch" if tally.unsound else "custodians-absent"]
