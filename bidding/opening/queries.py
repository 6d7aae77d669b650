"""The hall as its audience may see it, read in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE, WHOLE, envelopes_asked
from bidding.bids.tables import Envelope, ObjectDamage
from bidding.deposits.summary import Security, security_of
from bidding.opening.attribution import Tally
from bidding.opening.custody import complaints_of, tallies
from bidding.opening.damages import damages_of
from bidding.opening.holding import bids_of, facts_of, opening_of, own_bid, periods_of, seat_of
from bidding.opening.model import TERMINAL, HallFacts
from bidding.opening.permissions import Seat
from bidding.opening.record import RecordForm
from bidding.opening.record_facts import record_form
from bidding.opening.tables import (
    CustodianComplaint,
    CustodianRelease,
    DecryptionPeriod,
    HallPlan,
    OpenedBid,
    Opening,
    OpeningObjection,
    PriceConfirmation,
    PriceOpening,
    RecordSignature,
    SignIn,
)
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.ledger.tables import LedgerEntry
from trading.papers.queries import renewals
from trading.parties.tables import Party
from trading.tenders.disclosure import Subject, is_public, shows
from trading.tenders.model import BEFORE_DEADLINE, Stage
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
    tallies: Mapping[UUID, Tally]
    complaints: Sequence[CustodianComplaint] = ()
    damages: Mapping[UUID, Sequence[ObjectDamage]]  # by bid, what of it was found damaged in what is opened
    objections: Sequence[OpeningObjection] = ()
    security: Mapping[UUID, Security]
    signatures: Sequence[RecordSignature] = ()
    renewed: Mapping[str, str]  # until when published records with further time stamps last, by envelope
    envelope: str = WHOLE
    prices: PriceOpening | None = None  # of two envelopes, once it is fixed who passed

    @property
    def shows_bids(self) -> bool:
        """Bids are shown from T on, and never of a lot that failed for too few (R-108, R-122)."""
        return are_shown(self.lot, self.opening, self.now)

    def owes_shares(self, *, settled_by_complaint: bool) -> bool:
        """True while undecided bids lack this custodian's sound share; ``settled_by_complaint`` leaves out those it
        complained of. Before the bids are frozen the office alone decides (R-122)."""
        index = self.seat.custodian_index
        if index is None or self.opening is None:
            return index is not None
        found = [self.tallies[bid.bid_id] for bid in self.bids if bid.state not in TERMINAL]
        return any(index not in each.sound | (each.complained if settled_by_complaint else frozenset())
                   for each in found)


def are_shown(lot: Lot, opening: Opening | None, now: datetime) -> bool:
    """True when the bids may be shown, and the set that is shown is frozen."""
    is_frozen = opening is not None and opening.notice is not None
    return is_frozen and shows(Subject.BIDS, lot, now, opened=is_frozen)


async def view_hall(session: AsyncSession, lot_id: UUID, actor: Actor) -> HallView:
    """The view for this actor; raises ``NotFound`` for a lot that is not public yet."""
    lot = await lot_of(session, lot_id)
    if not is_public(lot) or lot.deadline_at is None:
        raise NotFound("没有这个标段")
    position = await session.scalar(select(func.max(LedgerEntry.seq)).where(LedgerEntry.stream == f"lot:{lot_id}"))
    opening = await opening_of(session, lot_id)
    now = await now_of(session)
    is_open = are_shown(lot, opening, now)
    envelope = opening.envelope if opening else envelopes_asked(lot.two_envelopes)[0]
    shown = opening.id if opening else lot_id
    bids = await bids_of(session, shown) if is_open else ()
    sign_ins = await _sign_ins(session, lot_id, envelope) if is_open else {}
    own = await session.get(SignIn, (lot_id, envelope, actor.party_id)) if actor.party_id else None
    plan = await session.get(HallPlan, lot_id)
    delivered = actor.party_id is not None and await own_bid(session, lot_id, actor.party_id) is not None
    return HallView(
        lot=lot, opening=opening, facts=await facts_of(session, lot, opening, now),
        seat=await seat_of(session, actor, lot, opening), now=now, position=-1 if position is None else position,
        names=await _names(session, lot, opening),
        is_unattended=opening.is_unattended if opening else bool(plan and plan.is_unattended),
        form=await record_form(session, lot_id), has_own_bid=delivered, own_sign_in=own.at if own else None,
        bids=bids, sizes=await _sizes(session, bids, envelope), sign_ins=sign_ins,
        confirmations=await _confirmations(session, bids), periods=await periods_of(session, shown),
        security=await _security(session, lot) if is_open else {},
        custodians=await _custodians(session, shown),
        tallies=await tallies(session, lot, opening, [bid.bid_id for bid in bids]) if opening else {},
        complaints=await complaints_of(session, opening, [bid.bid_id for bid in bids]) if opening else (),
        damages=await _damages(session, opening, bids),
        objections=await objections_of(session, shown), signatures=await signatures_of(session, shown),
        renewed=await _renewed(session, opening), envelope=envelope, prices=await session.get(PriceOpening, lot_id))


async def _damages(session: AsyncSession, opening: Opening | None,
                   bids: Sequence[OpenedBid]) -> Mapping[UUID, Sequence[ObjectDamage]]:
    found: dict[UUID, list[ObjectDamage]] = {}
    for row in await damages_of(session, opening, [bid.bid_id for bid in bids]) if opening else ():
        found.setdefault(row.bid_id, []).append(row)
    return found


async def _renewed(session: AsyncSession, opening: Opening | None) -> Mapping[str, str]:
    if opening is None or opening.published_at is None:
        return {}
    found = (await session.scalars(select(Opening).where(Opening.lot_id == opening.lot_id))).all()
    envelopes = {each.record_pdf_key: each.envelope for each in found}
    return {envelopes[key]: until for key, until in (await renewals(session, envelopes)).items()}


async def _names(session: AsyncSession, lot: Lot, opening: Opening | None) -> Mapping[UUID, str]:
    parties = {lot.tenderee_id, lot.agency_id, opening.host_id if opening else lot.host_id,
               opening.recorder_id if opening else lot.recorder_id} - {None}
    rows = await session.execute(select(Party.id, Party.name).where(Party.id.in_(parties)))
    return {row.id: row.name for row in rows}


async def _sizes(session: AsyncSession, bids: Sequence[OpenedBid], envelope: str) -> Mapping[UUID, int]:
    versions = {bid.bid_version_id: bid.bid_id for bid in bids}
    rows = await session.execute(select(Envelope.bid_version_id, Envelope.size).where(
        Envelope.kind == envelope, Envelope.bid_version_id.in_(versions)))
    return {versions[version]: size for version, size in rows}


async def _sign_ins(session: AsyncSession, lot_id: UUID, envelope: str) -> Mapping[UUID, datetime]:
    rows = await session.execute(select(SignIn.party_id, SignIn.at).where(
        SignIn.lot_id == lot_id, SignIn.envelope == envelope))
    return {row.party_id: row.at for row in rows}


async def _confirmations(session: AsyncSession, bids: Sequence[OpenedBid]) -> Mapping[UUID, datetime]:
    shown = {bid.id: bid.bid_id for bid in bids}
    rows = await session.execute(select(PriceConfirmation.opened_id, PriceConfirmation.at).where(
        PriceConfirmation.opened_id.in_(shown)))
    return {shown[row.opened_id]: row.at for row in rows}


async def _custodians(session: AsyncSession, opening_id: UUID) -> Mapping[int, datetime]:
    rows = await session.execute(select(CustodianRelease.index, CustodianRelease.at).where(
        CustodianRelease.opening_id == opening_id))
    return {int(index): at for index, at in rows}


async def _security(session: AsyncSession, lot: Lot) -> Mapping[UUID, Security]:
    """What secures each bid, where the document asks for a deposit (A-103, R-502)."""
    return {each.bid: each for each in await security_of(session, lot.id)} if lot.deposit else {}


async def objections_of(session: AsyncSession, opening_id: UUID) -> Sequence[OpeningObjection]:
    """All objections of an opening, in order."""
    query = select(OpeningObjection).where(OpeningObjection.opening_id == opening_id).order_by(OpeningObjection.at)
    return (await session.scalars(query)).all()


async def signatures_of(session: AsyncSession, opening_id: UUID) -> Sequence[RecordSignature]:
    """The signatures that stand on the record of an opening."""
    query = select(RecordSignature).where(
        RecordSignature.opening_id == opening_id, RecordSignature.signed_at.is_not(None))
    return (await session.scalars(query.order_by(RecordSignature.signed_at))).all()


async def recorded_opening(session: AsyncSession, lot_id: UUID, envelope: str = "") -> Opening | None:
    """The opening of that envelope; without one, the last whose record was drawn up."""
    query = select(Opening).where(Opening.lot_id == lot_id).order_by(Opening.opened_at.desc()).limit(1)
    query = query.where(Opening.envelope == envelope) if envelope else query.where(Opening.record.is_not(None))
    return (await session.scalars(query)).one_or_none()


def finished_records() -> Select[str | None]:
    """Where the files of published records lie."""
    return select(Opening.record_pdf_key).where(Opening.published_at.is_not(None))


async def prices_are_due(session: AsyncSession, lot_id: UUID) -> bool:
    """True when the second hour has come and its opening is not there yet: a reader then opens it itself."""
    query = select(Lot.id).where(Lot.id == lot_id, Lot.stage == Stage.EVALUATING, Lot.suspended.is_(False),
                                 Lot.price_opens_at <= func.clock_timestamp(), ~exists().where(
                                     Opening.lot_id == lot_id, Opening.envelope == PRICE))
    return (await session.execute(query)).one_or_none() is not None


async def is_due(session: AsyncSession, lot_id: UUID) -> bool:
    """True when T has come and the set is not frozen yet: a reader then closes the bidding itself."""
    query = select(Lot.id).outerjoin(Opening, Opening.lot_id == Lot.id).where(
        Lot.id == lot_id, Opening.lot_id.is_(None), Lot.stage.in_(sorted(BEFORE_DEADLINE)),
        Lot.suspended.is_(False), Lot.deadline_at <= func.clock_timestamp())
    return (await session.execute(query)).one_or_none() is not None
