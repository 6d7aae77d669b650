"""Claims a key, keeps the answer, and hands it out again.

A claim belongs to a living node: each node holds a PostgreSQL advisory lock under its number for as long
as it lives, so the claim of a node that was killed is taken over at once (fault 02), while one that is
still at work is told apart from it (fault 21).
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from storage.database.engine import Sessions
from storage.idempotency.tables import KeptAnswer
from storage.kernel.errors import Conflict, Invalid

_NODE_LOCKS = 7_301  # the advisory lock class under which nodes show that they live


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status, content type, content."""

    status: int
    content_type: str
    content: bytes


class NodeMark:
    """Shows the other nodes that this one lives; one connection held for the node's life."""

    def __init__(self, number: int, connection: AsyncConnection) -> None:
        self.number = number
        self._connection = connection

    @classmethod
    async def take(cls, engine: AsyncEngine) -> Self:
        """Takes a random node number and its lock."""
        number = secrets.randbelow(2**31)
        connection = await engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("select pg_advisory_lock(:c, :n)"), {"c": _NODE_LOCKS, "n": number})
        return cls(number, connection)

    async def leave(self) -> None:
        """Gives the lock back with its connection."""
        await self._connection.invalidate()
        await self._connection.close()


def scope_of(actor_id: str, path: str, key: str) -> str:
    """The digest under which an answer is kept; another person's equal key is another scope."""
    return sha256(f"{actor_id}\0{path}\0{key}".encode()).hexdigest()


async def claim(sessions: Sessions, node: int, scope: str, body: bytes) -> Answer | None:
    """None: go on, the key is yours. An answer: give that one.

    Raises ``Invalid`` for another body under the same key, ``Conflict`` while the first request is in flight.
    """
    digest = sha256(body).hexdigest()
    async with sessions() as session:
        fresh = insert(KeptAnswer).values(
            scope=scope, body_sha256=digest, node=node, created_at=func.clock_timestamp(),
        ).on_conflict_do_nothing().returning(KeptAnswer.scope)
        if (await session.execute(fresh)).first():
            await session.commit()
            return None
        kept = await session.get_one(KeptAnswer, scope, with_for_update=True)
        if kept.body_sha256 != digest:
            raise Invalid("同一幂等键已用于另一内容", field="Idempotency-Key", status=422)
        if kept.status is not None:
            return Answer(kept.status, kept.content_type or "", kept.content or b"")
        if await _lives(session, kept.node):
            raise Conflict("相同请求正在处理，请稍候", field="Idempotency-Key")
        kept.node = node
        await session.commit()
        return None


async def _lives(session: AsyncSession, node: int) -> bool:
    query = text("select exists (select from pg_locks where locktype = 'advisory' and classid = :c and objid = :n)")
    result = await session.execute(query, {"c": _NODE_LOCKS, "n": node})
    return bool(result.scalar_one())


async def keep(sessions: Sessions, scope: str, answer: Answer) -> None:
    """Keeps the answer of a finished request."""
    async with sessions() as session:
        await session.execute(update(KeptAnswer).where(KeptAnswer.scope == scope).values(
            status=answer.status, content_type=answer.content_type, content=answer.content))
        await session.commit()


async def release(sessions: Sessions, scope: str) -> None:
    """Frees a key whose request was refused or failed, so that it may be tried again."""
    async with sessions() as session:
        await session.execute(delete(KeptAnswer).where(KeptAnswer.scope == scope))
        await session.commit()


async def forget_old(sessions: Sessions) -> int:
    """Drops answers older than two days; returns how many (housekeeping)."""
    async with sessions() as session:
        old = select(func.clock_timestamp() - text("interval '2 days'")).scalar_subquery()
        gone = await session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < old).returning(KeptAnswer.scope))
        count = len(gone.all())
        await session.commit()
        return count
