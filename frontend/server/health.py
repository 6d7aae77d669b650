"""Is the node alive, is it ready, and what time is it."""

import asyncio

from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from frontend.server.dependencies import parts_of
from storage.crypto.canonical import to_base64
from storage.database.settings import Settings
from storage.kernel.clock import process_now, to_wire
from storage.kernel.errors import DomainError

_LARGEST_SKEW = 2.0  # seconds between this process and the database before the node says so (fault 16)


@get("/healthz", operation_id="isAlive", exclude_from_auth=True)
async def is_alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


async def _database(state: State) -> tuple[bool, float]:
    try:
        async with asyncio.timeout(3), parts_of(state).sessions() as session:
            moment = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            await session.execute(text("select 1 from ledger_entry limit 1"))
            return True, abs((moment - process_now()).total_seconds())
    except (SQLAlchemyError, TimeoutError, OSError):
        return False, 0.0


async def _store(state: State) -> bool:
    try:
        async with asyncio.timeout(3):
            await parts_of(state).store.is_ready()
            return True
    except (DomainError, TimeoutError, OSError):
        return False


@get("/readyz", operation_id="isReady")
async def is_ready(state: State) -> Response[dict[str, object]]:
    """The node, its database and its store can take bids; 503 while one of them cannot."""
    (database, skew), store = await asyncio.gather(_database(state), _store(state))
    ready = database and store
    body: dict[str, object] = {"ready": ready, "database": database, "store": store,
                               "clock": "ok" if skew <= _LARGEST_SKEW else "skewed",
                               "clock_skew_seconds": round(skew, 3)}
    return Response(body, status_code=200 if ready else 503, headers={} if ready else {"Retry-After": "3"})


@get("/api/time", operation_id="readClock")
async def read_clock(state: State) -> dict[str, str]:
    """The database clock, the only one that decides (R-501, A-97, A-98)."""
    async with parts_of(state).sessions() as session:
        moment = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return {"now": to_wire(moment)}


@get("/api/platform", operation_id="describePlatform")
async def describe_platform(settings: NamedDependency[Settings], state: State) -> dict[str, object]:
    """What a page needs to know of the platform before anyone signs in."""
    keys, authority = parts_of(state).keys, parts_of(state).authority
    return {"id": settings.platform_id, "name": settings.platform_name, "demo": settings.demo,
            "origin": settings.public_origin, "program_origin": settings.program_origin,
            "hotline": settings.hotline, "key_agent": settings.key_agent,
            "log": f"yunkai/{settings.platform_id}",
            "time_stamping": "embedded" if authority.is_demo else "external", "time_stamping_authority": authority.name,
            "checkpoint_key": parts_of(state).log_key,
            "certificates": [each.pem for each in keys.roots], "crls": [to_base64(each) for each in keys.crls]}
