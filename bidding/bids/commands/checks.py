"""The verdict on an uploaded object, which the platform itself passes."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from bidding.bids.commands.drafting import audience
from bidding.bids.model import AT_WORK, EnvelopeState, after_checks, kinds_asked
from bidding.bids.tables import Bid, BidVersion, Envelope
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import DomainError
from trading.tenders.disclosure import Subject, is_sealed
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Findings:
    """What reading back found: the store's etag, and the RFC 3161 token over the manifest (DER)."""

    manifest_sha256: str
    etag: str
    timestamp_token: bytes


async def pass_check(envelope_id: UUID, findings: Findings, uow: Work) -> None:
    """The object is what the bidder signed; with both envelopes checked the version is 已上传未提交."""
    async with uow:
        held = await _hold(uow, envelope_id, findings.manifest_sha256)
        if held is None:
            return
        bid, version, envelope = held
        envelope.state, envelope.checked_at = EnvelopeState.CHECKED, await uow.now()
        envelope.checked_parts, envelope.lease_until, envelope.reason = envelope.part_count, None, None
        envelope.etag, envelope.timestamp_token = findings.etag, findings.timestamp_token
        rows = select(Envelope.kind, Envelope.state).where(Envelope.bid_version_id == version.id)
        await uow.session.flush()
        states = [(str(kind), str(state)) for kind, state in await uow.session.execute(rows)]
        if version.status in AT_WORK:
            lot = await uow.session.get_one(Lot, bid.lot_id)
            version.status = after_checks(states, kinds_asked(lot.two_envelopes))
        _note(uow, "bid.envelope_checked", bid, version, envelope, etag=findings.etag)
        await uow.commit()


async def fail_check(envelope_id: UUID, manifest_sha256: str, error: DomainError, uow: Work) -> None:
    """The object is not what was signed, or not sealed; the bidder is told which and uploads it again (fault 11)."""
    async with uow:
        held = await _hold(uow, envelope_id, manifest_sha256)
        if held is None:
            return
        bid, version, envelope = held
        envelope.state, envelope.lease_until = EnvelopeState.FAILED, None
        envelope.reason = f"{error.message}，请重新上传"
        _note(uow, "bid.envelope_failed", bid, version, envelope, code=error.code, reason=error.message)
        await uow.commit()


async def _hold(uow: Work, envelope_id: UUID, manifest_sha256: str) -> tuple[Bid, BidVersion, Envelope] | None:
    """The rows, the version before the envelope; None when the envelope was judged or replaced meanwhile."""
    query = (select(Bid, BidVersion).join(BidVersion, BidVersion.bid_id == Bid.id)
             .join(Envelope, Envelope.bid_version_id == BidVersion.id)
             .where(Envelope.id == envelope_id).with_for_update(of=BidVersion))
    row = (await uow.session.execute(query)).one_or_none()
    if row is None:
        return None
    bid, version = row
    envelope = await uow.session.get(Envelope, envelope_id, with_for_update=True)
    if envelope is None or envelope.state != EnvelopeState.CHECKING or envelope.manifest_sha256 != manifest_sha256:
        return None
    return bid, version, envelope


def _note(uow: Work, action: str, bid: Bid, version: BidVersion, envelope: Envelope, **facts: str) -> None:
    payload = {"bid": str(bid.id), "version": version.number, "kind": envelope.kind,
               "manifest_sha256": envelope.manifest_sha256}
    uow.record(action, PLATFORM, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.id}", sealed=is_sealed(Subject.BIDS),
               audience=audience(bid), payload=payload | facts)
