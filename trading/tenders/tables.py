"""Rows of projects, lots, notices and tender documents."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id
from trading.parties.tables import Party

REHEARSAL_IS_MARKED = "rehearsal = (left(code, 1) = 'X')"


def _counted(version: Any) -> dict[str, Any]:
    """Mapper arguments that refuse a lost update."""
    return {"version_id_col": version}


class CodeSerial(Base):
    """The last serial given out under a prefix (R-802)."""

    __tablename__ = "code_serial"
    prefix: Mapped[str] = mapped_column(String(11), primary_key=True)
    last: Mapped[int]


class Project(Base):
    """项目: what was approved and funded (BL 9)."""

    __tablename__ = "project"
    __table_args__ = (CheckConstraint(REHEARSAL_IS_MARKED, name="rehearsal_is_marked"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(17), unique=True)
    name: Mapped[str]
    region: Mapped[str] = mapped_column(String(6))
    approval: Mapped[str] = mapped_column(default="")
    funding: Mapped[str] = mapped_column(default="")
    in_scope: Mapped[bool] = mapped_column(default=True)
    rehearsal: Mapped[bool] = mapped_column(default=False)
    tenderee_id: Mapped[UUID] = mapped_column(ForeignKey(Party.id), index=True)
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey(Party.id), index=True)
    status: Mapped[str] = mapped_column(default="draft")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class TenderProject(Base):
    """招标项目: one tendering of a project; holds lots (A-38, A-40)."""

    __tablename__ = "tender_project"
    __table_args__ = (
        CheckConstraint(REHEARSAL_IS_MARKED, name="rehearsal_is_marked"),
        CheckConstraint("rehearsal = starts_with(trade_kind, 'rehearsal')", name="rehearsal_is_a_kind"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey(Project.id), index=True)
    code: Mapped[str] = mapped_column(String(17), unique=True)
    name: Mapped[str]
    content: Mapped[str] = mapped_column(default="")
    trade_kind: Mapped[str]
    rehearsal: Mapped[bool] = mapped_column(default=False)
    tenderee_id: Mapped[UUID] = mapped_column(ForeignKey(Party.id), index=True)
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey(Party.id), index=True)
    status: Mapped[str] = mapped_column(default="draft")
    lot_serial: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class Lot(Base):
    """标段: the thing bid for. ``deadline_at`` is the opening time as well (R-107)."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint(REHEARSAL_IS_MARKED, name="rehearsal_is_marked"),
        CheckConstraint("rehearsal = starts_with(trade_kind, 'rehearsal')", name="rehearsal_is_a_kind"),
        CheckConstraint("documents_until is null or documents_from < documents_until", name="documents_window"),
        CheckConstraint("deadline_at is null or documents_from < deadline_at", name="bidding_window"),
        Index("ix_lot_stage_deadline_at", "stage", "deadline_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tender_project_id: Mapped[UUID] = mapped_column(ForeignKey(TenderProject.id), index=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str]
    content: Mapped[str] = mapped_column(default="")
    region: Mapped[str] = mapped_column(String(6))
    tenderee_id: Mapped[UUID] = mapped_column(ForeignKey(Party.id), index=True)
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey(Party.id), index=True)
    trade_kind: Mapped[str]
    edition: Mapped[str]
    rehearsal: Mapped[bool] = mapped_column(default=False)
    compulsory: Mapped[bool] = mapped_column(default=True)
    round: Mapped[int] = mapped_column(default=1)
    predecessor_id: Mapped[UUID | None] = mapped_column(ForeignKey("lot.id"))
    stage: Mapped[str] = mapped_column(default="draft")
    estimate: Mapped[Decimal | None]
    price_limit: Mapped[Decimal | None]
    minimum_price: Mapped[Decimal | None]
    deposit: Mapped[Decimal | None]
    validity_days: Mapped[int] = mapped_column(default=90)
    documents_from: Mapped[datetime | None]
    documents_until: Mapped[datetime | None]
    documents_issued_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    opening_place: Mapped[str] = mapped_column(default="")
    published_at: Mapped[datetime | None]
    failed_reason: Mapped[str | None]
    waiver_reason: Mapped[str | None]
    suspended: Mapped[bool] = mapped_column(default=False)
    host_id: Mapped[UUID | None] = mapped_column(ForeignKey(Party.id))
    recorder_id: Mapped[UUID | None] = mapped_column(ForeignKey(Party.id))
    custodians: Mapped[list[Any]] = mapped_column(default=list)
    k: Mapped[int] = mapped_column(default=1)
    suite: Mapped[int] = mapped_column(default=1)  # of sealed bids: 1 FLOE, 2 FLOE-SM (docs/sealing.md)
    decryption_minutes: Mapped[int] = mapped_column(default=30)
    objection_minutes: Mapped[int] = mapped_column(default=10)
    sign_in_minutes: Mapped[int] = mapped_column(default=60)
    remedy: Mapped[str] = mapped_column(default="none")
    min_bidders: Mapped[int] = mapped_column(default=3)
    requires_bill: Mapped[bool] = mapped_column(default=False)
    two_envelopes: Mapped[bool] = mapped_column(default=False)  # technical first, prices of those who passed
    price_notice_minutes: Mapped[int] = mapped_column(default=60)
    price_opens_at: Mapped[datetime | None]
    announced_fields: Mapped[list[Any]] = mapped_column(default=list)
    bid_parts: Mapped[list[Any]] = mapped_column(default=list)
    review_items: Mapped[list[Any]] = mapped_column(default=list)
    scoring_items: Mapped[list[Any]] = mapped_column(default=list)
    price_formula: Mapped[dict[str, Any]] = mapped_column(default=dict)
    deposit_forms: Mapped[list[Any]] = mapped_column(default=list)
    award: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)

    @property
    def opens_at(self) -> datetime | None:
        """The opening time, which is the deadline (R-107)."""
        return self.deadline_at


