"""Stored objects that are not what was signed: found by the platform, its own fault, kept as evidence (fault 11)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from bidding.bids.tables import Envelope, ObjectDamage
from bidding.opening.commands.judging import settle
from bidding.opening.holding import periods_of, window_of
from bidding.opening.model import CAUSES, BidState, HallStep
from bidding.opening.tables import OpenedBid, Opening
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from trading.tenders.tables import Lot


async def keep_damage(uow: Work, bid: OpenedBid, cause: str, evidence: Mapping[str, object], now: datetime) -> None:
    """Keeps what was found of one object; ``evidence`` names its kind."""
    kind = str(evidence["kind"])
    query = select(Envelope).where(Envelope.bid_version_id == bid.bid_version_id, Envelope.kind == kind)
    envelope = (await uow.session.scalars(query)).one()
    uow.session.add(ObjectDamage(envelope_id=envelope.id, bid_id=bid.bid_id, kind=kind, cause=cause,
                                 evidence=dict(evidence), found_at=now, object_key=envelope.object_key))


async def take_damage(uow: Work, bid: OpenedBid, cause: str, evidence: Mapping[str, object], now: datetime) -> None:
    """A statement that cannot be read: the bid is settled, or waits while its bidder may bring it again (R-144)."""
    await keep_damage(uow, bid, cause, evidence, now)
    if not await _may_be_restored(uow, bid, now):
        settle(uow, bid, CAUSES[cause], evidence, PLATFORM)
        return
    bid.state, bid.cause, bid.evidence, bid.claimed_until = BidState.DAMAGED, cause, dict(evidence), None
    uow.record("bid.object_damaged", PLATFORM, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "kind": evidence["kind"], "cause": cause,
        "title": CAUSES[cause].title, "at_fault": CAUSES[cause].at_fault, "evidence": dict(evidence)})


async def _may_be_restored(uow: Work, bid: OpenedBid, now: datetime) -> bool:
    opening = await uow.session.get_one(Opening, bid.opening_id)
    lot = await uow.session.get_one(Lot, bid.lot_id)
    if lot.remedy == "none" or opening.step != HallStep.DECRYPTING:
        return False
    return opening.paused_at is not None or not window_of(await periods_of(uow.session, opening.id)).is_over(now)
