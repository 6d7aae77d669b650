"""Security keys as a second factor: registered by who signs with the certificate, asked at sign-in, forgotten by two
persons alone (R-1012, fault 36)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto import security_keys
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.security_keys import Registered
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotSignedIn, Refused
from trading.parties.ending import end_sessions, note
from trading.parties.identity import consume, issue_challenge, prove
from trading.parties.living import AWAITED, PASSED, held_by, policy_of, token_digest
from trading.parties.lockout import remember_device
from trading.parties.model import Act
from trading.parties.permissions import permit_own
from trading.parties.queries import actor_for, party
from trading.parties.requests import Caller, Shown
from trading.parties.tables import LoginSession, Party, SecurityKey

_MOST = 10
Credential = Annotated[str, msgspec.Meta(max_length=8_192)]  # the JSON text of what a browser's key answered


class RegisterKey(Shown, frozen=True, forbid_unknown_fields=True):
    """A key that a browser made, by who signs with the certificate as well."""

    name: Annotated[str, msgspec.Meta(max_length=40)]
    credential: Credential


class KeyAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key's signature over the challenge of a sign-in, or of a proof within a session."""

    credential: Credential


class KeyView(msgspec.Struct):
    """A registered key."""

    id: str
    name: str
    registered_at: datetime
    used_at: datetime | None


async def keys_of(session: AsyncSession, party_id: UUID) -> Sequence[SecurityKey]:
    """The keys that count now, the earliest first."""
    query = (select(SecurityKey).where(SecurityKey.party_id == party_id, SecurityKey.forgotten_at.is_(None))
             .order_by(SecurityKey.registered_at, SecurityKey.credential_id))
    return (await session.scalars(query)).all()


async def own_keys(session: AsyncSession, actor: Actor) -> list[KeyView]:
    """One's own keys."""
    return [KeyView(to_base64(each.credential_id), each.name, each.registered_at, each.used_at)
            for each in await keys_of(session, permit_own(actor, Act.READ))]


async def begin_key(actor: Actor, uow: Work, origin: str) -> dict[str, Any]:
    """What the browser is asked in order to make a key."""
    party_id = permit_own(actor, Act.BIND)
    async with uow:
        known = [each.credential_id for each in await keys_of(uow.session, party_id)]
    nonce = from_base64((await issue_challenge(uow))["nonce"], "nonce")
    return security_keys.registration_options(origin, nonce, party_id.bytes, actor.name, known)


async def register_key(command: RegisterKey, actor: Actor, fresh_token: str, uow: Work, trust: TrustList,
                       origin: str) -> bool:
    """Registers the key; from the next sign-in on it is asked for.

    The first is registered by the certificate alone, and the session in which it was made has shown it: answers whether
    it goes on so, under the new token. A further one is registered in a session that has shown one already.
    """
    party_id = permit_own(actor, Act.BIND)
    if not command.name.strip():
        raise Invalid("请给这把钥匙起个名字", field="name")
    proven = await prove(command, uow, trust, origin)
    if proven.certificate.fingerprint != actor.certificate:
        raise Refused("请用登录所用的证书确认", reason="other-certificate")
    found = await _answered(command.credential, uow, origin)
    async with uow:
        subject = await _one_at_a_time(uow, party_id)
        held, session = await keys_of(uow.session, party_id), await own_session(uow, actor)
        if held and session.second_factor != PASSED:
            raise Refused("本单位已有安全钥匙：请先用它登录，再登记另一把", reason="security-key")
        if len(held) >= _MOST or await uow.session.get(SecurityKey, found.credential_id) is not None:
            raise Conflict("这把钥匙已经登记，或登记的钥匙已满")
        uow.session.add(SecurityKey(
            credential_id=found.credential_id, party_id=party_id, public_key=found.public_key,
            sign_count=found.sign_count, name=command.name.strip(), registered_at=await uow.now()))
        note(uow, "key.registered", actor, key=command.name.strip(), first=not held)
        if not held:
            await let_pass(uow, session, subject, fresh_token)
            session.proven_at = await uow.now()
        await uow.commit()
    return not held


async def _one_at_a_time(uow: Work, party_id: UUID) -> Party:
    """The party, so that of two keys made at once one alone is the first. Rows elsewhere may name the party meanwhile:
    what is under way in a hall must not wait for a key, nor a key for it."""
    query = select(Party).where(Party.id == party_id).with_for_update(key_share=True)
    return (await uow.session.execute(query)).scalar_one()


async def own_session(uow: Work, actor: Actor) -> LoginSession:
    """The session in which the actor acts, locked; raises ``NotSignedIn``. Inside an open ``uow``."""
    query = select(LoginSession).where(LoginSession.id == actor.session_id, LoginSession.ended_at.is_(None))
    held = (await uow.session.execute(query.with_for_update())).scalar_one_or_none()
    if held is None:
        raise NotSignedIn("请先登录")
    return held


