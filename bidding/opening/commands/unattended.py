"""What the platform does in a hall by itself: the notice's time stamp, and an unattended hall's steps (R-516)."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import select

from bidding.opening.commands.hosting import announce_prices, ask_confirmations, hear_objections
from bidding.opening.commands.recording import draw_record
from bidding.opening.holding import Hall, enter_hall, hold_bids
from bidding.opening.model import RUNNING, HallAct, HallStep
from bidding.opening.steps import missing
from bidding.opening.tables import Opening
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.timestamps import stamp
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM

_MOVES = {
    HallStep.DECRYPTING: HallAct.ANNOUNCE,
    HallStep.ANNOUNCED: HallAct.OPEN_OBJECTIONS,
    HallStep.OBJECTIONS: HallAct.CLOSE_OBJECTIONS,
    HallStep.CONFIRMING: HallAct.CONCLUDE,
}


async def stamp_notices(works: Works, authority: TimestampAuthority) -> int:
    """Gets the RFC 3161 token for notices that lack one; an authority that is away delays no freeze."""
    async with works() as uow:
        rows = (await uow.session.execute(select(Opening.lot_id, Opening.notice).where(
            Opening.notice.is_not(None), Opening.notice_token.is_(None)))).all()
    for lot_id, notice in rows:
        digest = sha256(str(notice).encode()).digest()
        await _keep_token(works(), lot_id, digest, await stamp(authority, digest))
    return len(rows)


async def _keep_token(uow: Work, lot_id: UUID, digest: bytes, token: bytes) -> None:
    async with uow:
        opening = await uow.session.get(Opening, lot_id, with_for_update=True)
        if opening is None or opening.notice_token is not None:
            return
        opening.notice_token = token
        uow.record("opening.notice_stamped", PLATFORM, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}", payload={
            "notice_sha256": digest.hex(), "token_sha256": sha256(token).hexdigest()})
        await uow.commit()


async def move_unattended(works: Works, settings: Settings, keys: PlatformKeys) -> int:
    """Takes the next step in every unattended hall whose rules are met; signing stays with people (R-510)."""
    async with works() as uow:
        lots = (await uow.session.scalars(select(Opening.lot_id).where(
            Opening.is_unattended, Opening.step.in_(RUNNING & set(_MOVES))))).all()
    return sum([await _move(lot_id, works(), settings, keys) for lot_id in lots])


async def _move(lot_id: UUID, uow: Work, settings: Settings, keys: PlatformKeys) -> bool:
    async with uow:
        hall = await enter_hall(uow, lot_id, PLATFORM)
        act = _MOVES.get(HallStep(hall.opening.step))
        if act is None or missing(act, hall.facts) != ():
            return False
        await hold_bids(uow, lot_id)
        await _take(uow, hall, act, settings, keys)
        await uow.commit()
        return True


async def _take(uow: Work, hall: Hall, act: HallAct, settings: Settings, keys: PlatformKeys) -> None:
    match act:
        case HallAct.ANNOUNCE:
            await announce_prices(uow, hall, PLATFORM, keys)
        case HallAct.OPEN_OBJECTIONS:
            await hear_objections(uow, hall, PLATFORM)
        case HallAct.CLOSE_OBJECTIONS:
            await ask_confirmations(uow, hall, PLATFORM)
        case _:
            await draw_record(uow, hall, PLATFORM, settings)
