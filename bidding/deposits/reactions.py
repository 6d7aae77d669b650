"""Deposits hear of what happens to a lot, and go back when the law says so (R-129, R-161, R-402)."""

from uuid import UUID

from sqlalchemy import select

from bidding.deposits.commands.refunding import release_lot
from bidding.deposits.model import Reason
from storage.database.work import Work
from storage.kernel.clock import from_wire
from storage.reactions.model import Heard, Reaction
from trading.awards.tables import Award, AwardBidder

REASONS = {
    "lot.bids_frozen": Reason.NO_BID, "lot.failed": Reason.FAILED, "evaluation.failed": Reason.FAILED,
    "lot.terminated": Reason.TERMINATED, "letters.sent": Reason.AWARD, "contract.signed": Reason.CONTRACT,
}


async def _release(work: Work, heard: Heard) -> None:
    lot_id, reason = UUID(heard.stream.removeprefix("lot:")), REASONS[heard.action]
    winner = await _winner(work, lot_id) if reason is Reason.AWARD else None
    await release_lot(lot_id, reason, from_wire(heard.at), work, winner=winner)


async def _winner(work: Work, lot_id: UUID) -> UUID | None:
    query = (select(AwardBidder.party_id).join(Award, Award.winner_id == AwardBidder.id)
             .where(Award.lot_id == lot_id))
    async with work as uow:
        return (await uow.session.scalars(query)).one_or_none()


REACTIONS: list[Reaction] = [Reaction("deposits.release", frozenset(REASONS), _release)]
