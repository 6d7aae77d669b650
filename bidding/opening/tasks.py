"""What a person owes an opening: to be there, to release, to move it on, to confirm, to sign."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import BidStatus
from bidding.bids.tables import Bid
from bidding.opening.answers import hall_answer
from bidding.opening.model import HallAct, HallStep
from bidding.opening.queries import view_hall
from bidding.opening.tables import Opening, PriceOpening
from storage.kernel.actor import Actor
from storage.kernel.clock import from_wire
from storage.kernel.task import Task
from trading.tenders.model import LIVE, Stage
from trading.tenders.tables import Lot

_AHEAD = timedelta(hours=24)
_MOST = 20
_MOVES = (HallAct.BEGIN_DECRYPTION, HallAct.ANNOUNCE, HallAct.OPEN_OBJECTIONS, HallAct.CLOSE_OBJECTIONS,
          HallAct.CONCLUDE, HallAct.SCHEDULE_PRICES)
_TERMS = {HallAct.RELEASE_BID: "window", HallAct.RELEASE_SHARES: "window", HallAct.CONFIRM: "confirmations_until"}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """Openings of the next day that the actor attends by office or by its own bid, and what is its turn in them.

    Whether others bid changes nothing in it before the deadline (R-122): a lot is listed for whom its own rows name.
    """
    if actor.party_id is None:
        return []
    found = [await _task(session, lot, actor, now) for lot in await _lots(session, actor, now)]
    return [task for task in found if task is not None]


async def _lots(session: AsyncSession, actor: Actor, now: datetime) -> Sequence[Lot]:
    own_bid = exists().where(Bid.lot_id == Lot.id, Bid.party_id == actor.party_id, Bid.status == BidStatus.SUBMITTED)
    hosts = exists().where(Opening.lot_id == Lot.id,
                           or_(Opening.host_id == actor.party_id, Opening.recorder_id == actor.party_id))
    attends = and_(
        Lot.stage.in_(sorted(LIVE | {Stage.PRICE_OPENING})), Lot.deadline_at < now + _AHEAD,
        or_(Lot.host_id == actor.party_id, Lot.recorder_id == actor.party_id, hosts, own_bid,
            Lot.custodians.contains([{"party_id": str(actor.party_id)}])))
    # Of two envelopes it is fixed who passed, and the second hour waits to be set.
    waits = exists().where(PriceOpening.lot_id == Lot.id, PriceOpening.scheduled_at.is_(None))
    schedules = and_(Lot.stage == Stage.EVALUATING, waits,
                     or_(Lot.tenderee_id == actor.party_id, Lot.agency_id == actor.party_id))
    query = (select(Lot).where(or_(attends, schedules))
        .order_by(Lot.deadline_at).limit(_MOST))
    return (await session.scalars(query)).all()


async def _task(session: AsyncSession, lot: Lot, actor: Actor, now: datetime) -> Task | None:
    link = f"/lots/{lot.id}/hall"
    hall = hall_answer(await view_hall(session, lot.id, actor))
    if hall["step"] == HallStep.WAITING:
        return Task("attend_opening", lot.title, link, lot.deadline_at)
    act = hall["me"]["next"] or next((move.value for move in _MOVES if move in hall["may"]), None)
    if act == HallAct.RELEASE_SHARES:
        link = "/custody"  # where all lots of a custodian are, each with its hall
    return Task(act, lot.title, link, _term(hall, act)) if act else None


def _term(hall: dict[str, Any], act: str) -> datetime | None:
    name = _TERMS.get(HallAct(act))
    value = hall["window"]["closes_at"] if name == "window" else hall[name] if name else None
    return from_wire(value) if value else None
