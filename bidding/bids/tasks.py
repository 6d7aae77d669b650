"""What a bidder owes its own bids before the deadline. Nobody else's list ever holds a line of these (R-122)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import AT_WORK, VersionStatus
from bidding.bids.tables import Bid, BidVersion
from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.tenders.model import BEFORE_DEADLINE, bidding_is_open
from trading.tenders.tables import Lot

_KINDS = {VersionStatus.UPLOADED: "submit_bid", VersionStatus.DRAFT: "finish_bid"}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Own versions that are uploaded but not submitted, or still drafts, while they can still be submitted."""
    query = (select(Lot, BidVersion.status).join(Bid, Bid.lot_id == Lot.id)
             .join(BidVersion, BidVersion.bid_id == Bid.id)
             .where(Bid.party_id == actor.party_id, BidVersion.status.in_(sorted(AT_WORK)),
                    Lot.stage.in_(sorted(BEFORE_DEADLINE))))
    return [Task(_KINDS[VersionStatus(status)], lot.title, f"/lots/{lot.id}/bid", lot.deadline_at)
            for lot, status in await session.execute(query) if bidding_is_open(lot, now)]
