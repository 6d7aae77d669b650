"""Rows of the trust list: proposals, editions, words on revocation, and the grounds of validations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base, DecidedByTwo


def _counted(version: Any) -> dict[str, Any]:
    """Mapper arguments that refuse a lost update."""
    return {"version_id_col": version}


class TrustProposal(DecidedByTwo, Base):
    """A change one person proposed; ``based_on``: digests by code of the entries it would replace, "" for a new one."""

    __tablename__ = "trust_proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    changes: Mapped[list[Any]]
    based_on: Mapped[dict[str, Any]]
    effective_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = _counted(version)


class TrustEdition(Base):
    """The whole list from an instant on. Never changed: a later number overrides."""

    __tablename__ = "trust_edition"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_at: Mapped[datetime] = mapped_column(index=True)
    approved_at: Mapped[datetime]
    listed: Mapped[list[Any]]
    changes: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))
    proposed_by_name: Mapped[str]
    approved_by_name: Mapped[str]
    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("trust_proposal.id"))


class TrustEvidence(Base):
    """A certificate, CRL or OCSP answer, once, by its SHA-256 (hex)."""

    __tablename__ = "trust_evidence"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str]
    der: Mapped[bytes]
    stored_at: Mapped[datetime]


class RevocationSource(Base):
    """Where a word on revocation comes from, the newest we hold of it, and when to ask again.

    ``kind`` crl: ``scope`` is the address or ``file:<name>``; ocsp: ``scope`` is <issuer fingerprint>:<serial, hex>,
    asked again while ``wanted_until`` is not past.
    """

    __tablename__ = "revocation_source"
    __table_args__ = (Index("ix_revocation_source_due", "due_at", postgresql_where=text("due_at is not null")),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    evidence: Mapped[str | None] = mapped_column(ForeignKey("trust_evidence.sha256"))
    this_update: Mapped[datetime | None]
    next_update: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    wanted_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(default="")


class CertificateValidation(Base):
    """Why a certificate was held valid: named by the digest of what it says, to which acts in the ledger refer.

    ``chain``, ``crls`` and ``ocsps`` are digests of evidence. ``first_at``: the first act on these grounds; each act
    has its own instant in its ledger entry.
    """

    __tablename__ = "certificate_validation"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str]
    edition: Mapped[int | None]
    authority: Mapped[str]
    chain: Mapped[list[str]]
    crls: Mapped[list[str]]
    ocsps: Mapped[list[str]]
    flags: Mapped[list[str]]
    first_at: Mapped[datetime]
