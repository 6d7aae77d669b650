"""Reads of what members voted; who may see them is decided by the caller."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.scoring.model import Vote
from evaluation.scoring.tables import CompetitionVote, ReviewVote


async def votes_of(session: AsyncSession, lot_id: UUID) -> list[Vote]:
    """Every verdict so far, in a fixed order."""
    rows = await session.scalars(select(ReviewVote).where(ReviewVote.lot_id == lot_id).order_by(
        ReviewVote.bid_id, ReviewVote.item, ReviewVote.member_id))
    return [Vote(str(row.member_id), str(row.bid_id), row.item, row.passes, row.reason, row.page) for row in rows]


async def competition_votes(session: AsyncSession, lot_id: UUID) -> dict[str, bool]:
    """Who found competition lacking, by member."""
    rows = await session.scalars(select(CompetitionVote).where(CompetitionVote.lot_id == lot_id))
    return {str(row.member_id): row.lacks for row in rows}
