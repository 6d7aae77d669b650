"""Before the upload: a version is begun, given up, tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from bidding.bids.holding import Held, hold_version, require_open
from bidding.bids.model import AT_WORK, BidStatus, VersionStatus, require_status
from bidding.bids.permissions import bidder_of, permit_bidding
from bidding.bids.rules import bids_with_a_dual_pair, signed_by_the_enterprise
from bidding.bids.tables import Bid, BidVersion
from storage.crypto.suites import suite_of
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.parties.queries import certificates, current_version
from trading.parties.tables import BoundCertificate
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.queries import share_lot, tender_code
from trading.tenders.tables import Lot


class StartVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begins a version sealed by this certificate (SHA-256 hex); empty: that of the session."""

    certificate: Annotated[str, msgspec.Meta(max_length=64)] = ""


class RecordTrial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trial decryption in the bidder's client came to; nothing of the bid is in it."""

    result: Literal["ok", "failed"]
    detail: Annotated[str, msgspec.Meta(max_length=200)] = ""


async def start_version(lot_id: UUID, command: StartVersion, actor: Actor, uow: Work) -> BidVersion:
    """A new draft with the next number, bound into its seals; an earlier one at work is given up (R-1105).

    Raises ``RulesUnmet`` R-141 after the deadline, R-223 for a certificate that is not the bidder's.
    """
    bidder_of(actor)
    async with uow:
        lot = await share_lot(uow, lot_id)
        party_id = permit_bidding(actor, lot)
        bid = await _bid_of(uow, lot, party_id)
        now = await uow.now()
        require_open(lot, now)
        chosen = command.certificate or actor.certificate or ""
        held = await certificates(uow.session, party_id, now)
        own = {each.fingerprint: each for each in held if each.may_sign}
        require((signed_by_the_enterprise, signed_by_the_enterprise(chosen, own)))
        _require_suite(lot, own[chosen], held)
        await _give_up_drafts(uow, bid)
        version = await _new_version(uow, lot, bid, own[chosen])
        uow.record("bid.version_started", actor, stream=f"lot:{lot.id}", subject=f"bid:{bid.id}",
                   sealed=is_sealed(Subject.BIDS), audience=audience(bid),
                   payload={"bid": str(bid.id), "version": version.number, "certificate": chosen, "actor": actor.id})
        await uow.commit()
    return version


def _require_suite(lot: Lot, chosen: BoundCertificate, held: Sequence[BoundCertificate]) -> None:
    half = next((each.fingerprint for each in held if each.signing == chosen.fingerprint), None)
    is_sm = suite_of(lot.suite).is_sm
    require((bids_with_a_dual_pair, bids_with_a_dual_pair(is_sm, chosen.key_kind, half)))


async def _bid_of(uow: Work, lot: Lot, party_id: UUID) -> Bid:
    query = select(Bid).where(Bid.lot_id == lot.id, Bid.party_id == party_id).with_for_update()
    bid = (await uow.session.execute(query)).scalar_one_or_none()
    if bid is None:
        bid = Bid(id=new_id(), lot_id=lot.id, party_id=party_id, status=BidStatus.NOT_SUBMITTED, last_number=0,
                  created_at=await uow.now())
        uow.session.add(bid)
        await uow.session.flush()
    return bid


async def _give_up_drafts(uow: Work, bid: Bid) -> None:
    query = select(BidVersion).where(BidVersion.bid_id == bid.id, BidVersion.status.in_(AT_WORK)).with_for_update()
    for draft in (await uow.session.execute(query)).scalars():
        draft.status = VersionStatus.DISCARDED


async def _new_version(uow: Work, lot: Lot, bid: Bid, certificate: BoundCertificate) -> BidVersion:
    data = await current_version(uow.session, bid.party_id)
    if data is None:
        raise Refused("企业信息尚未生效，不能投标")
    bid.last_number += 1
    version = BidVersion(
        id=new_id(), bid_id=bid.id, number=bid.last_number, status=VersionStatus.DRAFT,
        certificate=certificate.fingerprint, certificate_serial=certificate.serial, party_version=data.number,
        bidder_name=str(data.data["name"]), bidder_uscc=str(data.data["uscc"]),
        tender_code=await tender_code(uow.session, lot), opens_at=_opening_of(lot), created_at=await uow.now())
    uow.session.add(version)
    return version


def _opening_of(lot: Lot) -> datetime:
    if lot.deadline_at is None:
        raise Refused("标段尚未确定投标截止时间")
    return lot.deadline_at


async def discard_version(version_id: UUID, actor: Actor, uow: Work) -> None:
    """Gives up a draft or an upload that was not submitted; its object is swept (A-88, R-141)."""
    async with uow:
        held = await hold_version(uow, bidder_of(actor), version_id)
        require_open(held.lot, await uow.now())
        require_status(held.version.status, *AT_WORK)
        held.version.status = VersionStatus.DISCARDED
        note(uow, "bid.version_discarded", actor, held)
        await uow.commit()


async def record_trial(version_id: UUID, command: RecordTrial, actor: Actor, uow: Work) -> BidVersion:
    """Keeps when the bidder last proved that its key opens this version (R-1105)."""
    async with uow:
        held = await hold_version(uow, bidder_of(actor), version_id)
        require_open(held.lot, await uow.now())
        if command.result == "ok":
            held.version.trial_at = await uow.now()
        note(uow, "bid.trial_decrypted", actor, held, result=command.result, detail=command.detail)
        await uow.commit()
    return held.version


def audience(bid: Bid) -> tuple[str, ...]:
    """Who may read a sealed act of this bid once the deadline has passed (R-122, R-148)."""
    return f"party:{bid.party_id}", "centre", "supervisor"


def note(uow: Work, action: str, actor: Actor, held: Held, **facts: object) -> UUID:
    """Records a sealed act on a version."""
    payload = {"bid": str(held.bid.id), "version": held.version.number, "actor": actor.id, "address": actor.address}
    return uow.record(action, actor, stream=f"lot:{held.lot.id}", subject=f"bid:{held.bid.id}",
                      sealed=is_sealed(Subject.BIDS), audience=audience(held.bid), payload=payload | facts)
