"""What a bidder is told that bids while no money of its own secures the bid; nothing is refused for it (R-120).

A letter lies sealed within the opening statement, which is as long with it as without: of that nobody can tell before
the opening (R-412, ADR 0007). Cash is known, to its bidder and the platform alone (R-122).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.tables import Bid, BidVersion
from bidding.deposits.holding import is_complete
from bidding.deposits.model import CASH, FORM_WORDS, MoneyState
from bidding.deposits.rules import is_secured
from bidding.deposits.tables import DepositAccount, DepositPayment
from trading.tenders.tables import Lot

Answer = dict[str, Any]
_LETTER = "平台看不到密封的保函，请自行确认开标一览表中已放入保函（R-412）"
_CASH = "保证金须在投标截止时间前从基本账户足额到账，目前尚未到账（R-401）"


async def warnings_for(session: AsyncSession, lot: Lot, party_id: UUID) -> list[Answer]:
    """Warnings ``{number, title, cites, amount, forms, text}`` for one bidder in a lot: none, or one."""
    if not lot.deposit:
        return []
    query = (select(DepositPayment).join(DepositAccount, DepositAccount.id == DepositPayment.account_id)
             .where(DepositAccount.lot_id == lot.id, DepositAccount.party_id == party_id))
    stands = cash_stands((await session.scalars(query)).all())
    return [] if is_secured(lot.deposit, stands) else [_warning(lot)]


async def warnings_of_version(session: AsyncSession, version_id: UUID, party_id: UUID) -> list[Answer]:
    """The same for the lot of a bidder's own version; nothing for a version that is not the bidder's."""
    query = (select(Lot).join(Bid, Bid.lot_id == Lot.id).join(BidVersion, BidVersion.bid_id == Bid.id)
             .where(BidVersion.id == version_id, Bid.party_id == party_id))
    lot = (await session.scalars(query)).one_or_none()
    return await warnings_for(session, lot, party_id) if lot else []


def cash_stands(payments: Sequence[DepositPayment]) -> bool:
    """True when the whole deposit has come and lies on the account: what is on its way back secures nothing."""
    return is_complete([each for each in payments if each.state == MoneyState.HELD])


def _warning(lot: Lot) -> Answer:
    return {"number": is_secured.number, "title": is_secured.title, "cites": is_secured.cites,
            "amount": f"{lot.deposit:.2f}", "forms": lot.deposit_forms, "text": _text(lot)}


def _text(lot: Lot) -> str:
    by_letter = any(form != CASH for form in lot.deposit_forms)
    ways = [*([_LETTER] if by_letter else []), *([_CASH] if CASH in lot.deposit_forms else [])]
    forms = "、".join(FORM_WORDS.get(form, form) for form in lot.deposit_forms)
    return f"本标段要求投标保证金 {lot.deposit:.2f} 元（{forms}）。{'；或者：'.join(ways)}。平台不因此拒绝递交"
