"""Once a day what we hold is compared with what the bank holds; and finance keeps the demand rate (R-402, R-404)."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from sqlalchemy import func, select

from bidding.deposits.queries import hides
from bidding.deposits.rules import ledger_equals_bank
from bidding.deposits.tables import BankBalance, DepositForfeiture, DepositPayment, DepositRate, DepositRefund
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid, NotAllowed
from trading.tenders.disclosure import Subject

_HIGHEST = Decimal(10)


async def compare(uow: Work, day: date, at: datetime, stated: Decimal, actor: Actor) -> None:
    """Keeps the day's comparison. The entry holds whether they agree and by how much not, never a total; while a lot
    with deposits is before its hour nobody reads that, for one bidder's money on its way would show (R-122)."""
    held = await held_at(uow, at)
    row = await uow.session.get(BankBalance, day, with_for_update=True)
    if row is None:
        row = BankBalance(day=day)
        uow.session.add(row)
    row.at, row.stated, row.held = at, stated, held
    is_hidden = await uow.session.scalar(select(hides(Subject.BALANCES, at)))
    uow.record("deposit.balance_checked", actor, stream="platform", subject=f"balance:{day.isoformat()}",
               audience=() if is_hidden else ("centre", "supervisor"),
               payload={"day": day.isoformat(), "at": to_wire(at), "agrees": ledger_equals_bank(held, stated),
                        "difference": f"{stated - held:.2f}"})


async def held_at(uow: Work, at: datetime) -> Decimal:
    """By our books: what had come by then, less what had gone back or been paid over."""
    came = select(func.coalesce(func.sum(DepositPayment.amount), 0)).where(DepositPayment.value_at <= at)
    back = select(func.coalesce(func.sum(DepositRefund.principal), 0)).where(DepositRefund.done_at <= at)
    over = select(func.coalesce(func.sum(DepositForfeiture.amount), 0)).where(DepositForfeiture.transferred_at <= at)
    sums = [Decimal(await uow.session.scalar(query) or 0) for query in (came, back, over)]
    return sums[0] - sums[1] - sums[2]


class SetRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Per cent a year, from a day on."""

    percent: Annotated[str, msgspec.Meta(max_length=20)]
    since: date


async def set_rate(command: SetRate, actor: Actor, uow: Work) -> DepositRate:
    """Finance tells the bank's demand rate; a day's rate may be corrected, and each change stays in the ledger."""
    if not actor.has("centre"):
        raise NotAllowed("只有交易中心可以维护利率")
    try:
        percent = Decimal(command.percent)
    except InvalidOperation:
        raise Invalid("利率不是数字", field="percent") from None
    if not percent.is_finite() or not 0 <= percent <= _HIGHEST:
        raise Invalid("利率须在 0 至 10 之间（百分之）", field="percent")
    async with uow:
        found = await uow.session.get(DepositRate, command.since, with_for_update=True)
        row = found or DepositRate(since=command.since)
        row.percent, row.set_by, row.set_at = f"{percent:f}", actor.name, await uow.now()
        uow.session.add(row)
        uow.record("deposit.rate_set", actor, stream="platform", subject=f"rate:{command.since.isoformat()}",
                   payload={"percent": row.percent, "since": command.since.isoformat()})
        await uow.commit()
        return row
