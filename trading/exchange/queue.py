"""Messages enter the queue in the transaction of the act they tell of, and leave by acknowledgement (A-54, R-805).

One queue serves every program outside: the public service platform, banks, issuers of guarantee letters, couriers;
``channel`` says which. The protocol: ``POST <url>`` with the JSON ``{"v": 1, "id", "kind", "subject", "platform",
"sha256", "payload", "signature"}``, where ``sha256`` is the hex SHA-256 of the RFC 8785 form of ``payload``, and
``signature`` the platform's statement of kind ``order`` over the RFC 8785 text of ``{"v": 1, "kind": "order", "id",
"of": <kind>, "subject", "platform", "sha256"}``. The receiver answers 200 with ``{"id", "sha256",
"acknowledgement"}``, the same id and digest, and a number of its own. It must take a repeated id as the same message.
Anything else leaves the message waiting; it is tried again after a growing pause.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import Json, canonical_bytes, canonical_sha256
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.outgoing import AnswerRefused, OutgoingRefused, fetch
from storage.crypto.statements import sign_statement
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.identifiers import new_id
from trading.exchange.tables import ExchangePush

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
_SECONDS = 20.0  # the row is locked meanwhile
_LARGEST_ANSWER = 64 << 10
_LONGEST_NUMBER = 200
ORDER_KIND = "order"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Post:
    """What delivering needs: how to reach a channel (None: nobody there, the message waits), and who we are."""

    client: httpx.AsyncClient
    address_of: Callable[[AsyncSession, str], Awaitable[str | None]]
    platform_id: str
    key: CertifiedKey


async def enqueue(uow: Work, kind: str, subject: str, payload: Mapping[str, Any], *, channel: str = "exchange",
                  sealed_stream: str | None = None) -> ExchangePush:
    """Adds a message to the unit of work: it exists if and only if the act does.

    With ``sealed_stream`` (``lot:<id>``) its delivery is recorded as a sealed act of that lot: that there was a
    message at all would tell who bids (R-122).
    """
    made = ExchangePush(id=new_id(), kind=kind, subject=subject, payload=dict(payload), attempts=0, channel=channel,
                        sealed_stream=sealed_stream, sha256=canonical_sha256(dict(payload)),
                        created_at=await uow.now())
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


async def deliver_pending(work: Works, post: Post) -> int:
    """Delivers what is due, one message a transaction; returns how many were acknowledged.

    Without an address nothing is tried and the rows wait visibly. Any node may run this: a row is claimed by a
    row lock. The receiver hears of a message at least once.
    """
    async with work() as uow:
        due = await _due(uow.session, post)
    delivered = 0
    for push_id in due:
        delivered += await _deliver(push_id, work(), post)
    return delivered


async def _due(session: AsyncSession, post: Post) -> list[UUID]:
    """What waits for a receiver that has an address, the longest rested first: nobody waits behind one who is away."""
    unsent = ExchangePush.acknowledged_at.is_(None)
    channels = (await session.scalars(select(ExchangePush.channel).where(unsent).distinct())).all()
    reached = [channel for channel in channels if await post.address_of(session, channel)]
    query = select(ExchangePush.id).where(unsent, ExchangePush.channel.in_(reached)).order_by(
        ExchangePush.tried_at.asc().nulls_first(), ExchangePush.created_at)
    return list((await session.scalars(query.limit(_AT_ONCE))).all())


async def _deliver(push_id: UUID, uow: Work, post: Post) -> bool:
    async with uow:
        claim = select(ExchangePush).where(ExchangePush.id == push_id, ExchangePush.acknowledged_at.is_(None))
        held = (await uow.session.scalars(claim.with_for_update(skip_locked=True))).one_or_none()
        url = await post.address_of(uow.session, held.channel) if held is not None else None
        if held is None or not url:
            return False
        now = await uow.now()
        if held.tried_at is not None and now < held.tried_at + pause_after(held.attempts):
            return False
        number, error = await _send(held, url, post)
        held.attempts, held.tried_at, held.last_error = held.attempts + 1, now, error
        if number is not None:
            held.acknowledged_at, held.acknowledgement = now, number
        _record(uow, held, number, error)
        await uow.commit()
        return number is not None


def _record(uow: Work, held: ExchangePush, number: str | None, error: str | None) -> None:
    uow.record("exchange.acknowledged" if number is not None else "exchange.attempted", PLATFORM,
               stream=held.sealed_stream or "platform", subject=f"exchange:{held.id}",
               sealed=held.sealed_stream is not None, audience=("centre", "supervisor"),
               payload={"kind": held.kind, "about": held.subject, "sha256": held.sha256, "channel": held.channel,
                        "attempts": held.attempts, "acknowledgement": number, "error": error})


async def _send(held: ExchangePush, url: str, post: Post) -> tuple[str | None, str | None]:
    """The acknowledgement's number, or what went wrong; never an exception, whatever the other side answers: one that
    escaped would leave its message the first of the queue, and everybody else's unsent behind it."""
    message = json.dumps(message_of(held, post), ensure_ascii=False).encode()
    try:
        answer = await fetch(post.client, "POST", url, most=_LARGEST_ANSWER, seconds=_SECONDS, content=message,
                             content_type="application/json")
        told = json.loads(answer)
    except AnswerRefused as error:
        return None, str(error)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError, OutgoingRefused) as error:
        return None, type(error).__name__
    if not isinstance(told, dict) or told.get("id") != str(held.id) or told.get("sha256") != held.sha256:
        return None, "回执与报送内容不符"
    number = told.get("acknowledgement")
    if not isinstance(number, str) or not number.isprintable():  # what no column holds is no number either
        return None, "回执与报送内容不符"
    return number[:_LONGEST_NUMBER], None


def message_of(held: ExchangePush, post: Post) -> dict[str, Any]:
    """The message as it goes over the wire, signed by the platform."""
    head: dict[str, Json] = {"v": 1, "id": str(held.id), "subject": held.subject, "platform": post.platform_id,
                             "sha256": held.sha256}
    text = canonical_bytes({**head, "kind": ORDER_KIND, "of": held.kind})
    return {**head, "kind": held.kind, "payload": held.payload,
            "signature": sign_statement(ORDER_KIND, text, post.key)}
