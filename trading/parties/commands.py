"""Enrolment: drafting, declaring, verifying, stopping an enterprise (R-224, A-25 to A-33)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from storage.crypto.certificates import parse_certificate
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.errors import Conflict, Refused, RulesUnmet
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require, unmet
from trading.parties.ending import end_sessions
from trading.parties.model import Act, PartyData, PartyStatus, VersionStatus, name_key, party_after, version_after
from trading.parties.permissions import permit, permit_own
from trading.parties.queries import certificate, current_version, enrolment_of, lock_party, newest_version
from trading.parties.records import data_of, payload_of, reader_tags, salted
from trading.parties.requests import Declared, Judged, Reason
from trading.parties.rules import DECLARING, VERIFYING_BY_ITSELF, name_is_free, one_stops_no_staff, verdicts
from trading.parties.tables import (
    AppointmentProposal,
    BoundCertificate,
    KnownDevice,
    LoginSession,
    Party,
    PartyVersion,
    SecurityKey,
)
from trading.trust.model import Purpose
from trading.trust.validating import grounds

_BEFORE_VERIFICATION = frozenset({PartyStatus.DRAFT, PartyStatus.DECLARED, PartyStatus.REFUSED})


@contextmanager
def _name_stays_unique() -> Iterator[None]:
    """Two who declare one name at the same instant meet here (A-26)."""
    try:
        yield
    except IntegrityError as error:
        if "uq_party_name_key" in str(error.orig):
            raise RulesUnmet([name_is_free]) from error
        raise Conflict("内容已被他人修改，请刷新后再试") from error


def _note(uow: Work, action: str, actor: Actor, subject: Party, version: PartyVersion, **more: Any) -> None:
    uow.record(action, actor, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
               payload=payload_of(subject, version, actor) | more, audience=reader_tags(subject.id))


def take_identity(subject: Party, data: PartyData) -> None:
    """Lets the data become the enterprise's own: its name and the roles it asked for."""
    subject.name, subject.name_key = data.name, name_key(data.name)
    subject.region, subject.roles = data.region, list(data.roles)


async def edit_enrolment(command: Declared, actor: Actor, uow: Work) -> None:
    """Changes the draft, or begins a new version beside the one in effect or refused (A-30 to A-32)."""
    with _name_stays_unique():
        async with uow:
            subject = await lock_party(uow.session, permit_own(actor, Act.EDIT))
            version = await newest_version(uow.session, subject.id)
            version_after(VersionStatus(version.status), Act.EDIT)
            now = await uow.now()
            data = command.as_data()
            if version.status != VersionStatus.DRAFT:
                version = PartyVersion(id=new_id(), party_id=subject.id, number=version.number + 1, created_at=now,
                                       status=VersionStatus.DRAFT, reason="")
                uow.session.add(version)
            version.data, version.salt = salted(data)
            version.changed_at = now
            if subject.status in _BEFORE_VERIFICATION:
                subject.status = PartyStatus.DRAFT
                take_identity(subject, data)
            _note(uow, "party.edited", actor, subject, version)
            await uow.commit()


async def delete_enrolment(actor: Actor, uow: Work) -> None:
    """Deletes the draft or refused version; with the only one the enterprise goes too (A-32)."""
    async with uow:
        subject = await lock_party(uow.session, permit_own(actor, Act.DELETE))
        version = await newest_version(uow.session, subject.id)
        version_after(VersionStatus(version.status), Act.DELETE)
        _note(uow, "party.deleted", actor, subject, version)
        if subject.status in _BEFORE_VERIFICATION:
            for table in (AppointmentProposal, LoginSession, KnownDevice, SecurityKey, BoundCertificate, PartyVersion):
                await uow.session.execute(delete(table).where(table.party_id == subject.id))
            await uow.session.delete(subject)
        else:
            await uow.session.delete(version)
        await uow.commit()


async def declare_enrolment(actor: Actor, uow: Work, trust: TrustList) -> Party:
    """Declares the draft. Where everything can be checked by itself it is verified at once, else it waits (R-224)."""
    with _name_stays_unique():
        async with uow:
            subject = await lock_party(uow.session, permit_own(actor, Act.DECLARE))
            version = await newest_version(uow.session, subject.id)
            after = version_after(VersionStatus(version.status), Act.DECLARE)
            now = await uow.now()
            enrolment = await enrolment_of(uow.session, subject, version, now)
            require(*verdicts(DECLARING, enrolment))
            await _certificate_still_holds(uow, actor, trust)
            version.status, version.declared_at = after, now
            version.declared_by, version.declared_with = actor.id, actor.certificate
            version.verified_by = version.verified_by_name = version.verified_at = None
            if subject.status in _BEFORE_VERIFICATION:
                subject.status = PartyStatus.DECLARED
            _note(uow, "party.declared", actor, subject, version, certificate=actor.certificate)
            doubts = unmet(verdicts(VERIFYING_BY_ITSELF, enrolment))
            if not doubts:
                await _verify(uow, subject, version, PLATFORM)
            await uow.commit()
            return subject


