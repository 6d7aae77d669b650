"""So many within so many seconds, counted for all nodes in one row of PostgreSQL (fault 37).

Slots of time are fixed by the database clock. One statement counts; nothing is counted for what has no limit.
"""

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import ColumnElement, Integer, Select, case, cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.engine import Sessions
from storage.kernel.errors import TooMany
from storage.limits.tables import LimitCounter


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` of ``name`` within ``seconds``."""

    name: str
    most: int
    seconds: int

    def key(self, subject: str) -> bytes:
        """The counter of this limit for an address, an account, or both."""
        return sha256(f"{self.name}\0{subject}".encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there were in this slot, and how many seconds are left of it."""

    count: int
    seconds_left: int


def _now() -> ColumnElement[int]:
    return cast(func.floor(func.extract("epoch", func.clock_timestamp())), Integer)


async def count(session: AsyncSession, limit: Limit, subject: str) -> Counted:
    """One more, and how many there are now. The caller commits at once, for the row is locked until then."""
    slot = func.div(_now(), limit.seconds)
    fresh = insert(LimitCounter).values(key=limit.key(subject), slot=slot, ends_at=(slot + 1) * limit.seconds, count=1)
    again = fresh.on_conflict_do_update(index_elements=[LimitCounter.key], set_={
        "slot": fresh.excluded.slot, "ends_at": fresh.excluded.ends_at,
        "count": case((LimitCounter.slot == fresh.excluded.slot, LimitCounter.count + 1), else_=1)})
    row = (await session.execute(again.returning(LimitCounter.count, LimitCounter.ends_at - _now()))).one()
    return Counted(int(row[0]), max(1, int(row[1])))


async def counted(session: AsyncSession, limit: Limit, subject: str) -> Counted:
    """How many there are now, without one more."""
    query: Select[int, int] = select(LimitCounter.count, LimitCounter.ends_at - _now()).where(
        LimitCounter.key == limit.key(subject), LimitCounter.ends_at > _now())
    row = (await session.execute(query)).one_or_none()
    return Counted(int(row[0]), max(1, int(row[1]))) if row else Counted(0, 0)


def in_words(seconds: int) -> str:
    """How long to wait, for people."""
    return f"{seconds} 秒" if seconds < 100 else f"{-(-seconds // 60)} 分钟"


def too_many(found: Counted) -> TooMany:
    """The refusal, with how long to wait."""
    return TooMany(f"请求过于频繁，请在 {in_words(found.seconds_left)}后再试", seconds=found.seconds_left)


async def forget_past(sessions: Sessions) -> int:
    """Deletes counters whose slot is over; answers how many."""
    async with sessions() as session:
        gone = await session.execute(delete(LimitCounter).where(LimitCounter.ends_at < _now())
                                     .returning(LimitCounter.key))
        found = len(gone.all())
        await session.commit()
        return found
