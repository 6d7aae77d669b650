"""Reads of enterprises, certificates and sessions; other rooms use these."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, Refused
from trading.parties.model import STAFF_ROLES, CertificateTerm, PartyStatus, VersionStatus, name_key
from trading.parties.records import data_of
from trading.parties.rules import Enrolment
from trading.parties.tables import BoundCertificate, Party, PartyVersion

_HOLD_THEIR_NAME = (PartyStatus.DECLARED, PartyStatus.VERIFIED, PartyStatus.STOPPED)
PAGE = 50


async def party(session: AsyncSession, party_id: UUID) -> Party:
    """The enterprise; raises ``NotFound``."""
    found = await session.get(Party, party_id)
    if found is None:
        raise NotFound("没有这个主体")
    return found


async def party_of_uscc(session: AsyncSession, uscc: str) -> Party:
    """The enterprise with that unified social credit code; raises ``NotFound``."""
    found = (await session.execute(select(Party).where(Party.uscc == uscc))).scalar_one_or_none()
    if found is None:
        raise NotFound("该统一社会信用代码尚未入库")
    return found


async def lock_party(session: AsyncSession, party_id: UUID) -> Party:
    """The enterprise, locked for a change; raises ``NotFound``."""
    query = select(Party).where(Party.id == party_id).with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("没有这个主体")
    return found


def may_do_business(subject: Party) -> bool:
    """True for a verified enterprise that is not stopped (A-29, A-33)."""
    return subject.status == PartyStatus.VERIFIED


def refuse_unverified(subject: Party) -> None:
    """Raises ``Refused`` for an enterprise that may do no business: it gets no office, and vouches for nothing."""
    if not may_do_business(subject):
        raise Refused(f"{subject.name}未核验通过或已停止业务", reason="not-verified", status=subject.status)


def actor_for(subject: Party, certificate: str | None, address: str) -> Actor:
    """The actor an enterprise is. Roles come with verification and go with a stop: without one nothing begins.

    Staff act as staff alone, never as bidder or tenderee too (R-200).
    """
    roles = frozenset(subject.staff_roles or subject.roles) if may_do_business(subject) else frozenset()
    return Actor(id=f"party:{subject.id}", name=subject.name, roles=roles, party_id=subject.id,
                 certificate=certificate, address=address)


async def versions(session: AsyncSession, party_id: UUID) -> Sequence[PartyVersion]:
    """All versions of an enterprise's data, the newest first."""
    query = select(PartyVersion).where(PartyVersion.party_id == party_id).order_by(PartyVersion.number.desc())
    return (await session.scalars(query)).all()


async def newest_version(session: AsyncSession, party_id: UUID) -> PartyVersion:
    """The version being worked on, or in effect when none is; raises ``NotFound``."""
    query = (select(PartyVersion).where(PartyVersion.party_id == party_id)
             .order_by(PartyVersion.number.desc()).limit(1).execution_options(populate_existing=True))
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("没有申报信息")
    return found


async def current_version(session: AsyncSession, party_id: UUID) -> PartyVersion | None:
    """The version in effect: the verified one, whatever change is waiting (A-31); a bid freezes it (R-224)."""
    query = select(PartyVersion).where(PartyVersion.party_id == party_id,
                                       PartyVersion.status == VersionStatus.VERIFIED)
    return (await session.execute(query)).scalar_one_or_none()


async def certificate(session: AsyncSession, fingerprint: str) -> BoundCertificate | None:
    """The certificate bound now under that SHA-256 (hex)."""
    query = select(BoundCertificate).where(BoundCertificate.fingerprint == fingerprint,
                                           BoundCertificate.unbound_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def bound_certificates(session: AsyncSession, party_id: UUID) -> Sequence[BoundCertificate]:
    """Every certificate bound now, ended ones too, the earliest bound first."""
    query = (select(BoundCertificate).where(BoundCertificate.party_id == party_id,
                                            BoundCertificate.unbound_at.is_(None))
             .order_by(BoundCertificate.bound_at, BoundCertificate.fingerprint))
    return (await session.scalars(query)).all()


async def certificates(session: AsyncSession, party_id: UUID, at: datetime) -> list[BoundCertificate]:
    """The certificates that may act for the enterprise at the instant: bound, and within their term."""
    return [each for each in await bound_certificates(session, party_id) if term(each).admits(at)]


def term(bound: BoundCertificate) -> CertificateTerm:
    """From when to when it may be used."""
    return CertificateTerm(bound.not_before, bound.not_after)


async def enrolment_of(session: AsyncSession, subject: Party, version: PartyVersion, now: datetime) -> Enrolment:
    """A version with everything the rules judge it by."""
    data = data_of(version)
    taken = select(Party.name_key).where(Party.name_key == name_key(data.name), Party.id != subject.id,
                                         Party.status.in_(_HOLD_THEIR_NAME))
    usable = await certificates(session, subject.id, now)
    return Enrolment(
        data=data, agreement_version=subject.agreement_version, names_taken=frozenset(await session.scalars(taken)),
        certificate_names=tuple(each.subject_name for each in usable),
        certificate_usccs=tuple(each.uscc for each in usable))


async def parties_with_role(session: AsyncSession, role: str) -> Sequence[Party]:
    """Verified enterprises and bodies that hold the role, by name."""
    query = (select(Party).where(Party.status == PartyStatus.VERIFIED,
                                 Party.staff_roles.contains([role]) if role in STAFF_ROLES
                                 else and_(Party.roles.contains([role]), Party.staff_roles == []))
             .order_by(Party.name))
    return (await session.scalars(query)).all()


async def find_parties(session: AsyncSession, *, status: str | None, text: str, page: int) -> tuple[list[Party], int]:
    """A page of enterprises for centre staff, and how many there are; a waiting change counts as declared."""
    query = select(Party)
    if status == PartyStatus.DECLARED:
        waiting = select(PartyVersion.party_id).where(PartyVersion.status == VersionStatus.DECLARED)
        query = query.where(Party.id.in_(waiting))
    elif status:
        query = query.where(Party.status == status)
    if text:
        like = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        query = query.where(or_(Party.name.ilike(like), Party.uscc.ilike(like)))
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    rows = await session.scalars(query.order_by(Party.name, Party.id).limit(PAGE).offset((page - 1) * PAGE))
    return list(rows), total


async def database_now(session: AsyncSession) -> datetime:
    """The database clock, for reads outside a unit of work."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now