class Notice(Base):
    """公告: one text, the same on every medium (R-805, B-003); ``sha256`` is of title, newline, body.

    ``checkpoint``: size and root of the ledger's newest one when the notice was published.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_search", "search_terms", postgresql_using="gin"),
                      Index("ix_notice_status_published_at", "status", "published_at"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey(Lot.id), index=True)
    kind: Mapped[str]
    title: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str] = mapped_column(default="draft")
    reason: Mapped[str | None]
    declared_by: Mapped[UUID | None]
    declared_at: Mapped[datetime | None]
    reviewer: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    verifier: Mapped[UUID | None]
    verified_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    checkpoint: Mapped[dict[str, Any] | None]
    search_terms: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class TenderDocument(Base):
    """招标文件: chapters by template, filled in, laid out, signed; one row a version (B-015)."""

    __tablename__ = "tender_document"
    __table_args__ = (UniqueConstraint("lot_id", "number"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey(Lot.id), index=True)
    number: Mapped[int] = mapped_column(default=1)
    template: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    clarifications: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(default="draft")
    facts_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_key: Mapped[str | None]
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    signing: Mapped[dict[str, Any]] = mapped_column(default=dict)
    signed_pdf_key: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None]
    signed_by: Mapped[UUID | None]
    signed_certificate: Mapped[str | None] = mapped_column(String(64))
    signed_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = _counted(version)


class DocumentFile(Base):
    """A file that belongs to the document; the name is shown only, the object stands under the id (fault 39)."""

    __tablename__ = "document_file"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey(Lot.id), index=True)
    name: Mapped[str]
    kind: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    object_key: Mapped[str]
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime]


class Download(Base):
    """One fetch of the document; unseen by everyone else until the deadline (R-122, A-68)."""

    __tablename__ = "download"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey(Lot.id), index=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey(Party.id), index=True)
    document_number: Mapped[int]
    at: Mapped[datetime]
    receipt: Mapped[str] = mapped_column(unique=True)


class CalendarDay(Base):
    """A day that is not what its weekday says: a holiday, or a weekend that is worked (R-118)."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
