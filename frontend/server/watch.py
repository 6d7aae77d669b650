"""Who sits behind each open socket is asked again and again: a session that ended, or a right that was withdrawn,
closes it within seconds, on whichever node it hangs (fault 36).

A hall that is watched over its socket alone keeps its session awake while the opening runs (R-1013).
"""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from frontend.server.hub import Hub, Peer
from frontend.server.parts import Parts
from storage.kernel.actor import Actor
from trading.parties.living import holders, touch
from trading.parties.queries import database_now
from trading.tenders.queries import lots_in_opening

log = structlog.get_logger()
ENDED = 4401  # the close code of a session that ended or changed: come back as who you are now
_EVERY_SECONDS = 2.0


async def keep_watch(parts: Parts, stop: asyncio.Event) -> None:
    """Looks every two seconds until ``stop``; while the database is away nobody gets anything to read anyway."""
    while not stop.is_set():
        try:
            async with parts.sessions() as session:
                await look(parts.hub, session)
                await session.commit()
        except SQLAlchemyError:
            log.warning("sockets not looked at")
        try:
            await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)
        except TimeoutError:
            continue


async def look(hub: Hub, session: AsyncSession) -> None:
    """Closes every socket whose session is over or reads otherwise now; keeps awake who watches an opening."""
    watched: dict[UUID, list[Peer]] = {}
    for peer in hub.open:
        if peer.session_id is not None:
            watched.setdefault(peer.session_id, []).append(peer)
    if not watched:
        return
    await _keep_awake(hub, session, watched)
    found = await holders(session, watched)
    for session_id, peers in watched.items():
        for peer in peers:
            if not _still_holds(peer, found.get(session_id)):
                peer.close(ENDED, "session ended or rights changed")


def _still_holds(peer: Peer, actor: Actor | None) -> bool:
    return actor is not None and actor.audiences == peer.audiences


async def _keep_awake(hub: Hub, session: AsyncSession, watched: dict[UUID, list[Peer]]) -> None:
    lots = {peer: UUID(hub.open[peer].removeprefix("lot:")) for peers in watched.values() for peer in peers}
    opening = await lots_in_opening(session, set(lots.values()))
    awake = [session_id for session_id, peers in watched.items() if any(lots[peer] in opening for peer in peers)]
    living = await holders(session, awake)
    if living:
        await touch(session, list(living), await database_now(session))
