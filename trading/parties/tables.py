"""Rows of enterprises, their versions, certificates and sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.crypto.sm2 import SM2
from storage.database.tables import Base, DecidedByTwo
from storage.kernel.identifiers import new_id


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
    """A certificate that acts for an enterprise from ``bound_at`` until ``unbound_at``.

    ``signing``: of the encryption half of a dual pair, the signing certificate it belongs to (R-702).
    """

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
    signing: Mapped[str | None]

    @property
    def may_sign(self) -> bool:
        """False for an encryption half, which is for sealing alone."""
        return self.signing is None

    @property
    def takes_seals(self) -> bool:
        """True where secrets may be sealed to it: of SM2, the encryption half alone."""
        return self.key_kind != SM2 or self.signing is not None


class LoginNonce(Base):
    """A challenge: 32 bytes, used once, for two minutes."""

    __tablename__ = "login_nonce"

    nonce: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginSession(Base):
    """A session; the token itself is nowhere stored, and a new one may take its place under the same ``id``."""

    __tablename__ = "login_session"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    certificate: Mapped[str] = mapped_column(ForeignKey("bound_certificate.fingerprint"))
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]  # the last signature after the one it was opened with
    key_proven_at: Mapped[datetime | None]  # the last touch of a security key within it
    address: Mapped[str] = mapped_column(default="")
    agent: Mapped[str] = mapped_column(default="")
    second_factor: Mapped[str] = mapped_column(default="")  # "", awaited, passed or confirmed
    tls_certificate: Mapped[str | None]  # what its token comes with; none: by the public address


class SecurityKey(Base):
    """A second factor of a party's people; forgotten by two persons alone (fault 36)."""

    __tablename__ = "security_key"

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    registered_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


class Confirmation(Base):
    """A program's question to a person of its party: is this sign-in, or this fresh proof, yours? A session has one at
    most; the code itself is nowhere stored."""

    __tablename__ = "confirmation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("login_session.id"), unique=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    code_sha256: Mapped[str] = mapped_column(index=True)
    is_proof: Mapped[bool]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    decided_at: Mapped[datetime | None]
    address: Mapped[str]
    agent: Mapped[str]


class KnownDevice(Base):
    """A device on which somebody of the enterprise has signed in; the secret in its cookie is nowhere stored."""

    __tablename__ = "known_device"

    secret_sha256: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True)
    last_at: Mapped[datetime]


class AppointmentProposal(DecidedByTwo, Base):
    """A staff role that one person proposed to give (``role``) or to take away (""); another decides."""

    __tablename__ = "appointment_proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[str]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = _counted(version)
