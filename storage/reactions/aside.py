"""Entries that a reaction set aside: which are due again, which rows wait, and what was wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Delete, Float, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage.kernel.errors import DomainError
from storage.reactions.tables import ReactionAside

LONGEST_PAUSE = 300  # seconds
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Aside:
    """An entry set aside, for whoever runs the platform; ``last_error``: code and words of our own errors."""

    name: str
    seq: int
    attempts: int
    retry_at: datetime
    last_error: str


async def due(session: AsyncSession, name: str) -> list[int]:
    """Numbers of the entries to try again now: the first of each row, the longest rested first."""
    other = aliased(ReactionAside)
    first = select(func.min(other.seq)).where(
        other.name == name, other.row == ReactionAside.row).correlate(ReactionAside).scalar_subquery()
    query = select(ReactionAside.seq).where(
        ReactionAside.name == name, ReactionAside.seq == first, ReactionAside.retry_at <= func.clock_timestamp()
        ).order_by(ReactionAside.retry_at, ReactionAside.seq).limit(_AT_ONCE)
    return list((await session.scalars(query)).all())


async def due_reactions(session: AsyncSession) -> set[str]:
    """The reactions with an entry whose rest is over."""
    query = select(ReactionAside.name).where(ReactionAside.retry_at <= func.clock_timestamp()).distinct()
    return set((await session.scalars(query)).all())


async def waiting_rows(session: AsyncSession, name: str) -> set[str]:
    """The rows in which something was set aside: what comes behind waits too."""
    return set((await session.scalars(select(ReactionAside.row).where(ReactionAside.name == name).distinct())).all())


async def put_aside(session: AsyncSession, name: str, seq: int, row: str, error: Exception | None) -> None:
    """Sets an entry aside, after it failed, or (``error`` None) because its row waits."""
    now = func.clock_timestamp()
    pause = func.make_interval(0, 0, 0, 0, 0, 0, 2 if error else 0)
    await session.execute(insert(ReactionAside).values(
        name=name, seq=seq, row=row, attempts=1 if error else 0, retry_at=now + pause,
        last_error=_words(error) if error else None).on_conflict_do_nothing())


async def note_failure(session: AsyncSession, name: str, seq: int, error: Exception) -> None:
    """It failed again: rests twice as long as before, five minutes at most."""
    # Nine doublings pass the longest pause; of what fails for weeks a power of two would be no number any more.
    seconds = cast(func.least(func.power(2, func.least(ReactionAside.attempts + 1, 9)), LONGEST_PAUSE), Float)
    await session.execute(update(ReactionAside).where(ReactionAside.name == name, ReactionAside.seq == seq).values(
        attempts=ReactionAside.attempts + 1, last_error=_words(error),
        retry_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        ).execution_options(synchronize_session=False))


def taken_up(name: str, seq: int) -> Delete:
    """The statement by which an entry is set aside no longer."""
    return delete(ReactionAside).where(ReactionAside.name == name, ReactionAside.seq == seq)


async def all_aside(session: AsyncSession) -> Sequence[Aside]:
    """What failed and is tried again, by reaction and number; not what merely waits behind it."""
    query = select(ReactionAside).where(ReactionAside.attempts > 0).order_by(ReactionAside.name, ReactionAside.seq)
    return [Aside(each.name, each.seq, each.attempts, each.retry_at, each.last_error or "")
            for each in (await session.scalars(query.limit(_AT_ONCE))).all()]


def _words(error: Exception) -> str:
    # Only our own errors speak: a driver's message may quote parameters.
    return f"{error.code}: {error.message}" if isinstance(error, DomainError) else type(error).__name__
