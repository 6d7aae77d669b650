"""Rows an act holds, locked in one order: lot, then bid, then version. So the deadline is decided once (R-141)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from bidding.bids.model import Slot
from bidding.bids.permissions import no_such_bid
from bidding.bids.rules import comes_before_the_deadline
from bidding.bids.tables import Bid, BidVersion, Envelope
from storage.database.work import Work
from storage.kernel.errors import Refused
from storage.kernel.rule import require
from trading.tenders.model import bidding_is_open
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Held:
    """A version with its bid and lot. The lot is share-locked, the other two are locked."""

    lot: Lot
    bid: Bid
    version: BidVersion

    @property
    def slot(self) -> Slot:
        """Where this version's seals must fit."""
        return slot_of(self.lot, self.version)


async def hold_version(uow: Work, party_id: UUID, version_id: UUID) -> Held:
    """Locks a bidder's own version; raises ``NotFound`` for any other."""
    lot = await share_lot_of(uow, party_id, version_id)
    rows = select(Bid, BidVersion).join(BidVersion, BidVersion.bid_id == Bid.id).where(BidVersion.id == version_id)
    bid, version = (await uow.session.execute(rows.with_for_update())).one()
    return Held(lot, bid, version)


# Built once: at a deadline this runs some hundred times a second. What bids do not ask of a lot is not read.
_SHARED_LOT = (
    select(Lot).options(load_only(
        Lot.code, Lot.title, Lot.round, Lot.k, Lot.suite, Lot.custodians, Lot.stage, Lot.suspended, Lot.rehearsal,
        Lot.documents_from, Lot.documents_until, Lot.deadline_at, Lot.deposit, Lot.tenderee_id, Lot.agency_id,
        Lot.two_envelopes, Lot.remedy, raiseload=True))
    .join(Bid, Bid.lot_id == Lot.id).join(BidVersion, BidVersion.bid_id == Bid.id)
    .where(BidVersion.id == bindparam("version_id"), Bid.party_id == bindparam("party_id"))
    .with_for_update(read=True, of=Lot))


async def share_lot_of(uow: Work, party_id: UUID, version_id: UUID) -> Lot:
    """Share-locks the lot of a bidder's own version; raises ``NotFound`` for any other. Read the clock after this."""
    found = await uow.session.execute(_SHARED_LOT, {"version_id": version_id, "party_id": party_id})
    lot = found.scalar_one_or_none()
    if lot is None:
        raise no_such_bid()
    return lot


async def hold_bid(uow: Work, party_id: UUID, bid_id: UUID) -> Held:
    """Locks a bidder's own bid with its submitted version; raises ``NotFound`` or, with none, ``Refused``."""
    query = select(Bid.submitted_version_id).where(Bid.id == bid_id, Bid.party_id == party_id)
    row = (await uow.session.execute(query)).one_or_none()
    if row is None:
        raise no_such_bid()
    if row[0] is None:
        raise Refused("没有已提交的投标文件，无需撤回")
    return await hold_version(uow, party_id, row[0])


async def envelopes_of(session: AsyncSession, version_id: UUID) -> Sequence[Envelope]:
    """The version's envelopes, body before statement."""
    rows = await session.execute(select(Envelope).where(Envelope.bid_version_id == version_id).order_by(Envelope.kind))
    return rows.scalars().all()


def slot_of(lot: Lot, version: BidVersion) -> Slot:
    """The slot of a version: custodians and round as the lot stands now, the opening time as when it was begun.

    An extension moves the lot's deadline only later, so a seal made before it names an earlier opening time and
    stays good: it is opened at the lot's own deadline, never before (R-210/4).
    """
    custodians = sorted(lot.custodians, key=lambda item: int(item["index"]))
    return Slot(
        tender=version.tender_code, lot=lot.code, round=lot.round, bidder=version.certificate, version=version.number,
        opens_at=version.opens_at, k=lot.k, suite=lot.suite,
        custodians=tuple(str(item["certificate"]) for item in custodians))


def require_open(lot: Lot, now: datetime) -> None:
    """Raises ``RulesUnmet`` (R-141) from the deadline instant on, ``Refused`` where bids are not admitted otherwise.

    Time decides, read under the lot's lock; no timer has a part in it (R-221, fault 19).
    """
    if lot.deadline_at is not None:
        require((comes_before_the_deadline, comes_before_the_deadline(now, lot.deadline_at)))
    if not bidding_is_open(lot, now):
        raise Refused("本标段目前不接收投标文件", stage=lot.stage, suspended=lot.suspended)
