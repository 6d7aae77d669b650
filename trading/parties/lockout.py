"""Locked after failures (R-1013), in a way that is no weapon: whoever the account knows is never locked out by others.

A failure is a signature that does not fit a certificate. Where it comes from decides what it counts against: a device
that has signed in before counts alone; so does an address from which the certificate has signed in; strangers count
by their address, of IPv6 by its /64, and all of them together. What is open already is never touched by a lock.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import TooMany
from storage.limits.counting import Limit, count, counted, in_words
from storage.limits.networks import network_of
from trading.parties.living import token_digest
from trading.parties.requests import Caller
from trading.parties.tables import BoundCertificate, KnownDevice, LoginSession
from trading.tenders.disclosure import Subject, is_sealed

_QUARTER = 15 * 60
OWN = Limit("sign-in:known", 5, _QUARTER)
FROM_ADDRESS = Limit("sign-in:address", 5, _QUARTER)
STRANGERS = Limit("sign-in:strangers", 50, _QUARTER)
KNOWN_FOR = timedelta(days=180)


async def locks(fingerprint: str, caller: Caller, uow: Work) -> Sequence[tuple[Limit, str]]:
    """What a failure of this caller with this certificate counts against. Inside an open ``uow``."""
    now = await uow.now()
    if caller.device:
        query = (select(KnownDevice.secret_sha256)
                 .join(BoundCertificate, BoundCertificate.party_id == KnownDevice.party_id)
                 .where(KnownDevice.secret_sha256 == token_digest(caller.device),
                        KnownDevice.last_at > now - KNOWN_FOR, BoundCertificate.fingerprint == fingerprint))
        if (await uow.session.execute(query)).first() is not None:
            return [(OWN, f"{fingerprint} {token_digest(caller.device)}")]
    network = network_of(caller.address)
    here = [(FROM_ADDRESS, f"{fingerprint} {network}")]
    before = await uow.session.scalars(select(LoginSession.address).distinct().where(
        LoginSession.certificate == fingerprint, LoginSession.second_factor != "awaited",
        LoginSession.opened_at > now - KNOWN_FOR))
    if network in map(network_of, before):
        return here
    return [*here, (STRANGERS, fingerprint)]


async def refuse_if_locked(fingerprint: str, caller: Caller, uow: Work) -> None:
    """Raises ``TooMany`` when this caller has failed too often; opens and closes ``uow``."""
    async with uow:
        for limit, subject in await locks(fingerprint, caller, uow):
            found = await counted(uow.session, limit, subject)
            if found.count >= limit.most:
                wait = in_words(found.seconds_left)
                raise TooMany(f"该证书连续验证失败，请在 {wait}后再试；曾经登录过的设备不受他人失败的影响",
                              seconds=found.seconds_left, reason="locked")


async def note_failure(fingerprint: str, caller: Caller, uow: Work) -> None:
    """Counts a failure; the one that locks stands in the ledger, for the enterprise and the supervisor to see."""
    async with uow:
        for limit, subject in await locks(fingerprint, caller, uow):
            found = await count(uow.session, limit, subject)
            if found.count == limit.most:
                await _note_lock(uow, fingerprint, caller, limit)
        await uow.commit()


async def _note_lock(uow: Work, fingerprint: str, caller: Caller, limit: Limit) -> None:
    query = select(BoundCertificate.party_id).where(BoundCertificate.fingerprint == fingerprint)
    party_id = (await uow.session.execute(query)).scalar_one_or_none()
    if party_id is not None:
        uow.record("session.locked", PLATFORM, stream=f"party:{party_id}", subject=f"certificate:{fingerprint}",
                   payload={"party": str(party_id), "certificate": fingerprint, "address": caller.address,
                            "lock": limit.name, "failures": limit.most, "seconds": limit.seconds},
                   audience=("supervisor", f"party:{party_id}"), sealed=is_sealed(Subject.SESSIONS))


async def remember_device(caller: Caller, party_id: UUID, uow: Work) -> str:
    """From now on the enterprise knows the device; answers the secret it shows, a fresh one for a device nobody knows.

    Inside an open ``uow``; the caller commits.
    """
    now, secret = await uow.now(), caller.device
    known = select(KnownDevice.party_id).where(KnownDevice.secret_sha256 == token_digest(secret)).limit(1)
    if not secret or (await uow.session.execute(known)).first() is None:
        secret = secrets.token_urlsafe(32)
    fresh = insert(KnownDevice).values(secret_sha256=token_digest(secret), party_id=party_id, last_at=now)
    await uow.session.execute(fresh.on_conflict_do_update(
        index_elements=[KnownDevice.secret_sha256, KnownDevice.party_id], set_={"last_at": now}))
    return secret
