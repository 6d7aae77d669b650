"""What a person owes an opening: to be there, to release, to move it on, to confirm, to sign."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bidding.bids.model import WHOLE, BidStatus, kinds_in
from bidding.bids.tables import Bid
from bidding.opening.custody_page import seat_of_party
from bidding.opening.figures import figures, lies_in
from bidding.opening.holding import facts_from
from bidding.opening.model import TERMINAL, HallAct, HallFacts, HallStep
from bidding.opening.permissions import staff_roles
from bidding.opening.tables import (
    CustodianComplaint,
    OpenedBid,
    Opening,
    PriceConfirmation,
    PriceOpening,
    ShareReleased,
)
from bidding.opening.turns import Standing, turn
from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.tenders.disclosure import Subject, shows
from trading.tenders.model import LIVE, Stage
from trading.tenders.tables import Lot

_AHEAD = timedelta(hours=24)
_MOST = 20
_RELEASES = frozenset({HallAct.RELEASE_BID, HallAct.RELEASE_SHARES})
_OWN = aliased(OpenedBid, name="own")


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Openings of the next day that the actor attends by office or by its own bid, and what is its turn in them.

    Whether others bid changes nothing in it before the deadline (R-122): a lot is listed for whom its own rows name.
    One question to the database, however many lots there are.
    """
    if actor.party_id is None:
        return []
    found = [_task(row, actor) for row in await session.execute(_halls(actor.party_id, now))]
    return [task for task in found if task is not None]


def _halls(party_id: UUID, now: datetime) -> Select[*tuple[Any, ...]]:
    """A row for each lot: its latest opening with its figures, and how the party stands in it."""
    newest = aliased(Opening)
    latest = (select(newest.id).where(newest.lot_id == Lot.id).order_by(newest.opened_at.desc()).limit(1)
              .scalar_subquery())
    seat = seat_of_party(party_id)
    confirmed = exists().where(PriceConfirmation.opened_id == _OWN.id)
    return (select(Lot, Opening, Opening.notice.is_not(None).label("frozen"), _OWN.state.label("own"),
                   confirmed.label("confirmed"), _owes_shares(seat).label("owes_shares"),
                   exists().where(PriceOpening.lot_id == Lot.id).label("has_prices"),
                   func.clock_timestamp().label("now"), *figures())
            .select_from(Lot).outerjoin(Opening, Opening.id == latest).outerjoin(seat, true())
            .outerjoin(_OWN, and_(_OWN.opening_id == Opening.id, _OWN.party_id == party_id))
            .where(_lots(party_id, now)).order_by(Lot.deadline_at).limit(_MOST))


def _owes_shares(seat: FromClause) -> ColumnElement[bool]:
    """True while an undecided bid lacks the sound shares of this custodian, and it has not complained of it."""
    given = select(func.count()).where(
        ShareReleased.bid_id == OpenedBid.bid_id, ShareReleased.index == seat.c.place, ShareReleased.is_sound,
        lies_in(Opening.envelope, ShareReleased.kind)).correlate(OpenedBid, Opening, seat).scalar_subquery()
    complained = exists().where(
        CustodianComplaint.bid_id == OpenedBid.bid_id, CustodianComplaint.index == seat.c.place,
        lies_in(Opening.envelope, CustodianComplaint.kind)).correlate(OpenedBid, Opening, seat)
    return and_(seat.c.place.is_not(None), exists().where(
        OpenedBid.opening_id == Opening.id, OpenedBid.state.not_in(sorted(TERMINAL)),
        given < len(kinds_in(WHOLE)), ~complained).correlate(Opening, seat))


def _lots(party_id: UUID, now: datetime) -> ColumnElement[bool]:
    own_bid = exists().where(Bid.lot_id == Lot.id, Bid.party_id == party_id, Bid.status == BidStatus.SUBMITTED)
    any_of_it = aliased(Opening)  # not the latest alone
    hosts = exists().where(any_of_it.lot_id == Lot.id,
                           or_(any_of_it.host_id == party_id, any_of_it.recorder_id == party_id))
    attends = and_(
        Lot.stage.in_(sorted(LIVE | {Stage.PRICE_OPENING})), Lot.deadline_at < now + _AHEAD,
        or_(Lot.host_id == party_id, Lot.recorder_id == party_id, hosts, own_bid,
            Lot.custodians.contains([{"party_id": str(party_id)}])))
    # Of two envelopes it is fixed who passed, and the second hour waits to be set.
    waits = exists().where(PriceOpening.lot_id == Lot.id, PriceOpening.scheduled_at.is_(None))
    schedules = and_(Lot.stage == Stage.EVALUATING, waits, or_(Lot.tenderee_id == party_id, Lot.agency_id == party_id))
    return or_(attends, schedules)


def _task(row: Row[Any], actor: Actor) -> Task | None:
    lot, opening = row.Lot, row.Opening
    link = f"/lots/{lot.id}/hall"
    facts = facts_from(lot, opening, row.now, row._mapping)
    if facts.step == HallStep.WAITING:
        return Task("attend_opening", lot.title, link, lot.deadline_at)
    act = turn(facts, _standing(row, actor))
    if act == HallAct.RELEASE_SHARES:
        link = "/custody"  # where all lots of a custodian are, each with its hall
    return Task(act.value, lot.title, link, _term(facts, act)) if act else None


def _standing(row: Row[Any], actor: Actor) -> Standing:
    """Of frozen bids nothing counts that may not be shown, and so of a lot that failed for too few (R-108)."""
    shown = bool(row.frozen) and shows(Subject.BIDS, row.Lot, row.now, opened=True)
    return Standing(staff_roles(actor, row.Lot, row.Opening), row.own if shown else None, row.confirmed,
                    shown and row.owes_shares, row.has_prices)


def _term(facts: HallFacts, act: HallAct) -> datetime | None:
    if act in _RELEASES:
        return facts.window.closes_at
    return facts.confirmations_until if act == HallAct.CONFIRM else None
