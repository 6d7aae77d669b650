"""The hall as its audience may see it, read in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import BODY
from bidding.bids.tables import Envelope
from bidding.deposits.summary import Security, security_of
from bidding.opening.holding import bids_of, facts_of, own_bid, periods_of, seat_of
from bidding.opening.model import HallFacts
from bidding.opening.permissions import Seat
from bidding.opening.record import RecordForm
from bidding.opening.record_facts import record_form
from bidding.opening.tables import (
    CustodianRelease,
    DecryptionPeriod,
    HallPlan,
    OpenedBid,
    Opening,
    OpeningObjection,
    PriceConfirmation,
    RecordSignature,
    SignIn,
)
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.ledger.tables import LedgerEntry
from trading.parties.tables import Party
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True, kw_only=True)
class HallView:
    """Everything a snapshot is made of. Before T ``opening`` is None and so is everything of bids (R-122)."""

    lot: Lot
    opening: Opening | None
    facts: HallFacts
    seat: Seat
    now: datetime
    position: int
    names: Mapping[UUID, str]
    is_unattended: bool
    form: RecordForm
    has_own_bid: bool
    own_sign_in: datetime | None
    bids: Sequence[OpenedBid] = ()
    sizes: Mapping[UUID, int]
    sign_ins: Mapping[UUID, datetime]
    confirmations: Mapping[UUID, datetime]
    periods: Sequence[DecryptionPeriod] = ()
    custodians: Mapping[int, datetime]
    objections: Sequence[OpeningObjection] = ()
    security: Mapping[UUID, Security]
    signatures: Sequence[RecordSignature] = ()

    @property
    def shows_bids(self) -> bool:
        """Bids are shown from T on, and never of a lot that failed (R-108, R-122)."""
        return self.opening is not None and self.opening.notice is not None


async def view_hall(session: AsyncSession, lot_id: UUID, actor: Actor) -> HallView:
    """The view for this actor; raises ``NotFound`` for a lot that is not public yet."""
    lot = await lot_of(session, lot_id)
    if lot.stage in BEFORE_PUBLICATION or lot.deadline_at is None:
        raise NotFound("没有这个标段")
    position = await session.scalar(select(func.max(LedgerEntry.seq)).where(LedgerEntry.stream == f"lot:{lot_id}"))
    opening = await session.get(Opening, lot_id)
    now = await now_of(session)
    is_open = opening is not None and opening.notice is not None
    bids = await bids_of(session, lot_id) if is_open else ()
    sign_ins = await _sign_ins(session, lot_id) if is_open else {}
    own = await session.get(SignIn, (lot_id, actor.party_id)) if actor.party_id else None
    plan = await session.get(HallPlan, lot_id)
    delivered = actor.party_id is not None and await own_bid(session, lot_id, actor.party_id) is not None
    return HallView(
        lot=lot, opening=opening, facts=await facts_of(session, lot, opening, now),
        seat=await seat_of(session, actor, lot, opening), now=now, position=-1 if position is None else position,
        names=await _names(session, lot, opening),
        is_unattended=opening.is_unattended if opening else bool(plan and plan.is_unattended),
        form=await record_form(session, lot_id), has_own_bid=delivered, own_sign_in=own.at if own else None,
        bids=bids, sizes=await _sizes(session, bids), sign_ins=sign_ins,
        confirmations=await _confirmations(session, bids), periods=await periods_of(session, lot_id),
        security=await _security(session, lot) if is_open else {},
        custodians=await _custodians(session, lot_id), objections=await objections_of(session, lot_id),
        signatures=await signatures_of(session, lot_id))


async def _names(session: AsyncSession, lot: Lot, opening: Opening | None) -> Mapping[UUID, str]:
    parties = {lot.tenderee_id, lot.agency_id, opening.host_id if opening else lot.host_id,
               opening.recorder_id if opening else lot.recorder_id} - {None}
    rows = await session.execute(select(Party.id, Party.name).where(Party.id.in_(parties)))
    return {row.id: row.name for row in rows}


async def _sizes(session: AsyncSession, bids: Sequence[OpenedBid]) -> Mapping[UUID, int]:
    versions = {bid.bid_version_id: bid.bid_id for bid in bids}
    rows = await session.execute(select(Envelope.bid_version_id, Envelope.size).where(
        Envelope.kind == BODY, Envelope.bid_version_id.in_(versions)))
    return {versions[version]: size for version, size in rows}


async def _sign_ins(session: AsyncSession, lot_id: UUID) -> Mapping[UUID, datetime]:
    rows = await session.execute(select(SignIn.party_id, SignIn.at).where(SignIn.lot_id == lot_id))
    return {row.party_id: row.at for row in rows}


async def _confirmations(session: AsyncSession, bids: Sequence[OpenedBid]) -> Mapping[UUID, datetime]:
    rows = await session.execute(select(PriceConfirmation.bid_id, PriceConfirmation.at).where(
        PriceConfirmation.bid_id.in_([bid.bid_id for bid in bids])))
    return {row.bid_id: row.at for row in rows}


async def _custodians(session: AsyncSession, lot_id: UUID) -> Mapping[int, datetime]:
    rows = await session.execute(select(CustodianRelease.index, CustodianRelease.at).where(
        CustodianRelease.lot_id == lot_id))
    return {int(index): at for index, at in rows}


async def _security(session: AsyncSession, lot: Lot) -> Mapping[UUID, Security]:
    """What secures each bid, where the document asks for a deposit (A-103, R-502)."""
    return {each.bid: each for each in await security_of(session, lot.id)} if lot.deposit else {}


async def objections_of(session: AsyncSession, lot_id: UUID) -> Sequence[OpeningObjection]:
    """All objections of a hall, in order."""
    query = select(OpeningObjection).where(OpeningObjection.lot_id == lot_id).order_by(OpeningObjection.at)
    return (await session.scalars(query)).all()


async def signatures_of(session: AsyncSession, lot_id: UUID) -> Sequence[RecordSignature]:
    """The signatures that stand on the record."""
    query = select(RecordSignature).where(RecordSignature.lot_id == lot_id, RecordSignature.signed_at.is_not(None))
    return (await session.scalars(query.order_by(RecordSignature.signed_at))).all()


async def is_due(session: AsyncSession, lot_id: UUID) -> bool:
    """True when T has come and the set is not frozen yet: a reader then closes the bidding itself."""
    query = select(Lot.id).outerjoin(Opening, Opening.lot_id == Lot.id).where(
        Lot.id == lot_id, Opening.lot_id.is_(None), Lot.stage.in_(sorted(BEFORE_DEADLINE)),
        Lot.suspended.is_(False), Lot.deadline_at <= func.clock_timestamp())
    return (await session.execute(query)).one_or_none() is not None
