"""What each side reads: the page its answer, the telephone its question."""

import re
from datetime import datetime
from hashlib import sha256

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.errors import NotFound
from trading.relays.tables import KeyRelay

_ID = re.compile(r"[0-9a-f]{32}")


class AnswerView(msgspec.Struct):
    """For the page: whether a telephone has come, and its answer to question ``number`` once it is there."""

    claimed: bool
    number: int
    answer: str | None
    expires_at: datetime


class QuestionView(msgspec.Struct):
    """For the telephone: the question that stands, if one does; ``request`` is sealed."""

    number: int
    request: str | None
    request_until: datetime | None
    expires_at: datetime


def digest(token: str) -> str:
    """SHA-256 of a token, hex: all that is kept of it."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def named(relay_id: str) -> str:
    """The name when it is one; raises ``NotFound``, as for a relay that is not there."""
    if not _ID.fullmatch(relay_id):
        raise NotFound("没有这个扫码会话，或已过期，请重新扫码")
    return relay_id


async def relay(session: AsyncSession, relay_id: str, holds: ColumnElement[bool], now: datetime) -> KeyRelay:
    """The relay whose token was shown; ended, unknown and foreign ones are alike: ``NotFound``."""
    query = select(KeyRelay).where(KeyRelay.id == named(relay_id), holds, KeyRelay.expires_at > now)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("没有这个扫码会话，或已过期，请重新扫码")
    return found


async def answer_view(session: AsyncSession, relay_id: str, token: str) -> AnswerView:
    """What has come back; raises ``NotFound``."""
    found = await relay(session, relay_id, KeyRelay.page_sha256 == digest(token), await _now(session))
    return AnswerView(found.phone_sha256 is not None, found.number, found.answer, found.expires_at)


async def question_view(session: AsyncSession, relay_id: str, token: str) -> QuestionView:
    """What is asked now; raises ``NotFound``."""
    now = await _now(session)
    found = await relay(session, relay_id, KeyRelay.phone_sha256 == digest(token), now)
    stands = found.request_until is not None and found.request_until > now
    return QuestionView(found.number, found.request if stands else None, found.request_until if stands else None,
                        found.expires_at)


async def _now(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now
