"""What an evaluation begins with: the bids as decrypted, and the method as the document in force states it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE, envelopes_asked
from bidding.opening.coefficients import drawn
from bidding.opening.holding import bids_of, opening_of
from bidding.opening.model import BidState, BodyCheck
from bidding.opening.sealed_objects import SealedObject, sealed_objects
from bidding.opening.statements import price_of
from bidding.opening.tables import OpenedBid, Opening
from evaluation.scoring.method import method_of
from evaluation.scoring.model import Method, OpenBid
from storage.crypto.canonical import canonical_sha256
from trading.tenders.queries import structure_of
from trading.tenders.tables import Lot

_UNCHECKED = frozenset({BodyCheck.WAITING, BodyCheck.CHECKING, BodyCheck.NONE})


async def decrypted_bids(session: AsyncSession, lot: Lot) -> Sequence[OpenedBid]:
    """The bids a committee evaluates: those that were decrypted, by order of submission."""
    return [bid for bid in await bids_of(session, lot.id) if bid.state == BidState.DECRYPTED]


def bodies_unchecked(bids: Sequence[OpenedBid]) -> int:
    """How many bodies still wait for their full check (B-023/2)."""
    return sum(bid.body_check in _UNCHECKED for bid in bids)


async def opened_prices(session: AsyncSession, lot: Lot) -> tuple[Opening, Mapping[UUID, OpenedBid]] | None:
    """The second opening of two envelopes and its bids, once its record is published; None before (R-318)."""
    if not lot.two_envelopes:
        return None
    opening = await opening_of(session, lot.id, PRICE)
    if opening is None or opening.published_at is None:
        return None
    return opening, {bid.bid_id: bid for bid in await bids_of(session, opening.id)}


async def read_bids(session: AsyncSession, lot: Lot) -> Sequence[OpenedBid]:
    """Everything decrypted whose bodies a committee may read: first envelopes, and prices once they are published."""
    found = await opened_prices(session, lot)
    prices = [bid for bid in found[1].values() if bid.state == BidState.DECRYPTED] if found else []
    return [*await decrypted_bids(session, lot), *prices]


async def bid_facts(session: AsyncSession, lot: Lot) -> list[dict[str, Any]]:
    """Each decrypted bid with the digests that bind it: price, statement, manifest of the body (B-023).

    Of two envelopes the price is that of the second opening, and ``sealed`` tells that it is not open; ``price_body``
    is the body that was opened with it (``opened``: whose id it is read by), ``unopened`` the cause why none was.
    """
    bids, found = await decrypted_bids(session, lot), await opened_prices(session, lot)
    sealed = await sealed_objects(session, bids)
    prices = found[1] if found else {}
    first = envelopes_asked(lot.two_envelopes)[0]
    return [{**_facts(bid, sealed[bid.bid_id][first], prices.get(bid.bid_id)),
             **(_second(prices.get(bid.bid_id), sealed[bid.bid_id]) if lot.two_envelopes else {})} for bid in bids]


def _facts(bid: OpenedBid, body: SealedObject, priced: OpenedBid | None) -> dict[str, Any]:
    values = {**(bid.statement or {}), **((priced.statement if priced else None) or {})}
    price = price_of(values)
    return {
        "bid": str(bid.bid_id), "place": bid.place, "name": bid.bidder_name, "uscc": bid.bidder_uscc,
        "party": str(bid.party_id), "price": f"{price:.2f}" if price is not None else None,
        "values": values, "statement_sha256": canonical_sha256(values), "body_sha256": body.manifest.sha256,
        "body_size": body.manifest.size}


def _second(priced: OpenedBid | None, sealed: Mapping[str, SealedObject]) -> dict[str, Any]:
    """What became of the second envelope: not opened yet, not to be opened, or open."""
    if priced is None:
        return {"sealed": True}
    if priced.state != BidState.DECRYPTED:
        return {"sealed": False, "unopened": priced.cause}
    body = sealed[PRICE].manifest
    return {"sealed": False, "price_body": {"opened": str(priced.id), "sha256": body.sha256, "size": body.size}}


async def announced_of(session: AsyncSession, lot: Lot) -> list[dict[str, Any]]:
    """What was announced of each bid; of two envelopes with the price of the second opening, once it is published."""
    first = await session.get_one(Opening, lot.id)
    found = await opened_prices(session, lot)
    priced = {row["bid"]: row["price"] for row in found[0].announced or []} if found else {}
    return [{**row, "price": priced.get(row["bid"], row["price"])} for row in first.announced or []]


def altered(kept: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]],
            announced: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which bids are not, or no longer, those that were decrypted and announced (B-023)."""
    opened = {row["bid"]: (row["name"], row["uscc"], row["price"]) for row in announced
              if row["state"] == BidState.DECRYPTED}
    held, found = {each["bid"]: each for each in kept}, {each["bid"]: each for each in now}
    return sorted(bid for bid in held.keys() | found.keys() | opened.keys() if held.get(bid) != found.get(bid)
                  or opened.get(bid) != (held[bid]["name"], held[bid]["uscc"], held[bid]["price"]))


def open_bids(kept: Sequence[Mapping[str, Any]]) -> list[OpenBid]:
    """The kept facts as the pure part takes them."""
    return [OpenBid(each["bid"], each["place"], each["name"], each["uscc"],
                    Decimal(each["price"]) if each["price"] is not None else None, each.get("sealed", False),
                    each.get("unopened"))
            for each in kept]


def stated_method(lot: Lot, opening: Opening) -> dict[str, Any]:
    """The method of the lot as JSON: document in force and coefficients drawn (A-136, A-137)."""
    found = method_of(structure_of(lot), trade_kind=lot.trade_kind, limit=lot.price_limit,
                      fewest_valid=lot.min_bidders, drawn=drawn(opening))
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told


def read_method(kept: Mapping[str, Any]) -> Method:
    """The method from its JSON."""
    return msgspec.convert(kept, Method)
