"""Answers kept by idempotency key."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class KeptAnswer(Base):
    """One request by key: in flight at a node, or answered. ``scope`` is a digest of actor, path and key."""

    __tablename__ = "kept_answer"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    node: Mapped[int]
    status: Mapped[int | None]
    content_type: Mapped[str | None] = mapped_column(String(200))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
