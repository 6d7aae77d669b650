"""The room's timer: the end of a letter's last day."""

from uuid import UUID

from bidding.guarantees.commands.ending import EXPIRY, expire_letter
from storage.database.work import Work
from storage.timers.sweep import Handler


async def _expire(work: Work, subject: str) -> None:
    await expire_letter(UUID(subject), work)


TIMERS: dict[str, Handler] = {EXPIRY: _expire}
