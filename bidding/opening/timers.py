"""The hall's timers; a handler calls the command a reader's request would reach as well."""

from uuid import UUID

from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.periods import CLOSE_WINDOW, close_window
from bidding.opening.commands.prices import OPEN_PRICES, open_prices
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.timers.sweep import Handler

CLOSE_BIDDING = "lot.close_bidding"


def timers(keys: PlatformKeys) -> dict[str, Handler]:
    """Handlers by kind; the subject is the lot's id."""

    async def at_deadline(work: Work, subject: str) -> None:
        await close_bidding(lot_of(subject), work, keys)

    async def at_window_end(work: Work, subject: str) -> None:
        await close_window(lot_of(subject), work)

    async def at_second_hour(work: Work, subject: str) -> None:
        await open_prices(lot_of(subject), work, keys)

    return {CLOSE_BIDDING: at_deadline, CLOSE_WINDOW: at_window_end, OPEN_PRICES: at_second_hour}


def lot_of(subject: str) -> UUID:
    """The lot's id, with or without the stream's ``lot:``."""
    return UUID(subject.removeprefix("lot:"))
