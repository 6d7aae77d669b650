"""Reads of sealed bids. Every one names the party that asks: what is another's is not found (R-122, A-96)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.holding import envelopes_of
from bidding.bids.model import AT_WORK, BidStatus, VersionStatus
from bidding.bids.permissions import no_such_bid, permit_bidding
from bidding.bids.receipt_pdf import pdf_key
from bidding.bids.tables import Bid, BidVersion, Envelope, EnvelopePart, ObjectDamage, Receipt
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from trading.papers.queries import renewals
from trading.parties.queries import certificates
from trading.parties.tables import BoundCertificate
from trading.tenders.disclosure import is_public
from trading.tenders.model import ENDED
from trading.tenders.queries import issued_document, now_of, tender_code
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot


@dataclass(frozen=True)
class VersionView:
    """A version with its envelopes."""

    version: BidVersion
    envelopes: Sequence[Envelope]


@dataclass(frozen=True)
class Desk:
    """A bidder's desk in one lot: what the lot asks, what the bidder has, what the database clock says."""

    lot: Lot
    tender: str
    now: datetime
    bid: Bid | None
    versions: Sequence[VersionView]
    receipts: Sequence[Receipt]
    document_key: str | None
    renewed: Mapping[str, str]  # until when document and receipts with further time stamps last, by key
    own_certificates: Sequence[BoundCertificate]
    custodian_certificates: Sequence[BoundCertificate]


async def desk_of(session: AsyncSession, lot_id: UUID, actor: Actor) -> Desk:
    """The asking bidder's own desk; raises ``NotFound`` for a lot that is not published."""
    lot = await lot_of(session, lot_id)
    if not is_public(lot) or lot.deadline_at is None:
        raise NotFound("没有这个标段")
    party_id = permit_bidding(actor, lot)
    now = await now_of(session)
    own = select(Bid).where(Bid.lot_id == lot_id, Bid.party_id == party_id)
    bid = (await session.execute(own)).scalar_one_or_none()
    fingerprints = [str(item["certificate"]) for item in lot.custodians]
    custodians = await session.scalars(select(BoundCertificate).where(BoundCertificate.fingerprint.in_(fingerprints)))
    receipts = await _receipts(session, bid) if bid else ()
    document = await issued_document(session, lot_id)
    document_key = document.signed_pdf_key if document else None
    return Desk(
        lot=lot, tender=await tender_code(session, lot), now=now, bid=bid,
        versions=await _versions(session, bid) if bid else (),
        receipts=receipts, document_key=document_key,
        renewed=await renewals(session, [document_key, *map(pdf_key, receipts)]),
        own_certificates=await certificates(session, party_id, now), custodian_certificates=custodians.all())


async def _versions(session: AsyncSession, bid: Bid) -> Sequence[VersionView]:
    query = select(BidVersion).where(BidVersion.bid_id == bid.id).order_by(BidVersion.number.desc())
    rows = (await session.scalars(query)).all()
    return [VersionView(version, await envelopes_of(session, version.id)) for version in rows]


async def _receipts(session: AsyncSession, bid: Bid) -> Sequence[Receipt]:
    """Every receipt of the bid, of replaced versions and of withdrawals too (R-222), the newest first."""
    query = (select(Receipt).join(BidVersion, BidVersion.id == Receipt.bid_version_id)
             .where(BidVersion.bid_id == bid.id).order_by(Receipt.decided_at.desc()))
    return (await session.scalars(query)).all()


@dataclass(frozen=True)
class OwnBid:
    """A line of a bidder's list: what counts of its bid in a lot, and the newer version it works on, if any."""

    lot: Lot
    bid: Bid
    counting: BidVersion | None
    at_work: BidVersion | None


