"""Asking the CAs: CRLs before they end, OCSP answers while somebody acts by the certificate (R-701).

A chore of any node; a source is claimed before it is asked, so nodes share the work. What a CA's address gives is
taken only where it is signed by a CA of the list and not older than what is held: who sits between can withhold news,
which shows as a failure and later as a flag, never take any back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from asn1crypto import x509 as asn1
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.chain_signatures import verifies
from storage.crypto.errors import Malformed
from storage.crypto.outgoing import OutgoingRefused, fetch
from storage.crypto.revocation import CRL, OCSP, Word, ask_ocsp, parse_word, read_ocsp
from storage.database.engine import Sessions
from storage.kernel.errors import Unavailable
from trading.trust.model import Authority
from trading.trust.queries import database_now, listed_at, trust_at
from trading.trust.reading import der_of
from trading.trust.sources import NotTheirs, due_after, retry_after, take_word, whose
from trading.trust.tables import RevocationSource

LARGEST_CRL, LARGEST_ANSWER = 32 * 1024 * 1024, 128 * 1024
_CLAIM = timedelta(minutes=2)
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class _Asked:
    """A source that was claimed; ``held``: thisUpdate of the newest word we have of it."""

    kind: str
    scope: str
    held: datetime | None


async def ask_the_cas(sessions: Sessions, client: httpx.AsyncClient) -> int:
    """Asks every source that is due, and notes what it said or why not; returns how many words were taken."""
    async with sessions() as session:
        now = await database_now(session)
        await _know_addresses(session, await listed_at(session, now), now)
        claimed = await _claim(session, now)
        await session.commit()
    return sum([await _ask_one(sessions, client, each) for each in claimed])


async def _ask_one(sessions: Sessions, client: httpx.AsyncClient, asked: _Asked) -> bool:
    try:
        return await _ask(sessions, client, asked)
    except SQLAlchemyError:
        raise
    except Exception as error:  # oddly made words of one CA must not keep the others unasked
        await _fail(sessions, asked, type(error).__name__)
        return False


async def _know_addresses(session: AsyncSession, listed: Sequence[Authority], now: datetime) -> None:
    addresses = {address for each in listed for address in each.crl_addresses}
    known = set(await session.scalars(select(RevocationSource.scope).where(
        RevocationSource.kind == CRL, RevocationSource.scope.in_(addresses))))
    for address in sorted(addresses - known):
        await session.execute(insert(RevocationSource).values(
            kind=CRL, scope=address, due_at=now, failures=0, failure="").on_conflict_do_nothing())


async def _claim(session: AsyncSession, now: datetime) -> list[_Asked]:
    due = (select(RevocationSource.kind, RevocationSource.scope).where(RevocationSource.due_at <= now)
           .order_by(RevocationSource.due_at).limit(_AT_ONCE).with_for_update(skip_locked=True))
    found = [(row.kind, row.scope) for row in await session.execute(due)]
    claimed = []
    for kind, scope in found:
        row = (await session.execute(
            update(RevocationSource).where(RevocationSource.kind == kind, RevocationSource.scope == scope)
            .values(due_at=now + _CLAIM).returning(RevocationSource.this_update))).one()
        claimed.append(_Asked(kind, scope, row.this_update))
    return claimed


async def _ask(sessions: Sessions, client: httpx.AsyncClient, asked: _Asked) -> bool:
    async with sessions() as session:
        now = await database_now(session)
        listed = await listed_at(session, now)
        trust = await trust_at(session, now)
        wanted = await session.scalar(select(RevocationSource.wanted_until).where(
            RevocationSource.kind == asked.kind, RevocationSource.scope == asked.scope))
    if asked.kind == OCSP and (wanted is None or wanted < now):
        await _rest(sessions, asked)
        return False
    try:
        word = (whose(parse_word(CRL, await fetch(client, "GET", asked.scope, most=LARGEST_CRL)), trust)
                if asked.kind == CRL else await _answer(client, asked.scope, listed))
        if asked.held is not None and word.this_update < asked.held:
            raise NotTheirs("比已有的吊销信息更旧", field=asked.kind)
    except (httpx.HTTPError, TimeoutError, OutgoingRefused, Malformed, Unavailable) as error:
        await _fail(sessions, asked, type(error).__name__ if isinstance(error, httpx.HTTPError) else str(error))
        return False
    async with sessions() as session:
        now = await database_now(session)
        await take_word(session, asked.kind, asked.scope, word, now, due_at=due_after(word, now))
        await session.commit()
    return True


async def _answer(client: httpx.AsyncClient, scope: str, listed: Sequence[Authority]) -> Word:
    """The first usable answer of the CA's OCSP addresses about the certificate named by the scope."""
    name, _, serial = scope.partition(":")
    failure: Exception = NotTheirs("信任列表中没有签发机构", field=OCSP)
    for authority in listed:
        for each in authority.certificates:
            if each.fingerprint != name:
                continue
            issuer = asn1.Certificate.load(der_of(each))
            for address in authority.ocsp_addresses:
                try:
                    return await _answer_of(client, address, issuer, int(serial, 16))
                except (httpx.HTTPError, TimeoutError, OutgoingRefused, Malformed, Unavailable) as error:
                    failure = error
    raise failure


async def _answer_of(client: httpx.AsyncClient, address: str, issuer: Any, serial: int) -> Word:
    told = await fetch(client, "POST", address, most=LARGEST_ANSWER, seconds=10, content=ask_ocsp(serial, issuer),
                       content_type="application/ocsp-request")
    word = read_ocsp(parse_word(OCSP, told), issuer, verifies)
    if word is None or word.serials is None or serial not in word.serials:
        raise NotTheirs("不是该机构对这张证书的答复", field=OCSP)
    return word


async def _fail(sessions: Sessions, asked: _Asked, words: str) -> None:
    async with sessions() as session:
        now = await database_now(session)
        row = (RevocationSource.kind == asked.kind, RevocationSource.scope == asked.scope)
        failures = await session.scalar(select(RevocationSource.failures).where(*row)) or 0
        await session.execute(update(RevocationSource).where(*row).values(
            failures=failures + 1, failure=words[:200], due_at=retry_after(failures, now)))
        await session.commit()


async def _rest(sessions: Sessions, asked: _Asked) -> None:
    async with sessions() as session:
        await session.execute(update(RevocationSource).where(
            RevocationSource.kind == asked.kind, RevocationSource.scope == asked.scope).values(due_at=None))
        await session.commit()
