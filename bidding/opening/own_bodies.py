"""What became of a bidder's own envelopes at the opening, and where it reads what was opened (R-318)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import envelopes_asked
from bidding.bids.tables import Bid, Envelope
from bidding.opening.holding import own_bid
from bidding.opening.model import CAUSES, TERMINAL, BidState
from bidding.opening.permissions import require_identity
from bidding.opening.reading import record_is_out
from bidding.opening.tables import OpenedBid, Opening
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from trading.tenders.disclosure import Subject, Viewer, shows
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of

_Found = tuple[Opening, OpenedBid | None, Envelope | None]


async def own_bodies(session: AsyncSession, lot_id: UUID, actor: Actor) -> list[dict[str, Any]]:
    """One line for each envelope, in order of opening: ``{envelope, state, cause, consequence, decrypted_at, body}``.

    ``state``: ``sealed`` (not opened yet), ``open``, ``unpublished`` (opened, its record is not out yet), ``unopened``
    (and why), ``left`` (the second opening went by without it, R-318). Raises ``NotFound`` before the hour, for a lot
    whose bids were never opened, and for who has no bid in it.
    """
    lot, party_id = await lot_of(session, lot_id), require_identity(actor)
    bid = await own_bid(session, lot_id, party_id)
    found = await _openings(session, bid) if bid is not None else ()
    opened = any(mine is not None and mine.state == BidState.DECRYPTED for _, mine, _ in found)
    if bid is None or not shows(Subject.OPENED_BODIES, lot, await now_of(session), {Viewer.OWN}, opened=opened):
        raise NotFound("没有已开启的投标文件")
    lines = {row[0].envelope: _line(row) for row in found}
    return [{"envelope": each, **lines.get(each, _SEALED)} for each in envelopes_asked(lot.two_envelopes)]


async def _openings(session: AsyncSession, bid: Bid) -> Sequence[_Found]:
    """The lot's openings whose set is frozen, with this bid in them and the body it was sealed in."""
    query = (select(Opening, OpenedBid, Envelope)
             .outerjoin(OpenedBid, and_(OpenedBid.opening_id == Opening.id, OpenedBid.bid_id == bid.id))
             .outerjoin(Envelope, and_(Envelope.bid_version_id == OpenedBid.bid_version_id,
                                       Envelope.kind == Opening.envelope))
             .where(Opening.lot_id == bid.lot_id, Opening.notice.is_not(None)))
    return [(opening, mine, sealed) for opening, mine, sealed in await session.execute(query)]


_SEALED: dict[str, Any] = {"state": "sealed", "cause": None, "consequence": None, "decrypted_at": None, "body": None}


def _line(row: _Found) -> dict[str, Any]:
    opening, mine, sealed = row
    if mine is None or sealed is None:
        return {**_SEALED, "state": "left"}
    if mine.state not in TERMINAL:
        return _SEALED
    cause = CAUSES[mine.cause] if mine.cause else None
    told = {**_SEALED, "cause": cause.title if cause else None, "consequence": cause.consequence if cause else None,
            "decrypted_at": to_wire(mine.decrypted_at) if mine.decrypted_at else None}
    if mine.state != BidState.DECRYPTED:
        return {**told, "state": "unopened"}
    if not record_is_out(opening):
        return {**told, "state": "unpublished"}
    return {**told, "state": "open", "body": {"url": f"/api/bids/{mine.id}/body", "size": sealed.size,
                                              "sha256": sealed.manifest_sha256, "check": mine.body_check}}
