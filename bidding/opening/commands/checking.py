"""The full check: every opened body is decrypted once from end to end, before evaluation may rely on it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from bidding.opening.holding import hold_bid, hold_opening
from bidding.opening.model import BodyCheck
from bidding.opening.reading import OpenBody, open_body, segment
from bidding.opening.tables import OpenedBid
from storage.crypto.errors import ObjectAltered, SealBroken
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import NotFound, Unavailable
from storage.objects.store import ObjectStore

LEASE = timedelta(seconds=60)
LANES = 2
_RENEW_EVERY = 32  # segments: 256 MiB


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
        found = await open_body(uow.session, keys, bid.bid_id)
        await _lease(uow, bid.bid_id)
        await uow.commit()
        return bid.bid_id, found


async def _lease(uow: Work, bid_id: UUID) -> None:
    now = await uow.now()
    await uow.session.execute(update(OpenedBid).where(OpenedBid.bid_id == bid_id).values(
        body_check=BodyCheck.CHECKING, body_due_at=now + LEASE).execution_options(synchronize_session=False))


async def check_body(bid_id: UUID, body: OpenBody, store: ObjectStore, works: Works) -> Finding:
    """Reads every segment, two at a time, keeping nothing; raises ``Unavailable`` when the store is away."""
    try:
        for index in range(0, body.layout.count, LANES):
            await asyncio.gather(*(segment(body, store, each)
                                   for each in range(index, min(index + LANES, body.layout.count))))
            if index % _RENEW_EVERY == _RENEW_EVERY - LANES:
                async with works() as uow:
                    await _lease(uow, bid_id)
                    await uow.commit()
    except (ObjectAltered, NotFound) as error:
        return Finding(body.layout.size, "object-altered", error.message)
    except SealBroken as error:
        return Finding(body.layout.size, "seal-broken", error.message)
    return Finding(body.layout.size)


async def _hold_in_order(uow: Work, bid_id: UUID) -> OpenedBid:
    """The bid, locked after its opening: an announcing host locks the opening, then all bids, and must not meet us."""
    lot_id = (await uow.session.execute(select(OpenedBid.lot_id).where(OpenedBid.bid_id == bid_id))).scalar_one()
    await hold_opening(uow, lot_id, share=True)
    return await hold_bid(uow, bid_id)


async def finish_check(bid_id: UUID, finding: Finding, uow: Work) -> None:
    """Records the result; the opening's outcome is not changed by it, the committee sees it."""
    async with uow:
        bid = await _hold_in_order(uow, bid_id)
        now = await uow.now()
        if bid.body_check not in (BodyCheck.WAITING, BodyCheck.CHECKING):
            return
        bid.body_check = BodyCheck.FAILED if finding.cause else BodyCheck.SOUND
        bid.body_checked_at, bid.body_reason, bid.body_due_at = now, finding.reason or None, None
        uow.record("bid.body_checked", PLATFORM, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid_id}", payload={
            "bid": str(bid_id), "place": bid.place, "result": bid.body_check, "cause": finding.cause or None,
            "size": finding.size})
        await uow.commit()


async def check_waiting(works: Works, store: ObjectStore, keys: PlatformKeys) -> bool:
    """One body, from claim to record; answers whether there was one."""
    claimed = await claim_body(works(), keys)
    if claimed is None:
        return False
    bid_id, body = claimed
    try:
        finding = await check_body(bid_id, body, store, works)
    except Unavailable:
        return False
    await finish_check(bid_id, finding, works())
    return True
