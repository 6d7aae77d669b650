"""Holding a certificate valid, and keeping the grounds: chain, edition of the list, CRLs, OCSP answers (R-701).

Every act by a certificate names its grounds in its ledger entry, by the digest of what they say; the same grounds are
kept once. Whoever has the export can judge again, years later, what the platform judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from asn1crypto import x509 as asn1
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import Json
from storage.crypto.certificates import Certificate
from storage.crypto.errors import CertificateRefused
from storage.crypto.grounds import grounds_body, grounds_digest
from storage.crypto.revocation import CRL, OCSP
from storage.crypto.trust import SIGN, UNWRAP, TrustList, Validation
from storage.crypto.trust_reasons import refusal
from trading.trust.model import Purpose
from trading.trust.queries import answers_about, trust_at
from trading.trust.tables import CertificateValidation, TrustEvidence

CERTIFICATE = "certificate"
_USAGE = {Purpose.LOGIN: SIGN, Purpose.SIGN: SIGN, Purpose.SEAL: UNWRAP, Purpose.DECRYPT: UNWRAP}


@dataclass(frozen=True, slots=True)
class Grounds:
    """The digest that names them, and what people must be told of them: cached-crl, cached-ocsp (R-515)."""

    digest: str
    flags: tuple[str, ...]
    validation: Validation

    @property
    def facts(self) -> dict[str, object]:
        """For the ledger payload of the act."""
        return {"validation": self.digest, **({"flags": list(self.flags)} if self.flags else {})}


def scope_of(issuer: str, serial: int) -> str:
    """How a source of OCSP answers is named: issuer's fingerprint and serial number, both hex."""
    return f"{issuer}:{serial:x}"


def scopes_of(trust: TrustList, certificate: Certificate) -> dict[str, str]:
    """By fingerprint of each listed CA that may have issued the certificate: the scope of answers about it."""
    leaf = asn1.Certificate.load(certificate.der)
    return {name: scope_of(name, leaf.serial_number) for name in (
        each.sha256.hex() for each in (*trust.roots, *trust.intermediates) if each.subject == leaf.issuer)}


async def list_about(session: AsyncSession, certificates: Sequence[Certificate], at: datetime) -> TrustList:
    """The list in effect at ``at`` with what the CAs answered about these certificates: evidence for a signed paper."""
    listed = await trust_at(session, at)
    scopes = [scope for each in certificates for scope in scopes_of(listed, each).values()]
    return listed.with_answers(await answers_about(session, scopes))


async def grounds(session: AsyncSession, certificate: Certificate, at: datetime, purpose: Purpose,
                  trust: TrustList | None = None) -> Grounds:
    """Validates at ``at`` by the list in effect then, and keeps why. Raises ``CertificateRefused``.

    ``trust``: the list, where the caller has read it already.
    """
    listed = trust or await trust_at(session, at)
    answers = await answers_about(session, list(scopes_of(listed, certificate).values()))
    return await _named(session, certificate, purpose, await listed.validate(certificate, at, _USAGE[purpose], answers))


async def grounds_again(session: AsyncSession, certificate: Certificate, known: Grounds, purpose: Purpose) -> Grounds:
    """The grounds of a certificate for one more purpose at the same instant: the chain is not judged twice.

    Raises ``CertificateRefused`` where the certificate is not for that.
    """
    if _USAGE[purpose] == UNWRAP and not certificate.can_unwrap:
        raise refusal("usage", certificate)
    return await _named(session, certificate, purpose, replace(known.validation, usage=_USAGE[purpose]))


async def _named(session: AsyncSession, certificate: Certificate, purpose: Purpose, found: Validation) -> Grounds:
    said = grounds_body(certificate.fingerprint, str(purpose), found)
    digest = grounds_digest(said)
    if await session.get(CertificateValidation, digest) is None:
        await _keep(session, digest, said, found)
    return Grounds(digest, found.flags, found)


async def standing(session: AsyncSession, certificate: Certificate, at: datetime) -> dict[str, object]:
    """How a certificate stands that need not be valid any more, for the ledger payload of the act (R-515).

    As ``Grounds.facts`` where it is valid; else ``flags`` alone, with the reason for which it is not.
    """
    try:
        return (await grounds(session, certificate, at, Purpose.SIGN)).facts
    except CertificateRefused as refused:
        return {"flags": [str(refused.facts["reason"])]}


async def is_revoked(session: AsyncSession, certificate: Certificate, at: datetime) -> bool:
    """Whether a word of its CA that is in hand revokes it: for its holder to see. Nobody is asked, nothing is kept."""
    listed = await trust_at(session, at)
    answers = await answers_about(session, list(scopes_of(listed, certificate).values()))
    try:
        await listed.validate(certificate, at, SIGN if certificate.can_sign else UNWRAP, answers)
    except CertificateRefused as refused:
        return refused.facts["reason"] == "revoked"
    return False


def body_of(row: CertificateValidation) -> dict[str, Json]:
    """The grounds as their digest is over them."""
    return {
        "v": 1, "certificate": row.fingerprint, "purpose": row.purpose, "edition": row.edition,
        "authority": row.authority, "chain": row.chain, "crls": row.crls, "ocsps": row.ocsps, "flags": row.flags}


async def _keep(session: AsyncSession, digest: str, said: Mapping[str, Json], found: Validation) -> None:
    """Written with the act's own transaction. Twice at once is once: the digest names the content."""
    await keep_evidence(session, CERTIFICATE, found.chain, found.at)
    await keep_evidence(session, CRL, found.crls, found.at)
    await keep_evidence(session, OCSP, found.ocsps, found.at)
    await session.execute(insert(CertificateValidation).values(
        digest=digest, fingerprint=said["certificate"], purpose=said["purpose"], edition=said["edition"],
        authority=said["authority"], chain=said["chain"], crls=said["crls"], ocsps=said["ocsps"],
        flags=said["flags"], first_at=found.at).on_conflict_do_nothing())


async def keep_evidence(session: AsyncSession, kind: str, ders: Sequence[bytes], at: datetime) -> None:
    """Stores what is not stored yet."""
    by_digest = dict(zip(_digests(ders), ders, strict=True))
    if not by_digest:
        return
    held = set(await session.scalars(select(TrustEvidence.sha256).where(TrustEvidence.sha256.in_(by_digest))))
    rows = [{"sha256": name, "kind": kind, "der": der, "stored_at": at}
            for name, der in sorted(by_digest.items()) if name not in held]
    if rows:
        await session.execute(insert(TrustEvidence).values(rows).on_conflict_do_nothing())


def _digests(ders: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(sha256(each).hexdigest() for each in ders)