async def _certificate_still_holds(uow: Work, actor: Actor, trust: TrustList) -> None:
    """The declarer's certificate is looked at again: a session may be hours older than a revocation (R-701)."""
    held = await certificate(uow.session, actor.certificate or "")
    if held is None:
        raise Refused("登录所用的证书已解绑", reason="not-bound")
    await grounds(uow.session, parse_certificate(held.pem), await uow.now(), Purpose.SIGN, trust)


async def _verify(uow: Work, subject: Party, version: PartyVersion, actor: Actor) -> None:
    """The version takes effect; the one before it stays as history (A-28, A-31)."""
    before = await current_version(uow.session, subject.id)
    if before is not None:
        before.status = VersionStatus.SUPERSEDED
        await uow.session.flush()  # at no moment are two versions in effect
    version.status = version_after(VersionStatus(version.status), Act.VERIFY)
    version.verified_by, version.verified_by_name, version.verified_at = actor.id, actor.name, await uow.now()
    version.reason = ""
    take_identity(subject, data_of(version))
    if subject.status in _BEFORE_VERIFICATION:
        subject.status = PartyStatus.VERIFIED
    _note(uow, "party.verified", actor, subject, version)


async def verify_party(party_id: UUID, command: Judged, actor: Actor, uow: Work) -> None:
    """Centre staff confirm the waiting version they have read (A-28)."""
    with _name_stays_unique():
        async with uow:
            permit(actor, Act.VERIFY, party_id)
            subject = await lock_party(uow.session, party_id)
            version = await _version_read(uow, subject, command.number)
            enrolment = await enrolment_of(uow.session, subject, version, await uow.now())
            version_after(VersionStatus(version.status), Act.VERIFY)
            require(*verdicts(DECLARING, enrolment))
            await _verify(uow, subject, version, actor)
            await uow.commit()


async def refuse_party(party_id: UUID, command: Judged, actor: Actor, uow: Work) -> None:
    """Centre staff send the waiting version back with a reason; it can be amended (A-29)."""
    async with uow:
        permit(actor, Act.REFUSE, party_id)
        subject = await lock_party(uow.session, party_id)
        version = await _version_read(uow, subject, command.number)
        version.status = version_after(VersionStatus(version.status), Act.REFUSE)
        version.verified_by, version.verified_by_name, version.verified_at = actor.id, actor.name, await uow.now()
        version.reason = command.given_reason()
        if subject.status in _BEFORE_VERIFICATION:
            subject.status = PartyStatus.REFUSED
        _note(uow, "party.refused", actor, subject, version, reason=version.reason)
        await uow.commit()


async def _version_read(uow: Work, subject: Party, number: int) -> PartyVersion:
    version = await newest_version(uow.session, subject.id)
    if version.number != number:
        raise Conflict("申报内容已变化，请重新阅读后再审核", number=version.number)
    return version


async def set_business(party_id: UUID, act: Act, command: Reason, actor: Actor, uow: Work) -> None:
    """Centre staff stop an enterprise's business, or allow it again, with a reason (A-33).

    Raises ``RulesUnmet`` R-1011/2 for who holds an office: two persons dismiss it first.
    """
    async with uow:
        permit(actor, act, party_id)
        subject = await lock_party(uow.session, party_id)
        require((one_stops_no_staff, one_stops_no_staff(act, subject.staff_roles)))
        subject.status = party_after(PartyStatus(subject.status), act)
        subject.status_reason = command.given_reason()
        if act is Act.STOP:  # its sessions go with its roles (ASVS 7.4.2); signing in anew, it reads why
            await end_sessions(uow, party_id, actor, "stopped")
        action = "party.stopped" if act is Act.STOP else "party.allowed"
        uow.record(action, actor, stream=f"party:{party_id}", subject=f"party:{party_id}",
                   payload={"party": str(party_id), "name": subject.name, "by": actor.name, "reason": command.reason},
                   audience=("audit", *reader_tags(party_id)))
        await uow.commit()
