"""What deposits ask of people: overdue and failed refunds, proposals to decide, a balance that differs (R-402, R-404).

Nothing here depends on a lot that is still before its opening (R-122); a bidder sees its own alone.
"""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.deposits.answers import is_overdue
from bidding.deposits.queries import MONEY_IS_SHOWN, told_balance
from bidding.deposits.rules import ledger_equals_bank
from bidding.deposits.tables import DepositAccount, DepositForfeiture, DepositPayment, DepositRefund
from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.tenders.tables import Lot

_MOST = 50
PAGE = "/deposits"


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """The alarms of finance and of the supervisor, and the decisions that wait for the centre."""
    if not actor.roles & {"centre", "supervisor"}:
        return []
    found = [*await _refunds(session, now), *await _balance(session)]
    return found + (await _decisions(session) if actor.has("centre") else await _copies(session))


async def _refunds(session: AsyncSession, now: datetime) -> list[Task]:
    """Orders the bank could not carry out, and money that is not back in time."""
    query = (select(DepositRefund, Lot)
             .join(DepositPayment, DepositPayment.id == DepositRefund.payment_id)
             .join(DepositAccount, DepositAccount.id == DepositPayment.account_id)
             .join(Lot, Lot.id == DepositAccount.lot_id)
             .where(Lot.stage.in_(MONEY_IS_SHOWN), DepositRefund.done_at.is_(None),
                    or_(DepositRefund.due_at < now, DepositRefund.error.is_not(None)))
             .order_by(DepositRefund.due_at).limit(_MOST))
    return [Task("refund_overdue" if is_overdue(refund, now) else "refund_failed", lot.title,
                 f"/lots/{lot.id}/deposits", refund.due_at) for refund, lot in await session.execute(query)]


async def _balance(session: AsyncSession) -> list[Task]:
    """The latest comparison with the bank that may be told, while it does not agree."""
    latest = await told_balance(session)
    if latest is None or ledger_equals_bank(latest.held, latest.stated):
        return []
    return [Task("balance_differs", latest.day.isoformat(), PAGE, latest.at)]


async def _decisions(session: AsyncSession) -> list[Task]:
    return await _forfeitures(session, "decide_forfeiture", "proposed")


async def _copies(session: AsyncSession) -> list[Task]:
    """The regulator is copied in, from the proposal until the money has moved (R-403)."""
    return [*await _forfeitures(session, "see_forfeiture", "proposed"),
            *await _forfeitures(session, "see_forfeiture", "approved")]


async def _forfeitures(session: AsyncSession, kind: str, status: str) -> list[Task]:
    query = (select(Lot).join(DepositForfeiture, DepositForfeiture.lot_id == Lot.id)
             .where(DepositForfeiture.status == status).order_by(DepositForfeiture.proposed_at).limit(_MOST))
    return [Task(kind, lot.title, f"/lots/{lot.id}/deposits") for lot in await session.scalars(query)]
