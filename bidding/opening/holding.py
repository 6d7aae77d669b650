"""Rows an act in the hall holds, locked in one order: lot, opening, bids by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE, fields_in
from bidding.bids.tables import Bid
from bidding.opening import rules
from bidding.opening.figures import figures
from bidding.opening.model import DecryptionWindow, HallAct, HallFacts, HallStep, Period
from bidding.opening.permissions import Seat, custodian_index, staff_roles
from bidding.opening.statements import Field
from bidding.opening.steps import step_on
from bidding.opening.tables import DecryptionPeriod, OpenedBid, Opening
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import Conflict, NotFound, Refused, RulesUnmet
from trading.tenders.kinds import hall_minutes
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot


def _latest(lot_id: UUID) -> Select[Opening]:
    return select(Opening).where(Opening.lot_id == lot_id).order_by(Opening.opened_at.desc()).limit(1)


async def opening_of(session: AsyncSession, lot_id: UUID, envelope: str | None = None) -> Opening | None:
    """The opening of that envelope; without one, the lot's latest, which is where its hall stands."""
    query = _latest(lot_id) if envelope is None else _latest(lot_id).where(Opening.envelope == envelope)
    return (await session.scalars(query)).one_or_none()


async def hold_latest(uow: Work, lot_id: UUID, *, share: bool = False) -> Opening | None:
    """The lot's latest opening, locked, if there is one."""
    query = _latest(lot_id).with_for_update(read=share)
    return (await uow.session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def hold_opening(uow: Work, lot_id: UUID, *, share: bool = False) -> Opening:
    """The lot's latest opening, locked; raises ``Refused`` before T and for a failed lot."""
    found = await hold_latest(uow, lot_id, share=share)
    if found is None:
        raise Refused("尚未到开标时间", step=HallStep.WAITING.value)
    if found.step == HallStep.FAILED:
        raise Refused("投标人不足法定家数，本标段不开标", step=found.step)
    return found


async def hold_bid(uow: Work, opened_id: UUID) -> OpenedBid:
    """One frozen bid in one opening, locked; raises ``NotFound``."""
    query = select(OpenedBid).where(OpenedBid.id == opened_id).with_for_update()
    found = (await uow.session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NotFound("没有这份投标文件")
    return found


async def hold_bids(uow: Work, opening_id: UUID) -> Sequence[OpenedBid]:
    """All frozen bids of an opening, locked in one order."""
    query = select(OpenedBid).where(OpenedBid.opening_id == opening_id).order_by(OpenedBid.id).with_for_update()
    return (await uow.session.scalars(query.execution_options(populate_existing=True))).all()


async def bids_of(session: AsyncSession, opening_id: UUID) -> Sequence[OpenedBid]:
    """All frozen bids of an opening, by time of submission; a lot's own id is that of its first opening."""
    query = select(OpenedBid).where(OpenedBid.opening_id == opening_id).order_by(OpenedBid.place)
    return (await session.scalars(query)).all()


async def periods_of(session: AsyncSession, opening_id: UUID) -> Sequence[DecryptionPeriod]:
    """The periods of the decryption window, in order."""
    query = (select(DecryptionPeriod).where(DecryptionPeriod.opening_id == opening_id)
             .order_by(DecryptionPeriod.number))
    return (await session.scalars(query)).all()


def window_of(periods: Sequence[DecryptionPeriod]) -> DecryptionWindow:
    """The periods as one window."""
    return DecryptionWindow(tuple(Period(each.opens_at, each.closes_at) for each in periods))


async def seat_of(session: AsyncSession, actor: Actor, lot: Lot, opening: Opening | None) -> Seat:
    """What the actor is in this hall; a bidder only once the set is frozen, so that nothing tells earlier."""
    roles = set(staff_roles(actor, lot, opening))
    index = custodian_index(actor, lot)
    if index is not None:
        roles.add("custodian")
    bid = opened = None
    if actor.party_id is not None and opening is not None:
        query = select(OpenedBid.id, OpenedBid.bid_id).where(
            OpenedBid.opening_id == opening.id, OpenedBid.party_id == actor.party_id)
        found = (await session.execute(query)).one_or_none()
        opened, bid = found or (None, None)
        roles |= {"bidder"} if bid else set()
    return Seat(frozenset(roles), bid, opened, index)


async def own_bid(session: AsyncSession, lot_id: UUID, party_id: UUID) -> Bid | None:
    """The actor's own delivered bid; asked about oneself only (R-122)."""
    query = select(Bid).where(Bid.lot_id == lot_id, Bid.party_id == party_id, Bid.submitted_version_id.is_not(None))
    return (await session.scalars(query)).one_or_none()


def fields_of(lot: Lot, envelope: str) -> list[Field]:
    """The lines the tender document asks to be announced when this envelope is opened."""
    return [Field(item["key"], item["label"], item["kind"], bool(item.get("required", True)))
            for item in fields_in(lot.announced_fields, envelope)]


def hour_of(lot: Lot, opening: Opening | None) -> datetime | None:
    """The hour of an opening: the deadline, or that which was set for the prices."""
    return lot.price_opens_at if opening is not None and opening.envelope == PRICE else lot.deadline_at


def facts_from(lot: Lot, opening: Opening | None, now: datetime, row: Mapping[Any, Any], *,
               claims_remedy: bool = False) -> HallFacts:
    """The facts of a hall from its rows and the ``figures`` of its opening; raises ``Refused`` where no hour is set."""
    hour = hour_of(lot, opening)
    if hour is None:
        raise Refused("标段尚未确定开标时间")
    lead = hall_minutes(lot.trade_kind, lot.sign_in_minutes)
    if opening is None:
        return HallFacts(now=now, step=HallStep.WAITING, deadline_at=hour, sign_in_lead=lead,
                         is_suspended=lot.suspended)
    return HallFacts(
        now=now, step=HallStep(opening.step), deadline_at=hour, sign_in_lead=lead,
        window=DecryptionWindow(tuple(map(Period, row["opens"] or (), row["closes"] or ()))),
        is_paused=opening.paused_at is not None, is_suspended=lot.suspended, states=tuple(row["states"] or ()),
        objections_until=opening.objections_until, objections_open=row["objections_open"],
        confirmations_until=opening.confirmations_until, unconfirmed=row["unconfirmed"],
        signatures=frozenset(row["signed"] or ()), remedy=lot.remedy, claims_remedy=claims_remedy,
        passers_are_fixed=row["passers_fixed"], price_notice=hall_minutes(lot.trade_kind, lot.price_notice_minutes),
        damaged_bodies=row["damaged_bodies"])


async def facts_of(session: AsyncSession, lot: Lot, opening: Opening | None, now: datetime, *,
                   claims_remedy: bool = False) -> HallFacts:
    """What the rules decide on, read from the rows as they stand in this transaction."""
    query = select(*figures()).select_from(Opening).where(Opening.id == opening.id) if opening else None
    found = (await session.execute(query)).mappings().one() if query is not None else {}
    return facts_from(lot, opening, now, found, claims_remedy=claims_remedy)


@dataclass(frozen=True, slots=True)
class Hall:
    """One hall as an act finds it: rows under lock, the clock read after, and who acts."""

    lot: Lot
    opening: Opening
    facts: HallFacts
    seat: Seat
    now: datetime

    @property
    def stream(self) -> str:
        """The ledger stream of the lot."""
        return f"lot:{self.lot.id}"

    def expect(self, step: str) -> None:
        """Raises ``Conflict`` naming who was quicker when the hall has left the step the actor saw (fault 23), and
        ``RulesUnmet`` R-500/2 when it has not come to it yet (fault 22)."""
        order = list(HallStep)
        if step in order and order.index(HallStep(step)) > order.index(HallStep(self.opening.step)):
            raise RulesUnmet((rules.hall_is_at_the_acts_step,), step=self.opening.step, expected=step)
        if self.opening.step != step:
            at = shanghai(self.opening.step_at)
            raise Conflict(f"本场开标已由{self.opening.step_by}于 {at:%H:%M:%S} 推进", step=self.opening.step,
                           by=self.opening.step_by, at=to_wire(self.opening.step_at))

    def move(self, act: HallAct, actor: Actor) -> None:
        """Takes the step the act leads to; raises as ``steps.step_on``."""
        self.opening.step = step_on(act, self.facts)
        self.opening.step_at, self.opening.step_by = self.now, actor.name


async def enter_hall(uow: Work, lot_id: UUID, actor: Actor, *, share: bool = False,
                     claims_remedy: bool = False) -> Hall:
    """Locks the opening (shared for releases, which go side by side), reads the clock, then everything else."""
    opening = await hold_opening(uow, lot_id, share=share)
    now = await uow.now()
    lot = await lot_of(uow.session, lot_id)
    facts = await facts_of(uow.session, lot, opening, now, claims_remedy=claims_remedy)
    return Hall(lot, opening, facts, await seat_of(uow.session, actor, lot, opening), now)
