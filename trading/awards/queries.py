"""Reads of awards; other rooms and the archive use these."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from trading.awards.award_file import AwardFile, load
from trading.awards.letter_answers import Delivery
from trading.awards.letter_paper import result_key
from trading.awards.permissions import is_inside
from trading.awards.tables import Award, AwardBidder, AwardLetter, Contract, CourierEvent, CourierOrder
from trading.papers.queries import renewals
from trading.papers.tables import Paper
from trading.tenders import queries
from trading.tenders.tables import Lot


async def award_of(session: AsyncSession, lot_id: UUID) -> Award | None:
    """The award of a lot, once its ranking was received."""
    return await session.get(Award, lot_id)


async def winner_of(session: AsyncSession, lot_id: UUID) -> AwardBidder | None:
    """The winner, once confirmed."""
    query = select(AwardBidder).join(Award, Award.winner_id == AwardBidder.id).where(Award.lot_id == lot_id)
    return (await session.scalars(query)).one_or_none()


async def contract_of(session: AsyncSession, lot_id: UUID) -> Contract | None:
    """The contract of a lot, in whatever state."""
    return (await session.scalars(select(Contract).where(Contract.lot_id == lot_id))).one_or_none()


async def letter_for(session: AsyncSession, letter_id: UUID, actor: Actor) -> tuple[AwardFile, AwardLetter]:
    """A letter for its addressee once it was sent, for the insiders always; raises ``NotFound``."""
    letter = await session.get(AwardLetter, letter_id)
    if letter is None:
        raise NotFound("没有这份通知书")
    lot, now = await queries.lot(session, letter.lot_id), await queries.now_of(session)
    file = await load(session, lot, actor, now)
    is_delivered = letter.sent_at is not None and actor.is_party(letter.party_id)
    if not is_inside(file.roles) and not is_delivered:
        raise NotFound("没有这份通知书")
    return file, letter


async def letters_to(session: AsyncSession, party_id: UUID) -> Sequence[tuple[AwardLetter, Lot]]:
    """Every letter that was sent to a party, the newest first."""
    query = (select(AwardLetter, Lot).join(Lot, Lot.id == AwardLetter.lot_id)
             .where(AwardLetter.party_id == party_id, AwardLetter.sent_at.is_not(None))
             .order_by(AwardLetter.sent_at.desc(), AwardLetter.number).limit(200))
    return [(letter, lot) for letter, lot in await session.execute(query)]


async def parcels_of(session: AsyncSession,
                     letters: Sequence[AwardLetter]) -> dict[UUID, tuple[CourierOrder, list[CourierEvent]]]:
    """The parcels of letters with what was reported of them, by letter."""
    ids = [each.id for each in letters]
    orders = (await session.scalars(select(CourierOrder).where(CourierOrder.letter_id.in_(ids)))).all()
    events = (await session.scalars(select(CourierEvent).where(
        CourierEvent.order_id.in_([each.id for each in orders])).order_by(CourierEvent.at, CourierEvent.id))).all()
    return {order.letter_id: (order, [each for each in events if each.order_id == order.id]) for order in orders}


async def delivery_of(session: AsyncSession, letters: Sequence[AwardLetter]) -> Delivery:
    """What became of letters, for ``letter_answer``."""
    papers = {each.paper_id: each.id for each in letters if each.paper_id is not None}
    keys = {result_key(each): each.id for each in letters if each.paper_id is None}
    for paper_id, key in await session.execute(select(Paper.id, Paper.pdf_key).where(Paper.id.in_(papers))):
        keys[key] = papers[paper_id]
    renewed = {keys[key]: until for key, until in (await renewals(session, keys)).items()}
    return Delivery(await parcels_of(session, letters), renewed)


async def award_facts_for_archive(session: AsyncSession, lot_id: UUID) -> dict[str, Any] | None:
    """All rows of an award as JSON for the archive's package, without addresses; None before a ranking."""
    award = await session.get(Award, lot_id)
    if award is None:
        return None
    file = await load(session, await queries.lot(session, lot_id), PLATFORM, await queries.now_of(session))
    parcels = await parcels_of(session, file.letters)
    return {"award": plain(award), "contract": plain(file.contract) if file.contract else None,
            **{name: [plain(row) for row in rows] for name, rows in (
                ("bidders", file.bidders), ("texts", file.texts.values()), ("objections", file.objections),
                ("letters", file.letters), ("parcels", [order for order, _ in parcels.values()]),
                ("courier_events", [event for _, events in parcels.values() for event in events]))}}


_PRIVATE = frozenset({"address", "address_salt", "version"})


def plain(row: Any) -> dict[str, Any]:
    """A row's columns as JSON values."""
    return {column.key: _value(getattr(row, column.key)) for column in row.__table__.columns
            if column.key not in _PRIVATE}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, dict, list)):
        return value
    return to_wire(value) if hasattr(value, "tzinfo") else str(value)
