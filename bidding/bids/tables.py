"""Rows of sealed bids. Identifiers are random: an order would betray a count (R-122)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class Bid(Base):
    """One bidder's bid in one lot; its versions stand beside it."""

    __tablename__ = "bid"
    __table_args__ = (UniqueConstraint("lot_id", "party_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    status: Mapped[str]
    last_number: Mapped[int]
    submitted_version_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}


class BidVersion(Base):
    """A sealing: two envelopes, one certificate, one number bound into both (R-220)."""

    __tablename__ = "bid_version"
    __table_args__ = (UniqueConstraint("bid_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"))
    number: Mapped[int]
    status: Mapped[str]
    certificate: Mapped[str]  # SHA-256 hex of the certificate that signs and is named in the seal
    certificate_serial: Mapped[str]
    party_version: Mapped[int]  # the enrolment data this bid freezes, with its name and code
    bidder_name: Mapped[str]
    bidder_uscc: Mapped[str]
    tender_code: Mapped[str]
    opens_at: Mapped[datetime]  # bound into its seals: the lot's deadline as it was when this version was begun
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    receipt_number: Mapped[str | None]
    validation: Mapped[str | None] = mapped_column(String(64))  # digest of the grounds for its certificate
    trial_at: Mapped[datetime | None]  # last trial decryption that succeeded
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}


class Envelope(Base):
    """A sealed object on its way into the store, and what the platform found when it read it back."""

    __tablename__ = "envelope"
    __table_args__ = (
        UniqueConstraint("bid_version_id", "kind"),
        Index("ix_envelope_checking", "lease_until", postgresql_where=text("state = 'checking'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bid_version_id: Mapped[UUID] = mapped_column(ForeignKey("bid_version.id"))
    kind: Mapped[str]
    header: Mapped[str] = mapped_column(Text)  # JCS
    header_sha256: Mapped[str]
    context_sha256: Mapped[str]
    sealed_to: Mapped[list[str]] = mapped_column()  # the bidder's own certificates in the header, by fingerprint
    object_key: Mapped[str] = mapped_column(unique=True)
    upload_id: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)  # plaintext bytes
    part_count: Mapped[int]
    state: Mapped[str]
    first_byte_at: Mapped[datetime | None]
    last_byte_at: Mapped[datetime | None]
    manifest: Mapped[str | None] = mapped_column(Text)  # JCS
    manifest_sha256: Mapped[str | None]
    parts_root: Mapped[str | None]
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    etag: Mapped[str | None]
    timestamp_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    checked_at: Mapped[datetime | None]
    checked_parts: Mapped[int]  # progress of the reading back
    lease_until: Mapped[datetime | None]  # a node at work renews it; past it, any node takes over
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}


class EnvelopePart(Base):
    """A part the bidder announced by digest before sending it."""

    __tablename__ = "envelope_part"

    envelope_id: Mapped[UUID] = mapped_column(ForeignKey("envelope.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    announced_at: Mapped[datetime]


class ObjectDamage(Base):
    """The stored object of a submitted bid was found altered or gone: the platform's fault, whatever becomes of it.

    Where the tender document has a remedy its bidder may bring the very bytes again; they go to a new place, and what
    was found stays where it is as evidence (fault 11, R-144).
    """

    __tablename__ = "object_damage"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    envelope_id: Mapped[UUID] = mapped_column(ForeignKey("envelope.id"), index=True)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), index=True)
    kind: Mapped[str]
    cause: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    object_key: Mapped[str]  # the damaged object
    new_key: Mapped[str | None]  # where the bidder brings it again
    upload_id: Mapped[str | None]
    restored_at: Mapped[datetime | None]
    restored_by: Mapped[str | None]


class Receipt(Base):
    """What the platform signed: a submission or a withdrawal, decided at one instant (R-142, R-222)."""

    __tablename__ = "receipt"

    number: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # "receipt" | "withdrawal"
    bid_version_id: Mapped[UUID] = mapped_column(ForeignKey("bid_version.id"), index=True)
    party_id: Mapped[UUID]
    body: Mapped[str] = mapped_column(Text)  # JCS
    signature: Mapped[dict[str, Any]]
    act_id: Mapped[UUID]  # the sealed act of the ledger, whose proof follows within seconds
    decided_at: Mapped[datetime]


class Withdrawal(Base):
    """A bid taken back before the deadline, under the enterprise's signature (R-223)."""

    __tablename__ = "withdrawal"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bid_version_id: Mapped[UUID] = mapped_column(ForeignKey("bid_version.id"), unique=True)
    certificate: Mapped[str]
    statement: Mapped[str] = mapped_column(Text)  # JCS, what was signed
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    withdrawn_at: Mapped[datetime]
    receipt_number: Mapped[str]
