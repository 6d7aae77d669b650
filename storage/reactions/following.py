"""Follows the ledger by number and lets reactions act, each entry once, whichever node does it.

The position of a reaction moves in the transaction of its own effect: a node that is killed in between loses and
doubles nothing. One reaction that fails is tried again, ever more slowly, while the others go on.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType

import msgspec
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from storage.database.engine import Sessions
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.errors import DomainError
from storage.ledger.model import Entry
from storage.ledger.tables import PLATFORM_STREAM, LedgerEntry, LedgerPayload
from storage.reactions.model import Heard, Reaction
from storage.reactions.tables import ReactionPosition

_LOG = structlog.get_logger(__name__)
_AT_ONCE = 200
_IDLE_SECONDS = 0.5
_LONGEST_PAUSE = 300
_LOCK_SPACE = 7_302  # the advisory lock class under which a reaction belongs to one node at a time


class PositionLost(Exception):
    """Another node moved the position first; nothing was done here."""


class ReactingWork(Work):
    """A unit of work whose commit moves the reaction's position past the entry it reacts to."""

    def __init__(self, sessions: Sessions, name: str, seq: int) -> None:
        super().__init__(sessions)
        self._name, self._seq = name, seq
        self.is_done = False

    async def commit(self) -> None:
        """Commits effect and position together; raises ``PositionLost``. A later commit is an ordinary one."""
        if not self.is_done:
            await self.session.flush()
            moved = update(ReactionPosition).where(
                ReactionPosition.name == self._name, ReactionPosition.next_seq <= self._seq,
            ).values(next_seq=self._seq + 1, attempts=0, retry_at=None, last_error=None).returning(
                ReactionPosition.name).execution_options(synchronize_session=False)
            if (await self.session.execute(moved)).one_or_none() is None:
                raise PositionLost
        reach("reaction.moved")
        await super().commit()
        self.is_done = True
        reach("reaction.committed")


class Follower:
    """All reactions of the platform, in one loop a node."""

    def __init__(self, sessions: Sessions, reactions: Sequence[Reaction]) -> None:
        self._sessions, self._reactions = sessions, reactions

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; an act under way is finished first."""
        while not stop.is_set():
            done = 0
            try:
                done = await self.follow()
            except (SQLAlchemyError, OSError) as error:
                _LOG.warning("reactions.database_away", kind=type(error).__name__)
            if not done:
                try:
                    await asyncio.wait_for(stop.wait(), _IDLE_SECONDS)
                except TimeoutError:
                    continue

    async def follow(self) -> int:
        """One round over all reactions; how many entries took effect."""
        return sum([await self._follow(each) for each in self._reactions])

    async def _follow(self, reaction: Reaction) -> int:
        async with _Turn(self._sessions, reaction.name) as turn:
            if not turn.is_ours:
                return 0
            return await self._catch_up(reaction)

    async def _catch_up(self, reaction: Reaction) -> int:
        position = await self._position(reaction.name)
        if position is None:
            return 0
        heard, end = await self._hear(reaction, position)
        done = 0
        for each in heard:
            if not await self._act(reaction, each):
                return done
            done += 1
        if end > position:
            await self._skip(reaction.name, end)
        return done

    async def _position(self, name: str) -> int | None:
        """Where the reaction stands; None while it rests after a failure."""
        fresh = insert(ReactionPosition).values(name=name, next_seq=0, attempts=0).on_conflict_do_nothing()
        rests = ReactionPosition.retry_at > func.clock_timestamp()
        query = select(ReactionPosition.next_seq, rests).where(ReactionPosition.name == name)
        async with self._sessions() as session:
            row = (await session.execute(query)).one_or_none()
            if row is None:
                await session.execute(fresh)
                await session.commit()
                return 0
        return None if row[1] else int(row[0])

    async def _hear(self, reaction: Reaction, position: int) -> tuple[list[Heard], int]:
        """The entries to react to, and the first number that was not looked at."""
        query = (select(LedgerEntry.seq, LedgerEntry.entry, LedgerPayload.payload)
                 .join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq)
                 .where(LedgerEntry.seq >= position, LedgerEntry.stream != PLATFORM_STREAM)
                 .order_by(LedgerEntry.seq).limit(_AT_ONCE))
        async with self._sessions() as session:
            rows = (await session.execute(query)).all()
        heads = [(seq, msgspec.json.decode(entry, type=Entry), payload) for seq, entry, payload in rows]
        return [Heard(seq, head.action, head.stream, head.subject, head.ts, msgspec.json.decode(payload))
                for seq, head, payload in heads if head.action in reaction.actions], \
            heads[-1][0] + 1 if heads else position

    async def _act(self, reaction: Reaction, heard: Heard) -> bool:
        work = ReactingWork(self._sessions, reaction.name, heard.seq)
        try:
            await reaction.act(work, heard)
            if not work.is_done:
                await self._skip(reaction.name, heard.seq + 1)
            return True
        except PositionLost:
            return False
        except Exception as error:  # one bad reaction must not stop the others
            _LOG.warning("reaction.failed", name=reaction.name, seq=heard.seq, error=type(error).__name__)
            await self._note_failure(reaction.name, error)
            return False

    async def _skip(self, name: str, next_seq: int) -> None:
        moved = update(ReactionPosition).where(
            ReactionPosition.name == name, ReactionPosition.next_seq < next_seq).values(
                next_seq=next_seq, attempts=0, retry_at=None, last_error=None)
        async with self._sessions() as session, session.begin():
            await session.execute(moved.execution_options(synchronize_session=False))

    async def _note_failure(self, name: str, error: Exception) -> None:
        # Only our own errors speak: a driver's message may quote parameters.
        reason = f"{error.code}: {error.message}" if isinstance(error, DomainError) else type(error).__name__
        query = select(ReactionPosition).where(ReactionPosition.name == name).with_for_update()
        async with self._sessions() as session, session.begin():
            row = (await session.scalars(query)).one()
            now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            row.attempts, row.last_error = row.attempts + 1, reason
            row.retry_at = now + timedelta(seconds=min(2 ** min(row.attempts, 10), _LONGEST_PAUSE))


class _Turn:
    """The right of one node to act for a reaction, held by a session's advisory lock."""

    def __init__(self, sessions: Sessions, name: str) -> None:
        self._sessions, self._name = sessions, name
        self.is_ours = False

    async def __aenter__(self) -> "_Turn":
        self._session = self._sessions()
        lock = select(func.pg_try_advisory_xact_lock(_LOCK_SPACE, func.hashtext(self._name)))
        self.is_ours = bool((await self._session.execute(lock)).scalar_one())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self._session.close()
