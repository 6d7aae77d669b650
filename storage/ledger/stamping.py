"""Once an hour the newest checkpoint gets an RFC 3161 token: what the log was, bound to a clock that is not ours.

A chore of any node. How independent that clock is depends on the authority that the operator configured.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.stamping import stamp
from storage.crypto.timestamps import end_of, read_timestamp
from storage.crypto.tsa import TimestampAuthority
from storage.database.engine import Sessions
from storage.ledger.queries import latest_checkpoint, published_note
from storage.ledger.tables import LedgerStamp

EVERY = timedelta(hours=1)
A_YEAR = timedelta(days=365)  # how long before their end stamps are told of
_ALONE = text("select pg_try_advisory_xact_lock(hashtextextended('yunkai checkpoint stamp', 0))")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A checkpoint that was stamped: entries, token (DER), the authority's name and instant."""

    size: int
    token: bytes
    authority: str
    at: datetime


async def stamp_checkpoint(sessions: Sessions, authority: TimestampAuthority) -> bool:
    """Stamps the newest checkpoint, where the last token is an hour old and the log has moved; whether it did.

    Raises ``Unavailable`` or ``TimestampRefused`` where the authority gives none; the next call tries again.
    """
    async with sessions() as session:
        if not (await session.execute(_ALONE)).scalar_one():
            return False
        newest, last = await latest_checkpoint(session), await last_stamp(session)
        now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        if newest is None or (last is not None and (last.at > now - EVERY or last.size == newest.size)):
            return False
        note = await published_note(session, newest.size)
        token = await stamp(authority, sha256((note or "").encode()).digest())
        found = read_timestamp(token)
        session.add(LedgerStamp(size=newest.size, token=token, authority=found.authority or authority.name,
                                stamped_at=found.at))
        await session.commit()
    return True


async def last_stamp(session: AsyncSession) -> Stamped | None:
    """The newest token."""
    return _of(await session.scalar(select(LedgerStamp).order_by(LedgerStamp.stamped_at.desc()).limit(1)))


async def stamp_over(session: AsyncSession, size: int) -> Stamped | None:
    """The token over the checkpoint of ``size`` entries."""
    return _of(await session.get(LedgerStamp, size))


@dataclass(frozen=True, slots=True)
class Ending:
    """Stamps that end: by one authority's certificate, which lasts until ``ends_at``, given from ``first`` to ``last``
    as far as the ledger's own stamps show. Papers were stamped by the same."""

    authority: str
    ends_at: datetime
    first: datetime
    last: datetime


async def ending_before(session: AsyncSession, limit: datetime) -> list[Ending]:
    """What ends before ``limit``, the first to end first. Of each month the first and the last token are read."""
    month = func.date_trunc("month", LedgerStamp.stamped_at)
    edges = select(func.min(LedgerStamp.stamped_at), func.max(LedgerStamp.stamped_at)).group_by(
        LedgerStamp.authority, month)
    instants = {at for pair in await session.execute(edges) for at in pair}
    found: dict[tuple[str, datetime], list[datetime]] = {}
    for row in await session.scalars(select(LedgerStamp).where(LedgerStamp.stamped_at.in_(instants))):
        found.setdefault((row.authority, end_of(row.token)), []).append(row.stamped_at)
    return sorted((Ending(authority, ends_at, min(at), max(at)) for (authority, ends_at), at in found.items()
                   if ends_at < limit), key=lambda each: each.ends_at)


def _of(row: LedgerStamp | None) -> Stamped | None:
    return Stamped(row.size, row.token, row.authority, row.stamped_at) if row else None
