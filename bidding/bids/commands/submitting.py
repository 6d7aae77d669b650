"""The two acts that count: a bid is submitted, a bid is taken back. Each is one database transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec

from bidding.bids.commands.drafting import note
from bidding.bids.holding import Held, hold_bid, require_open
from bidding.bids.model import BidStatus, VersionStatus, kinds_asked, require_status
from bidding.bids.permissions import bidder_of
from bidding.bids.receipt import Decision, receipt_body, withdrawal_body
from bidding.bids.rules import arrived_whole, seal_opens_with_the_lot, sealed_as_required, signed_by_the_enterprise
from bidding.bids.sealed_to import asking_once, judge_recipients
from bidding.bids.sealing import refuse_seal
from bidding.bids.submission import Ready, hold_ready, write_submission
from bidding.bids.tables import Receipt, Withdrawal
from bidding.bids.withdrawing import PREFIX, withdrawal_bytes
from bidding.deposits.model import RESUBMISSION_GRACE, WITHDRAWN_TIMER
from storage.crypto.canonical import Json, canonical_bytes, from_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.context import context_hash
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.signatures import check_signature
from storage.crypto.statements import sign_statement
from storage.database.fault_points import reach
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import process_now
from storage.kernel.errors import RulesUnmet
from storage.kernel.identifiers import receipt_number
from storage.kernel.rule import require
from storage.ledger.printing import printed_checkpoint
from storage.timers.commands import schedule
from trading.parties.queries import certificates, term
from trading.parties.tables import BoundCertificate
from trading.trust.model import Purpose
from trading.trust.validating import grounds


class WithdrawBid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signature over ``withdrawal_bytes`` (base64) by this certificate of the enterprise; empty: the session's."""

    signature: Annotated[str, msgspec.Meta(max_length=2048)]
    certificate: Annotated[str, msgspec.Meta(max_length=64)] = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """The platform as it signs a receipt."""

    keys: PlatformKeys
    settings: Settings


async def submit_bid(version_id: UUID, actor: Actor, uow: Work, seal: Seal) -> Receipt:
    """Makes an uploaded, checked version the bid that counts, and gives the signed receipt (R-142, R-220, R-222).

    One reading of the database clock, under the lot's lock, decides whether it is in time (R-141, R-221). The
    version submitted before stays as sealed evidence. Submitted already: the same receipt.
    """
    return await asking_once(lambda: _submit(version_id, actor, uow, seal), uow)


async def _submit(version_id: UUID, actor: Actor, uow: Work, seal: Seal) -> Receipt:
    async with uow:
        ready = await hold_ready(uow, bidder_of(actor), version_id)
        held = ready.held
        if held.version.status == VersionStatus.SUBMITTED and held.version.receipt_number:
            return await uow.session.get_one(Receipt, held.version.receipt_number)
        now, offset = await _read_clock(uow)
        require_open(held.lot, now)
        _require_ready(ready, now)
        shown = parse_certificate(_certificate_of(ready).pem)
        signer = await grounds(uow.session, shown, now, Purpose.SIGN)
        sealed_to = await judge_recipients(
            uow, {name for each in ready.envelopes for name in each.sealed_to}, now, (shown, signer))
        decision = await _decision(uow, seal, now, offset)
        body = receipt_body(held, ready.envelopes, decision, ready.replaces)
        manifests = {each.kind: each.manifest_sha256 for each in ready.envelopes}
        facts: dict[str, object] = {"manifests": manifests, "replaces": ready.replaces, "sealed_to": sealed_to,
                                    **signer.facts}
        receipt = _issue(uow, _Outcome("bid.submitted", actor, held, now), body, seal, facts)
        await write_submission(uow, held, receipt, signer.digest)
        reach("submit-before-commit")
        await uow.commit()
        reach("submit-after-commit")
    return receipt


async def _read_clock(uow: Work) -> tuple[datetime, int]:
    """The deciding instant, and how far it is ahead of this node's clock, in milliseconds."""
    before = process_now()
    now = await uow.now()
    middle = before + (process_now() - before) / 2
    return now, round((now - middle) / timedelta(milliseconds=1))