async def own_bids(session: AsyncSession, party_id: UUID) -> list[OwnBid]:
    """A bidder's own bids, the latest deadline first; one whose versions were all given up is left out."""
    rows = (await session.execute(select(Lot, Bid).join(Bid, Bid.lot_id == Lot.id).where(Bid.party_id == party_id)
                                  .order_by(Lot.deadline_at.desc()))).all()
    at_work = await session.scalars(select(BidVersion).where(
        BidVersion.bid_id.in_([bid.id for _, bid in rows]), BidVersion.status.in_(sorted(AT_WORK))))
    newer = {version.bid_id: version for version in at_work}
    counting = {version.id: version for version in await session.scalars(select(BidVersion).where(
        BidVersion.id.in_([bid.submitted_version_id for _, bid in rows if bid.submitted_version_id])))}
    found = [OwnBid(lot, bid, counting.get(bid.submitted_version_id) if bid.submitted_version_id else None,
                    newer.get(bid.id)) for lot, bid in rows]
    return [each for each in found if each.at_work or each.bid.status != BidStatus.NOT_SUBMITTED]


async def version_of(session: AsyncSession, version_id: UUID, party_id: UUID) -> tuple[Lot, VersionView]:
    """A bidder's own version with its lot; raises ``NotFound``."""
    query = (select(Lot, BidVersion).join(Bid, Bid.lot_id == Lot.id)
             .join(BidVersion, BidVersion.bid_id == Bid.id)
             .where(BidVersion.id == version_id, Bid.party_id == party_id))
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise no_such_bid()
    lot, version = row
    return lot, VersionView(version, await envelopes_of(session, version_id))


async def envelope_of(session: AsyncSession, envelope_id: UUID, party_id: UUID) -> Envelope:
    """A bidder's own envelope; raises ``NotFound``."""
    query = (select(Envelope).join(BidVersion, BidVersion.id == Envelope.bid_version_id)
             .join(Bid, Bid.id == BidVersion.bid_id)
             .where(Envelope.id == envelope_id, Bid.party_id == party_id))
    envelope = (await session.execute(query)).scalar_one_or_none()
    if envelope is None:
        raise no_such_bid()
    return envelope


async def announced_digests(session: AsyncSession, envelope_id: UUID) -> dict[int, str]:
    """Part number to SHA-256, as the bidder announced them."""
    query = select(EnvelopePart.number, EnvelopePart.sha256).where(EnvelopePart.envelope_id == envelope_id)
    return {row.number: row.sha256 for row in await session.execute(query)}


async def receipt_of(session: AsyncSession, number: str, party_id: UUID) -> Receipt:
    """A bidder's own receipt; raises ``NotFound``."""
    query = select(Receipt).where(Receipt.number == number, Receipt.party_id == party_id)
    receipt = (await session.execute(query)).scalar_one_or_none()
    if receipt is None:
        raise no_such_bid()
    return receipt


async def ties(session: AsyncSession, party_id: UUID) -> list[str]:
    """``bidder`` for a party with a bid in a lot under way, not withdrawn; secret before the hour (R-122)."""
    query = (select(Bid.id).join(Lot, Lot.id == Bid.lot_id).limit(1)
             .where(Bid.party_id == party_id, Bid.status != BidStatus.WITHDRAWN, Lot.stage.not_in(sorted(ENDED))))
    return ["bidder"] if (await session.execute(query)).first() is not None else []


async def named_objects(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Which of these sealed objects a row stands for that was not given up: what the sweeper must leave (fault 01)."""
    query = (select(Envelope.object_key).join(BidVersion, BidVersion.id == Envelope.bid_version_id)
             .where(Envelope.object_key.in_(keys), BidVersion.status != VersionStatus.DISCARDED))
    found = set((await session.scalars(query)).all())
    damaged = select(ObjectDamage.object_key, ObjectDamage.new_key).where(
        ObjectDamage.object_key.in_(keys) | ObjectDamage.new_key.in_(keys))
    return found | {key for row in await session.execute(damaged) for key in row if key in keys}
