"""Opening, claiming, asking, answering, closing. Each act belongs to who holds the token of its side.

None is recorded in the ledger: a relay decides nothing, and who uses one before a deadline is nobody's business
(R-122). What the keys behind it sign is recorded where it has an effect.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from storage.database.work import Work
from storage.kernel.errors import Conflict
from trading.relays.model import ASK_LIFE, CLAIM_LIFE, kept_until
from trading.relays.queries import digest, named, relay
from trading.relays.requests import Answered, Asked, Claimed, Opened
from trading.relays.tables import KeyRelay


@dataclass(frozen=True, slots=True)
class Held:
    """A side's token, given out once, and when the relay ends unless it is used."""

    id: str
    token: str
    expires_at: datetime


async def open_relay(command: Opened, uow: Work) -> Held:
    """A relay for one page, for two minutes unless a telephone claims it."""
    async with uow:
        now = await uow.now()
        held = Held(secrets.token_hex(16), secrets.token_urlsafe(32), now + CLAIM_LIFE)
        await uow.session.execute(insert(KeyRelay).values(
            id=held.id, page_sha256=digest(held.token), claim_sha256=command.claim_sha256, opened_at=now,
            expires_at=held.expires_at, number=0))
        await uow.commit()
    return held


async def claim_relay(relay_id: str, command: Claimed, uow: Work) -> Held:
    """Ties the relay to the telephone that has seen the code, once; raises ``NotFound``, ``Conflict``."""
    async with uow:
        found = await _locked(relay_id, KeyRelay.claim_sha256 == digest(command.claim), uow)
        if found.phone_sha256 is not None:
            raise Conflict("这个二维码已被使用，请在网页上重新生成", reason="claimed")
        held = Held(relay_id, secrets.token_urlsafe(32), kept_until(found.opened_at, await uow.now()))
        await _set(relay_id, uow, phone_sha256=digest(held.token), expires_at=held.expires_at)
        await uow.commit()
    return held


async def ask(relay_id: str, token: str, command: Asked, uow: Work) -> tuple[int, datetime]:
    """Puts the page's question, in place of the one before; its number, and until when it stands."""
    async with uow:
        found = await _locked(relay_id, KeyRelay.page_sha256 == digest(token), uow)
        now = await uow.now()
        number, until = found.number + 1, now + ASK_LIFE
        kept = found.expires_at if found.phone_sha256 is None else kept_until(found.opened_at, now)
        await _set(relay_id, uow, number=number, request=command.request, request_until=until, answer=None,
                   expires_at=kept)
        await uow.commit()
    return number, until


async def answer(relay_id: str, token: str, command: Answered, uow: Work) -> None:
    """Takes the telephone's answer to the question that stands, once; raises ``NotFound``, ``Conflict``."""
    async with uow:
        found = await _locked(relay_id, KeyRelay.phone_sha256 == digest(token), uow)
        now = await uow.now()
        if found.number != command.number or found.request_until is None or found.request_until <= now:
            raise Conflict("这个请求已失效或已回答", reason="answered")
        await _set(relay_id, uow, request=None, request_until=None, answer=command.answer,
                   expires_at=kept_until(found.opened_at, now))
        await uow.commit()


async def close_relay(relay_id: str, token: str, uow: Work) -> None:
    """Ends the relay, from either side; again is no error."""
    mine = or_(KeyRelay.page_sha256 == digest(token), KeyRelay.phone_sha256 == digest(token))
    async with uow:
        await uow.session.execute(delete(KeyRelay).where(KeyRelay.id == named(relay_id), mine))
        await uow.commit()


async def _locked(relay_id: str, holds: ColumnElement[bool], uow: Work) -> KeyRelay:
    await uow.session.execute(select(KeyRelay.id).where(KeyRelay.id == named(relay_id)).with_for_update())
    return await relay(uow.session, relay_id, holds, await uow.now())


async def _set(relay_id: str, uow: Work, **changed: object) -> None:
    await uow.session.execute(update(KeyRelay).where(KeyRelay.id == relay_id).values(**changed))
