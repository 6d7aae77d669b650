"""What an issuer's program tells us: signed, once, and before the opening without a trace of lot or bidder (R-412)."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bidding.guarantees.commands.applying import channel_of
from bidding.guarantees.commands.claiming import note_answer
from bidding.guarantees.commands.issuers import STREAM
from bidding.guarantees.model import ORDER_STEPS, Act, after
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeOrder, IssuerCallback
from storage.crypto.callbacks import check_callback
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotFound
from trading.tenders.disclosure import Subject, is_sealed

LARGEST = 2 << 20
Number = Annotated[str, Meta(max_length=20)]
Reason = Annotated[str, Meta(max_length=500)]
Id = Annotated[str, Meta(min_length=1, max_length=100)]


class OrderPaid(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="guarantee.paid"):
    """The premium of an order has come in."""

    v: int
    id: Id
    order: Number


class LetterIssued(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="guarantee.issued"):
    """The letter, sealed to the bidder."""

    v: int
    id: Id
    order: Number
    letter: dict[str, Any]


class OrderRefused(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="guarantee.refused"):
    """The issuer does not issue; the reason is for the bidder."""

    v: int
    id: Id
    order: Number
    reason: Reason


class ClaimPaid(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="claim.paid"):
    """A claim was paid to the beneficiary."""

    v: int
    id: Id
    claim: UUID


class ClaimRefused(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="claim.refused"):
    """The issuer does not pay."""

    v: int
    id: Id
    claim: UUID
    reason: Reason


Told = OrderPaid | LetterIssued | OrderRefused | ClaimPaid | ClaimRefused


async def hear_issuer(issuer_id: UUID, signature: str, body: bytes, uow: Work) -> dict[str, Any]:
    """Takes a callback and answers ``{id, accepted}``; the same again changes nothing and answers the same.

    Raises ``SignatureRefused``, ``Refused`` for an old one or a step that does not follow, ``Invalid`` for another
    body under a known id; a refused callback is as if never sent, so that it may come again.
    """
    async with uow:
        issuer = await uow.session.get(GuaranteeIssuer, issuer_id)
        if issuer is None:
            raise NotFound("没有这个机构")
        now = await uow.now()
        check_callback(issuer.public_key, channel_of(issuer.id), signature, body, now)
        told = _read(body)
        if await _is_new(uow, issuer, told.id, body):
            await _take(uow, issuer, told)
            await uow.commit()
        return {"id": told.id, "accepted": True}


def _read(body: bytes) -> Told:
    try:
        told: Told = msgspec.json.decode(body, type=Told)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Invalid("回调内容的格式不对", field="body") from error
    return told


async def _is_new(uow: Work, issuer: GuaranteeIssuer, callback_id: str, body: bytes) -> bool:
    """Claims the id; a second one in flight waits here for the first."""
    digest = sha256(body).hexdigest()
    row = insert(IssuerCallback).values(issuer_id=issuer.id, id=callback_id, body_sha256=digest,
                                        heard_at=await uow.now())
    fresh = await uow.session.execute(row.on_conflict_do_nothing().returning(IssuerCallback.id))
    if fresh.first() is not None:
        return True
    heard = await uow.session.get_one(IssuerCallback, (issuer.id, callback_id))
    if heard.body_sha256 != digest:
        raise Invalid("同一回调编号已用于另一内容", field="id", status=422)
    return False


async def _take(uow: Work, issuer: GuaranteeIssuer, told: Told) -> None:
    by = Actor(id=channel_of(issuer.id), name=issuer.name)
    match told:
        case ClaimPaid():
            await note_answer(uow, issuer, told.claim, Act.PAY, "", by)
        case ClaimRefused():
            await note_answer(uow, issuer, told.claim, Act.DENY, told.reason, by)
        case OrderPaid() | LetterIssued() | OrderRefused():
            order = await _hold_order(uow, issuer, told.order)
            action = await _STEPS[type(told)](uow, order, told)
            # Nobody's to read: the bidder learns it from its own desk, others learn nothing.
            uow.record(action, by, stream=STREAM, subject=f"guarantee:{order.number}",
                       sealed=is_sealed(Subject.LETTER_ORDERS), audience=(),
                       payload={"order": order.number, "status": order.status})


async def _hold_order(uow: Work, issuer: GuaranteeIssuer, number: str) -> GuaranteeOrder:
    query = (select(GuaranteeOrder).where(GuaranteeOrder.number == number, GuaranteeOrder.issuer_id == issuer.id)
             .with_for_update())
    found = (await uow.session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound("没有这个申请编号")
    return found


async def _pay(uow: Work, order: GuaranteeOrder, told: Told) -> str:
    order.status, order.paid_at = after(ORDER_STEPS, order.status, Act.PAY), await uow.now()
    return "guarantee.paid"


async def _issue(uow: Work, order: GuaranteeOrder, told: Told) -> str:
    assert isinstance(told, LetterIssued)
    order.status, order.issued_at = after(ORDER_STEPS, order.status, Act.ISSUE), await uow.now()
    order.letter_box = told.letter
    if order.amends is not None:
        former = await uow.session.get_one(GuaranteeOrder, order.amends, with_for_update=True)
        former.status = after(ORDER_STEPS, former.status, Act.AMEND)
    return "guarantee.issued"


async def _refuse(uow: Work, order: GuaranteeOrder, told: Told) -> str:
    assert isinstance(told, OrderRefused)
    order.status, order.reason = after(ORDER_STEPS, order.status, Act.REFUSE), told.reason
    return "guarantee.refused"


_STEPS: dict[type, Callable[[Work, GuaranteeOrder, Told], Awaitable[str]]] = {
    OrderPaid: _pay, LetterIssued: _issue, OrderRefused: _refuse}
