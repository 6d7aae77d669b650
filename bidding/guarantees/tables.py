"""Rows of guarantee letters. Before the opening none names a lot or a bidder: an order has a blinded handle (R-412)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class GuaranteeIssuer(Base):
    """A bank, insurer or guarantee company on the list; ``asked_by`` wants the entry or its end, another decides."""

    __tablename__ = "guarantee_issuer"
    __table_args__ = (Index("uq_guarantee_issuer_standing", "uscc", unique=True,
                            postgresql_where=text("status in ('proposed', 'active', 'retiring')")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    uscc: Mapped[str]
    kind: Mapped[str]
    address: Mapped[str]
    public_key: Mapped[str]  # base64 of raw Ed25519: its program signs callbacks with it
    box_certificate: Mapped[str] = mapped_column(Text)  # PEM: applications are sealed to it
    status: Mapped[str]
    asked_by: Mapped[str]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class GuaranteeOrder(Base):
    """An application under seal. ``handle`` is an HMAC of lot and bidder under a key of the platform."""

    __tablename__ = "guarantee_order"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("guarantee_issuer.id"))
    handle: Mapped[str] = mapped_column(String(64), index=True)
    term: Mapped[str] = mapped_column(String(64))  # likewise of the deadline that stood when it was applied for
    box: Mapped[dict[str, Any]]
    amends: Mapped[str | None] = mapped_column(ForeignKey("guarantee_order.number"))
    status: Mapped[str]
    letter_box: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(default="")
    applied_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class GuaranteeLetter(Base):
    """A letter that came to light with its bid, and what the rules say of it; the PDF stays with the opened bid."""

    __tablename__ = "guarantee_letter"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("opened_bid.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    issuer_id: Mapped[UUID | None] = mapped_column(ForeignKey("guarantee_issuer.id"))
    order_number: Mapped[str | None] = mapped_column(String(20))
    form: Mapped[str]
    number: Mapped[str]
    amount: Mapped[Decimal | None]
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    pdf_sha256: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str]
    rules: Mapped[list[Any]]
    status: Mapped[str]
    verified_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class GuaranteeClaim(Base):
    """A claim on a letter; at most one that is not refused."""

    __tablename__ = "guarantee_claim"
    __table_args__ = (Index("uq_guarantee_claim_standing", "bid_id", unique=True,
                            postgresql_where=text("status <> 'refused'")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("guarantee_letter.bid_id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    ground: Mapped[str]
    clause: Mapped[str] = mapped_column(default="")
    statement: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[Any]]  # {name, sha256, size, key}
    amount: Mapped[Decimal]
    status: Mapped[str]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("party.id"))
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class IssuerCallback(Base):
    """A callback that was heard; the same id with the same body gets the same answer (fault 21)."""

    __tablename__ = "issuer_callback"

    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("guarantee_issuer.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    heard_at: Mapped[datetime]
