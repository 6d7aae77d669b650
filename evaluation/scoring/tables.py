"""Rows of an evaluation. Before all members have committed, a row holds of scores a digest and a box, nothing else."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class Evaluation(Base):
    """One lot's evaluation; ``method`` and ``bids`` stand as they were when the desk was opened (B-023)."""

    __tablename__ = "evaluation"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    step: Mapped[str]
    step_at: Mapped[datetime]
    step_by: Mapped[str]
    round: Mapped[int] = mapped_column(default=1)
    begun_at: Mapped[datetime]
    set_sha256: Mapped[str] = mapped_column(String(64))
    method: Mapped[dict[str, Any]]
    bids: Mapped[list[Any]]
    rejections: Mapped[dict[str, Any] | None]  # bid → grounds, once the reviews are collated
    restarts: Mapped[list[Any]] = mapped_column(default=list)
    alerts: Mapped[list[Any]] = mapped_column(default=list)
    outcome: Mapped[dict[str, Any] | None]
    outcome_sha256: Mapped[str | None] = mapped_column(String(64))
    ranked_at: Mapped[datetime | None]
    technical: Mapped[dict[str, Any] | None]  # the technical result of two envelopes, before any price
    technical_sha256: Mapped[str | None] = mapped_column(String(64))
    technical_at: Mapped[datetime | None]
    technical_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("paper.id"))
    failed_reason: Mapped[str | None] = mapped_column(Text)
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("paper.id"))
    finished_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ReviewVote(Base):
    """One member's verdict on one bid by one clause; a draft until its review is submitted."""

    __tablename__ = "review_vote"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("opened_bid.id"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    passes: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    page: Mapped[str]


class ReviewSubmission(Base):
    """A member has submitted its whole review."""

    __tablename__ = "review_submission"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    submitted_at: Mapped[datetime]


class CompetitionVote(Base):
    """A member's judgement whether competition is clearly lacking (EM 27)."""

    __tablename__ = "competition_vote"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    lacks: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class ScoreSheet(Base):
    """A member's sheet of one round: its commitment and its own boxed copy; ``text`` once revealed (R-330)."""

    __tablename__ = "score_sheet"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    commitment: Mapped[str] = mapped_column(String(64))
    box: Mapped[dict[str, Any]]
    committed_at: Mapped[datetime]
    text: Mapped[str | None] = mapped_column(Text)
    revealed_at: Mapped[datetime | None]


class AlertReason(Base):
    """The written reason for an alert of one round (R-332)."""

    __tablename__ = "alert_reason"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.lot_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    alert: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
