"""What secures each opened bid, in one line: money or a letter. For hall and committee, from the opening on (A-103)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.deposits.judging import TITLES
from bidding.deposits.model import CASH, STANDS
from bidding.deposits.tables import DepositAccount, DepositPayment
from bidding.guarantees.tables import GuaranteeLetter
from bidding.opening.tables import OpenedBid

NONE = "NONE"
VALID = "VALID"  # a letter's good verdict


@dataclass(frozen=True, slots=True)
class Security:
    """``form`` is cash, bank, insurer, guarantor or none; ``reasons`` are the rules unmet, (number, title)."""

    bid: UUID
    form: str
    verdict: str
    reasons: tuple[tuple[str, str], ...] = ()

    @property
    def stands(self) -> bool:
        """True when the bid is secured as the document asks."""
        return self.verdict in {*STANDS, VALID}


def security_answer(security: Security) -> dict[str, Any]:
    """As hall, committee and pages see it."""
    return {"form": security.form, "verdict": security.verdict,
            "reasons": [{"number": number, "title": title} for number, title in security.reasons]}


async def security_of(session: AsyncSession, lot_id: UUID) -> list[Security]:
    """One line for each opened bid, by place; a sound letter or complete money goes before what is not."""
    bids = (await session.scalars(
        select(OpenedBid).where(OpenedBid.opening_id == lot_id).order_by(OpenedBid.place))).all()
    money = await _money(session, lot_id)
    letters = {each.bid_id: each for each in await session.scalars(
        select(GuaranteeLetter).where(GuaranteeLetter.lot_id == lot_id))}
    return [_best(bid, letters.get(bid.bid_id), money.get(bid.party_id, ())) for bid in bids]


async def _money(session: AsyncSession, lot_id: UUID) -> dict[UUID, list[DepositPayment]]:
    query = (select(DepositAccount.party_id, DepositPayment)
             .join(DepositPayment, DepositPayment.account_id == DepositAccount.id)
             .where(DepositAccount.lot_id == lot_id)
             .order_by(DepositPayment.value_at, DepositPayment.received_at))
    found: dict[UUID, list[DepositPayment]] = {}
    for party_id, payment in await session.execute(query):
        found.setdefault(party_id, []).append(payment)
    return found


def _best(bid: OpenedBid, letter: GuaranteeLetter | None, payments: Sequence[DepositPayment]) -> Security:
    found = [each for each in (_letter_security(letter), cash_security(bid.bid_id, payments)) if each is not None]
    return next((each for each in found if each.stands), found[0] if found else Security(bid.bid_id, "none", NONE))


def _letter_security(letter: GuaranteeLetter | None) -> Security | None:
    if letter is None:
        return None
    unmet = tuple((str(each["number"]), str(each["title"])) for each in letter.rules if not each["satisfied"])
    return Security(letter.bid_id, letter.form, letter.verdict, unmet)


def cash_security(bid_id: UUID, payments: Sequence[DepositPayment]) -> Security | None:
    """The verdict on a bidder's money: the payment that completed it, else the last that still counts or failed."""
    standing = [each for each in payments if each.counts and each.verdict in STANDS]
    worth = standing or [each for each in payments if each.counts] or list(payments)
    if not worth:
        return None
    chosen = worth[-1]
    return Security(bid_id, CASH, chosen.verdict, tuple((number, TITLES[number]) for number in chosen.reasons))
