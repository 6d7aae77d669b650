"""How a letter ends without a claim: given back 退保 after the contract or the tender's end, or expired (R-411)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from bidding.guarantees.commands.applying import channel_of
from bidding.guarantees.commands.claiming import hold_letter
from bidding.guarantees.model import LETTER_STEPS, Act, ClaimStatus, admits, after, expires_at
from bidding.guarantees.tables import GuaranteeClaim, GuaranteeLetter
from storage.database.work import Work
from storage.kernel.actor import CLOCK, PLATFORM
from trading.exchange.queue import enqueue
from trading.tenders.model import Stage
from trading.tenders.queries import lot as lot_of

EXPIRY = "guarantee.expiry"  # the timer's kind; its subject is the bid
# The stages in which a tender is over, and what ended it.
OVER = {Stage.CONTRACTED: "contract.signed", Stage.ARCHIVED: "contract.signed", Stage.FAILED: "lot.failed",
        Stage.TERMINATED: "lot.terminated"}


async def surrender_letters(lot_id: UUID, why: str, uow: Work) -> int:
    """Gives back every letter of a lot that no claim holds; answers how many. Called when ``why`` was recorded.

    Losers' and the winner's alike, and at once: the law's five days are the outer bound (R-402, IR 57). A lot still
    on its way keeps them: a refused claim gives a letter back only where the tender is over.
    """
    async with uow:
        if (await lot_of(uow.session, lot_id)).stage not in OVER:
            return 0
        given_back = [letter for letter in await _letters(uow, lot_id)
                      if admits(LETTER_STEPS, letter.status, Act.SURRENDER)]
        now = await uow.now()
        for letter in given_back:
            await give_back(uow, letter, why, now)
        if given_back:
            await uow.commit()
        return len(given_back)


async def give_back(uow: Work, letter: GuaranteeLetter, why: str, now: datetime) -> None:
    """One letter, within the act of the caller, who has seen that it may go back; its issuer is told."""
    letter.status, letter.changed_at = after(LETTER_STEPS, letter.status, Act.SURRENDER), now
    if letter.issuer_id is not None:
        await enqueue(uow, "guarantee.surrender", f"guarantee:{letter.bid_id}", {
            "issuer": str(letter.issuer_id), "order": letter.order_number, "number": letter.number, "why": why},
            channel=channel_of(letter.issuer_id))
    uow.record("guarantee.surrendered", PLATFORM, stream=f"lot:{letter.lot_id}", subject=f"bid:{letter.bid_id}",
               payload={"bid": str(letter.bid_id), "number": letter.number, "why": why})


async def _letters(uow: Work, lot_id: UUID) -> list[GuaranteeLetter]:
    """The lot's letters, locked, without those whose claim waits for a decision."""
    query = (select(GuaranteeLetter).where(GuaranteeLetter.lot_id == lot_id).order_by(GuaranteeLetter.bid_id)
             .with_for_update().execution_options(populate_existing=True))
    found = (await uow.session.scalars(query)).all()
    waiting = set(await uow.session.scalars(select(GuaranteeClaim.bid_id).where(
        GuaranteeClaim.lot_id == lot_id, GuaranteeClaim.status == ClaimStatus.PROPOSED)))
    return [letter for letter in found if letter.bid_id not in waiting]


async def expire_letter(bid_id: UUID, uow: Work) -> bool:
    """Writes down that a letter has run out. Time decided it; a claim made in time goes its own way."""
    async with uow:
        letter, _ = await hold_letter(uow, bid_id)
        now = await uow.now()
        if letter.ends_on is None or now < expires_at(letter.ends_on):
            return False
        if not admits(LETTER_STEPS, letter.status, Act.EXPIRE):
            return False
        letter.status, letter.changed_at = after(LETTER_STEPS, letter.status, Act.EXPIRE), now
        uow.record("guarantee.expired", CLOCK, stream=f"lot:{letter.lot_id}", subject=f"bid:{bid_id}", payload={
            "bid": str(bid_id), "number": letter.number, "end": letter.ends_on.isoformat()})
        await uow.commit()
        return True
