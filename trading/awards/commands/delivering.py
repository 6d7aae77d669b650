"""The addressee's side of a letter: read receipt, address; and the parcel that may follow it (R-225)."""

import hashlib
import secrets
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select

from storage.crypto.canonical import canonical_bytes
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Conflict, Invalid, NotFound
from storage.kernel.identifiers import new_id
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, facts_of, hold
from trading.awards.commands.lettering import letter_in, lot_of_letter
from trading.awards.model import CourierStatus
from trading.awards.permissions import is_inside
from trading.awards.service_record import renew_service_record
from trading.awards.tables import AwardLetter, CourierOrder
from trading.exchange.queue import enqueue
from trading.tenders.permissions import insiders

CHANNEL = "courier"


class GiveAddress(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the paper copy goes; ``consents`` to this use of it alone, else nothing is kept."""

    recipient: Annotated[str, Meta(min_length=1, max_length=60)]
    phone: Annotated[str, Meta(pattern=r"^[0-9 +()\-]{5,30}$")]
    address: Annotated[str, Meta(min_length=5, max_length=300)]
    consents: bool


async def _hold_letter(uow: Work, letter_id: UUID, actor: Actor) -> tuple[AwardFile, AwardLetter]:
    """The file under its lot's lock; for a stranger there is no such letter."""
    file = await hold(uow, await lot_of_letter(uow, letter_id), actor)
    letter = letter_in(file, letter_id)
    if not is_inside(file.roles) and not actor.is_party(letter.party_id):
        raise NotFound("没有这份通知书")
    return file, letter


def addressee(letter: AwardLetter, actor: Actor) -> tuple[str, ...]:
    """The extra role that a letter gives."""
    return ("addressee",) if actor.is_party(letter.party_id) else ()


def _readers(file: AwardFile, letter: AwardLetter) -> tuple[str, ...]:
    return (*insiders(file.lot), f"party:{letter.party_id}")


async def order_of(uow: Work, letter: AwardLetter) -> CourierOrder | None:
    """The parcel of a letter."""
    query = select(CourierOrder).where(CourierOrder.letter_id == letter.id)
    return (await uow.session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def read_letter(letter_id: UUID, actor: Actor, uow: Work, keys: PlatformKeys) -> None:
    """The read receipt, once: who, when, under which certificate. Reading again changes nothing."""
    async with uow:
        file, letter = await _hold_letter(uow, letter_id, actor)
        file.admit(AwardAct.READ, None, *addressee(letter, actor))
        if letter.read_at is not None:
            return
        letter.read_at, letter.read_certificate = file.now, actor.certificate or ""
        uow.record("letter.read", actor, stream=file.stream, subject=f"award-letter:{letter.id}",
                   audience=_readers(file, letter), payload={
                       "number": letter.number, "sha256": letter.sha256, "certificate": letter.read_certificate})
        order = await order_of(uow, letter)
        if order is not None and order.signed_at is not None:
            await renew_service_record(uow, file, letter, order, keys)
        await uow.commit()


async def give_address(letter_id: UUID, command: GiveAddress, actor: Actor, uow: Work) -> None:
    """The addressee consents to a courier and says where to; the ledger gets a salted digest alone."""
    async with uow:
        file, letter = await _hold_letter(uow, letter_id, actor)
        file.admit(AwardAct.ADDRESS, None, *addressee(letter, actor))
        if not command.consents:
            raise Invalid("未同意寄送的，无须填写地址", field="consents")
        if await order_of(uow, letter) is not None:
            raise Conflict("已下单寄送，不能再改地址")
        letter.address = {"recipient": command.recipient.strip(), "phone": command.phone.strip(),
                          "address": command.address.strip()}
        letter.address_salt, letter.consented_at = secrets.token_hex(16), file.now
        uow.record("letter.address_given", actor, stream=file.stream, subject=f"award-letter:{letter.id}",
                   audience=_readers(file, letter),
                   payload={"number": letter.number, "address_sha256": address_digest(letter)})
        await uow.commit()


def address_digest(letter: AwardLetter) -> str:
    """SHA-256 (hex) of salt ‖ JCS(address)."""
    return hashlib.sha256(bytes.fromhex(letter.address_salt) + canonical_bytes(letter.address)).hexdigest()


async def order_courier(letter_id: UUID, actor: Actor, uow: Work) -> None:
    """One parcel a letter, only to an address that was given for it (R-225)."""
    async with uow:
        file, letter = await _hold_letter(uow, letter_id, actor)
        file.admit(AwardAct.COURIER, replace(facts_of(file), has_address=letter.consented_at is not None))
        if await order_of(uow, letter) is not None:
            raise Conflict("该通知书已下单寄送")
        order = CourierOrder(id=new_id(), letter_id=letter.id, ordered_at=file.now, status=CourierStatus.ORDERED)
        uow.session.add(order)
        await enqueue(uow, "courier.order", f"courier:{order.id}", {
            "order": str(order.id), "letter_sha256": letter.sha256, "ordered_at": to_wire(file.now),
            "contents": "中标通知书纸质件" if letter.kind == "award" else "中标结果通知书纸质件",
            **(letter.address or {})}, channel=CHANNEL)
        uow.record("courier.ordered", actor, stream=file.stream, subject=f"award-letter:{letter.id}",
                   audience=_readers(file, letter),
                   payload={"number": letter.number, "order": str(order.id), "address_sha256": address_digest(letter)})
        await uow.commit()
