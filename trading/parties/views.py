"""What the interface answers: enterprises, versions, certificates, warnings, with ``may`` and ``missing``."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.certificates import parse_certificate
from storage.kernel.actor import Actor
from storage.kernel.clock import shanghai
from storage.kernel.rule import Rule, unmet
from trading.parties import permissions
from trading.parties.model import PARTY_STEPS, Act, PartyStatus, VersionStatus, acts_on_version
from trading.parties.personal import masked
from trading.parties.queries import (
    bound_certificates,
    database_now,
    enrolment_of,
    parties_with_role,
    term,
    versions,
)
from trading.parties.rules import DECLARING, VERIFYING_BY_ITSELF, Enrolment, one_stops_no_staff, verdicts
from trading.parties.tables import BoundCertificate, Party, PartyVersion
from trading.trust.validating import is_revoked

_CHOOSABLE = ("tenderee", "agency", "supervisor", "centre")


class ActorView(msgspec.Struct):
    """Who is asking."""

    id: str
    name: str
    roles: list[str]
    party_id: str | None
    certificate: str | None


class CertificateView(msgspec.Struct):
    """A bound certificate. ``state``: usable, ends-soon, ended, revoked or not-yet; ``signing``: of an encryption half,
    the fingerprint of the signing certificate whose pair it is (R-702)."""

    fingerprint: str
    subject_name: str
    issuer: str
    serial: str
    uscc: str
    key_kind: str
    not_before: datetime
    not_after: datetime
    bound_at: datetime
    state: str
    pem: str
    signing: str | None


class VersionView(msgspec.Struct):
    """One version of the declared data."""

    number: int
    status: str
    data: dict[str, Any]
    declared_by: str | None
    declared_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None
    reason: str
    in_effect: bool


class PartyView(msgspec.Struct):
    """An enterprise with its versions and the acts allowed now.

    ``missing``: rules that keep the draft from being declared; ``doubts``: those that let it wait for the centre.
    """

    id: str
    uscc: str
    name: str
    roles: list[str]
    status: str
    status_reason: str
    demo: bool
    agreement_version: str
    agreed_at: datetime
    versions: list[VersionView]
    may: list[str]
    missing: list[dict[str, str]]
    doubts: list[dict[str, str]]


class PartyLine(msgspec.Struct):
    """An enterprise in a list."""

    id: str
    uscc: str
    name: str
    roles: list[str]
    status: str
    created_at: datetime


class Caution(msgspec.Struct):
    """Something the holder should see to. ``code``: certificate-ends-soon, certificate-ended, certificate-revoked,
    single-certificate, security-key."""

    code: str
    message: str
    certificate: str | None = None
    not_after: datetime | None = None


class Me(msgspec.Struct):
    """Everything a page needs of the person signed in."""

    signed_in: bool
    actor: ActorView
    party: PartyView | None
    certificates: list[CertificateView]
    warnings: list[Caution]


class PartyChoice(msgspec.Struct):
    """A body that may be named for an office."""

    id: str
    name: str
    roles: list[str]


async def party_choices(session: AsyncSession) -> list[PartyChoice]:
    """Verified tenderees, agencies, supervisors and centres by name, each with those of its roles alone."""
    held: dict[Party, list[str]] = {}
    for role in _CHOOSABLE:
        for each in await parties_with_role(session, role):
            held.setdefault(each, []).append(role)
    return [PartyChoice(str(each.id), each.name, roles) for each, roles in
            sorted(held.items(), key=lambda item: item[0].name)]


def actor_view(actor: Actor) -> ActorView:
    """Who is asking, without the network address."""
    return ActorView(id=actor.id, name=actor.name, roles=sorted(actor.roles),
                     party_id=str(actor.party_id) if actor.party_id else None, certificate=actor.certificate)


def party_line(subject: Party) -> PartyLine:
    """An enterprise in a list."""
    return PartyLine(id=str(subject.id), uscc=subject.uscc, name=subject.name, status=subject.status,
                     roles=sorted(subject.staff_roles or subject.roles), created_at=subject.created_at)


def version_view(version: PartyVersion, *, is_own: bool = True) -> VersionView:
    """One version of the declared data; to others what is personal is masked."""
    return VersionView(
        number=version.number, status=version.status, data=version.data if is_own else masked(version.data),
        declared_by=version.declared_by,
        declared_at=version.declared_at, verified_by=version.verified_by_name, verified_at=version.verified_at,
        reason=version.reason, in_effect=version.status == VersionStatus.VERIFIED)


def certificate_state(bound: BoundCertificate, now: datetime, *, revoked: bool) -> str:
    """usable, ends-soon, ended, revoked or not-yet (A-13)."""
    held = term(bound)
    if now < held.not_before:
        return "not-yet"
    if not held.admits(now):
        return "ended"
    if revoked:
        return "revoked"
    return "ends-soon" if held.ends_soon(now) else "usable"


async def certificate_view(session: AsyncSession, bound: BoundCertificate, now: datetime) -> CertificateView:
    """A bound certificate as its holder sees it."""
    revoked = await is_revoked(session, parse_certificate(bound.pem), now)
    return CertificateView(
        fingerprint=bound.fingerprint, subject_name=bound.subject_name, issuer=bound.issuer, serial=bound.serial,
        uscc=bound.uscc, key_kind=bound.key_kind, not_before=bound.not_before, not_after=bound.not_after,
        bound_at=bound.bound_at, state=certificate_state(bound, now, revoked=revoked), pem=bound.pem,
        signing=bound.signing)


def warnings_of(certificates: list[CertificateView]) -> list[Caution]:
    """What is wrong, or soon will be, with the certificates (R-704, A-13)."""
    found = []
    for each in certificates:
        day = shanghai(each.not_after).strftime("%Y年%m月%d日")
        if each.state == "ends-soon":
            message = f"证书将于{day}到期；更换证书后，用旧证书加密的投标文件无法解密"
            found.append(Caution("certificate-ends-soon", message, each.fingerprint, each.not_after))
        elif each.state == "ended":
            message = f"证书已于{day}到期，不能再使用"
            found.append(Caution("certificate-ended", message, each.fingerprint, each.not_after))
        elif each.state == "revoked":
            message = "证书已被签发机构吊销，不能再用于登录和签名；请绑定新证书"
            found.append(Caution("certificate-revoked", message, each.fingerprint))
    if sum(each.state in {"usable", "ends-soon"} and each.signing is None for each in certificates) == 1:
        found.append(Caution("single-certificate", "只绑定了一张可用的证书；建议再绑定备用证书，以防开标时无法解密"))
    return found


def acts_allowed(actor: Actor, subject: Party, newest: PartyVersion) -> list[str]:
    """The acts that the actor may do now: by right and by state."""
    status = PartyStatus(subject.status)
    by_state = acts_on_version(VersionStatus(newest.status)) | {Act.BIND, Act.UNBIND}
    by_state |= {act for (held, act) in PARTY_STEPS if held is status and one_stops_no_staff(act, subject.staff_roles)}
    return sorted(act.value for act in by_state if permissions.may(actor, act, subject.id))


def _unmet(rules: Iterable[Rule[Enrolment]], enrolment: Enrolment) -> list[dict[str, str]]:
    return [{"number": each.number, "title": each.title, "cites": each.cites}
            for each in unmet(verdicts(rules, enrolment))]


async def party_view(session: AsyncSession, subject: Party, actor: Actor) -> PartyView:
    """An enterprise as itself, the centre or the supervisor sees it."""
    now = await database_now(session)
    held = await versions(session, subject.id)
    missing, doubts = [], []
    if held[0].status != VersionStatus.VERIFIED:
        enrolment = await enrolment_of(session, subject, held[0], now)
        missing, doubts = _unmet(DECLARING, enrolment), _unmet(VERIFYING_BY_ITSELF, enrolment)
    return PartyView(
        id=str(subject.id), uscc=subject.uscc, name=subject.name, status=subject.status,
        roles=sorted(subject.staff_roles or subject.roles), status_reason=subject.status_reason,
        demo=subject.is_demo, agreement_version=subject.agreement_version, agreed_at=subject.agreed_at,
        versions=[version_view(each, is_own=actor.is_party(subject.id)) for each in held],
        may=acts_allowed(actor, subject, held[0]), missing=missing,
        doubts=doubts)


async def me(session: AsyncSession, actor: Actor) -> Me:
    """The person signed in; a visitor gets the public actor and nothing else."""
    nobody = Me(signed_in=False, actor=actor_view(actor), party=None, certificates=[], warnings=[])
    subject = await session.get(Party, actor.party_id) if actor.party_id else None
    if subject is None:
        return nobody
    now = await database_now(session)
    held = [await certificate_view(session, each, now) for each in await bound_certificates(session, subject.id)]
    return Me(signed_in=True, actor=actor_view(actor), party=await party_view(session, subject, actor),
              certificates=held, warnings=[*_key_needed(actor), *warnings_of(held)])


def _key_needed(actor: Actor) -> list[Caution]:
    """Why somebody whose office asks for a security key has no role (R-1012)."""
    message = "您的职务须使用安全钥匙：请在“我的主页”（右上角单位名称）登记，登记后即可继续，此前不能履行职务"
    return [Caution("security-key", message)] if actor.lacks_key else []
