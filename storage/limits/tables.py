"""Counters of what is limited by rate."""

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class LimitCounter(Base):
    """How often a limited thing was asked for in the present slot of time. Unlogged: a crash forgives everybody.

    ``key`` is a digest, so that neither addresses nor accounts stand here.
    """

    __tablename__ = "limit_counter"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    slot: Mapped[int] = mapped_column(BigInteger)
    ends_at: Mapped[int] = mapped_column(BigInteger, index=True)
    count: Mapped[int] = mapped_column(BigInteger)
