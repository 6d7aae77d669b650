"""What waits to be delivered to the public service platform."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class ExchangePush(Base):
    """One message; it waits, visibly, until the receiver acknowledges its digest (R-805)."""

    __tablename__ = "exchange_push"
    __table_args__ = (Index("ix_exchange_push_waiting", "created_at",
                            postgresql_where=text("acknowledged_at is null")),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    subject: Mapped[str]
    payload: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledgement: Mapped[str | None]
    channel: Mapped[str] = mapped_column(default="exchange")
    sealed_stream: Mapped[str | None]
