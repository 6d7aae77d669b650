"""Rows an act on deposits holds, locked in one order: lot, then accounts by id, then their payments."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.tables import Bid
from bidding.deposits.model import ADDS_UP, STANDS, MoneyState
from bidding.deposits.tables import DepositAccount, DepositForfeiture, DepositPayment, DepositRefund
from storage.database.work import Work
from storage.kernel.actor import Actor
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.tables import Lot

PLATFORM_STREAM = "platform"


async def account_of(session: AsyncSession, lot_id: UUID, party_id: UUID) -> DepositAccount | None:
    """A bidder's account in a lot."""
    query = select(DepositAccount).where(DepositAccount.lot_id == lot_id, DepositAccount.party_id == party_id)
    return (await session.scalars(query)).one_or_none()


async def lock_account(uow: Work, account_id: UUID) -> DepositAccount:
    """One account, locked."""
    return await uow.session.get_one(DepositAccount, account_id, with_for_update=True, populate_existing=True)


async def lock_accounts(uow: Work, lot_id: UUID) -> Sequence[DepositAccount]:
    """All accounts of a lot, locked in one order."""
    query = (select(DepositAccount).where(DepositAccount.lot_id == lot_id).order_by(DepositAccount.id)
             .with_for_update().execution_options(populate_existing=True))
    return (await uow.session.scalars(query)).all()


async def payments_of(session: AsyncSession, account_id: UUID) -> Sequence[DepositPayment]:
    """What came on an account, the earliest first."""
    query = (select(DepositPayment).where(DepositPayment.account_id == account_id)
             .order_by(DepositPayment.value_at, DepositPayment.received_at))
    return (await session.scalars(query)).all()


async def refunds_of(session: AsyncSession, payments: Sequence[DepositPayment]) -> dict[UUID, DepositRefund]:
    """The refunds of these payments, by payment."""
    query = select(DepositRefund).where(DepositRefund.payment_id.in_([each.id for each in payments]))
    return {each.payment_id: each for each in await session.scalars(query)}


async def open_forfeiture(session: AsyncSession, account_id: UUID) -> bool:
    """True while somebody has proposed to keep what is on the account, and nobody has decided."""
    query = select(DepositForfeiture.id).where(DepositForfeiture.account_id == account_id,
                                               DepositForfeiture.status == "proposed")
    return (await session.scalars(query)).first() is not None


async def bid_status(session: AsyncSession, lot_id: UUID, party_id: UUID) -> str | None:
    """Where a bidder's bid in the lot stands; None when it never began one."""
    return await session.scalar(select(Bid.status).where(Bid.lot_id == lot_id, Bid.party_id == party_id))


def counted(payments: Sequence[DepositPayment]) -> Decimal:
    """The bidder's own money that adds up to its deposit."""
    return sum((each.amount for each in payments if each.counts and each.verdict in ADDS_UP), Decimal(0))


def is_complete(payments: Sequence[DepositPayment]) -> bool:
    """True when the deposit stands."""
    return any(each.counts and each.verdict in STANDS for each in payments)


def held(payments: Sequence[DepositPayment]) -> list[DepositPayment]:
    """What lies on the account and nobody has disposed of."""
    return [each for each in payments if each.state == MoneyState.HELD]


async def sealed_stream(uow: Work, lot: Lot | None) -> str | None:
    """The stream under whose seal the bank is spoken to, while nothing may be told; None afterwards (R-122)."""
    if lot is None:
        return PLATFORM_STREAM
    return f"lot:{lot.id}" if is_sealed(Subject.MONEY, lot, await uow.now()) else None


async def note(uow: Work, action: str, actor: Actor, lot: Lot, account: DepositAccount, **facts: object) -> UUID:
    """Records an act on one bidder's money: sealed as long as its very existence must stay unseen (R-108, R-122)."""
    payload = {"account": str(account.id), "party": str(account.party_id), "actor": actor.id, "lot": lot.code}
    return uow.record(action, actor, stream=f"lot:{lot.id}", subject=f"deposit:{account.id}",
                      sealed=is_sealed(Subject.MONEY, lot, await uow.now()), audience=readers(account),
                      payload=payload | facts)


def readers(account: DepositAccount) -> tuple[str, ...]:
    """Who may read what happened to one bidder's money, once it may be told at all."""
    return f"party:{account.party_id}", "centre", "supervisor"


def evidence_key(forfeiture_id: UUID, number: int) -> str:
    """Where a piece of evidence stands in the store."""
    return f"forfeitures/{forfeiture_id}/{number}"
