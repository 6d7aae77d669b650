"""An OCSP answer wanted now: noted for the chore that asks the CAs, and waited for a little (R-701).

The request that waits opens no connection to anyone; a CA that hangs costs a login seconds, and the platform nothing.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.certificates import Certificate
from storage.crypto.revocation import CRL, OCSP
from storage.crypto.trust import TrustList
from storage.database.work import Work
from trading.trust.queries import listed_at
from trading.trust.tables import RevocationSource
from trading.trust.validating import scopes_of

PATIENCE = timedelta(seconds=6)
_WANTED = timedelta(hours=12)  # a session's longest life (R-1013)
_LOOK_EVERY = 0.2


async def await_answers(certificate: Certificate, trust: TrustList, uow: Work) -> None:
    """Returns when an OCSP answer about the certificate is there, or patience is at its end; validation judges.

    Only where the certificate's CA gives OCSP and the list holds no CRL of it. Opens and closes ``uow``.
    """
    scopes = scopes_of(trust, certificate)
    silent = [name for name in scopes if not any(word.kind == CRL for word in trust.words.get(bytes.fromhex(name), ()))]
    if not silent:
        return
    async with uow:
        now = await uow.now()
        asked = [scopes[each.fingerprint] for authority in await listed_at(uow.session, now)
                 for each in authority.certificates if authority.ocsp_addresses and each.fingerprint in silent]
        if asked and not await _are_fresh(uow.session, asked, now):
            await _want(uow.session, asked, now)
            await uow.session.commit()
            await _wait(uow.session, asked, now)


async def _want(session: AsyncSession, scopes: Sequence[str], now: datetime) -> None:
    row = {"due_at": now, "wanted_until": now + _WANTED}
    for scope in scopes:
        await session.execute(insert(RevocationSource).values(
            kind=OCSP, scope=scope, failures=0, failure="", **row).on_conflict_do_update(
            index_elements=["kind", "scope"], set_=row))


async def _wait(session: AsyncSession, scopes: Sequence[str], since: datetime) -> None:
    for _ in range(int(PATIENCE.total_seconds() / _LOOK_EVERY)):
        if await _are_fresh(session, scopes, since):
            return
        await session.rollback()  # the next look sees what was committed meanwhile, and holds no connection
        await asyncio.sleep(_LOOK_EVERY)


async def _are_fresh(session: AsyncSession, scopes: Sequence[str], now: datetime) -> bool:
    query = select(func.count()).where(RevocationSource.kind == OCSP, RevocationSource.scope.in_(scopes),
                                       RevocationSource.next_update > now)
    return bool(await session.scalar(query))
