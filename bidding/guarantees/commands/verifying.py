"""At the opening a letter comes to light with its bid, and is verified once (R-414).

A machine that cannot judge it judges it later: where the tender is over by then, it goes back in the same act.
"""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from bidding.guarantees.blinding import handle_of
from bidding.guarantees.commands.ending import EXPIRY, OVER, give_back
from bidding.guarantees.judging import VALID, Reading, Verdict, read_revealed, verdict_of
from bidding.guarantees.model import (
    LETTER_STEPS,
    ON_THE_LIST,
    Act,
    IssuerStatus,
    Letter,
    LetterFacts,
    LetterStatus,
    admits,
    expires_at,
)
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeLetter, GuaranteeOrder
from bidding.opening.tables import OpenedBid
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import Refused
from storage.timers.commands import schedule
from trading.parties.queries import party
from trading.tenders.model import Stage
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot
from trading.trust.queries import trust_at


async def verify_letter(bid_id: UUID, uow: Work, keys: PlatformKeys) -> bool:
    """Judges the letter of an opened bid by every rule; answers whether there was one that was not judged yet."""
    async with uow:
        lot_id = await uow.session.scalar(select(OpenedBid.lot_id).where(OpenedBid.id == bid_id))
        if lot_id is None:
            return False
        # It stands still: a tender that ends now gives back this letter, or finds it here already.
        lot = await share_lot(uow, lot_id)
        bid = await uow.session.get_one(OpenedBid, bid_id, with_for_update={"read": True})
        if bid.guarantee is None or await uow.session.get(GuaranteeLetter, bid_id) is not None:
            return False
        now = await uow.now()
        reading = await read_revealed(bid.guarantee, await trust_at(uow.session, now), now)
        order = await _own_order(uow, bid, reading, keys)
        issuer = await _issuer_of(uow, reading, order)
        tenderee = await party(uow.session, lot.tenderee_id)
        verdict = verdict_of(_facts(lot, bid, reading, issuer, tenderee.name))
        made = _row(bid, reading, issuer, order, verdict)
        made.verified_at = made.changed_at = now
        uow.session.add(made)
        if made.status == LetterStatus.VERIFIED and made.ends_on is not None:
            await schedule(uow.session, str(bid_id), EXPIRY, expires_at(made.ends_on))
        _record(uow, lot, bid, made, issuer)
        if lot.stage in OVER and admits(LETTER_STEPS, made.status, Act.SURRENDER):
            await give_back(uow, made, OVER[Stage(lot.stage)], now)
        await uow.commit()
        return True


async def _own_order(uow: Work, bid: OpenedBid, reading: Reading, keys: PlatformKeys) -> GuaranteeOrder | None:
    """The order the letter answers, where it was applied for here; a letter from elsewhere has none, and may hold."""
    if reading.letter is None:
        return None
    order = await uow.session.get(GuaranteeOrder, reading.letter.order)
    own = handle_of(keys.master, bid.lot_id, bid.party_id)
    return order if order is not None and order.handle == own else None


async def _issuer_of(uow: Work, reading: Reading, order: GuaranteeOrder | None) -> GuaranteeIssuer | None:
    """Who on the list signed; by code, for names are printed in many ways."""
    codes = [each.uscc for each in reading.signers if each.uscc]
    found = await uow.session.scalars(select(GuaranteeIssuer).where(GuaranteeIssuer.uscc.in_(codes)))
    return next((issuer for issuer in found if _is_listed(issuer, order)), None)


def _is_listed(issuer: GuaranteeIssuer, order: GuaranteeOrder | None) -> bool:
    """Now, or when the letter was issued: an issuer's leaving does no harm to bidders it served before."""
    if issuer.status in ON_THE_LIST:
        return True
    left_later = (order is not None and order.issuer_id == issuer.id and order.issued_at is not None
                  and issuer.decided_at is not None and order.issued_at < issuer.decided_at)
    return issuer.status == IssuerStatus.RETIRED and left_later


def _facts(lot: Lot, bid: OpenedBid, reading: Reading, issuer: GuaranteeIssuer | None, tenderee: str) -> LetterFacts:
    if lot.deadline_at is None:
        raise Refused("标段没有投标截止时间")
    return LetterFacts(
        letter=reading.letter, issuer_kind=issuer.kind if issuer else None,
        signed_by_issuer=_names(reading.letter, issuer), digest_agrees=reading.digest_agrees,
        required=lot.deposit or Decimal(0), forms=frozenset(lot.deposit_forms), beneficiary=tenderee,
        lot_code=lot.code, bidder=bid.bidder_name, uscc=bid.bidder_uscc, deadline_at=lot.deadline_at,
        validity_days=lot.validity_days)


def _names(letter: Letter | None, issuer: GuaranteeIssuer | None) -> bool:
    """The signer is the issuer that the letter itself names, in its form."""
    return letter is not None and issuer is not None and (letter.issuer, letter.type) == (issuer.name, issuer.kind)


def _row(bid: OpenedBid, reading: Reading, issuer: GuaranteeIssuer | None, order: GuaranteeOrder | None,
         verdict: Verdict) -> GuaranteeLetter:
    letter = reading.letter
    return GuaranteeLetter(
        bid_id=bid.bid_id, lot_id=bid.lot_id, party_id=bid.party_id, issuer_id=issuer.id if issuer else None,
        order_number=order.number if order else None, form=letter.type if letter else "",
        number=letter.number if letter else "", amount=letter.amount if letter else None,
        begins_on=letter.begin if letter else None, ends_on=letter.end if letter else None,
        pdf_sha256=reading.pdf_sha256, verdict=verdict.word, rules=list(verdict.rules),
        status=LetterStatus.VERIFIED if verdict.word == VALID else LetterStatus.INVALID)


def _record(uow: Work, lot: Lot, bid: OpenedBid, made: GuaranteeLetter, issuer: GuaranteeIssuer | None) -> None:
    uow.record("guarantee.verified", PLATFORM, stream=f"lot:{lot.id}", subject=f"bid:{bid.bid_id}", payload={
        "lot": lot.code, "bid": str(bid.bid_id), "place": bid.place, "form": made.form,
        "issuer": issuer.name if issuer else None, "number": made.number,
        "amount": f"{made.amount:.2f}" if made.amount is not None else None,
        "begin": made.begins_on.isoformat() if made.begins_on else None,
        "end": made.ends_on.isoformat() if made.ends_on else None, "pdf_sha256": made.pdf_sha256,
        "verdict": made.verdict,
        "rules": [{"number": each["number"], "satisfied": each["satisfied"]} for each in made.rules]})