async def let_pass(uow: Work, held: LoginSession, subject: Party, fresh_token: str, factor: str = PASSED) -> Actor:
    """The session has shown certificate and key, under a new token; answers whose it is.

    Of a role that holds one session at a time all others end now, and not before. Inside an open ``uow``.
    """
    held.second_factor, held.token_sha256, held.seen_at = factor, token_digest(fresh_token), await uow.now()
    actor = replace(actor_for(subject, held.certificate, held.address), session_id=held.id, is_fresh=True,
                    has_signed=True)
    if actor.roles & policy_of(uow.session).single:
        await end_sessions(uow, held.party_id, actor, "replaced", LoginSession.id != held.id)
    return actor


async def _answered(credential: str, uow: Work, origin: str) -> Registered:
    challenge = await answered_challenge(credential, uow)
    return security_keys.verify_registration(credential, origin=origin, challenge=challenge)


async def answered_challenge(credential: str, uow: Work) -> bytes:
    """The challenge that is answered, when this platform asked it, lately and for the first time."""
    challenge = security_keys.challenge_of(credential)
    expires_at, now = await consume(uow, challenge)
    if now >= expires_at:
        raise Refused("登录挑战已过期，请重试", reason="expired")
    return challenge


async def ask_key(uow: Work, party_id: UUID, origin: str) -> dict[str, Any] | None:
    """What the browser is asked, at sign-in or within a session; None for who has no key. Opens and closes ``uow``."""
    async with uow:
        known = [each.credential_id for each in await keys_of(uow.session, party_id)]
    if not known:
        return None
    nonce = from_base64((await issue_challenge(uow))["nonce"], "nonce")
    return security_keys.assertion_options(origin, nonce, known)


async def pass_key(command: KeyAnswer, caller: Caller, fresh_token: str, uow: Work,
                   origin: str) -> tuple[Actor, str, datetime]:
    """Completes the sign-in that awaits a key, under a new token; who it is, its device's secret, since when."""
    challenge = await answered_challenge(command.credential, uow)
    async with uow:
        query = select(LoginSession).where(held_by(caller), LoginSession.ended_at.is_(None),
                                           LoginSession.second_factor == AWAITED).with_for_update()
        held = (await uow.session.execute(query)).scalar_one_or_none()
        if held is None:
            raise NotSignedIn("请先用证书登录")
        key = await used_key(command.credential, held.party_id, uow, origin, challenge)
        actor = await let_pass(uow, held, await party(uow.session, held.party_id), fresh_token)
        held.proven_at = await uow.now()
        device = await remember_device(caller, held.party_id, uow)
        note(uow, "session.completed", actor, key=key.name)
        await uow.commit()
    return actor, device, held.opened_at


async def used_key(credential: str, party_id: UUID, uow: Work, origin: str, challenge: bytes) -> SecurityKey:
    """The party's registered key that answered the challenge. Inside an open ``uow``."""
    key = await uow.session.get(SecurityKey, security_keys.credential_id_of(credential), with_for_update=True)
    if key is None or key.party_id != party_id or key.forgotten_at is not None:
        raise Refused("没有登记这把安全钥匙", reason="security-key")
    known = Registered(key.credential_id, key.public_key, key.sign_count)
    key.sign_count = security_keys.verify_assertion(credential, known, origin=origin, challenge=challenge)
    key.used_at = await uow.now()
    return key


async def begin_proof(actor: Actor, uow: Work, origin: str) -> dict[str, Any]:
    """What the browser asks of a key of one's own, within a session."""
    asked = await ask_key(uow, permit_own(actor, Act.READ), origin)
    if asked is None:
        raise Refused("没有登记安全钥匙", reason="security-key")
    return asked


async def prove_by_key(command: KeyAnswer, actor: Actor, fresh_token: str, uow: Work, origin: str) -> datetime:
    """A fresh proof within a session, by a key of the same party; its token is a new one (fault 36). Answers since
    when the session is open.

    It counts for what asks a fresh proof, and not for what the certificate alone may prove.
    """
    party_id, challenge = permit_own(actor, Act.READ), await answered_challenge(command.credential, uow)
    async with uow:
        held = await own_session(uow, actor)
        key, now = await used_key(command.credential, party_id, uow, origin, challenge), await uow.now()
        held.token_sha256, held.key_proven_at, held.seen_at = token_digest(fresh_token), now, now
        note(uow, "session.proven", actor, key=key.name)
        await uow.commit()
    return held.opened_at


async def forget_keys(uow: Work, party_id: UUID) -> int:
    """Every key of the party counts no more; how many there were. Inside an open ``uow``; the caller records."""
    gone = await uow.session.execute(
        update(SecurityKey).where(SecurityKey.party_id == party_id, SecurityKey.forgotten_at.is_(None))
        .values(forgotten_at=await uow.now()).returning(SecurityKey.credential_id)
        .execution_options(synchronize_session=False))
    return len(gone.all())
