"""Rows of the expert bank. Who sits in which committee stands elsewhere, under its own access control."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class Expert(Base):
    """A person of the bank: ``number`` is the bank's own and random, the certificate's code stays with the party."""

    __tablename__ = "expert"
    __table_args__ = (Index("ix_expert_status_region", "status", "region"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    specialties: Mapped[list[str]]
    region: Mapped[str]
    title: Mapped[str]
    is_senior: Mapped[bool]
    years: Mapped[int]
    units: Mapped[list[Any]]  # {name, uscc, relation: employer | former | recusal, reason}
    status: Mapped[str]
    entered_by: Mapped[str]
    entered_at: Mapped[datetime]
    changed_by_id: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    verified_by: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ExpertRecord(Base):
    """One line of an expert's record: entry, change, verification, reward, penalty, training (A-218, A-221)."""

    __tablename__ = "expert_record"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    expert_id: Mapped[UUID] = mapped_column(ForeignKey("expert.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
    at: Mapped[datetime]
