"""Which sessions live, and who holds them: asked with each request, and again and again for each open socket (R-1013).

The digest of the token is stored, never the token. Limits are the operator's, in ``session.info`` under ``POLICY``.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.errors import TokenMisused
from trading.parties.model import SessionPolicy, SessionTimes
from trading.parties.queries import actor_for, term
from trading.parties.requests import Caller
from trading.parties.tables import BoundCertificate, LoginSession, Party

POLICY = "session_policy"
# A session's second factor: a key is awaited; it was shown; a person confirmed a program's sign-in by it, in a browser.
# "": none was shown.
AWAITED, PASSED, CONFIRMED = "awaited", "passed", "confirmed"
_TOUCH_EVERY = timedelta(seconds=30)


def token_digest(token: str) -> str:
    """What is stored of a session token: its SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def policy_of(session: AsyncSession) -> SessionPolicy:
    """How long sessions live on this platform."""
    found = session.info.get(POLICY)
    return found if isinstance(found, SessionPolicy) else SessionPolicy()


def _open_sessions() -> Select[LoginSession, BoundCertificate, Party, datetime]:
    return (select(LoginSession, BoundCertificate, Party, func.clock_timestamp())
            .join(BoundCertificate, BoundCertificate.fingerprint == LoginSession.certificate)
            .join(Party, Party.id == LoginSession.party_id)
            .where(LoginSession.ended_at.is_(None), BoundCertificate.unbound_at.is_(None))
            .execution_options(populate_existing=True))


def _holder(row: Row[LoginSession, BoundCertificate, Party, datetime], policy: SessionPolicy) -> Actor | None:
    """Who holds the session; None when it idled out, is too old, its certificate has ended, or a key is awaited."""
    held, bound, subject, now = row
    if not SessionTimes(held.opened_at, held.seen_at).is_alive(now, policy) or not term(bound).admits(now):
        return None
    if held.second_factor == AWAITED:
        return None
    signed = now - (held.proven_at or held.opened_at) < policy.fresh
    touched = held.key_proven_at is not None and now - held.key_proven_at < policy.fresh
    awaits_touch = held.second_factor == CONFIRMED and not touched
    if held.second_factor == CONFIRMED:  # its certificate signs with nobody there: both, or nothing is fresh
        signed = touched = signed and touched
    actor = replace(actor_for(subject, bound.fingerprint, held.address), session_id=held.id,
                    is_fresh=signed or touched, has_signed=signed, awaits_touch=awaits_touch)
    return admitted(actor, held.second_factor, policy)


def admitted(actor: Actor, second_factor: str, policy: SessionPolicy) -> Actor:
    """The actor as the session's second factor admits it: without a security key shown in it, nobody acts for what
    counts with a key alone, and a role among that takes all others along. Judged anew with each request, so that what
    the operator demands holds for sessions that are open."""
    if second_factor in {PASSED, CONFIRMED}:
        return actor
    if actor.roles & policy.two_factors:
        actor = replace(actor, roles=frozenset(), is_fresh=False, has_signed=False, lacks_key=True)
    return replace(actor, unkeyed=policy.two_factors)


def held_by(caller: Caller) -> ColumnElement[bool]:
    """The session whose token the caller has, where it comes as at sign-in: by the same address, and by that of
    programs over TLS with the same certificate."""
    return and_(LoginSession.token_sha256 == token_digest(caller.token),
                LoginSession.tls_certificate.is_not_distinct_from(caller.tls))


async def actor_of_token(session: AsyncSession, caller: Caller) -> Actor | None:
    """Who holds the session token now; None when it is unknown, ended, idle too long, or its certificate is gone.

    Raises ``TokenMisused`` for the token of a living session that does not come as at sign-in. Notes that the session
    was used, at most every thirty seconds; the caller commits.
    """
    query = _open_sessions().where(LoginSession.token_sha256 == token_digest(caller.token))
    row = (await session.execute(query)).one_or_none()
    actor = _holder(row, policy_of(session)) if row is not None else None
    if row is None or actor is None:
        return None
    if row[0].tls_certificate != caller.tls:
        raise TokenMisused("登录令牌只能经登录时的地址、以登录时的客户端证书使用，请重新登录",
                           reason="client-certificate")
    if row[3] - row[0].seen_at >= _TOUCH_EVERY:
        await touch(session, [row[0].id], row[3])
    return replace(actor, address=caller.address)


async def session_of(session: AsyncSession, caller: Caller) -> UUID | None:
    """The id of the session that the caller holds, living or ended; each proof renews the token, not the id."""
    query = select(LoginSession.id).where(held_by(caller))
    return (await session.execute(query)).scalar_one_or_none()


async def holders(session: AsyncSession, session_ids: Collection[UUID]) -> dict[UUID, Actor]:
    """Those of the sessions that live now, each with its holder as it is now."""
    if not session_ids:
        return {}
    rows = await session.execute(_open_sessions().where(LoginSession.id.in_(session_ids)))
    found = {row[0].id: _holder(row, policy_of(session)) for row in rows}
    return {each: actor for each, actor in found.items() if actor is not None}


async def touch(session: AsyncSession, session_ids: Collection[UUID], now: datetime) -> None:
    """Keeps living sessions from idling out, written at most every thirty seconds. The caller commits."""
    await session.execute(
        update(LoginSession).where(LoginSession.id.in_(session_ids), LoginSession.ended_at.is_(None),
                                   LoginSession.seen_at <= now - _TOUCH_EVERY)
        .values(seen_at=now).execution_options(synchronize_session=False))
