"""Stored objects of frozen bids that the platform found altered or gone (fault 11)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import kinds_in
from bidding.bids.tables import ObjectDamage
from bidding.opening.tables import Opening


async def damages_of(session: AsyncSession, opening: Opening, bids: Collection[UUID]) -> Sequence[ObjectDamage]:
    """What was found damaged of these bids in what is opened, in order."""
    query = select(ObjectDamage).where(
        ObjectDamage.bid_id.in_(bids), ObjectDamage.kind.in_(kinds_in(opening.envelope))).order_by(
            ObjectDamage.found_at, ObjectDamage.kind)
    return (await session.scalars(query)).all()
