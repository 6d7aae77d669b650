"""What an evaluation begins with: the bids as decrypted, and the method as the document in force states it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import BODY
from bidding.opening.coefficients import drawn
from bidding.opening.holding import bids_of
from bidding.opening.model import BidState, BodyCheck
from bidding.opening.sealed_objects import sealed_objects
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


async def bid_facts(session: AsyncSession, lot: Lot) -> list[dict[str, Any]]:
    """Each decrypted bid with the digests that bind it: price, statement, manifest of the body (B-023)."""
    bids = await decrypted_bids(session, lot)
    sealed = await sealed_objects(session, bids)
    found = []
    for bid in bids:
        price, body = price_of(bid.statement), sealed[bid.bid_id][BODY].manifest
        found.append({
            "bid": str(bid.bid_id), "place": bid.place, "name": bid.bidder_name, "uscc": bid.bidder_uscc,
            "party": str(bid.party_id), "price": f"{price:.2f}" if price is not None else None,
            "values": dict(bid.statement or {}), "statement_sha256": canonical_sha256(dict(bid.statement or {})),
            "body_sha256": body.sha256, "body_size": body.size})
    return found


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
                    Decimal(each["price"]) if each["price"] is not None else None) for each in kept]


def stated_method(lot: Lot, opening: Opening) -> dict[str, Any]:
    """The method of the lot as JSON: document in force and coefficients drawn (A-136, A-137)."""
    found = method_of(structure_of(lot), trade_kind=lot.trade_kind, limit=lot.price_limit,
                      fewest_valid=lot.min_bidders, drawn=drawn(opening))
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told


def read_method(kept: Mapping[str, Any]) -> Method:
    """The method from its JSON."""
    return msgspec.convert(kept, Method)
