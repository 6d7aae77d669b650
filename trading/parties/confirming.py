"""A program's sign-in, confirmed in a browser by a security key (the device grant of RFC 8628, fault 36).

The program has signed with the certificate, and shows a short code. A person of the same party types the code into a
browser that has shown its key, sees what asks, and touches the key. The program then goes on, once, under a new token.
Codes live for minutes and mean nothing to anyone of another party.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.limits.counting import Limit, count, counted, too_many
from storage.limits.networks import network_of
from trading.parties.devices import device_of
from trading.parties.ending import end_sessions, note
from trading.parties.keys import Credential, answered_challenge, let_pass, own_session, used_key
from trading.parties.living import AWAITED, CONFIRMED, PASSED, held_by, policy_of, token_digest
from trading.parties.lockout import remember_device
from trading.parties.model import Act, SessionTimes
from trading.parties.permissions import permit_own
from trading.parties.queries import party
from trading.parties.requests import Caller
from trading.parties.tables import BoundCertificate, Confirmation, LoginSession

LIFE = timedelta(minutes=5)
EVERY_SECONDS = 2
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 section 6.1: no vowels, so no words
_LENGTH = 8
_QUARTER = 15 * 60
ASKED = Limit("confirmation:asked", 20, _QUARTER)
WRONG = Limit("confirmation:wrong", 10, _QUARTER)


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that a program shows, and the answer of a key of the same party to a challenge made for it."""

    code: Annotated[str, msgspec.Meta(max_length=20)]
    credential: Credential


class Coded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that a program shows."""

    code: Annotated[str, msgspec.Meta(max_length=20)]


class AskedView(msgspec.Struct):
    """What a program shows, and how often it may ask whether it was confirmed, in seconds."""

    code: str
    address: str
    expires_at: datetime
    interval: int


class ProgramView(msgspec.Struct):
    """What asks to be confirmed, as far as the platform knows. ``device`` is its own word; ``is_proof``: it is signed
    in, and asks for a fresh proof."""

    device: str
    address: str
    certificate_serial: str
    opened_at: datetime
    asked_at: datetime
    expires_at: datetime
    is_proof: bool


class State(StrEnum):
    """Where a confirmation stands, to the program that asked; one that was refused has no session any more."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Taken:
    """What the program learns; who it is and until when where it was confirmed."""

    state: State
    actor: Actor | None = None
    ends_at: datetime | None = None


def normal(code: str) -> str:
    """A code as people type it: without blanks and dashes, in capitals."""
    return "".join(char for char in code.upper() if char not in " -")


def _digest(party_id: UUID, code: str) -> str:
    return token_digest(f"{party_id} {code}")


async def ask_confirmation(actor: Actor, caller: Caller, uow: Work, origin: str) -> AskedView:
    """A fresh code for a program that has signed in by its certificate and awaits a key, or has been confirmed before
    and needs a fresh proof; its earlier code is void. Raises ``Refused``, ``TooMany``."""
    async with uow:
        now, held = await uow.now(), await _asking(actor, caller, uow)
        tally = await count(uow.session, ASKED, f"{held.party_id} {network_of(caller.address)}")
        await uow.session.execute(delete(Confirmation).where(
            (Confirmation.session_id == held.id) | (Confirmation.expires_at < now - LIFE)))
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        if tally.count <= ASKED.most:
            await uow.session.execute(insert(Confirmation).values(
                id=new_id(), session_id=held.id, party_id=held.party_id, code_sha256=_digest(held.party_id, code),
                is_proof=held.second_factor == CONFIRMED, asked_at=now, expires_at=now + LIFE, address=caller.address,
                agent=caller.agent))
        await uow.commit()
    if tally.count > ASKED.most:
        raise too_many(tally)
    return AskedView(f"{code[:4]}-{code[4:]}", f"{origin}/confirm", now + LIFE, EVERY_SECONDS)


async def _asking(actor: Actor, caller: Caller, uow: Work) -> LoginSession:
    """The session of a program that may ask, locked. Of one that awaits a key nobody is known yet but its token."""
    if actor.party_id is not None:
        held = await own_session(uow, actor)
        if held.second_factor != CONFIRMED:
            raise Refused("本次登录是在浏览器中完成的，请用安全钥匙本身证明", reason="security-key")
        return held
    return await _awaiting(caller, uow)


async def _awaiting(caller: Caller, uow: Work) -> LoginSession:
    query = select(LoginSession).where(held_by(caller), LoginSession.ended_at.is_(None),
                                       LoginSession.second_factor == AWAITED).with_for_update()
    held = (await uow.session.execute(query)).scalar_one_or_none()
    times = SessionTimes(held.opened_at, held.seen_at) if held else None
    if held is None or times is None or not times.is_alive(await uow.now(), policy_of(uow.session)):
        raise Refused("没有等待确认的登录：请先用证书登录", reason="not-awaiting")
    return held


