"""Enrolling, signing in and out, binding and unbinding certificates (A-12, A-13, R-701, R-1013)."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import CertificateRefused
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.parties import rules
from trading.parties.commands import take_identity
from trading.parties.identity import Proven, bound, prove
from trading.parties.model import SESSION_LIMIT, Act, PartyStatus, VersionStatus, name_key
from trading.parties.permissions import permit_own
from trading.parties.queries import (
    actor_for,
    bound_certificates,
    certificate,
    certificates,
    lock_party,
    party,
    party_of_uscc,
    token_digest,
)
from trading.parties.records import payload_of, reader_tags, salted
from trading.parties.requests import Enrol, Shown
from trading.parties.tables import BoundCertificate, LoginSession, Party, PartyVersion
from trading.trust.model import Purpose
from trading.trust.validating import grounds


@dataclass(frozen=True)
class SignedIn:
    """An opened session: the token leaves the platform here, and only here."""

    token: str
    ends_at: datetime
    actor: Actor


async def sign_in(shown: Shown, address: str, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Opens a session for the enterprise to which the certificate is bound (A-12)."""
    proven = await prove(shown, uow, trust, origin)
    found = proven.certificate
    async with uow:
        held = await certificate(uow.session, found.fingerprint)
        if held is None:
            raise Refused("该证书尚未绑定任何主体，请先入库或由已绑定的证书登录后绑定", reason="not-bound")
        subject = await party(uow.session, held.party_id)
        if found.uscc != subject.uscc:
            raise Refused("证书中的统一社会信用代码与入库主体不一致", reason="other-enterprise")
        opened = await _open(uow, subject, proven, address)
        await uow.commit()
        return opened


