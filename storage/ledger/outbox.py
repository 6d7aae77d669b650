"""How an act reaches the ledger: one row, written in the act's own transaction."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.ledger.model import SALT_BYTES, actor_head, head_text, payload_digest, payload_text
from storage.ledger.tables import LedgerOutbox

OUTBOX_CHANNEL = "yunkai_outbox"
WAKE_INTERVAL_SECONDS = 0.1
_ROLE_WORDS = ("system_administrator", "security_administrator", "auditor", "supervisor", "centre", "agency",
               "tenderee", "expert", "bidder")
_INSERT = insert(cast(Table, LedgerOutbox.__table__)).inline()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxDraft:
    """An act to be recorded. ``id`` finds its entry or its sealed proof later (``queries``)."""

    action: str
    actor: Actor
    stream: str
    subject: str
    payload: Mapping[str, object]
    audience: tuple[str, ...] = ("public",)
    sealed: bool = False
    id: UUID = field(default_factory=uuid4)


class _Wake:
    """Lets one NOTIFY in a hundred milliseconds through per process.

    NOTIFY makes commits wait for each other (measured: half the rate), and a woken sequencer looks
    every few milliseconds for a second anyway.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self._last < WAKE_INTERVAL_SECONDS:
            return False
        self._last = now
        return True


_WAKE = _Wake()


def role_word(actor: Actor) -> str:
    """What the public head says of an actor: a role, or ``clock``, ``platform``, ``public``, ``party``.

    The tenderee's representatives on a committee are told as experts: which member acted stays unsaid (R-124).
    """
    if "representative" in actor.roles:
        return "expert"
    if actor.party_id is None and not actor.roles:
        return actor.id.partition(":")[0]
    return next((word for word in _ROLE_WORDS if word in actor.roles), "party")


async def append(session: AsyncSession, draft: OutboxDraft, at: datetime) -> UUID:
    """Adds the act to the session's transaction: all or nothing with the rows it tells of.

    ``at`` is the unit of work's reading of the database clock. Raises ``TypeError`` for a payload that
    is not JSON, ``Invalid`` for a head with control characters.
    """
    await session.execute(_INSERT, outbox_row(draft, at))
    if _WAKE.is_due():
        await session.execute(select(func.pg_notify(OUTBOX_CHANNEL, "")))
    return draft.id


def outbox_row(draft: OutboxDraft, at: datetime) -> dict[str, object]:
    """The row of a draft, with fresh salts. The actor's salt is its own, for payload salts become public."""
    if at.tzinfo is None:
        raise ValueError("an act needs an instant with a time zone")
    payload = payload_text(draft.payload)
    actor_salt, payload_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
    return {
        "act_id": draft.id,
        "at": at,
        "action": head_text(draft.action),
        "actor": actor_head(role_word(draft.actor), actor_salt, draft.actor.id),
        "actor_id": draft.actor.id,
        "actor_salt": actor_salt,
        "stream": head_text(draft.stream),
        "subject": head_text(draft.subject),
        "payload": payload,
        "payload_salt": payload_salt,
        "payload_sha256": payload_digest(payload, payload_salt),
        "audience": sorted(set(draft.audience)),
        "sealed": draft.sealed,
    }
