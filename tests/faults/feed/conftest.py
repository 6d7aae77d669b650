"""A node, a stream of its ledger to write to, and sockets that follow it."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import PLATFORM

Write = Callable[[int, int], Awaitable[None]]


@pytest.fixture
def lot_id() -> str:
    """A lot's id; its stream exists with the first entry."""
    return str(uuid4())


@pytest.fixture
def write(sessions: Sessions, lot_id: str) -> Write:
    """``await write(count, size)``: so many public entries with payloads of that many characters."""
    async def entries(count: int, size: int) -> None:
        for number in range(count):
            async with Work(sessions) as uow:
                uow.record("test.said", PLATFORM, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}",
                           payload={"number": number, "text": "云" * size})
                await uow.commit()
    return entries
