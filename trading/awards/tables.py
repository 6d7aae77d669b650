"""Rows of the award: one lot's way from its ranking to its contract and archive."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


def _counted(version: Any) -> dict[str, Any]:
    """Mapper arguments that refuse a lost update."""
    return {"version_id_col": version}


class Award(Base):
    """What one lot came to, from the ranking of its report on; ``experts`` only where they are published."""

    __tablename__ = "award"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    received_at: Mapped[datetime]
    experts: Mapped[list[str]] = mapped_column(default=list)
    publicised_at: Mapped[datetime | None]
    publicity_until: Mapped[datetime | None]
    late_reason: Mapped[str] = mapped_column(default="")
    holds_complaint: Mapped[bool] = mapped_column(default=False)
    hold_reason: Mapped[str] = mapped_column(default="")
    winner_id: Mapped[UUID | None]
    winner_at: Mapped[datetime | None]
    winner_reason: Mapped[str] = mapped_column(default="")
    report: Mapped[str] = mapped_column(Text, default="")
    report_at: Mapped[datetime | None]
    report_late_reason: Mapped[str] = mapped_column(default="")
    letters: Mapped[str] = mapped_column(default="none")
    letters_reply_by: Mapped[datetime | None]
    letters_remarks: Mapped[str] = mapped_column(Text, default="")
    letters_reason: Mapped[str] = mapped_column(default="")
    letters_verifier: Mapped[str] = mapped_column(default="")
    letters_verified_at: Mapped[datetime | None]
    letters_sent_at: Mapped[datetime | None]
    package_sha256: Mapped[str | None] = mapped_column(String(64))
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class AwardBidder(Base):
    """One bid as the report ranks it, and what became of it. ``values`` are the announced lines by label."""

    __tablename__ = "award_bidder"
    __table_args__ = (UniqueConstraint("lot_id", "bid_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("award.lot_id"), index=True)
    bid_id: Mapped[UUID]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    name: Mapped[str]
    uscc: Mapped[str]
    price: Mapped[Decimal | None]
    score: Mapped[Decimal | None]
    rank: Mapped[int | None]
    rejected: Mapped[str | None] = mapped_column(Text)
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_candidate: Mapped[bool]
    standing: Mapped[str]
    ground: Mapped[str | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class AwardText(Base):
    """The candidate publicity or the result notice while it is written and reviewed; ``notice_id`` once public."""

    __tablename__ = "award_text"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("award.lot_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    submitted_by: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime | None]
    reviewer: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class ResultObjection(Base):
    """An objection 异议 to the result within its publicity, and its answer (R-111)."""

    __tablename__ = "result_objection"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("award.lot_id"), index=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    late_reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class AwardLetter(Base):
    """中标通知书 to the winner, 中标结果通知书 to each other bidder. ``text`` is fixed with the submission (JCS)."""

    __tablename__ = "award_letter"
    __table_args__ = (UniqueConstraint("bidder_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("award.lot_id"), index=True)
    bidder_id: Mapped[UUID] = mapped_column(ForeignKey("award_bidder.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    number: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("paper.id"))
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    read_certificate: Mapped[str] = mapped_column(default="")
    address: Mapped[dict[str, Any] | None]  # personal: recipient, phone, address; the ledger has its salted digest
    address_salt: Mapped[str] = mapped_column(default="")
    consented_at: Mapped[datetime | None]
    service_record: Mapped[str | None] = mapped_column(Text)
    service_signature: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class CourierOrder(Base):
    """One parcel for a letter; what the courier says of it is added, never changed."""

    __tablename__ = "courier_order"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    letter_id: Mapped[UUID] = mapped_column(ForeignKey("award_letter.id"), unique=True)
    ordered_at: Mapped[datetime]
    status: Mapped[str]
    waybill: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class CourierEvent(Base):
    """One callback of the courier, by the courier's own id; the same id again is the same event."""

    __tablename__ = "courier_event"
    __table_args__ = (Index("ix_courier_event_order", "order_id", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("courier_order.id"))
    body_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str]
    at: Mapped[datetime]
    place: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]


class Contract(Base):
    """The contract 合同 of a lot, drafted from the winner's bid; ``text`` is fixed with the submission (JCS)."""

    __tablename__ = "contract"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("award.lot_id"), unique=True)
    number: Mapped[str]
    price: Mapped[Decimal]
    performance_bond: Mapped[Decimal | None]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    text: Mapped[str] = mapped_column(Text, default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    verifier: Mapped[str] = mapped_column(default="")
    verified_at: Mapped[datetime | None]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("paper.id"))
    signed_at: Mapped[datetime | None]
    is_late: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)
