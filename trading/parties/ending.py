"""Sessions end: signed out, from another device, everywhere, or because what they stood on is gone (R-1013)."""

from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from trading.parties.living import token_digest
from trading.parties.model import Act
from trading.parties.permissions import permit, permit_own
from trading.parties.queries import party
from trading.parties.records import reader_tags
from trading.parties.requests import Reason
from trading.parties.tables import LoginSession
from trading.tenders.disclosure import Subject, is_sealed


def note(uow: Work, action: str, actor: Actor, party_id: UUID | None = None, /,
         **facts: object) -> None:
    """What was done to the sessions of a party, the actor's own when none is named.

    Sealed: who signs in and out before a deadline is nobody's business (R-122).
    """
    whose = f"party:{party_id or actor.party_id}"
    uow.record(action, actor, stream=whose, subject=whose,
               payload={"party": whose.removeprefix("party:"), "name": actor.name, "certificate": actor.certificate,
                        "address": actor.address, **facts},
               audience=("supervisor", whose), sealed=is_sealed(Subject.SESSIONS))


async def end_sessions(uow: Work, party_id: UUID, actor: Actor, why: str, *which: ColumnElement[bool]) -> int:
    """Ends the sessions of a party that all of ``which`` hold for, and notes how many and why; none is no error.

    ``why``: signed-out, elsewhere, everywhere, replaced, unbound, appointed, stopped, administrator.
    Sockets follow within seconds.
    """
    ended = await uow.session.execute(
        update(LoginSession).where(LoginSession.ended_at.is_(None), LoginSession.party_id == party_id, *which)
        .values(ended_at=await uow.now()).returning(LoginSession.id).execution_options(synchronize_session=False))
    count = len(ended.all())
    if count:
        note(uow, "session.closed", actor, party_id, count=count, why=why)
    return count


async def sign_out(actor: Actor, token: str, uow: Work) -> None:
    """Ends the session; again is no error."""
    if actor.party_id is None:
        return
    async with uow:
        await end_sessions(uow, actor.party_id, actor, "signed-out", LoginSession.token_sha256 == token_digest(token))
        await uow.commit()


async def end_session(session_id: UUID, actor: Actor, uow: Work) -> None:
    """Ends one of the enterprise's own sessions, on whatever device; raises ``NotFound``. Again is no error."""
    party_id = permit_own(actor, Act.READ)
    async with uow:
        own = LoginSession.id == session_id, LoginSession.party_id == party_id
        if (await uow.session.execute(select(LoginSession.id).where(*own))).one_or_none() is None:
            raise NotFound("没有这个会话")
        await end_sessions(uow, party_id, actor, "elsewhere", LoginSession.id == session_id)
        await uow.commit()


async def end_all_sessions(actor: Actor, uow: Work) -> None:
    """Signs the enterprise out everywhere, here too (ASVS 7.4.3)."""
    party_id = permit_own(actor, Act.READ)
    async with uow:
        await end_sessions(uow, party_id, actor, "everywhere")
        await uow.commit()


async def end_party_sessions(party_id: UUID, command: Reason, actor: Actor, uow: Work) -> None:
    """The security administrator signs an enterprise out everywhere, for a stated reason it can read (ASVS 7.4.5)."""
    permit(actor, Act.END_SESSIONS, party_id)
    async with uow:
        subject = await party(uow.session, party_id)
        await end_sessions(uow, party_id, actor, "administrator")
        # Under no seal, so not how many there were: that would tell who was signed in.
        uow.record("party.signed_out", actor, stream=f"party:{party_id}", subject=f"party:{party_id}",
                   payload={"party": str(party_id), "name": subject.name, "by": actor.name,
                            "reason": command.given_reason()},
                   audience=("audit", *reader_tags(party_id)))
        await uow.commit()
