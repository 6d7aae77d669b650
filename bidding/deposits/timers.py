"""What the clock does to deposits: after a withdrawal and days of grace, the money goes back (R-131)."""

from uuid import UUID

from bidding.deposits.commands.refunding import return_withdrawn
from bidding.deposits.model import WITHDRAWN_TIMER
from storage.database.work import Work
from storage.timers.sweep import Handler


async def _withdrawn(work: Work, subject: str) -> None:
    await return_withdrawn(UUID(subject.removeprefix("bid:")), work)


TIMERS: dict[str, Handler] = {WITHDRAWN_TIMER: _withdrawn}
