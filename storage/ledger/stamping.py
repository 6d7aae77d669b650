"""Once an hour the newest checkpoint gets an RFC 3161 token: what the log was, bound to a clock that is not ours.

A chore of any node. How independent that clock is depends on the authority that the operator configured.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.stamping import stamp
from storage.crypto.timestamps import read_timestamp
from storage.crypto.tsa import TimestampAuthority
from storage.database.engine import Sessions
from storage.ledger.queries import latest_checkpoint, published_note
from storage.ledger.tables import LedgerStamp

EVERY = timedelta(hours=1)
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


def _of(row: LedgerStamp | None) -> Stamped | None:
    return Stamped(row.size, row.token, row.authority, row.stamped_at) if row else None
