"""Reads of guarantee letters. Before the opening an order is found by its bidder's handle alone (R-122, R-412)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.permissions import permit_bidding
from bidding.guarantees.application import SignedLetter, read_signed_letter
from bidding.guarantees.blinding import handle_of, term_of
from bidding.guarantees.model import ON_THE_LIST, LetterStatus, OrderStatus
from bidding.guarantees.permissions import STAFF, require_reader
from bidding.guarantees.tables import GuaranteeClaim, GuaranteeIssuer, GuaranteeLetter, GuaranteeOrder
from bidding.opening.holding import opening_of
from bidding.opening.tables import OpenedBid
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from trading.parties.queries import party
from trading.parties.tables import Party
from trading.tenders.disclosure import Subject, is_public, shows
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Desk:
    """A bidder's own desk in one lot."""

    lot: Lot
    now: datetime
    applicant: Party
    tenderee: Party
    orders: Sequence[GuaranteeOrder]
    issuers: Mapping[UUID, GuaranteeIssuer]
    must_extend: bool
    revealed: "Revealed | None"


@dataclass(frozen=True, slots=True)
class Revealed:
    """A letter that came to light, with its bid, its issuer and the claims on it, the newest first."""

    letter: GuaranteeLetter
    bid: OpenedBid
    issuer: GuaranteeIssuer | None
    claims: Sequence[GuaranteeClaim] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """All letters of a lot as they came to light; empty before the opening, whoever applied."""

    lot: Lot
    now: datetime
    tenderee: Party
    letters: Sequence[Revealed]


async def issuers(session: AsyncSession, actor: Actor) -> Sequence[GuaranteeIssuer]:
    """The list by name: for staff with what waits and what ended, for others those who issue today."""
    query = select(GuaranteeIssuer).order_by(GuaranteeIssuer.name, GuaranteeIssuer.asked_at)
    if not actor.roles & STAFF:
        query = query.where(GuaranteeIssuer.status.in_(sorted(ON_THE_LIST)))
    return (await session.scalars(query)).all()


async def address_of_issuer(session: AsyncSession, channel: str) -> str | None:
    """Where the queue's channel ``issuer:<id>`` leads: the listed address; one who left still hears of its letters."""
    kind, _, issuer_id = channel.partition(":")
    if kind != "issuer":
        return None
    return await session.scalar(select(GuaranteeIssuer.address).where(GuaranteeIssuer.id == UUID(issuer_id)))


async def desk_of(session: AsyncSession, lot_id: UUID, actor: Actor, master: bytes) -> Desk:
    """The asking bidder's desk; raises ``NotFound`` for a lot that is not published."""
    lot = await _public_lot(session, lot_id)
    party_id = permit_bidding(actor, lot)
    orders = await own_orders(session, handle_of(master, lot_id, party_id))
    rows = await session.scalars(select(GuaranteeIssuer).where(
        GuaranteeIssuer.id.in_([order.issuer_id for order in orders])))
    letters = await revealed_of(session, lot_id)
    return Desk(lot=lot, now=await now_of(session), applicant=await party(session, party_id),
                tenderee=await party(session, lot.tenderee_id), orders=orders, issuers={each.id: each for each in rows},
                must_extend=must_extend(lot, orders, master),
                revealed=next((each for each in letters if each.letter.party_id == party_id), None))


async def own_orders(session: AsyncSession, handle: str) -> Sequence[GuaranteeOrder]:
    """The orders under a handle, the newest first."""
    query = select(GuaranteeOrder).where(GuaranteeOrder.handle == handle)
    return (await session.scalars(query.order_by(GuaranteeOrder.applied_at.desc(), GuaranteeOrder.number))).all()


def must_extend(lot: Lot, orders: Sequence[GuaranteeOrder], master: bytes) -> bool:
    """True when the deadline moved after the newest letter was applied for: its period may be too short now (R-411)."""
    newest = next((order for order in orders if order.status == OrderStatus.ISSUED), None)
    if newest is None or lot.deadline_at is None:
        return False
    return newest.term != term_of(master, newest.handle, lot.deadline_at)


async def board_of(session: AsyncSession, lot_id: UUID) -> Board:
    """What the hall shows of letters."""
    lot, now = await _public_lot(session, lot_id), await now_of(session)
    opening = await opening_of(session, lot_id)
    is_shown = shows(Subject.LETTERS, lot, now, opened=opening is not None and opening.notice is not None)
    letters = await revealed_of(session, lot_id) if is_shown else ()
    return Board(lot, now, await party(session, lot.tenderee_id), letters)


async def revealed_of(session: AsyncSession, lot_id: UUID) -> list[Revealed]:
    """Every revealed letter of a lot, by the place of its bid."""
    rows = (await session.execute(
        select(GuaranteeLetter, OpenedBid, GuaranteeIssuer)
        .join(OpenedBid, OpenedBid.id == GuaranteeLetter.bid_id)
        .outerjoin(GuaranteeIssuer, GuaranteeIssuer.id == GuaranteeLetter.issuer_id)
        .where(GuaranteeLetter.lot_id == lot_id).order_by(OpenedBid.place))).all()
    claims = (await session.scalars(select(GuaranteeClaim).where(GuaranteeClaim.lot_id == lot_id)
                                    .order_by(GuaranteeClaim.proposed_at.desc()))).all()
    return [Revealed(letter, bid, issuer, [each for each in claims if each.bid_id == letter.bid_id])
            for letter, bid, issuer in rows]


async def letters_are_settled(session: AsyncSession, lot_id: UUID) -> bool:
    """True when no letter of the lot waits to be surrendered, and no claim for its answer (domain.md §2.1)."""
    open_ones = (LetterStatus.VERIFIED, LetterStatus.INVALID, LetterStatus.CLAIMED)
    query = select(GuaranteeLetter.bid_id).where(
        GuaranteeLetter.lot_id == lot_id, GuaranteeLetter.status.in_(open_ones)).limit(1)
    return (await session.scalars(query)).first() is None


async def signed_letter(session: AsyncSession, lot_id: UUID, bid_id: UUID, actor: Actor) -> SignedLetter:
    """The letter itself, for the tenderee's side, the staff and its bidder; to others ``NotFound``."""
    letter, bid = await session.get(GuaranteeLetter, bid_id), await session.get(OpenedBid, bid_id)
    if letter is None or letter.lot_id != lot_id or bid is None or bid.guarantee is None:
        raise NotFound("没有这份保函")
    require_reader(actor, await lot_of(session, lot_id), letter)
    return read_signed_letter(bid.guarantee)


async def claim_file(session: AsyncSession, claim_id: UUID, number: int, actor: Actor) -> tuple[str, str]:
    """Name and object key of a claim's evidence, for the same readers."""
    claim = await session.get(GuaranteeClaim, claim_id)
    letter = await session.get(GuaranteeLetter, claim.bid_id) if claim else None
    if claim is None or letter is None or not 0 <= number < len(claim.evidence):
        raise NotFound("没有这份证据")
    require_reader(actor, await lot_of(session, claim.lot_id), letter)
    held = claim.evidence[number]
    return str(held["name"]), str(held["key"])


async def _public_lot(session: AsyncSession, lot_id: UUID) -> Lot:
    lot = await lot_of(session, lot_id)
    if not is_public(lot) or lot.deadline_at is None:
        raise NotFound("没有这个标段")
    return lot
