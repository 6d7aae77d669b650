"""The unit of work: one transaction, one reading of the clock, one record of what was done."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from storage.database.engine import Sessions
from storage.kernel.actor import Actor
from storage.ledger.outbox import OutboxDraft, append


class UnrecordedChange(RuntimeError):
    """Rows changed and nothing was recorded: a fault of the programme, never of the user."""


class Work:
    """A business transaction. Leaving it without ``commit`` rolls back.

    A work with a change and no record refuses to commit: no step without a trace (R-002, R-148).
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._now: datetime | None = None
        self._drafts: list[OutboxDraft] = []
        self._changed = False
        self.session: AsyncSession

    async def __aenter__(self) -> Self:
        self.session = self._sessions()
        self._now, self._drafts, self._changed = None, [], False
        event.listen(self.session.sync_session, "before_flush", self._note_changes)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.session.close()

    def _note_changes(self, session: Session, *_: Any) -> None:
        self._changed = self._changed or bool(session.new or session.deleted) or any(
            session.is_modified(row) for row in session.dirty)

    async def now(self) -> datetime:
        """The database clock, read once; call it after the locks are held (R-141, fault 19)."""
        if self._now is None:
            self._now = (await self.session.execute(select(func.clock_timestamp()))).scalar_one()
        return self._now

    def record(self, action: str, actor: Actor, *, stream: str, subject: str, payload: Mapping[str, Any],
               audience: Iterable[str] = ("public",), sealed: bool = False) -> UUID:
        """Notes what was done; it is written with the commit, in the same transaction.

        ``sealed`` acts stay unseen, in kind and number, until the lot's deadline (R-122).
        Returns the act's id, by which its entry or its sealed proof is found later.
        """
        draft = OutboxDraft(
            action=action, actor=actor, stream=stream, subject=subject,
            payload=dict(payload), audience=tuple(sorted(audience)), sealed=sealed)
        self._drafts.append(draft)
        return draft.id

    async def commit(self) -> None:
        """Writes rows and records together; raises ``UnrecordedChange`` when there is no record."""
        await self.session.flush()
        if self._changed and not self._drafts:
            raise UnrecordedChange("a change without a ledger entry does not commit")
        at = await self.now()
        for draft in self._drafts:
            await append(self.session, draft, at)
        await self.session.commit()


Works = Callable[[], Work]
