"""Rows of enterprises, their versions, certificates and sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


def _counted(version: Any) -> dict[str, Any]:
    """Mapper arguments that refuse a lost update."""
    return {"version_id_col": version}


class Party(Base):
    """An enterprise or body. Name and roles are those of the version in effect; staff roles come from the centre."""

    __tablename__ = "party"
    __table_args__ = (
        # A draft claims no name: a name is taken by who has declared it.
        Index("uq_party_name_key", "name_key", unique=True,
              postgresql_where=text("status IN ('declared', 'verified', 'stopped')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_key: Mapped[str]
    region: Mapped[str] = mapped_column(default="")
    roles: Mapped[list[str]] = mapped_column(default=list)
    staff_roles: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(index=True)
    agreement_version: Mapped[str]
    agreed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    status_reason: Mapped[str] = mapped_column(default="")
    is_demo: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = _counted(version)


class PartyVersion(Base):
    """One version of an enterprise's data; ``data`` is personal, the ledger holds its salted digest."""

    __tablename__ = "party_version"
    __table_args__ = (
        UniqueConstraint("party_id", "number"),
        Index("uq_party_version_in_effect", "party_id", unique=True, postgresql_where=text("status = 'verified'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    number: Mapped[int]
    data: Mapped[dict[str, Any]]
    salt: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    declared_by: Mapped[str | None]
    declared_with: Mapped[str | None]
    declared_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    verified_by_name: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()

    __mapper_args__ = _counted(version)


class BoundCertificate(Base):
    """A certificate that acts for an enterprise from ``bound_at`` until ``unbound_at``."""

    __tablename__ = "bound_certificate"

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    subject_name: Mapped[str]
    issuer: Mapped[str]
    uscc: Mapped[str]
    serial: Mapped[str]
    pem: Mapped[str]
    key_kind: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    bound_at: Mapped[datetime]
    unbound_at: Mapped[datetime | None]


class LoginNonce(Base):
    """A challenge: 32 bytes, used once, for two minutes."""

    __tablename__ = "login_nonce"

    nonce: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginSession(Base):
    """A session; the token itself is nowhere stored."""

    __tablename__ = "login_session"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    certificate: Mapped[str] = mapped_column(ForeignKey("bound_certificate.fingerprint"))
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(default="")
