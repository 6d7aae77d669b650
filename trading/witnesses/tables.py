"""Rows of registered witnesses; their cosignatures stand with the checkpoints, in ``storage/ledger``."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class Witness(Base):
    """A witness's public key, and who answers for it. A name is never used twice: it stands in cosignatures."""

    __tablename__ = "witness"
    __table_args__ = (Index("uq_witness_party", "party_id", unique=True, postgresql_where=text("retired_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    party_name: Mapped[str]
    registered_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
