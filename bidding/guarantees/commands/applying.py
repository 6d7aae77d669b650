"""A bidder applies: the platform takes ciphertext, gives a random number, and carries it to the issuer (R-412)."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import func, select

from bidding.bids.permissions import permit_bidding
from bidding.guarantees.blinding import handle_of, term_of
from bidding.guarantees.commands.issuers import STREAM
from bidding.guarantees.model import IssuerStatus, OrderStatus
from bidding.guarantees.rules import applies_before_the_deadline
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeOrder
from storage.crypto.canonical import canonical_bytes
from storage.crypto.sealed_box import read_box
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotFound, Refused
from storage.kernel.identifiers import order_number
from storage.kernel.rule import require
from trading.exchange.queue import enqueue
from trading.tenders.disclosure import Subject, is_public, is_sealed
from trading.tenders.model import BEFORE_DEADLINE
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

_LARGEST_BOX = 64 * 1024
_MOST_ORDERS = 20  # of one bidder in one lot: a bound against floods, far above any need


class ApplyForGuarantee(Struct, frozen=True, forbid_unknown_fields=True):
    """To whom, and the sealed application; ``amends`` names an own order whose letter is to be lengthened."""

    issuer_id: UUID
    box: Annotated[dict[str, Any], Meta(max_length=20)]
    amends: Annotated[str, Meta(max_length=60)] | None = None


def channel_of(issuer_id: UUID) -> str:
    """The queue's channel to an issuer's program, and what its callbacks are signed over."""
    return f"issuer:{issuer_id}"


async def apply_for_guarantee(lot_id: UUID, command: ApplyForGuarantee, actor: Actor, uow: Work,
                              master: bytes) -> GuaranteeOrder:
    """A new order on its way to the issuer. Raises ``RulesUnmet`` R-412 from the deadline on."""
    async with uow:
        lot = await share_lot(uow, lot_id)
        if not is_public(lot) or lot.deadline_at is None:
            raise NotFound("没有这个标段")
        party_id = permit_bidding(actor, lot)
        now = await uow.now()
        require((applies_before_the_deadline, applies_before_the_deadline(now, lot.deadline_at)))
        issuer = await _issuer_for(uow, lot, command)
        handle = handle_of(master, lot.id, party_id)
        await _require_room(uow, handle, command.amends)
        made = GuaranteeOrder(number=order_number(), issuer_id=issuer.id, handle=handle, box=command.box,
                              term=term_of(master, handle, lot.deadline_at), amends=command.amends,
                              status=OrderStatus.APPLIED, reason="", applied_at=now)
        uow.session.add(made)
        await enqueue(uow, "guarantee.order", f"guarantee:{made.number}", {
            "issuer": str(issuer.id), "order": made.number, "amends": made.amends, "box": made.box},
            channel=channel_of(issuer.id), sealed_stream=STREAM)
        # On no lot's stream, and read by the bidder alone: the entry betrays neither lot nor count.
        uow.record("guarantee.applied", actor, stream=STREAM, subject=f"guarantee:{made.number}",
                   sealed=is_sealed(Subject.LETTER_ORDERS), audience=(actor.id,),
                   payload={"order": made.number, "issuer": str(issuer.id)})
        await uow.commit()
        return made


async def _issuer_for(uow: Work, lot: Lot, command: ApplyForGuarantee) -> GuaranteeIssuer:
    if lot.stage not in BEFORE_DEADLINE:
        raise Refused("本标段目前不接受保函申请", stage=lot.stage)
    if len(canonical_bytes(dict(read_box(command.box)))) > _LARGEST_BOX:
        raise Invalid("申请密文过大", field="box", limit=_LARGEST_BOX)
    issuer = await uow.session.get(GuaranteeIssuer, command.issuer_id)
    if issuer is None or issuer.status != IssuerStatus.ACTIVE:
        raise NotFound("名录内没有这个机构")
    if not lot.deposit or issuer.kind not in lot.deposit_forms:
        raise Refused("招标文件不要求投标保证金，或不接受这种形式的保函", forms=list(lot.deposit_forms))
    return issuer


async def _require_room(uow: Work, handle: str, amends: str | None) -> None:
    own = select(GuaranteeOrder).where(GuaranteeOrder.handle == handle)
    count = await uow.session.scalar(select(func.count()).select_from(own.subquery()))
    if (count or 0) >= _MOST_ORDERS:
        raise Refused("本标段的保函申请次数过多", limit=_MOST_ORDERS)
    if amends is None:
        return
    held = (await uow.session.scalars(own.where(GuaranteeOrder.number == amends))).one_or_none()
    if held is None or held.status != OrderStatus.ISSUED:
        raise Refused("只能延长本人已开具的保函", field="amends")
