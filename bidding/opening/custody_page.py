"""What a custodian holds: the lots that name it, what waits for it and until when, and what it complained of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    FromClause,
    Integer,
    Row,
    Select,
    and_,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE, WHOLE, kinds_in
from bidding.opening.answers import complaint_answer
from bidding.opening.figures import lies_in
from bidding.opening.model import TERMINAL, DecryptionWindow, HallAct, HallFacts, HallStep, Period
from bidding.opening.permissions import require_identity
from bidding.opening.steps import missing
from bidding.opening.tables import (
    CustodianComplaint,
    CustodianRelease,
    DecryptionPeriod,
    OpenedBid,
    Opening,
    ShareReleased,
)
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from trading.tenders.disclosure import Subject, shows, stages_showing
from trading.tenders.tables import Lot

_MOST = 50
_Complaints = Mapping[UUID, Sequence[dict[str, Any]]]


async def custody_of(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
    """The published lots whose tender document names the actor's party as a custodian, the latest opening first.

    Two questions to the database, however many lots there are.
    """
    found = (await session.execute(_holdings(require_identity(actor)))).all()
    complaints = await _complaints(session, {(each.opening, each.place) for each in found if _shows_bids(each)})
    return [_answer(each, complaints) for each in found]


def _holdings(party_id: UUID) -> Select[*tuple[Any, ...]]:
    """A row for each lot: its seat, its latest opening with the window, and how its bids stand for this custodian."""
    seat = seat_of_party(party_id)
    latest = (select(Opening.id, Opening.envelope, Opening.step, Opening.paused_at.is_not(None).label("paused"),
                     Opening.notice.is_not(None).label("frozen"))
              .where(Opening.lot_id == Lot.id).order_by(Opening.opened_at.desc()).limit(1).lateral("latest"))
    bids = _figures(latest, seat)
    released = select(CustodianRelease.at).where(
        CustodianRelease.opening_id == latest.c.id, CustodianRelease.index == seat.c.place).scalar_subquery()
    window = [select(func.array_agg(aggregate_order_by(moment, DecryptionPeriod.number))).where(
        DecryptionPeriod.opening_id == latest.c.id).scalar_subquery()
              for moment in (DecryptionPeriod.opens_at, DecryptionPeriod.closes_at)]
    return (select(
        Lot.id.label("lot"), Lot.code, Lot.title, Lot.rehearsal, Lot.k, Lot.stage, Lot.suspended, Lot.documents_from,
        Lot.documents_until, Lot.deadline_at, Lot.price_opens_at, func.jsonb_array_length(Lot.custodians).label("n"),
        seat, latest.c.id.label("opening"), latest.c.envelope, latest.c.step, latest.c.paused, latest.c.frozen, bids,
        released.label("released_at"), window[0].label("opens"), window[1].label("closes"),
        func.clock_timestamp().label("now"))
        .select_from(Lot).join(seat, true()).outerjoin(latest, true()).outerjoin(bids, true())
        .where(Lot.custodians.contains([{"party_id": str(party_id)}]), Lot.deadline_at.is_not(None),
               Lot.stage.in_(sorted(stages_showing(Subject.LOT))))
        .order_by(Lot.deadline_at.desc()).limit(_MOST))


def seat_of_party(party_id: UUID) -> FromClause:
    """The index and certificate under which the lot of the query names the party as a custodian, if it does."""
    keeper = func.jsonb_array_elements(Lot.custodians, type_=JSONB).column_valued("keeper")
    return (select(keeper["index"].astext.cast(Integer).label("place"),
                   keeper["certificate"].astext.label("certificate"))
            .where(keeper["party_id"].astext == str(party_id)).limit(1).lateral("seat"))


def _figures(opening: FromClause, seat: FromClause) -> FromClause:
    """How many bids stand in the opening, to how many this custodian gave its share, and how many still want it."""
    sound = select(func.count()).where(
        ShareReleased.bid_id == OpenedBid.bid_id, ShareReleased.index == seat.c.place, ShareReleased.is_sound,
        lies_in(opening.c.envelope, ShareReleased.kind)).correlate(OpenedBid, opening, seat).scalar_subquery()
    given = sound == len(kinds_in(WHOLE))
    waiting = and_(~given, OpenedBid.state.not_in(sorted(TERMINAL)))
    return (select(func.count().label("total"), func.count().filter(given).label("given"),
                   func.count().filter(waiting).label("waiting"))
            .where(OpenedBid.opening_id == opening.c.id).lateral("bids"))


async def _complaints(session: AsyncSession, seats: set[tuple[UUID, int]]) -> _Complaints:
    """The complaints that stand, of each opening those by its custodian of this index."""
    query = (select(CustodianComplaint, OpenedBid.opening_id, OpenedBid.place, OpenedBid.bidder_name)
             .join(OpenedBid, OpenedBid.bid_id == CustodianComplaint.bid_id)
             .join(Opening, Opening.id == OpenedBid.opening_id)
             .where(tuple_(OpenedBid.opening_id, CustodianComplaint.index).in_(sorted(seats)),
                    lies_in(Opening.envelope, CustodianComplaint.kind))
             .order_by(OpenedBid.place, CustodianComplaint.kind))
    found = defaultdict[UUID, list[dict[str, Any]]](list)
    for complaint, opening, place, bidder in await session.execute(query) if seats else ():
        found[opening].append({"place": place, "bidder": bidder, **complaint_answer(complaint)})
    return found


def _shows_bids(row: Row[Any]) -> bool:
    """Figures of the frozen bids; before the hour there are none to tell, nor of a lot that failed (R-108, R-122)."""
    return bool(row.frozen) and shows(Subject.BIDS, row, row.now, opened=True)


def _facts(row: Row[Any]) -> HallFacts:
    """As much of the hall as the rules of releasing shares ask for."""
    window = DecryptionWindow(tuple(map(Period, row.opens or (), row.closes or ())))
    return HallFacts(now=row.now, step=HallStep(row.step or HallStep.WAITING), window=window,
                     deadline_at=row.price_opens_at if row.envelope == PRICE else row.deadline_at,
                     is_paused=bool(row.paused), is_suspended=row.suspended)


def _answer(row: Row[Any], complaints: _Complaints) -> dict[str, Any]:
    facts, shown = _facts(row), _shows_bids(row)
    closes = facts.window.closes_at
    return {
        "lot": str(row.lot), "code": row.code, "title": row.title, "rehearsal": row.rehearsal, "index": row.place,
        "k": row.k, "n": row.n, "certificate": row.certificate, "step": facts.step.value,
        "opens_at": to_wire(facts.deadline_at), "closes_at": to_wire(closes) if closes else None,
        "released_at": to_wire(row.released_at) if row.released_at else None,
        "may_release": shown and row.waiting > 0 and missing(HallAct.RELEASE_SHARES, facts) == (),
        **{name: getattr(row, name) if shown else None for name in ("total", "given", "waiting")},
        "complaints": complaints.get(row.opening, []) if shown else []}
