"""What a client needs to release: the signed notice, the session key, the headers its secrets are wrapped in."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import kinds_in
from bidding.bids.tables import Envelope
from bidding.opening.holding import bids_of, opening_of, own_bid, seat_of
from bidding.opening.model import UNOPENED
from bidding.opening.tables import OpenedBid, Opening, ShareReleased
from storage.crypto.canonical import to_base64
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, Refused
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot


async def release_work(session: AsyncSession, lot_id: UUID, actor: Actor) -> dict[str, Any]:
    """For a bidder its own two headers, for a custodian those of every bid that was not settled unopened.

    Of the envelope that is being opened alone.
    """
    lot, opening = await lot_of(session, lot_id), await opening_of(session, lot_id)
    seat = await seat_of(session, actor, lot, opening)
    if seat.bid is None and seat.custodian_index is None and not await _waits_with_a_bid(session, actor, lot, opening):
        raise NotAllowed("您不是本标段的投标人或密钥保管人")
    if opening is None or opening.notice is None:
        raise Refused("尚未到开标时间，或本标段不开标")
    bids = await bids_of(session, opening.id)
    if seat.bid is not None:
        own = [bid for bid in bids if bid.bid_id == seat.bid]
        done = {(bid.bid_id, str(kind)) for bid in own for kind in bid.releases or {}}
        return _answer("bidder", 0, opening, await _items(session, opening, own, done, own=True))
    if seat.custodian_index is None:
        raise NotAllowed("您不是本标段的投标人或密钥保管人")
    rows = await session.execute(select(ShareReleased.bid_id, ShareReleased.kind).where(
        ShareReleased.index == seat.custodian_index, ShareReleased.is_sound,
        ShareReleased.bid_id.in_([bid.bid_id for bid in bids])))
    given = {(bid, kind) for bid, kind in rows}
    heard = [bid for bid in bids if bid.state not in UNOPENED]  # of the others neither share nor complaint is asked
    return _answer("custodian", seat.custodian_index, opening, await _items(session, opening, heard, given))


async def _waits_with_a_bid(session: AsyncSession, actor: Actor, lot: Lot, opening: Opening | None) -> bool:
    """True for whose bid will be frozen; afterwards the seat itself says it."""
    return opening is None and actor.party_id is not None and await own_bid(session, lot.id, actor.party_id) is not None


def _answer(role: str, index: int, opening: Opening, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": role, "index": index, "notice": notice_answer(opening), "session_key": opening.session_public,
            "items": items}


def notice_answer(opening: Opening | None) -> dict[str, Any]:
    """The opening notice with its signature and time stamp; raises ``NotFound`` before T and for a failed lot."""
    if opening is None or opening.notice is None:
        raise NotFound("尚未到开标时间，或本标段不开标")
    return {"notice": opening.notice, "signature": opening.notice_signature,
            "token": to_base64(opening.notice_token) if opening.notice_token else None}


async def _items(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid], done: set[tuple[UUID, str]], *,
                 own: bool = False) -> list[dict[str, Any]]:
    """``own``: with the manifests, by which a bidder sees that it makes the same bytes again (R-511)."""
    versions: dict[UUID, OpenedBid] = {bid.bid_version_id: bid for bid in bids}
    rows = await session.execute(select(
        Envelope.bid_version_id, Envelope.kind, Envelope.header, Envelope.manifest).where(
        Envelope.bid_version_id.in_(versions), Envelope.kind.in_(kinds_in(opening.envelope))))
    found = sorted(((versions[version], kind, header, manifest) for version, kind, header, manifest in rows),
                   key=lambda item: (item[0].place, item[1]))
    return [{"bid": str(bid.bid_id), "kind": kind, "header": header, "released": (bid.bid_id, kind) in done,
             **({"manifest": manifest} if own else {})} for bid, kind, header, manifest in found]
