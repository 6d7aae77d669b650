"""How far each reaction has followed the ledger."""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class ReactionPosition(Base):
    """``next_seq`` is the first entry not heard yet; it moves in the transaction of the reaction's own effect."""

    __tablename__ = "reaction_position"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_seq: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
