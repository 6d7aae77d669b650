"""What the bank's program tells, and what of it was told before (fault 21)."""

from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bidding.deposits.tables import BankCallback
from storage.database.work import Work
from storage.kernel.errors import Invalid

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Amount = Annotated[str, msgspec.Meta(pattern=r"^\d{1,12}(\.\d{1,2})?$")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class AccountOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="account.opened"):
    """The bank has opened a sub-account."""

    v: Literal[1]
    id: Identifier
    account: Short
    holder: Short
    bank: Short


class PaymentReceived(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind",
                      tag="payment.received"):
    """Money came; ``serial`` is the bank's own number of it (R-400)."""

    v: Literal[1]
    id: Identifier
    serial: Short
    account: Short
    payer_name: Short
    payer_account: Short
    amount: Amount
    value_at: Instant


class OrderDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="order.done"):
    """A refund or transfer was carried out."""

    v: Literal[1]
    id: Identifier
    order: Short
    serial: Short
    at: Instant


class OrderFailed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="order.failed"):
    """It was not."""

    v: Literal[1]
    id: Identifier
    order: Short
    reason: Short


class BalanceStated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="balance.stated"):
    """All the principal the bank holds for us at an instant (R-404)."""

    v: Literal[1]
    id: Identifier
    day: date
    at: Instant
    balance: Amount


Told = AccountOpened | PaymentReceived | OrderDone | OrderFailed | BalanceStated
_DECODER = msgspec.json.Decoder(Told)


def parse(body: bytes) -> Told:
    """The message; raises ``Invalid``."""
    try:
        message: Told = _DECODER.decode(body)
        return message
    except msgspec.MsgspecError as error:
        raise Invalid("银行回调的内容不合格式", field=str(error)[:200]) from error


async def is_new(uow: Work, message: Told, body: bytes) -> bool:
    """Takes the message's id in this transaction; False when the same message was taken before.

    A second delivery at the same time waits here for the first. Another body under the same id is refused.
    """
    digest = sha256(body).hexdigest()
    row = insert(BankCallback).values(id=message.id, sha256=digest, at=await uow.now())
    taken = await uow.session.scalar(row.on_conflict_do_nothing().returning(BankCallback.id))
    if taken is not None:
        return True
    before = await uow.session.scalar(select(BankCallback.sha256).where(BankCallback.id == message.id))
    if before != digest:
        raise Invalid("同一编号的回调内容不同", field="id", status=422)
    return False
