"""How far each reaction has followed the ledger, and what it set aside on the way."""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class ReactionPosition(Base):
    """``next_seq`` is the first entry not heard yet; it moves in the transaction of the reaction's own effect."""

    __tablename__ = "reaction_position"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_seq: Mapped[int] = mapped_column(BigInteger)


class ReactionAside(Base):
    """An entry that a reaction could not follow yet, or that waits behind one in the same ``row``.

    ``attempts``: 0 while it only waits; ``last_error``: code and words of our own errors, else the kind alone. The
    effect takes the row away, in its own transaction.
    """

    __tablename__ = "reaction_aside"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    row: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(Text)
