"""Reads of deposits: a bidder's own desk at any time, everybody else's view from the opening on (R-122)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Exists, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bidding.bids.permissions import permit_bidding
from bidding.deposits.holding import account_of, bid_status, evidence_key, payments_of, refunds_of
from bidding.deposits.summary import Security, security_of
from bidding.deposits.tables import (
    BankBalance,
    DepositAccount,
    DepositForfeiture,
    DepositPayment,
    DepositRate,
    DepositRefund,
)
from bidding.opening.tables import OpenedBid
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from trading.parties.queries import current_version, party
from trading.parties.records import data_of
from trading.parties.tables import Party
from trading.tenders.disclosure import Subject, Viewer, is_public, shows, stages_showing
from trading.tenders.permissions import manages, viewers
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of
from trading.tenders.tables import Lot

_FINANCE = (Viewer.CENTRE, Viewer.SUPERVISOR)
MONEY_IS_SHOWN = sorted(stages_showing(Subject.MONEY, *_FINANCE))


@dataclass(frozen=True, slots=True)
class Money:
    """A payment with its refund, if one was ordered."""

    payment: DepositPayment
    refund: DepositRefund | None
    party: Party | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDeposit:
    """A bidder's own desk."""

    lot: Lot
    now: datetime
    payer: tuple[str, str, str]  # name, basic account, bank: as enrolled
    account: DepositAccount | None
    money: Sequence[Money]
    bid_status: str | None
    forfeited: bool


async def own_deposit(session: AsyncSession, lot_id: UUID, actor: Actor) -> OwnDeposit:
    """What the asking bidder has paid in one lot; raises ``NotFound`` for a lot that is not published."""
    lot = await lot_of(session, lot_id)
    if not is_public(lot):
        raise NotFound("没有这个标段")
    party_id = permit_bidding(actor, lot)
    version = await current_version(session, party_id)
    data = data_of(version) if version else None
    name = (await party(session, party_id)).name
    account = await account_of(session, lot_id, party_id)
    payments = await payments_of(session, account.id) if account else []
    refunds = await refunds_of(session, payments)
    return OwnDeposit(
        lot=lot, now=await now_of(session), account=account,
        payer=(name, data.bank_account if data else "", data.bank_name if data else ""),
        money=[Money(each, refunds.get(each.id)) for each in payments],
        bid_status=await bid_status(session, lot_id, party_id),
        forfeited=any(each.state == "forfeited" for each in payments))


@dataclass(frozen=True, slots=True, kw_only=True)
class LotDeposits:
    """One lot's deposits as its readers see them; before T everything is empty, whoever paid."""

    lot: Lot
    now: datetime
    shown: bool
    sees_money: bool
    proposes: bool
    decides: Actor | None
    securities: Sequence[Security] = ()
    bids: Sequence[OpenedBid] = ()
    money: Sequence[Money] = ()
    forfeitures: Sequence[DepositForfeiture] = ()


async def lot_deposits(session: AsyncSession, lot_id: UUID, actor: Actor) -> LotDeposits:
    """For the centre, the supervisor, and the lot's own tenderee and agency."""
    lot = await lot_of(session, lot_id)
    permit_reading(actor, lot)
    now, asking = await now_of(session), viewers(actor, lot)
    shown, sees_money = (shows(each, lot, now, asking) for each in (Subject.SECURITIES, Subject.MONEY))
    seen = LotDeposits(lot=lot, now=now, shown=shown, sees_money=sees_money,
                       proposes=actor.has("tenderee") and actor.is_party(lot.tenderee_id),
                       decides=actor if actor.has("centre") else None)
    if not shown:
        return seen
    bids = (await session.scalars(
        select(OpenedBid).where(OpenedBid.opening_id == lot_id).order_by(OpenedBid.place))).all()
    return replace(
        seen, securities=await security_of(session, lot_id), bids=bids,
        money=await _money_of(session, lot_id) if sees_money else (), forfeitures=await forfeitures_of(session, lot_id))


def permit_reading(actor: Actor, lot: Lot) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed``: the answer to others is one and the same, paid or not (R-122)."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not (actor.roles & {"centre", "supervisor"} or manages(actor, lot)):
        raise NotAllowed("您没有权限查看本标段的保证金")


async def forfeitures_of(session: AsyncSession, lot_id: UUID) -> Sequence[DepositForfeiture]:
    """Everything proposed to be kept in a lot, in order."""
    query = select(DepositForfeiture).where(DepositForfeiture.lot_id == lot_id).order_by(DepositForfeiture.proposed_at)
    return (await session.scalars(query)).all()


