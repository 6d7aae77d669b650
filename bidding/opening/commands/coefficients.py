"""Committing the seed of the coefficient draw, and drawing (R-319)."""

import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import TECHNICAL
from bidding.opening.drawing import draw, sets_of
from bidding.opening.holding import Hall
from bidding.opening.tables import CoefficientDraw
from storage.crypto.at_rest import open_at_rest, seal_at_rest
from storage.crypto.drawing import SEED_BYTES, commitment
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import CLOCK, PLATFORM, Actor
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

_PURPOSE = "coefficient draw"


async def commit_seed(lot_id: UUID, uow: Work, keys: PlatformKeys) -> None:
    """Follows a lot's publication; a lot whose formula draws nothing needs no seed, and one seed is enough."""
    async with uow:
        lot = await share_lot(uow, lot_id)
        if await uow.session.get(CoefficientDraw, lot_id) is None and sets_of(lot.price_formula):
            await make_commitment(uow, lot, keys)
            await uow.commit()


async def make_commitment(uow: Work, lot: Lot, keys: PlatformKeys) -> CoefficientDraw:
    """The act itself, inside an entered unit of work: digest and sets are public from now on, the seed rests sealed."""
    seed = secrets.token_bytes(SEED_BYTES)
    made = CoefficientDraw(lot_id=lot.id, commitment=commitment(seed), made_at=await uow.now(),
                           seed_sealed=seal_at_rest(keys.master, seed, purpose=_PURPOSE, subject=str(lot.id)))
    uow.session.add(made)
    uow.record("coefficients.committed", CLOCK, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", payload={
        "commitment": made.commitment, "sets": sets_of(lot.price_formula)})
    return made


async def ensure_commitment(uow: Work, lot: Lot, keys: PlatformKeys) -> None:
    """At the freeze, for a lot so quick that nobody has followed its publication yet: still before any decryption."""
    if sets_of(lot.price_formula) and await uow.session.get(CoefficientDraw, lot.id) is None:
        await make_commitment(uow, lot, keys)


async def draw_coefficients(uow: Work, hall: Hall, actor: Actor, keys: PlatformKeys) -> None:
    """Draws what the formula asks for, and shows the seed; recorded before the prices of the same act.

    Where prices have an opening of their own, they are drawn there.
    """
    if hall.opening.envelope == TECHNICAL:
        return
    sets = sets_of(hall.lot.price_formula)
    held = await _committed(uow.session, hall.lot.id)
    if not sets or held is None:
        return
    seed = open_at_rest(keys.master, held.seed_sealed, purpose=_PURPOSE, subject=str(hall.lot.id))
    shown = {"commitment": held.commitment, "seed": seed.hex(), "set_sha256": hall.opening.set_sha256,
             "drawn": draw(seed, hall.opening.set_sha256, sets)}
    hall.opening.coefficients = {**shown, "sets": sets}
    uow.record("opening.coefficients_drawn", PLATFORM, stream=hall.stream, subject=hall.stream,
               payload={**shown, "by": actor.name})


async def _committed(session: AsyncSession, lot_id: UUID) -> CoefficientDraw | None:
    return await session.get(CoefficientDraw, lot_id)
