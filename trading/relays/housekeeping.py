"""Relays that have ended: what they held is sealed, and still nobody needs it any longer."""

from sqlalchemy import delete, func

from storage.database.engine import Sessions
from trading.relays.tables import KeyRelay


async def forget_ended(sessions: Sessions) -> int:
    """Deletes relays whose time is over; answers how many."""
    async with sessions() as session:
        gone = await session.execute(delete(KeyRelay).where(KeyRelay.expires_at < func.clock_timestamp())
                                     .returning(KeyRelay.id))
        found = len(gone.all())
        await session.commit()
        return found
