"""Follows the ledger by number and lets reactions act, each entry once, whichever node does it.

The position of a reaction moves in the transaction of its own effect: a node that is killed in between loses and
doubles nothing. An entry that fails is set aside with those of its row behind it, and tried again, ever more slowly;
everything else goes on.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType

import msgspec
import structlog
from sqlalchemy import ColumnElement, Delete, Update, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.engine import Sessions
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.ledger.model import Entry
from storage.ledger.tables import PLATFORM_STREAM, LedgerEntry, LedgerPayload
from storage.reactions.aside import due, due_reactions, note_failure, put_aside, taken_up, waiting_rows
from storage.reactions.model import Heard, Reaction
from storage.reactions.tables import ReactionAside, ReactionPosition

_LOG = structlog.get_logger(__name__)
_AT_ONCE = 200
_IDLE_SECONDS = 0.5
_IS_HEARD = LedgerEntry.stream != PLATFORM_STREAM
_LOCK_SPACE = 7_302  # the advisory lock class under which a reaction belongs to one node at a time


class PositionLost(Exception):
    """Another node was first; nothing was done here."""


class ReactingWork(Work):
    """A unit of work whose commit also moves the reaction's position past the entry, or takes it up from aside.

    ``settling`` changes one row, of ``ReactionPosition`` or ``ReactionAside``.
    """

    def __init__(self, sessions: Sessions, settling: Update | Delete) -> None:
        super().__init__(sessions)
        self._settling = settling
        self.is_done = False

    async def commit(self) -> None:
        """Commits both together; raises ``PositionLost``. A later commit is an ordinary one."""
        if not self.is_done:
            await self.session.flush()
            if not await _settle(self.session, self._settling):
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
        """One round over all reactions; how many entries were followed or set aside."""
        return sum([await self._follow(each) for each in await self._with_work()])

    async def _with_work(self) -> list[Reaction]:
        """Those with entries not looked at or due again: a quiet ledger costs few questions, however many follow it."""
        async with self._sessions() as session:
            newest = await session.scalar(select(LedgerEntry.seq).where(_IS_HEARD).order_by(
                LedgerEntry.seq.desc()).limit(1))
            known = await session.execute(select(ReactionPosition.name, ReactionPosition.next_seq))
            places = dict(known.all())
            again = await due_reactions(session)
        return [each for each in self._reactions
                if each.name in again or (newest is not None and places.get(each.name, 0) <= newest)]

    async def _follow(self, reaction: Reaction) -> int:
        async with _Turn(self._sessions, reaction.name) as turn:
            if not turn.is_ours:
                return 0
            try:
                return await self._try_again(reaction) + await self._catch_up(reaction)
            except PositionLost:  # the next round reads anew how far the other came
                return 0

    async def _try_again(self, reaction: Reaction) -> int:
        async with self._sessions() as session:
            numbers = await due(session, reaction.name)
            heard = await _heard(session, LedgerEntry.seq.in_(numbers)) if numbers else []
        done = 0
        for each in heard:
            error = await self._act(reaction, each, taken_up(reaction.name, each.seq))
            if error is not None:
                async with self._sessions() as session, session.begin():
                    await note_failure(session, reaction.name, each.seq, error)
            done += error is None
        return done

    async def _catch_up(self, reaction: Reaction) -> int:
        async with self._sessions() as session:
            position = await _position(session, reaction.name)
            found = await _heard(session, LedgerEntry.seq >= position)
            waiting = await waiting_rows(session, reaction.name)
        done = 0
        for each in found:
            if each.action not in reaction.actions:
                continue
            row, moving, error = reaction.row(each), _moved(reaction.name, each.seq + 1), None
            if row not in waiting:
                error = await self._act(reaction, each, moving)
            if row in waiting or error is not None:
                waiting.add(row)
                await self._put_aside(reaction.name, each.seq, row, moving, error)
            done += 1
        if found:
            await self._settle_alone(_moved(reaction.name, found[-1].seq + 1))
        return done

    async def _act(self, reaction: Reaction, heard: Heard, settling: Update | Delete) -> Exception | None:
        """Lets it act; answers what went wrong, if anything did. Raises ``PositionLost``."""
        work = ReactingWork(self._sessions, settling)
        try:
            await reaction.act(work, heard)
            if not work.is_done:
                await self._settle_alone(settling)
        except PositionLost:
            raise
        except Exception as error:  # one bad entry must not stop the others
            _LOG.warning("reaction.failed", name=reaction.name, seq=heard.seq, error=type(error).__name__)
            return error
        return None

    async def _put_aside(self, name: str, seq: int, row: str, moving: Update, error: Exception | None) -> None:
        async with self._sessions() as session, session.begin():
            if not await _settle(session, moving):
                raise PositionLost
            await put_aside(session, name, seq, row, error)

    async def _settle_alone(self, settling: Update | Delete) -> None:
        async with self._sessions() as session, session.begin():
            await _settle(session, settling)


def _moved(name: str, next_seq: int) -> Update:
    """The statement that moves a position to there, and never back."""
    return update(ReactionPosition).where(
        ReactionPosition.name == name, ReactionPosition.next_seq < next_seq).values(next_seq=next_seq)


async def _settle(session: AsyncSession, settling: Update | Delete) -> bool:
    """Whether the statement changed its row."""
    place = ReactionPosition.name if settling.is_update else ReactionAside.name
    done = settling.returning(place).execution_options(synchronize_session=False)
    return (await session.execute(done)).one_or_none() is not None


async def _position(session: AsyncSession, name: str) -> int:
    """The first number that the reaction has not looked at."""
    found = await session.scalar(select(ReactionPosition.next_seq).where(ReactionPosition.name == name))
    if found is None:
        await session.execute(insert(ReactionPosition).values(name=name, next_seq=0).on_conflict_do_nothing())
        await session.commit()
    return found or 0


async def _heard(session: AsyncSession, which: ColumnElement[bool]) -> list[Heard]:
    """Entries by number."""
    query = (select(LedgerEntry.seq, LedgerEntry.entry, LedgerPayload.payload)
             .join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq)
             .where(which, _IS_HEARD).order_by(LedgerEntry.seq).limit(_AT_ONCE))
    rows = (await session.execute(query)).all()
    heads = [(seq, msgspec.json.decode(entry, type=Entry), payload) for seq, entry, payload in rows]
    return [Heard(seq, head.action, head.stream, head.subject, head.ts, msgspec.json.decode(payload))
            for seq, head, payload in heads]


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