async def _money_of(session: AsyncSession, lot_id: UUID) -> list[Money]:
    query = (select(DepositPayment, DepositRefund, Party)
             .join(DepositAccount, DepositAccount.id == DepositPayment.account_id)
             .join(Party, Party.id == DepositAccount.party_id)
             .outerjoin(DepositRefund, DepositRefund.payment_id == DepositPayment.id)
             .where(DepositAccount.lot_id == lot_id).order_by(DepositPayment.value_at, DepositPayment.id))
    return [Money(payment, refund, payer) for payment, refund, payer in await session.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finance:
    """Finance's page: what may be shown of all lots."""

    now: datetime
    lots: Sequence[tuple[Lot, Sequence[Money], Sequence[DepositForfeiture]]]
    unknown: Sequence[Money]
    balances: Sequence[tuple[BankBalance, bool]]  # with whether it may be told what came of it
    rates: Sequence[DepositRate]
    is_centre: bool = field(default=False)


async def finance(session: AsyncSession, actor: Actor) -> Finance:
    """Lots past their opening alone; money to unknown accounts once no lot that ran then is open any more."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & {"centre", "supervisor"}:
        raise NotAllowed("只有交易中心和监督部门可以查看资金")
    lots = (await session.scalars(
        select(Lot).where(Lot.stage.in_(MONEY_IS_SHOWN), exists().where(DepositAccount.lot_id == Lot.id))
        .order_by(Lot.deadline_at.desc()).limit(200))).all()
    return Finance(
        now=await now_of(session), is_centre=actor.has("centre"), unknown=await _unknown(session),
        lots=[(lot, await _money_of(session, lot.id), await forfeitures_of(session, lot.id)) for lot in lots],
        balances=await _balances(session),
        rates=(await session.scalars(select(DepositRate).order_by(DepositRate.since.desc()))).all())


def hides(subject: Subject, moment: datetime | InstrumentedAttribute[datetime]) -> Exists:
    """A lot with deposits ran at the moment and is still before its hour: what belongs to no lot waits for it."""
    return exists().where(Lot.stage.not_in(sorted(stages_showing(subject, *_FINANCE))), Lot.deposit > 0,
                          Lot.published_at <= moment)


async def told_balance(session: AsyncSession) -> BankBalance | None:
    """The latest comparison with the bank of which may be told what came of it."""
    query = select(BankBalance).where(~hides(Subject.BALANCES, BankBalance.at)).order_by(BankBalance.day.desc())
    return (await session.scalars(query.limit(1))).one_or_none()


async def _balances(session: AsyncSession) -> list[tuple[BankBalance, bool]]:
    query = select(BankBalance, ~hides(Subject.BALANCES, BankBalance.at)).order_by(BankBalance.day.desc())
    return [(row, is_told) for row, is_told in await session.execute(query.limit(60))]


async def _unknown(session: AsyncSession) -> list[Money]:
    """A mistyped account would tell that somebody meant to bid, so these wait for the lots of their time (R-122)."""
    still_open = hides(Subject.STRAY_MONEY, DepositPayment.received_at)
    query = (select(DepositPayment, DepositRefund)
             .outerjoin(DepositRefund, DepositRefund.payment_id == DepositPayment.id)
             .where(DepositPayment.account_id.is_(None), ~still_open).order_by(DepositPayment.received_at.desc()))
    return [Money(payment, refund) for payment, refund in await session.execute(query.limit(100))]


async def refunds_are_settled(session: AsyncSession, lot_id: UUID) -> bool:
    """True when nothing of a lot is held or on its way any more: then it may be archived (domain.md §2.1)."""
    query = (select(DepositPayment.id).join(DepositAccount, DepositAccount.id == DepositPayment.account_id)
             .where(DepositAccount.lot_id == lot_id, DepositPayment.state.in_(["held", "refunding"])))
    moving = select(DepositForfeiture.id).where(DepositForfeiture.lot_id == lot_id,
                                                DepositForfeiture.status.in_(["proposed", "approved"]))
    return not ((await session.scalars(query.limit(1))).first() or (await session.scalars(moving.limit(1))).first())


async def evidence_file(session: AsyncSession, forfeiture_id: UUID, number: int, actor: Actor) -> tuple[str, str]:
    """Name and object key of a piece of evidence, for the lot's people, the centre, the supervisor and its bidder."""
    row = await session.get(DepositForfeiture, forfeiture_id)
    if row is None or not 0 <= number < len(row.evidence):
        raise NotFound("没有这份证据")
    bid = await session.get_one(OpenedBid, row.bid_id)
    if not actor.is_party(bid.party_id):
        permit_reading(actor, await lot_of(session, row.lot_id))
    return str(row.evidence[number]["name"]), evidence_key(row.id, number)
