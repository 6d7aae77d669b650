"""What a person owes guarantee letters. A bidder's line stands in its own list alone (R-122)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.guarantees.model import ClaimStatus, IssuerStatus
from bidding.guarantees.tables import GuaranteeClaim, GuaranteeIssuer
from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.tenders.tables import Lot

_WAITING = (IssuerStatus.PROPOSED, IssuerStatus.RETIRING)
_PAGE = "/guarantee-issuers"


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """For the centre: entries of the list and claims that another person asked for and that wait for a decision."""
    if not actor.has("centre"):
        return []
    entries = await session.scalars(select(GuaranteeIssuer).where(
        GuaranteeIssuer.status.in_(_WAITING), GuaranteeIssuer.asked_by != actor.id))
    claims = await session.execute(select(Lot).join(GuaranteeClaim, GuaranteeClaim.lot_id == Lot.id).where(
        GuaranteeClaim.status == ClaimStatus.PROPOSED, GuaranteeClaim.proposed_by != actor.party_id))
    return [*(Task("decide_issuer", each.name, _PAGE) for each in entries),
            *(Task("decide_claim", lot.title, f"/lots/{lot.id}/guarantees") for lot in claims.scalars())]
