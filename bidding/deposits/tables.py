"""Rows of cash deposits. Identifiers and numbers are random: an order would betray a count (R-122)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class DepositAccount(Base):
    """A virtual sub-account 虚拟子账号: one per bidder, lot and round; a lot row is one round (R-400)."""

    __tablename__ = "deposit_account"
    __table_args__ = (UniqueConstraint("lot_id", "party_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), index=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    requested_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    holder: Mapped[str] = mapped_column(default="")
    bank: Mapped[str] = mapped_column(default="")
    release_reason: Mapped[str | None]  # why what is held here goes back, and since when that is so
    released_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class DepositPayment(Base):
    """Money that came, its verdict, and where it is (R-401); ``serial`` is the bank's."""

    __tablename__ = "deposit_payment"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("deposit_account.id"), index=True)
    account_number: Mapped[str]
    serial: Mapped[str] = mapped_column(unique=True)
    payer_name: Mapped[str]
    payer_account: Mapped[str]
    amount: Mapped[Decimal]
    value_at: Mapped[datetime]
    received_at: Mapped[datetime]
    party_version: Mapped[int | None]  # the enrolment data it was compared with
    verdict: Mapped[str]
    reasons: Mapped[list[str]]
    counts: Mapped[bool]  # it adds up to the deposit; no longer after a withdrawal
    state: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class DepositRefund(Base):
    """An order to the bank to give money back where it came from, and its outcome (R-402)."""

    __tablename__ = "deposit_refund"
    __table_args__ = (Index("ix_deposit_refund_open", "due_at", postgresql_where=text("done_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("deposit_payment.id"), unique=True)
    reason: Mapped[str]
    principal: Mapped[Decimal]
    interest: Mapped[Decimal]
    percent: Mapped[str]
    days: Mapped[int]
    to_name: Mapped[str]
    to_account: Mapped[str]
    ordered_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    bank_serial: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class DepositForfeiture(Base):
    """A deposit not given back: proposed by the tenderee, approved by the centre, then paid over (R-403)."""

    __tablename__ = "deposit_forfeiture"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("deposit_account.id"))
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("opened_bid.id"))
    ground: Mapped[str]
    clause: Mapped[str] = mapped_column(default="")
    statement: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[Any]]
    amount: Mapped[Decimal]
    status: Mapped[str]
    proposed_by: Mapped[UUID]
    proposer_name: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    transferred_at: Mapped[datetime | None]
    bank_serial: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class DepositRate(Base):
    """The bank's demand rate in per cent, from a day on (R-402)."""

    __tablename__ = "deposit_rate"

    since: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class BankBalance(Base):
    """One day's comparison of what we hold with what the bank says it holds (R-404)."""

    __tablename__ = "bank_balance"

    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    stated: Mapped[Decimal]
    held: Mapped[Decimal]


class BankCallback(Base):
    """A message of the bank that was taken; its id names one message for ever (fault 21)."""

    __tablename__ = "bank_callback"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
