"""The full check: every opened body is decrypted once from end to end, before evaluation may rely on it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from bidding.opening.commands.damaging import keep_damage
from bidding.opening.holding import hold_bid, hold_opening
from bidding.opening.model import DAMAGES, BodyCheck
from bidding.opening.reading import OpenBody, open_body, segment
from bidding.opening.tables import OpenedBid, Opening
from storage.crypto.errors import ObjectAltered, SealBroken
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import NotFound, Unavailable
from storage.objects.store import ObjectStore

LEASE = timedelta(seconds=60)
LANES = 2
_RENEW_EVERY = 32  # segments: 256 MiB
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What reading a body through came to; ``cause`` is empty when it is sound."""

    size: int
    cause: str = ""
    reason: str = ""


async def claim_body(uow: Work, keys: PlatformKeys) -> tuple[UUID, OpenBody] | None:
    """Takes the body that has waited longest; the lease is renewed while it is read."""
    async with uow:
        now = await uow.now()
        query = (select(OpenedBid).where(OpenedBid.body_check.in_((BodyCheck.WAITING, BodyCheck.CHECKING)),
                                         OpenedBid.body_due_at <= now)
                 .order_by(OpenedBid.body_due_at).limit(1).with_for_update(skip_locked=True))
        bid = (await uow.session.scalars(query)).one_or_none()
        if bid is None:
            return None
        found = await _opened(uow, bid, keys)
        await _lease(uow, bid.id)
        await uow.commit()
        return (bid.id, found) if found else None


async def _opened(uow: Work, bid: OpenedBid, keys: PlatformKeys) -> OpenBody | None:
    """None where it cannot be read here: its lease runs out, and others come first until then."""
    try:
        return await open_body(uow.session, keys, bid.id)
    except SQLAlchemyError:
        raise
    except Exception as error:  # one body must not keep all others unchecked
        _LOG.warning("opening.body_waits", bid=str(bid.bid_id), kind=type(error).__name__)
        return None


async def _lease(uow: Work, opened_id: UUID) -> None:
    now = await uow.now()
    await uow.session.execute(update(OpenedBid).where(OpenedBid.id == opened_id).values(
        body_check=BodyCheck.CHECKING, body_due_at=now + LEASE).execution_options(synchronize_session=False))


async def check_body(opened_id: UUID, body: OpenBody, store: ObjectStore, works: Works) -> Finding:
    """Reads every segment, two at a time, keeping nothing; raises ``Unavailable`` when the store is away."""
    try:
        for index in range(0, body.layout.count, LANES):
            await asyncio.gather(*(segment(body, store, each)
                                   for each in range(index, min(index + LANES, body.layout.count))))
            if index % _RENEW_EVERY == _RENEW_EVERY - LANES:
                async with works() as uow:
                    await _lease(uow, opened_id)
                    await uow.commit()
    except NotFound as error:
        return Finding(body.layout.size, "object-missing", error.message)
    except ObjectAltered as error:
        return Finding(body.layout.size, "object-altered", error.message)
    except SealBroken as error:
        return Finding(body.layout.size, "seal-broken", error.message)
    return Finding(body.layout.size)


async def _hold_in_order(uow: Work, opened_id: UUID) -> OpenedBid:
    """The bid, locked after its opening: an announcing host locks the opening, then all bids, and must not meet us."""
    lot_id = (await uow.session.execute(select(OpenedBid.lot_id).where(OpenedBid.id == opened_id))).scalar_one()
    await hold_opening(uow, lot_id, share=True)
    return await hold_bid(uow, opened_id)


async def finish_check(opened_id: UUID, finding: Finding, uow: Work) -> None:
    """Records the result; the opening's outcome is not changed by it, the committee sees it. A damaged body may be
    brought again by its bidder until the opening is concluded, where the tender document has a remedy (R-144)."""
    async with uow:
        bid = await _hold_in_order(uow, opened_id)
        now = await uow.now()
        if bid.body_check not in (BodyCheck.WAITING, BodyCheck.CHECKING):
            return
        bid.body_check = BodyCheck.FAILED if finding.cause else BodyCheck.SOUND
        bid.body_checked_at, bid.body_reason, bid.body_due_at = now, finding.reason or None, None
        kind = (await uow.session.get_one(Opening, bid.opening_id)).envelope
        if finding.cause in DAMAGES:
            await keep_damage(uow, bid, finding.cause, {"kind": kind, "reason": finding.reason}, now)
        uow.record("bid.body_checked", PLATFORM, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.bid_id}", payload={
            "bid": str(bid.bid_id), "place": bid.place, "kind": kind, "result": bid.body_check,
            "cause": finding.cause or None, "size": finding.size})
        await uow.commit()


async def check_waiting(works: Works, store: ObjectStore, keys: PlatformKeys) -> bool:
    """One body, from claim to record; answers whether there was one."""
    claimed = await claim_body(works(), keys)
    if claimed is None:
        return False
    opened_id, body = claimed
    try:
        finding = await check_body(opened_id, body, store, works)
    except Unavailable:
        return False
    await finish_check(opened_id, finding, works())
    return True