async def find_program(command: Coded, actor: Actor, uow: Work) -> ProgramView:
    """What asks under the code, to somebody of the same party in a session that has shown its key; to anyone else the
    code does not exist. Raises ``NotFound``, ``TooMany``."""
    async with uow:
        asked, held = await _asked(command.code, actor, uow)
        serial = await uow.session.scalar(select(BoundCertificate.serial).where(
            BoundCertificate.fingerprint == held.certificate))
    return ProgramView(device_of(asked.agent), asked.address, serial or "", held.opened_at, asked.asked_at,
                       asked.expires_at, asked.is_proof)


async def _asked(code: str, actor: Actor, uow: Work) -> tuple[Confirmation, LoginSession]:
    """The open question under that code, with the session that asks. Wrong codes are counted, and committed."""
    party_id = permit_own(actor, Act.READ)
    shown = await uow.session.scalar(select(LoginSession.second_factor).where(LoginSession.id == actor.session_id))
    if shown != PASSED:
        raise Refused("请先在本浏览器中用安全钥匙登录，再确认其他程序的登录", reason="security-key")
    whose = f"{party_id} {actor.session_id}"
    before = await counted(uow.session, WRONG, whose)
    if before.count >= WRONG.most:
        raise too_many(before)
    query = (select(Confirmation, LoginSession).join(LoginSession, LoginSession.id == Confirmation.session_id)
             .where(Confirmation.code_sha256 == _digest(party_id, normal(code)), Confirmation.party_id == party_id,
                    Confirmation.expires_at > await uow.now(), Confirmation.decided_at.is_(None),
                    LoginSession.ended_at.is_(None)))
    found = (await uow.session.execute(query)).one_or_none()
    if found is None:
        await count(uow.session, WRONG, whose)
        await uow.commit()
        raise NotFound("没有等待确认的这个代码：可能输错、已用过或已过期")
    return found[0], found[1]


async def confirm_program(command: Confirm, actor: Actor, uow: Work, origin: str) -> None:
    """The person confirms, by a key of the same party; the program may take it once."""
    challenge = await answered_challenge(command.credential, uow)
    async with uow:
        asked, held = await _asked(command.code, actor, uow)
        key = await used_key(command.credential, asked.party_id, uow, origin, challenge)
        now = await uow.now()
        first = await uow.session.execute(
            update(Confirmation).where(Confirmation.id == asked.id, Confirmation.decided_at.is_(None))
            .values(decided_at=now, expires_at=now + LIFE)  # the program has as long again to take it
            .returning(Confirmation.id))
        if first.one_or_none() is None:
            raise Conflict("这个代码刚刚已被处理")
        note(uow, "session.confirmed", actor, key=key.name, program=device_of(asked.agent), asked_from=asked.address,
             proof=asked.is_proof, signed_by=held.certificate)
        await uow.commit()


async def refuse_program(command: Coded, actor: Actor, uow: Work) -> None:
    """The person knows of no such program: it gets nothing, and its session is over."""
    async with uow:
        asked, held = await _asked(command.code, actor, uow)
        await end_sessions(uow, asked.party_id, actor, "elsewhere", LoginSession.id == held.id)
        await uow.session.execute(delete(Confirmation).where(Confirmation.id == asked.id))
        await uow.commit()


async def take_confirmation(actor: Actor, caller: Caller, fresh_token: str, uow: Work) -> Taken:
    """Where the program's question stands; where it was confirmed its session has passed the key, under the new token.

    One confirmation is taken once. Raises ``Refused`` (not-awaiting) once the session is over.
    """
    async with uow:
        now, held = await uow.now(), await _asking(actor, caller, uow)
        query = select(Confirmation).where(Confirmation.session_id == held.id, Confirmation.expires_at > now)
        asked = (await uow.session.execute(query.with_for_update())).scalar_one_or_none()
        if asked is None or asked.decided_at is None:
            return Taken(State.EXPIRED if asked is None else State.WAITING)
        await uow.session.delete(asked)
        found = await let_pass(uow, held, await party(uow.session, held.party_id), fresh_token, CONFIRMED)
        held.key_proven_at = asked.decided_at  # the certificate signed when it signed: that is not changed here
        await remember_device(caller, held.party_id, uow)
        note(uow, "session.proven" if asked.is_proof else "session.completed", found)
        await uow.commit()
    return Taken(State.CONFIRMED, found, held.opened_at + policy_of(uow.session).age)
