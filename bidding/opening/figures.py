"""What the rules of a hall decide on, as columns of one query: for one opening, or for the latest of many lots.

``holding.facts_from`` makes facts of them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from bidding.bids.model import ENVELOPES, TECHNICAL, kinds_in
from bidding.bids.tables import ObjectDamage
from bidding.opening.model import BidState
from bidding.opening.tables import (
    DecryptionPeriod,
    OpenedBid,
    Opening,
    OpeningObjection,
    PriceConfirmation,
    PriceOpening,
    RecordSignature,
)


def figures() -> tuple[ColumnElement[Any], ...]:
    """By name what ``facts_from`` asks for, of the ``Opening`` of the query that they stand in."""
    window = (_window(moment).scalar_subquery() for moment in (DecryptionPeriod.opens_at, DecryptionPeriod.closes_at))
    states = select(func.array_agg(OpenedBid.state)).where(OpenedBid.opening_id == Opening.id)
    signed = select(func.array_agg(RecordSignature.capacity)).where(
        RecordSignature.opening_id == Opening.id, RecordSignature.signed_at.is_not(None))
    open_objections = select(func.count()).where(
        OpeningObjection.opening_id == Opening.id, OpeningObjection.answered_at.is_(None))
    unconfirmed = select(func.count()).where(
        OpenedBid.opening_id == Opening.id, OpenedBid.state == BidState.DECRYPTED,
        ~exists().where(PriceConfirmation.opened_id == OpenedBid.id))
    columns = (*window, states.scalar_subquery(), signed.scalar_subquery(), open_objections.scalar_subquery(),
               unconfirmed.scalar_subquery(), _damaged_bodies().scalar_subquery(), _waits_for_prices())
    names = ("opens", "closes", "states", "signed", "objections_open", "unconfirmed", "damaged_bodies", "passers_fixed")
    return tuple(column.label(name) for column, name in zip(columns, names, strict=True))


def _window(moment: SQLColumnExpression[datetime]) -> Select[Any]:
    return select(func.array_agg(aggregate_order_by(moment, DecryptionPeriod.number))).where(
        DecryptionPeriod.opening_id == Opening.id)


def _damaged_bodies() -> Select[Any]:
    """Of bids that are open: found damaged, and not brought again."""
    return select(func.count()).select_from(OpenedBid).join(
        ObjectDamage, ObjectDamage.bid_id == OpenedBid.bid_id).where(
        OpenedBid.opening_id == Opening.id, OpenedBid.state == BidState.DECRYPTED, OpenedBid.body_check == "failed",
        ObjectDamage.kind == Opening.envelope, ObjectDamage.restored_at.is_(None))


def _waits_for_prices() -> ColumnElement[bool]:
    """True for the first opening of two, once it is fixed who passed."""
    return and_(Opening.envelope == TECHNICAL, exists().where(PriceOpening.lot_id == Opening.lot_id))


def lies_in(envelope: SQLColumnExpression[str], kind: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """True where an object of this kind lies in this envelope."""
    return or_(*(and_(envelope == each, kind.in_(kinds_in(each))) for each in ENVELOPES))
