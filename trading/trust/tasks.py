"""What waits for the second person: changes of the trust list that another proposed (R-700)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.trust.model import Act, ProposalStatus
from trading.trust.permissions import may
from trading.trust.reading import restored
from trading.trust.tables import TrustProposal

_MOST = 50


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Proposals by others, for who may approve; titled by the CAs they change."""
    if not may(actor, Act.APPROVE):
        return []
    query = (select(TrustProposal).where(TrustProposal.status == ProposalStatus.WAITING,
                                         TrustProposal.proposed_by != actor.id)
             .order_by(TrustProposal.proposed_at).limit(_MOST))
    return [Task("decide_trust", "、".join(each.name for each in restored(row.changes)), f"/trust?proposal={row.id}")
            for row in await session.scalars(query)]
