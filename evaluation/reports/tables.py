"""Rows of evaluation reports: what the leader writes, and what members state beside it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class EvaluationReport(Base):
    """What a report says beyond what the platform knows by itself (A-151)."""

    __tablename__ = "evaluation_report"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    remarks: Mapped[str] = mapped_column(Text)
    to_settle: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ReportStatement(Base):
    """A member's dissent in its own words, or its refusal to sign, on record by the centre (R-340)."""

    __tablename__ = "report_statement"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
