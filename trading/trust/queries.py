"""Reads of the trust list; other rooms ask ``trust_at``."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asn1crypto import x509 as asn1
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.revocation import CRL, OCSP, parse_word
from storage.crypto.trust import Admission, TrustList
from storage.kernel.errors import NotFound
from trading.trust.model import Authority, AuthorityStatus, ProposalStatus
from trading.trust.reading import der_of, restored
from trading.trust.tables import CertificateValidation, RevocationSource, TrustEdition, TrustEvidence, TrustProposal

_KEPT = 8
GRACE = "revocation_grace_hours"
NOBODY = TrustList(())


class _Composed:
    """Lists put together already, by the digests of what they are made of; so one process may serve any database."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, ...], TrustList] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> TrustList | None:
        """The list under that key, if it was put together lately."""
        return self._held.get(key)

    def put(self, key: tuple[str, ...], made: TrustList) -> TrustList:
        """Keeps it, and forgets the oldest."""
        self._held[key] = made
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return made


_COMPOSED = _Composed()


async def database_now(session: AsyncSession) -> datetime:
    """The database clock."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def edition_at(session: AsyncSession, at: datetime) -> TrustEdition | None:
    """The edition in effect at ``at``: the highest number that has begun."""
    query = (select(TrustEdition).where(TrustEdition.effective_at <= at)
             .order_by(TrustEdition.number.desc()).limit(1))
    return (await session.scalars(query)).one_or_none()


def grace_of(session: AsyncSession) -> timedelta:
    """How long a CRL or OCSP answer counts after its end: the node's setting (R-515)."""
    return timedelta(hours=int(session.info.get(GRACE, 72)))


async def trust_at(session: AsyncSession, at: datetime) -> TrustList:
    """The recognised CAs at ``at`` with the newest CRL of each, as the database has them; nobody before edition 1.

    Two small reads when nothing changed. OCSP answers are about one certificate and are not in it.
    """
    head = (await session.execute(
        select(TrustEdition.number, TrustEdition.digest).where(TrustEdition.effective_at <= at)
        .order_by(TrustEdition.number.desc()).limit(1))).one_or_none()
    if head is None:
        return NOBODY
    number, digest = head
    crls = (await session.scalars(select(RevocationSource.evidence).where(
        RevocationSource.kind == CRL, RevocationSource.evidence.is_not(None)).distinct())).all()
    grace = grace_of(session)
    key = (str(number), digest, str(grace), *sorted(str(each) for each in crls))
    return _COMPOSED.get(key) or _COMPOSED.put(key, await _compose(session, number, key[3:], grace))


async def _compose(session: AsyncSession, number: int, crls: Sequence[str], grace: timedelta) -> TrustList:
    edition = await session.get_one(TrustEdition, number)
    ders = await session.scalars(select(TrustEvidence.der).where(TrustEvidence.sha256.in_(crls)))
    found = [(authority, asn1.Certificate.load(der_of(each)), each) for authority in restored(edition.listed)
             for each in authority.certificates if authority.status != AuthorityStatus.WITHDRAWN]
    return TrustList(
        tuple(each for _, each, listed in found if listed.role == "root"),
        tuple(each for _, each, listed in found if listed.role != "root"),
        tuple(parse_word(CRL, der) for der in ders), (),
        {listed.fingerprint: _admission(authority) for authority, _, listed in found}, grace, number)


def _admission(authority: Authority) -> Admission:
    return Admission(authority.valid_from, authority.valid_to, authority.status == AuthorityStatus.SUSPENDED,
                     frozenset(authority.policies))


async def listed_at(session: AsyncSession, at: datetime) -> tuple[Authority, ...]:
    """The authorities of the edition in effect; none before the first."""
    edition = await edition_at(session, at)
    return restored(edition.listed) if edition else ()


async def editions(session: AsyncSession) -> Sequence[TrustEdition]:
    """Every edition, the newest first."""
    return (await session.scalars(select(TrustEdition).order_by(TrustEdition.number.desc()))).all()


async def edition(session: AsyncSession, number: int) -> TrustEdition:
    """One edition; raises ``NotFound``."""
    found = await session.get(TrustEdition, number)
    if found is None:
        raise NotFound("信任列表没有这个版本")
    return found


async def lock_proposal(session: AsyncSession, proposal_id: UUID) -> TrustProposal:
    """The proposal, locked for a decision; raises ``NotFound``."""
    query = select(TrustProposal).where(TrustProposal.id == proposal_id).with_for_update()
    found = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NotFound("没有这项变更")
    return found


async def proposals(session: AsyncSession, limit: int = 100) -> Sequence[TrustProposal]:
    """Proposals, those that wait first, then the newest."""
    is_decided = TrustProposal.status != ProposalStatus.WAITING
    return (await session.scalars(
        select(TrustProposal).order_by(is_decided, TrustProposal.proposed_at.desc()).limit(limit))).all()


async def sources(session: AsyncSession) -> Sequence[RevocationSource]:
    """Where CRLs come from, with the newest of each."""
    return (await session.scalars(select(RevocationSource).where(
        RevocationSource.kind == CRL).order_by(RevocationSource.scope))).all()


async def answers_about(session: AsyncSession, scopes: Sequence[str]) -> list[bytes]:
    """The newest OCSP answers under those scopes, DER."""
    query = select(TrustEvidence.der).join(RevocationSource, RevocationSource.evidence == TrustEvidence.sha256).where(
        RevocationSource.kind == OCSP, RevocationSource.scope.in_(scopes))
    return list((await session.scalars(query)).all())


async def evidence(session: AsyncSession, digest: str) -> TrustEvidence:
    """A CA's certificate or CRL by its SHA-256. An OCSP answer, or the certificate of whoever signed, would tell who
    acted, and is not found here (R-122)."""
    found = await session.get(TrustEvidence, digest)
    if found is None or found.kind == OCSP or (found.kind != CRL and not _is_an_authority(found.der)):
        raise NotFound("没有这份证据")
    return found


def _is_an_authority(der: bytes) -> bool:
    return bool(asn1.Certificate.load(der).ca)


async def validations(session: AsyncSession, digests: Sequence[str]) -> Sequence[CertificateValidation]:
    """The grounds under those digests."""
    return (await session.scalars(select(CertificateValidation).where(
        CertificateValidation.digest.in_(digests)).order_by(CertificateValidation.digest))).all()


async def evidence_of(session: AsyncSession, kept: Sequence[CertificateValidation]) -> dict[str, Any]:
    """DER by digest of everything those grounds rest on."""
    digests = {each for row in kept for each in (*row.chain, *row.crls, *row.ocsps)}
    rows = await session.scalars(select(TrustEvidence).where(TrustEvidence.sha256.in_(digests)))
    return {row.sha256: row.der for row in rows}
