"""Messages enter the queue in the transaction of the act they tell of, and leave by acknowledgement (A-54, R-805).

The protocol: ``POST <url>`` with the JSON ``{"v": 1, "id", "kind", "subject", "platform", "sha256", "payload"}``,
where ``sha256`` is the hex SHA-256 of the RFC 8785 form of ``payload``. The receiver answers 200 with
``{"id", "sha256", "acknowledgement"}``, the same id and digest, and a number of its own. It must take a repeated
id as the same message. Anything else leaves the message waiting; it is tried again after a growing pause.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import canonical_sha256
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.identifiers import new_id
from trading.exchange.tables import ExchangePush

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_LONGEST_NUMBER = 200


async def enqueue(uow: Work, kind: str, subject: str, payload: Mapping[str, Any]) -> ExchangePush:
    """Adds a message to the unit of work: it exists if and only if the act does."""
    made = ExchangePush(id=new_id(), kind=kind, subject=subject, payload=dict(payload), attempts=0,
                        sha256=canonical_sha256(dict(payload)), created_at=await uow.now())
    uow.session.add(made)
    return made


async def waiting(session: AsyncSession, limit: int = 100) -> Sequence[ExchangePush]:
    """What was not acknowledged yet, the oldest first."""
    query = select(ExchangePush).where(ExchangePush.acknowledged_at.is_(None)).order_by(ExchangePush.created_at)
    return (await session.scalars(query.limit(limit))).all()


async def of_subject(session: AsyncSession, subject: str) -> Sequence[ExchangePush]:
    """All messages about one subject, the oldest first."""
    query = select(ExchangePush).where(ExchangePush.subject == subject).order_by(ExchangePush.created_at)
    return (await session.scalars(query)).all()


def pause_after(attempts: int) -> timedelta:
    """How long a message rests after so many attempts: doubling from five seconds to a quarter of an hour."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 12), LONGEST_PAUSE) if attempts else timedelta(0)


async def deliver_pending(work: Works, client: httpx.AsyncClient, url: str, platform_id: str) -> int:
    """Delivers what is due, one message a transaction; returns how many were acknowledged.

    Without a URL nothing is tried and the rows wait visibly. Any node may run this: a row is claimed by a
    row lock. The receiver hears of a message at least once.
    """
    if not url:
        return 0
    async with work() as uow:
        due = [each.id for each in await waiting(uow.session)]
    delivered = 0
    for push_id in due:
        delivered += await _deliver(push_id, work(), client, url, platform_id)
    return delivered


async def _deliver(push_id: UUID, uow: Work, client: httpx.AsyncClient, url: str, platform_id: str) -> bool:
    async with uow:
        claim = select(ExchangePush).where(ExchangePush.id == push_id, ExchangePush.acknowledged_at.is_(None))
        held = (await uow.session.scalars(claim.with_for_update(skip_locked=True))).one_or_none()
        if held is None:
            return False
        now = await uow.now()
        if held.tried_at is not None and now < held.tried_at + pause_after(held.attempts):
            return False
        number, error = await _send(held, client, url, platform_id)
        held.attempts, held.tried_at, held.last_error = held.attempts + 1, now, error
        if number is not None:
            held.acknowledged_at, held.acknowledgement = now, number
        uow.record("exchange.acknowledged" if number is not None else "exchange.attempted", PLATFORM,
                   stream="platform", subject=f"exchange:{held.id}", audience=("centre", "supervisor"),
                   payload={"kind": held.kind, "about": held.subject, "sha256": held.sha256,
                            "attempts": held.attempts, "acknowledgement": number, "error": error})
        await uow.commit()
        return number is not None


async def _send(held: ExchangePush, client: httpx.AsyncClient, url: str,
                platform_id: str) -> tuple[str | None, str | None]:
    """The acknowledgement's number, or what went wrong; never an exception of the network."""
    message = {"v": 1, "id": str(held.id), "kind": held.kind, "subject": held.subject, "platform": platform_id,
               "sha256": held.sha256, "payload": held.payload}
    try:
        answer = await client.post(url, json=message, timeout=_TIMEOUT)
        told = answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError) as error:
        return None, type(error).__name__
    if not isinstance(told, dict):
        return None, f"HTTP {answer.status_code}"
    number = told.get("acknowledgement")
    if told.get("id") != str(held.id) or told.get("sha256") != held.sha256 or not isinstance(number, str):
        return None, "回执与报送内容不符"
    return number[:_LONGEST_NUMBER], None
