"""What ties a party to lots under way, room by room: whoever is tied is appointed to nothing (R-200)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.queries import ties as bids
from trading.tenders.queries import ties as papers

_ROOMS = (papers, bids)


async def ties_of(session: AsyncSession, party_id: UUID) -> list[str]:
    """All that the rooms say: owner, custodian, bidder."""
    return [each for room in _ROOMS for each in await room(session, party_id)]
