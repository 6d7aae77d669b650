"""Rows of papers that people sign: the file lies in the store, one row a signature; and of files that are to last."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class Paper(Base):
    """A PDF and its seats: which capacity is signed by which party. ``audience`` are the tags of who may read it."""

    __tablename__ = "paper"
    __table_args__ = (Index("ix_paper_stream_kind", "stream", "kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    stream: Mapped[str]
    subject: Mapped[str]
    title: Mapped[str]
    pdf_key: Mapped[str]
    pdf_sha256: Mapped[str] = mapped_column(String(64))
    seats: Mapped[dict[str, Any]]
    audience: Mapped[list[str]]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class PaperSignature(Base):
    """A signature being made (``signed_at`` empty) or made."""

    __tablename__ = "paper_signature"

    paper_id: Mapped[UUID] = mapped_column(ForeignKey("paper.id"), primary_key=True)
    capacity: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    certificate: Mapped[str]
    prepared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prepared_key: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class LastingFile(Base):
    """A signed file of the store and the end of its last document time stamp (None: it bears none).

    ``renewed_key``: the same with further stamps. ``last_error`` is empty while nothing failed.
    """

    __tablename__ = "lasting_file"
    __table_args__ = (Index("ix_lasting_file_stamped_until", "stamped_until"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    stamped_until: Mapped[datetime | None]
    authority: Mapped[str]
    renewed_key: Mapped[str | None]
    renewals: Mapped[int]
    retry_at: Mapped[datetime]
    failures: Mapped[int]
    last_error: Mapped[str]
