"""Rows of committees. Who the members are is read through ``answers`` and the desk alone, never listed (R-124)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class Committee(Base):
    """One lot's committee; ``seed_sealed`` and ``order_sealed`` rest under the master key until the draw."""

    __tablename__ = "committee"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    round: Mapped[int] = mapped_column(default=1)
    step: Mapped[str]
    size: Mapped[int]
    specialty: Mapped[str]
    strata: Mapped[list[Any]]
    representatives: Mapped[list[str]]  # ids of their entries in the bank
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    requested_at: Mapped[datetime]
    requested_by: Mapped[str]
    commitment: Mapped[str] = mapped_column(String(64))
    order_commitment: Mapped[str] = mapped_column(String(64))
    seed_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    order_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    drawn: Mapped[dict[str, Any] | None]  # the draw's inputs and outcome, as the ledger has them
    replaced: Mapped[list[Any]] = mapped_column(default=list)
    drawn_at: Mapped[datetime | None]
    voting_round: Mapped[int] = mapped_column(default=1)
    leader_id: Mapped[UUID | None]
    begun_at: Mapped[datetime | None]
    begun_by: Mapped[str | None]
    disclosed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class CommitteeMember(Base):
    """Somebody called to a committee; a person is called once in a round."""

    __tablename__ = "committee_member"
    __table_args__ = (UniqueConstraint("lot_id", "round", "party_id"), UniqueConstraint("lot_id", "round", "place"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("committee.lot_id"))
    round: Mapped[int]
    place: Mapped[int]
    alias: Mapped[str]
    capacity: Mapped[str]
    expert_id: Mapped[UUID] = mapped_column(ForeignKey("expert.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    name: Mapped[str]
    number: Mapped[str]
    unit: Mapped[str]
    stratum: Mapped[int | None]
    candidate: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    duties: Mapped[list[str]] = mapped_column(default=list)
    called_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    certificate: Mapped[str | None]
    asked_time_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class CommitteeVote(Base):
    """One member's vote for a leader in one round of voting (R-607)."""

    __tablename__ = "committee_vote"

    voter_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"), primary_key=True)
    voting_round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chosen_id: Mapped[UUID] = mapped_column(ForeignKey("committee_member.id"))
    at: Mapped[datetime]
