"""The rows of the ledger. Text of an entry, act or payload is stored as the very bytes that were hashed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base

PLATFORM_STREAM = "platform"  # sealed batches and what concerns no lot, party or project


class LedgerOutbox(Base):
    """Acts committed with their business rows and not yet numbered; the sequencer empties it."""

    __tablename__ = "ledger_outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    act_id: Mapped[UUID] = mapped_column(unique=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str] = mapped_column(Text)
    actor_salt: Mapped[bytes] = mapped_column(LargeBinary)
    stream: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    payload_salt: Mapped[bytes] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str] = mapped_column(Text)
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sealed: Mapped[bool]


class LedgerEntry(Base):
    """One numbered entry; ``seq`` counts from 0 and is its leaf index."""

    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_entry_stream", "stream", "seq"),
                      Index("ix_ledger_entry_acts", "seq", postgresql_where=text(f"stream <> '{PLATFORM_STREAM}'")))

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(Text)
    entry: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerPayload(Base):
    """What an entry's digest stands for; read only by its audience. ``actor_*`` prove who acted."""

    __tablename__ = "ledger_payload"

    seq: Mapped[int] = mapped_column(ForeignKey("ledger_entry.seq"), primary_key=True, autoincrement=False)
    act_id: Mapped[UUID] = mapped_column(unique=True)
    payload: Mapped[str] = mapped_column(Text)
    payload_salt: Mapped[bytes] = mapped_column(LargeBinary)
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text))
    actor_id: Mapped[str] = mapped_column(Text)
    actor_salt: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerNode(Base):
    """Roots of complete subtrees at levels 8, 16, 24 …, so that a proof reads hundreds of hashes, not millions."""

    __tablename__ = "ledger_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpoint(Base):
    """A signed tree head: the note as published."""

    __tablename__ = "ledger_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]


class LedgerCosignature(Base):
    """A witness's line over a checkpoint (c2sp.org/tlog-cosignature)."""

    __tablename__ = "ledger_cosignature"

    size: Mapped[int] = mapped_column(ForeignKey("ledger_checkpoint.size"), primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(Text, primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]


class LedgerStamp(Base):
    """An RFC 3161 token (DER) over the SHA-256 of a checkpoint's note as published, without cosignatures."""

    __tablename__ = "ledger_stamp"

    size: Mapped[int] = mapped_column(ForeignKey("ledger_checkpoint.size"), primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    authority: Mapped[str] = mapped_column(Text)
    stamped_at: Mapped[datetime] = mapped_column(index=True)


class SealedActRow(Base):
    """An act inside a ``sealed.batch`` entry, its place and sixteen siblings; ``ordinal`` is the order of acting."""

    __tablename__ = "sealed_act"
    __table_args__ = (Index("ix_sealed_act_stream", "stream", "ordinal"), Index("ix_sealed_act_actor", "actor_id"))

    act_id: Mapped[UUID] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(BigInteger)
    batch_seq: Mapped[int] = mapped_column(ForeignKey("ledger_entry.seq"), index=True)
    position: Mapped[int]
    siblings: Mapped[bytes] = mapped_column(LargeBinary)
    act: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(Text)
    stream: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    payload_salt: Mapped[bytes] = mapped_column(LargeBinary)
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text))
    actor_id: Mapped[str] = mapped_column(Text)
    actor_salt: Mapped[bytes] = mapped_column(LargeBinary)