def _require_ready(ready: Ready, now: datetime) -> None:
    """Whole and checked, sealed for its slot, by a certificate that is still the enterprise's."""
    states = [(each.kind, each.state) for each in ready.envelopes]
    require((arrived_whole, arrived_whole(states, kinds_asked(ready.held.lot.two_envelopes))))
    require_status(ready.held.version.status, VersionStatus.UPLOADED)
    slot, deadline_at = ready.held.slot, ready.held.lot.deadline_at or now
    require((seal_opens_with_the_lot, seal_opens_with_the_lot(slot.opens_at, deadline_at)))
    stale = [each.kind for each in ready.envelopes
             if context_hash(slot.context(each.kind)).hex() != each.context_sha256]
    if not sealed_as_required(stale):
        raise refuse_seal("ctx", reason="标段信息（保管人或轮次）已变更，请重新加密上传")
    bound = ready.certificate
    is_valid = bound is not None and bound.unbound_at is None and term(bound).admits(now)
    require((signed_by_the_enterprise, is_valid))


def _certificate_of(ready: Ready) -> BoundCertificate:
    if ready.certificate is None:
        raise RulesUnmet([signed_by_the_enterprise])
    return ready.certificate


async def _decision(uow: Work, seal: Seal, now: datetime, offset: int) -> Decision:
    return Decision(receipt_number(), now, offset, seal.settings.platform_id, seal.settings.platform_name,
                    await printed_checkpoint(uow.session))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is about to be attested: the ledger's word for it, who did it, to what."""

    action: str
    actor: Actor
    held: Held
    decided_at: datetime


def _issue(uow: Work, outcome: _Outcome, body: dict[str, Json], seal: Seal, facts: dict[str, object]) -> Receipt:
    """Signs the body, records the act with the body's digest, and makes the receipt's row."""
    held = outcome.held
    text = canonical_bytes(body)
    number, kind = str(body["number"]), str(body["kind"])
    signature: dict[str, Json] = sign_statement(kind, text, seal.keys.document)
    digest = sha256(text).hexdigest()
    act_id = note(uow, outcome.action, outcome.actor, held, receipt=number, receipt_sha256=digest, **facts)
    return Receipt(
        number=number, kind=kind, bid_version_id=held.version.id, party_id=held.bid.party_id,
        body=text.decode(), signature=signature, act_id=act_id, decided_at=outcome.decided_at)


async def withdraw_bid(bid_id: UUID, command: WithdrawBid, actor: Actor, uow: Work, seal: Seal) -> Receipt:
    """Takes the submitted version back before the deadline, under the enterprise's signature (R-141, R-223)."""
    signature = from_base64(command.signature, "signature")
    async with uow:
        held = await hold_bid(uow, bidder_of(actor), bid_id)
        now, offset = await _read_clock(uow)
        require_open(held.lot, now)
        require_status(held.version.status, VersionStatus.SUBMITTED)
        chosen = command.certificate or actor.certificate or ""
        own = {each.fingerprint: each for each in await certificates(uow.session, held.bid.party_id, now)}
        require((signed_by_the_enterprise, signed_by_the_enterprise(chosen, own)))
        receipt_before = held.version.receipt_number or ""
        shown = parse_certificate(own[chosen].pem)
        signer = await grounds(uow.session, shown, now, Purpose.SIGN)
        signed = withdrawal_bytes(held.lot.code, bid_id, held.version.number, receipt_before)
        check_signature(shown.public_key, signed, signature)
        held.version.status = VersionStatus.WITHDRAWN
        held.bid.status, held.bid.submitted_version_id = BidStatus.WITHDRAWN, None
        decision = await _decision(uow, seal, now, offset)
        uow.session.add(Withdrawal(
            bid_version_id=held.version.id, certificate=chosen, signature=signature, withdrawn_at=now,
            statement=signed.removeprefix(PREFIX).decode(), receipt_number=decision.number))
        body = withdrawal_body(held, decision, chosen)
        facts: dict[str, object] = {"withdraws": receipt_before, **signer.facts}
        receipt = _issue(uow, _Outcome("bid.withdrawn", actor, held, now), body, seal, facts)
        uow.session.add(receipt)
        await schedule(uow.session, f"bid:{bid_id}", WITHDRAWN_TIMER, now + RESUBMISSION_GRACE)
        await uow.commit()
    return receipt
