"""What the platform does in a hall by itself: the notice's time stamp, and an unattended hall's steps (R-516)."""

from hashlib import sha256
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bidding.opening.commands.hosting import announce_prices, ask_confirmations, hear_objections
from bidding.opening.commands.recording import draw_record
from bidding.opening.holding import Hall, enter_hall, hold_bids
from bidding.opening.model import RUNNING, HallAct, HallStep
from bidding.opening.steps import missing
from bidding.opening.tables import Opening
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.stamping import stamp
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM

_LOG = structlog.get_logger(__name__)
_MOVES = {
    HallStep.DECRYPTING: HallAct.ANNOUNCE,
    HallStep.ANNOUNCED: HallAct.OPEN_OBJECTIONS,
    HallStep.OBJECTIONS: HallAct.CLOSE_OBJECTIONS,
    HallStep.CONFIRMING: HallAct.CONCLUDE,
}


async def stamp_notices(works: Works, authority: TimestampAuthority) -> int:
    """Gets the RFC 3161 token for notices that lack one; an authority that is away delays no freeze."""
    async with works() as uow:
        rows = (await uow.session.execute(select(Opening.id, Opening.notice).where(
            Opening.notice.is_not(None), Opening.notice_token.is_(None)))).all()
    for opening_id, notice in rows:
        digest = sha256(str(notice).encode()).digest()
        await _keep_token(works(), opening_id, digest, await stamp(authority, digest))
    return len(rows)


async def _keep_token(uow: Work, opening_id: UUID, digest: bytes, token: bytes) -> None:
    async with uow:
        opening = await uow.session.get(Opening, opening_id, with_for_update=True)
        if opening is None or opening.notice_token is not None:
            return
        opening.notice_token = token
        stream = f"lot:{opening.lot_id}"
        uow.record("opening.notice_stamped", PLATFORM, stream=stream, subject=stream, payload={
            "notice_sha256": digest.hex(), "token_sha256": sha256(token).hexdigest()})
        await uow.commit()


async def move_unattended(works: Works, settings: Settings, keys: PlatformKeys) -> int:
    """Takes the next step in every unattended hall whose rules are met; signing stays with people (R-510)."""
    async with works() as uow:
        lots = (await uow.session.scalars(select(Opening.lot_id).where(
            Opening.is_unattended, Opening.step.in_(RUNNING & set(_MOVES))))).all()
    return sum([await _move_or_wait(lot_id, works(), settings, keys) for lot_id in lots])


async def _move_or_wait(lot_id: UUID, uow: Work, settings: Settings, keys: PlatformKeys) -> bool:
    try:
        return await _move(lot_id, uow, settings, keys)
    except (SQLAlchemyError, OSError):
        raise
    except Exception as error:  # one hall must not hold all others; the next round tries it again
        _LOG.warning("opening.hall_waits", lot=str(lot_id), kind=type(error).__name__)
        return False


async def _move(lot_id: UUID, uow: Work, settings: Settings, keys: PlatformKeys) -> bool:
    async with uow:
        hall = await enter_hall(uow, lot_id, PLATFORM)
        act = _MOVES.get(HallStep(hall.opening.step))
        if act is None or missing(act, hall.facts) != ():
            return False
        await hold_bids(uow, hall.opening.id)
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
