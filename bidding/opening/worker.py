"""What a node does for its halls beside the handlers: the queue, the full checks, notices, unattended halls."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bidding.opening.commands.checking import check_waiting
from bidding.opening.commands.decrypting import decrypt_waiting
from bidding.opening.commands.unattended import move_unattended, stamp_notices
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.objects.store import ObjectStore

IDLE_SECONDS = 0.15
TIDY_SECONDS = 0.5
_LOG = structlog.get_logger(__name__)
Round = Callable[[], Awaitable[int | bool]]


@dataclass(frozen=True, slots=True)
class OpeningWorker:
    """Runs on every node; rows are claimed, so any number may run and any may die (faults 03, 04)."""

    works: Works
    settings: Settings
    store: ObjectStore
    keys: PlatformKeys
    authority: TimestampAuthority

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set."""
        await asyncio.gather(
            _repeat("opening.queue", self.decrypt, IDLE_SECONDS, stop),
            _repeat("opening.notices", self.stamp, TIDY_SECONDS, stop),
            _repeat("opening.unattended", self.move, TIDY_SECONDS, stop),
            _repeat("opening.bodies", self.check, TIDY_SECONDS, stop))

    async def decrypt(self) -> int:
        """One round over the queue of released bids."""
        return await decrypt_waiting(self.works, self.store, self.keys)

    async def check(self) -> bool:
        """One full check of a body."""
        return await check_waiting(self.works, self.store, self.keys)

    async def stamp(self) -> int:
        """Tokens for notices that lack one."""
        return await stamp_notices(self.works, self.authority)

    async def move(self) -> int:
        """Steps of unattended halls."""
        return await move_unattended(self.works, self.settings, self.keys)


async def _repeat(name: str, act: Round, idle: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            found = await act()
        except Exception as error:  # whatever it was, the next round comes, and the other rounds go on
            _LOG.warning("worker.failed", round=name, kind=type(error).__name__)
            found = False
        if not found:
            try:
                await asyncio.wait_for(stop.wait(), idle)
            except TimeoutError:
                continue
