"""What parties do in the hall: sign in, confirm what was announced of them."""

from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from bidding.bids.model import envelopes_asked
from bidding.opening.holding import enter_hall, facts_of, opening_of, own_bid, seat_of
from bidding.opening.model import HallAct
from bidding.opening.permissions import require_identity
from bidding.opening.statements import confirmation_bytes
from bidding.opening.steps import admit
from bidding.opening.tables import PriceConfirmation, SignIn
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import parse_certificate, verify_signature
from storage.crypto.errors import SignatureRefused
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Conflict, NotAllowed, Refused
from trading.parties.queries import certificate
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.queries import share_lot
from trading.trust.model import Purpose
from trading.trust.validating import grounds


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bidder's signature over its announced line: base64, over ``statements.confirmation_bytes``."""

    row_sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, msgspec.Meta(max_length=2048)]


async def sign_in(lot_id: UUID, actor: Actor, uow: Work) -> SignIn:
    """Signs in once; sealed until the set is frozen, for it would tell who bids (R-122, R-500, A-106)."""
    party_id = require_identity(actor)
    async with uow:
        lot = await share_lot(uow, lot_id)
        now = await uow.now()
        opening = await opening_of(uow.session, lot_id)
        seat = await seat_of(uow.session, actor, lot, opening)
        has_bid = seat.bid is not None or (opening is None and await own_bid(uow.session, lot_id, party_id) is not None)
        if not has_bid and not seat.roles:
            raise NotAllowed("只有已递交投标文件的投标人和本场工作人员可以签到")
        facts = await facts_of(uow.session, lot, opening, now)
        admit(HallAct.SIGN_IN, facts)
        key = {"lot_id": lot_id, "envelope": opening.envelope if opening else envelopes_asked(lot.two_envelopes)[0],
               "party_id": party_id}
        known = await uow.session.get(SignIn, key)
        if known is not None:
            return known
        await uow.session.execute(insert(SignIn).values(
            **key, name=actor.name, at=now).on_conflict_do_nothing())
        is_early = is_sealed(Subject.SIGN_INS, lot, now)
        uow.record("hall.signed_in", actor, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}",
                   payload={"name": actor.name, "role": "bidder" if has_bid else min(seat.roles), "at": to_wire(now)},
                   audience=(actor.id,) if is_early else ("public",), sealed=is_early)
        await uow.commit()
        return await uow.session.get_one(SignIn, key)


async def confirm(lot_id: UUID, command: Confirm, actor: Actor, uow: Work) -> None:
    """A bidder confirms its line by signature (R-510, A-114). Repeating it changes nothing."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        if hall.seat.bid is None:
            raise NotAllowed("您在本标段没有已递交的投标文件")
        admit(HallAct.CONFIRM, hall.facts)
        row = next((row for row in hall.opening.announced or [] if row["bid"] == str(hall.seat.bid)), None)
        if row is None or row["state"] != "decrypted":
            raise Refused("您的投标文件未解密，没有需要确认的内容")
        if row["row_sha256"] != command.row_sha256:
            raise Conflict("所确认的内容与唱标内容不一致，请刷新后重试", announced=row["row_sha256"])
        if await uow.session.get(PriceConfirmation, hall.seat.opened) is not None:
            return
        bound = await certificate(uow.session, actor.certificate or "")
        if bound is None:
            raise Refused("登录所用证书已解除绑定")
        signature = from_base64(command.signature, "signature")
        shown = parse_certificate(bound.pem)
        signer = await grounds(uow.session, shown, hall.now, Purpose.SIGN)
        try:
            verify_signature(shown, confirmation_bytes(command.row_sha256), signature)
        except SignatureRefused as error:
            raise SignatureRefused("签名不是以登录所用的证书作出的：请打开登录时的证书再确认",
                                   certificate=bound.fingerprint) from error
        uow.session.add(PriceConfirmation(opened_id=hall.seat.opened, row_sha256=command.row_sha256,
                                          certificate=bound.fingerprint, signature=signature, at=hall.now))
        uow.record("price.confirmed", actor, stream=hall.stream, subject=f"bid:{hall.seat.bid}", payload={
            "bid": str(hall.seat.bid), "place": row["place"], "row_sha256": command.row_sha256,
            "certificate": bound.fingerprint, **signer.facts})
        await uow.commit()