async def sign_in_renewed(shown: Shown, address: str, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Binds the successor of certificates that have all ended, and signs in with it (R-704).

    The CA vouches for the enterprise by code and name; while an older certificate still works, it must do the binding.
    """
    proven = await prove(shown, uow, trust, origin)
    found = proven.certificate
    async with uow:
        subject = await party_of_uscc(uow.session, found.uscc)
        if name_key(found.organisation) != subject.name_key:
            raise Refused("证书中的单位名称与入库主体不一致，请联系交易中心", reason="other-name")
        subject = await lock_party(uow.session, subject.id)
        if await _still_usable(uow, subject, trust):
            raise Refused("原证书仍然有效，请用原证书登录后绑定新证书", reason="still-usable")
        await _attach(uow, subject, found)
        await uow.session.flush()
        opened = await _open(uow, subject, proven, address)
        _note_certificate(uow, "certificate.renewed", opened.actor, found.fingerprint, found.serial)
        await uow.commit()
        return opened


async def _still_usable(uow: Work, subject: Party, trust: TrustList) -> bool:
    """Whether a certificate of the enterprise is valid now: within its dates, and not revoked (R-704)."""
    now = await uow.now()
    for each in await certificates(uow.session, subject.id, now):
        with suppress(CertificateRefused):
            await grounds(uow.session, parse_certificate(each.pem), now, Purpose.LOGIN, trust)
            return True
    return False


async def _open(uow: Work, subject: Party, proven: Proven, address: str) -> SignedIn:
    fingerprint = proven.certificate.fingerprint
    token, now = secrets.token_urlsafe(32), await uow.now()
    uow.session.add(LoginSession(token_sha256=token_digest(token), party_id=subject.id, certificate=fingerprint,
                                 opened_at=now, seen_at=now, ended_at=None, address=address))
    actor = actor_for(subject, fingerprint, address)
    _note(uow, "session.opened", actor, **proven.grounds.facts)
    return SignedIn(token=token, ends_at=now + SESSION_LIMIT, actor=actor)


def _note(uow: Work, action: str, actor: Actor, **facts: object) -> None:
    """Sealed: who signs in before a deadline is nobody's business (R-122)."""
    uow.record(action, actor, stream=f"party:{actor.party_id}", subject=f"party:{actor.party_id}",
               payload={"party": str(actor.party_id), "name": actor.name, "certificate": actor.certificate,
                        "address": actor.address, **facts},
               audience=("supervisor", actor.id), sealed=True)


async def sign_out(actor: Actor, token: str, uow: Work) -> None:
    """Ends the session; again is no error."""
    async with uow:
        held = await uow.session.get(LoginSession, token_digest(token))
        if held is None or held.ended_at is not None or not actor.is_party(held.party_id):
            return
        held.ended_at = await uow.now()
        _note(uow, "session.closed", actor)
        await uow.commit()


async def enrol(command: Enrol, address: str, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Makes a draft of an enterprise that shows its certificate, and signs it in (R-224, A-25)."""
    proven = await prove(command, uow, trust, origin)
    found, data = proven.certificate, command.data.as_data()
    judged = rules.Enrolment(data, command.agreement_version, frozenset(), (found.organisation,), (found.uscc,))
    require(*rules.verdicts((rules.agreement_is_accepted, rules.uscc_is_well_formed,
                             rules.certificate_names_the_enterprise), judged))
    async with uow:
        now = await uow.now()
        subject = Party(id=new_id(), uscc=data.uscc, status=PartyStatus.DRAFT, staff_roles=[], created_at=now,
                        agreement_version=command.agreement_version, agreed_at=now, status_reason="", is_demo=False)
        take_identity(subject, data)
        stored, salt = salted(data)
        version = PartyVersion(id=new_id(), party_id=subject.id, number=1, data=stored, salt=salt, reason="",
                               status=VersionStatus.DRAFT, created_at=now, changed_at=now)
        try:
            uow.session.add(subject)
            await uow.session.flush()
            uow.session.add_all([version, bound(found, subject.id, now)])
            await uow.session.flush()
        except IntegrityError as error:
            raise Conflict("该统一社会信用代码或证书已经入库，请直接登录", uscc=data.uscc) from error
        actor = actor_for(subject, found.fingerprint, address)
        uow.record("party.drafted", actor, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
                   payload=payload_of(subject, version, actor) | {"agreement": command.agreement_version},
                   audience=reader_tags(subject.id))
        opened = await _open(uow, subject, proven, address)
        await uow.commit()
        return opened


async def bind_certificate(command: Shown, actor: Actor, uow: Work, trust: TrustList, origin: str) -> str:
    """Binds one more certificate of the same enterprise; its key must have signed the challenge (A-12, R-703)."""
    party_id = permit_own(actor, Act.BIND)
    proven = await prove(command, uow, trust, origin)
    found = proven.certificate
    async with uow:
        subject = await lock_party(uow.session, party_id)
        if found.uscc != subject.uscc:
            raise Refused("证书中的统一社会信用代码与入库主体不一致", reason="other-enterprise")
        await _attach(uow, subject, found)
        _note_certificate(uow, "certificate.bound", actor, found.fingerprint, found.serial)
        await uow.commit()
    return found.fingerprint


async def _attach(uow: Work, subject: Party, found: Certificate) -> None:
    now = await uow.now()
    held = await uow.session.get(BoundCertificate, found.fingerprint)
    if held is None:
        uow.session.add(bound(found, subject.id, now))
    elif held.unbound_at is None or held.party_id != subject.id:
        raise Conflict("该证书已经绑定", certificate=found.fingerprint)
    else:
        held.bound_at, held.unbound_at = now, None


def _note_certificate(uow: Work, action: str, actor: Actor, fingerprint: str, serial: str) -> None:
    uow.record(action, actor, stream=f"party:{actor.party_id}", subject=f"certificate:{fingerprint}",
               payload={"party": str(actor.party_id), "certificate": fingerprint, "serial": serial, "by": actor.name},
               audience=("centre", "supervisor", actor.id))


async def unbind_certificate(fingerprint: str, actor: Actor, uow: Work) -> None:
    """Ends a binding and every session opened with it; the last usable certificate stays (A-12)."""
    party_id = permit_own(actor, Act.UNBIND)
    async with uow:
        await lock_party(uow.session, party_id)
        now = await uow.now()
        held = {each.fingerprint: each for each in await bound_certificates(uow.session, party_id)}
        gone = held.pop(fingerprint, None)
        if gone is None:
            raise NotFound("没有绑定这张证书")
        if not any(each.not_before <= now <= each.not_after for each in held.values()):
            raise Refused("这是最后一张可用的证书，解绑后将无法登录；请先绑定新证书", reason="last-certificate")
        gone.unbound_at = now
        await uow.session.execute(update(LoginSession).where(
            LoginSession.certificate == fingerprint, LoginSession.ended_at.is_(None)).values(ended_at=now))
        _note_certificate(uow, "certificate.unbound", actor, fingerprint, gone.serial)
        await uow.commit()
