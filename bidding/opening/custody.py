"""What custodians gave and said of frozen bids, counted for whoever judges or looks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import kinds_in
from bidding.opening.attribution import Tally
from bidding.opening.tables import CustodianComplaint, Opening, ShareReleased
from trading.tenders.tables import Lot


async def tallies(session: AsyncSession, lot: Lot, opening: Opening, bids: Sequence[UUID]) -> dict[UUID, Tally]:
    """One tally for each of the bids; a share counts once it is sound for body and statement of what is opened."""
    kinds = kinds_in(opening.envelope)
    shares = (select(ShareReleased.bid_id, ShareReleased.index,
                     func.count().filter(ShareReleased.is_sound).label("sound"),
                     func.count().filter(ShareReleased.is_sound.is_(False)).label("unsound"))
              .where(ShareReleased.bid_id.in_(bids), ShareReleased.kind.in_(kinds))
              .group_by(ShareReleased.bid_id, ShareReleased.index))
    sound: dict[UUID, set[int]] = {bid: set() for bid in bids}
    unsound: dict[UUID, set[int]] = {bid: set() for bid in bids}
    for bid, index, right, wrong in await session.execute(shares):
        if right == len(kinds):
            sound[bid].add(index)
        elif wrong:
            unsound[bid].add(index)
    complained: dict[UUID, set[int]] = {bid: set() for bid in bids}
    for row in await complaints_of(session, opening, bids):
        complained[row.bid_id].add(row.index)
    return {bid: Tally(lot.k, len(lot.custodians), frozenset(sound[bid]), frozenset(complained[bid] - sound[bid]),
                       frozenset(unsound[bid] - complained[bid])) for bid in bids}


async def complaints_of(session: AsyncSession, opening: Opening,
                        bids: Sequence[UUID]) -> Sequence[CustodianComplaint]:
    """The complaints that stand about what is opened, in one order."""
    query = select(CustodianComplaint).where(
        CustodianComplaint.bid_id.in_(bids), CustodianComplaint.kind.in_(kinds_in(opening.envelope))).order_by(
            CustodianComplaint.bid_id, CustodianComplaint.index, CustodianComplaint.kind)
    return (await session.scalars(query)).all()
