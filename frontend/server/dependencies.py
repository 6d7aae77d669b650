"""What handlers may ask for by name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from litestar.datastructures import State
from litestar.di import Provide
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from frontend.server.parts import Parts
from frontend.server.reactions import completions_of
from frontend.server.ties import ties_of
from frontend.server.typing import AnyConnection
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import PUBLIC, Actor
from storage.objects.store import ObjectStore
from trading.papers.commands import Bureau
from trading.parties.appointing import Ties
from trading.parties.living import actor_of_token
from trading.parties.queries import database_now
from trading.parties.session_routes import caller_of
from trading.trust.queries import trust_at


def parts_of(state: State) -> Parts:
    """The node's parts, put into the application's state at start."""
    found: Parts = state.parts
    return found


async def actor_of(connection: AnyConnection) -> Actor:
    """Who is asking; ``PUBLIC`` without a living session. Raises ``TokenMisused``."""
    parts = parts_of(connection.app.state)
    caller = caller_of(connection, parts.settings)
    if not caller.token:
        return PUBLIC
    async with parts.sessions() as session:
        actor = await actor_of_token(session, caller)
        await session.commit()
    return actor or PUBLIC


async def known_actor(connection: AnyConnection) -> Actor:
    """Who is asking, found once a request; kept with it, so that refusals can be recorded under that name."""
    state = connection.scope["state"]
    if "actor" not in state:
        state["actor"] = await actor_of(connection)
    found: Actor = state["actor"]
    return found


async def provide_actor(request: AnyConnection) -> Actor:
    """Dependency ``actor``."""
    return await known_actor(request)


def provide_work(state: State) -> Works:
    """Dependency ``work``: call it for a fresh unit of work."""
    return parts_of(state).work


async def provide_reader(state: State) -> AsyncIterator[AsyncSession]:
    """Dependency ``reader``: a session for queries, never committed.

    When the database is gone, closing fails as well; the framework would answer that second failure with 500 and hide
    the first, which says 503 (fault 05).
    """
    session = parts_of(state).sessions()
    try:
        yield session
    finally:
        closing = asyncio.create_task(session.close())  # to its end, though the client hangs up
        with suppress(DBAPIError):
            await asyncio.shield(closing)


def provide_settings(state: State) -> Settings:
    """Dependency ``settings``."""
    return parts_of(state).settings


def provide_store(state: State) -> ObjectStore:
    """Dependency ``store``."""
    return parts_of(state).store


def provide_keys(state: State) -> PlatformKeys:
    """Dependency ``keys``."""
    return parts_of(state).keys


async def provide_trust(state: State) -> TrustList:
    """Dependency ``trust``: who is recognised now, by the newest that the operator's folder and the CAs say.

    Read over a session of its own that is closed at once: requests that each hold one line of the pool and wait for a
    second hold up one another when many come (fault 18).
    """
    parts = parts_of(state)
    await parts.trust.prepare(parts.work)
    async with parts.sessions() as session:
        return await trust_at(session, await database_now(session))


def provide_authority(state: State) -> TimestampAuthority:
    """Dependency ``authority``: who time-stamps."""
    return parts_of(state).authority


def provide_bureau(state: State) -> Bureau:
    """Dependency ``bureau``: what signing papers needs, with what follows from each kind."""
    parts = parts_of(state)
    return Bureau(parts.store, parts.keys, parts.authority, completions_of(parts))


def provide_ties() -> Ties:
    """Dependency ``ties``: what ties a party to lots under way."""
    return ties_of


DEPENDENCIES = {
    "bureau": Provide(provide_bureau, sync_to_thread=False),
    "actor": Provide(provide_actor),
    "work": Provide(provide_work, sync_to_thread=False),
    "reader": Provide(provide_reader),
    "settings": Provide(provide_settings, sync_to_thread=False),
    "store": Provide(provide_store, sync_to_thread=False),
    "keys": Provide(provide_keys, sync_to_thread=False),
    "trust": Provide(provide_trust),
    "ties": Provide(provide_ties, sync_to_thread=False),
    "authority": Provide(provide_authority, sync_to_thread=False),
}
