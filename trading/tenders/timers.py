"""What the clock does to a lot before its deadline. Time decides; these only write down what time decided."""

from uuid import UUID

from storage.database.work import Work
from storage.kernel.actor import CLOCK
from storage.timers.sweep import Handler
from trading.tenders.life import Passage, acts_from, advance
from trading.tenders.model import Act
from trading.tenders.queries import lock_lot


async def _step(uow: Work, subject: str, act: Act, entry: str) -> None:
    async with uow:
        lot = await lock_lot(uow, UUID(subject))
        now = await uow.now()
        if act not in acts_from(lot.stage):
            return  # another step came first; the timer has nothing left to do
        lot.stage = advance(lot.stage, act, Passage(
            now=now, documents_from=lot.documents_from, documents_until=lot.documents_until,
            deadline_at=lot.deadline_at, suspended=lot.suspended, min_bidders=lot.min_bidders))
        uow.record(entry, CLOCK, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}",
                   payload={"code": lot.code, "rehearsal": lot.rehearsal})
        await uow.commit()


async def begin_selling(uow: Work, subject: str) -> None:
    """The tender document becomes available (R-102)."""
    await _step(uow, subject, Act.BEGIN_SELLING, "lot.selling_began")


async def end_selling(uow: Work, subject: str) -> None:
    """The tender document is no longer handed out."""
    await _step(uow, subject, Act.END_SELLING, "lot.selling_ended")


TIMERS: dict[str, Handler] = {"lot.selling": begin_selling, "lot.preparing": end_selling}
