"""Enrolling and signing in: by certificate, by its successor, once more, with a security key (A-12, R-704, R-1013)."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from storage.crypto.certificates import parse_certificate
from storage.crypto.errors import CertificateRefused, SignatureRefused
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.parties import rules
from trading.parties.binding import attach, note_certificate
from trading.parties.commands import take_identity
from trading.parties.ending import end_sessions, note
from trading.parties.identity import Proven, bound_halves, prove
from trading.parties.keys import keys_of
from trading.parties.living import AWAITED, admitted, policy_of, token_digest
from trading.parties.lockout import note_failure, refuse_if_locked, remember_device
from trading.parties.model import Act, PartyStatus, VersionStatus, name_key
from trading.parties.permissions import permit_own
from trading.parties.queries import (
    actor_for,
    certificate,
    certificates,
    lock_party,
    party,
    party_of_uscc,
)
from trading.parties.records import payload_of, reader_tags, salted
from trading.parties.requests import Caller, Enrol, Shown
from trading.parties.tables import LoginSession, Party, PartyVersion
from trading.trust.model import Purpose
from trading.trust.validating import grounds


@dataclass(frozen=True)
class SignedIn:
    """An opened session: its token and the device's secret leave the platform here, and only here."""

    token: str
    device: str
    ends_at: datetime
    actor: Actor
    awaits_key: bool = False


