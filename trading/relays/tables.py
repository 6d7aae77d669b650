"""Rows of relays. They are gone minutes later, and hold nothing that the platform could read."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base


class KeyRelay(Base):
    """One page and, once claimed, one telephone; at most one question stands, with at most one answer.

    Of each secret only the SHA-256 (hex) is kept: ``page_sha256`` of the page's token, ``claim_sha256`` of what the
    code on its screen gives, ``phone_sha256`` of the telephone's token.
    """

    __tablename__ = "key_relay"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    page_sha256: Mapped[str] = mapped_column(String(64))
    claim_sha256: Mapped[str] = mapped_column(String(64))
    phone_sha256: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    number: Mapped[int] = mapped_column(default=0)
    request: Mapped[str | None]
    request_until: Mapped[datetime | None]
    answer: Mapped[str | None]
