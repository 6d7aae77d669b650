"""What a page costs the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession


@asynccontextmanager
async def statements(session: AsyncSession) -> AsyncIterator[list[str]]:
    """What is asked over this session's connection; what workers ask over the same engine meanwhile counts not."""
    asked: list[str] = []
    connection = (await session.connection()).sync_connection

    def note(*about: Any) -> None:
        asked.append(about[2])
    event.listen(connection, "before_cursor_execute", note)
    yield asked
    event.remove(connection, "before_cursor_execute", note)