async def sign_in(shown: Shown, caller: Caller, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Opens a session for the enterprise to which the certificate is bound (A-12)."""
    proven = await _let_in(shown, caller, uow, trust, origin)
    found = proven.certificate
    async with uow:
        held = await certificate(uow.session, found.fingerprint)
        if held is None:
            raise Refused("该证书尚未绑定任何主体，请先入库或由已绑定的证书登录后绑定", reason="not-bound")
        subject = await party(uow.session, held.party_id)
        if found.uscc != subject.uscc:
            raise Refused("证书中的统一社会信用代码与入库主体不一致", reason="other-enterprise")
        opened = await _open(uow, subject, proven, caller)
        await uow.commit()
        return opened


async def sign_in_renewed(shown: Shown, caller: Caller, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Binds the successor of certificates that have all ended, and signs in with it (R-704).

    The CA vouches for the enterprise by code and name; while an older certificate still works, it must do the binding.
    """
    proven = await _let_in(shown, caller, uow, trust, origin)
    found = proven.certificate
    async with uow:
        subject = await party_of_uscc(uow.session, found.uscc)
        if name_key(found.organisation) != subject.name_key:
            raise Refused("证书中的单位名称与入库主体不一致，请联系交易中心", reason="other-name")
        subject = await lock_party(uow.session, subject.id)
        if await _still_usable(uow, subject, trust):
            raise Refused("原证书仍然有效，请用原证书登录后绑定新证书", reason="still-usable")
        await attach(uow, subject, proven)
        await uow.session.flush()
        opened = await _open(uow, subject, proven, caller)
        note_certificate(uow, "certificate.renewed", opened.actor, proven)
        await uow.commit()
        return opened


async def _let_in(shown: Shown, caller: Caller, uow: Work, trust: TrustList, origin: str) -> Proven:
    """Who asks, proven; raises ``TooMany`` for who has failed too often, and counts who fails (R-1013)."""
    fingerprint = parse_certificate(shown.certificate).fingerprint
    _made_the_connection(fingerprint, caller)
    await refuse_if_locked(fingerprint, caller, uow)
    try:
        return await prove(shown, uow, trust, origin)
    except SignatureRefused as error:
        if error.facts.get("reason") != "expired":
            await note_failure(fingerprint, caller, uow)
        raise


def _made_the_connection(fingerprint: str, caller: Caller) -> None:
    """By the address of programs the certificate that signs is the one of the TLS (ADR 22); raises ``Refused``."""
    if caller.tls == "":
        raise Refused("经程序专用地址登录，须用同一证书建立 TLS 连接；SM2 证书、USB 密钥和手机证书请改用平台的公开地址",
                      reason="no-client-certificate")
    if caller.tls not in {None, fingerprint}:
        raise Refused("建立 TLS 连接的证书与签名的证书不是同一张", reason="other-client-certificate")


async def _still_usable(uow: Work, subject: Party, trust: TrustList) -> bool:
    """Whether a certificate of the enterprise is valid now: within its dates, and not revoked (R-704)."""
    now = await uow.now()
    for each in await certificates(uow.session, subject.id, now):
        with suppress(CertificateRefused):
            await grounds(uow.session, parse_certificate(each.pem), now, Purpose.LOGIN, trust)
            return True
    return False


async def _open(uow: Work, subject: Party, proven: Proven, caller: Caller) -> SignedIn:
    """A new session under a new token; the one the caller had before is over, for one device holds one (R-1013)."""
    fingerprint, policy = proven.certificate.fingerprint, policy_of(uow.session)
    token, now = secrets.token_urlsafe(32), await uow.now()
    row = LoginSession(id=new_id(), token_sha256=token_digest(token), party_id=subject.id, certificate=fingerprint,
                       opened_at=now, seen_at=now, ended_at=None, address=caller.address, agent=caller.agent,
                       tls_certificate=caller.tls)
    actor = replace(actor_for(subject, fingerprint, caller.address), session_id=row.id)
    if await keys_of(uow.session, subject.id):
        row.second_factor = AWAITED
    awaits_key = row.second_factor == AWAITED
    # Who has not shown its key yet ends no session but the one it holds, and no device is known by it.
    before = (LoginSession.party_id == subject.id if actor.roles & policy.single and not awaits_key
              else LoginSession.token_sha256 == token_digest(caller.token))
    await end_sessions(uow, subject.id, actor, "replaced", before)
    uow.session.add(row)
    note(uow, "session.opened", actor, **proven.grounds.facts)
    device = caller.device if awaits_key else await remember_device(caller, subject.id, uow)
    return SignedIn(token, device, now + policy.age, actor if awaits_key else admitted(actor, "", policy),
                    awaits_key=awaits_key)


async def sign_in_again(shown: Shown, caller: Caller, actor: Actor, uow: Work, trust: TrustList,
                        origin: str) -> SignedIn:
    """A fresh proof within a session, by any certificate of its enterprise; its token is a new one (fault 36)."""
    party_id = permit_own(actor, Act.READ)
    proven = await _let_in(shown, caller, uow, trust, origin)
    fingerprint = proven.certificate.fingerprint
    async with uow:
        held = await certificate(uow.session, fingerprint)
        if held is None or held.party_id != party_id:
            raise Refused("请用本单位已绑定的证书证明身份", reason="not-bound")
        query = select(LoginSession).where(LoginSession.id == actor.session_id, LoginSession.ended_at.is_(None))
        row = (await uow.session.execute(query.with_for_update())).scalar_one_or_none()
        if row is None:
            raise NotSignedIn("请先登录")
        token, now = secrets.token_urlsafe(32), await uow.now()
        row.token_sha256, row.proven_at, row.seen_at = token_digest(token), now, now
        note(uow, "session.proven", actor, **proven.grounds.facts)
        device = await remember_device(caller, party_id, uow)
        await uow.commit()
    ends_at = row.opened_at + policy_of(uow.session).age
    return SignedIn(token, device, ends_at, replace(actor, is_fresh=True, has_signed=True))


async def enrol(command: Enrol, caller: Caller, uow: Work, trust: TrustList, origin: str) -> SignedIn:
    """Makes a draft of an enterprise that shows its certificate, and signs it in (R-224, A-25)."""
    _made_the_connection(parse_certificate(command.certificate).fingerprint, caller)
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
            uow.session.add_all([version, *bound_halves(proven, subject.id, now)])
            await uow.session.flush()
        except IntegrityError as error:
            raise Conflict("该统一社会信用代码或证书已经入库，请直接登录", uscc=data.uscc) from error
        actor = actor_for(subject, found.fingerprint, caller.address)
        uow.record("party.drafted", actor, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
                   payload=payload_of(subject, version, actor) | {"agreement": command.agreement_version},
                   audience=reader_tags(subject.id))
        opened = await _open(uow, subject, proven, caller)
        await uow.commit()
        return opened
