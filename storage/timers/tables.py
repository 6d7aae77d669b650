"""Due rows: what is to be noticed, and when."""

from datetime import datetime

from sqlalchemy import Identity, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class Timer(Base):
    """One thing to notice about a subject. ``kind`` names the handler; ``done_at`` is set with its effect."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("subject", "kind"),
        Index("ix_timer_waiting", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None] = mapped_column(Text)
    retry_at: Mapped[datetime | None]
