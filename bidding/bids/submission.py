"""The hot path of a deadline: what a submission reads is one statement, what it writes is another (fault 18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import aliased, defer

from bidding.bids.holding import Held, share_lot_of
from bidding.bids.model import BidStatus, VersionStatus
from bidding.bids.tables import Bid, BidVersion, Envelope, Receipt
from storage.database.work import Work
from trading.parties.tables import BoundCertificate


def _table(kind: type[Bid | BidVersion | Receipt]) -> Table:
    table = kind.__table__
    if not isinstance(table, Table):
        raise TypeError(kind)
    return table


_BID, _VERSION, _RECEIPT = _table(Bid), _table(BidVersion), _table(Receipt)


@dataclass(frozen=True, slots=True)
class Ready:
    """A version held for submission, with everything that decides; ``replaces``: the receipt it would supersede."""

    held: Held
    envelopes: Sequence[Envelope]
    certificate: BoundCertificate | None
    replaces: str | None


_EARLIER = aliased(BidVersion)
# Both statements are built once. Headers may be a mebibyte, and are not asked again.
_READING = (
    select(Bid, BidVersion, Envelope, BoundCertificate, _EARLIER.receipt_number)
    .options(defer(Envelope.header, raiseload=True), defer(Envelope.signature, raiseload=True))
    .join(BidVersion, BidVersion.bid_id == Bid.id)
    .outerjoin(Envelope, Envelope.bid_version_id == BidVersion.id)
    .outerjoin(BoundCertificate, BoundCertificate.fingerprint == BidVersion.certificate)
    .outerjoin(_EARLIER, _EARLIER.id == Bid.submitted_version_id)
    .where(BidVersion.id == bindparam("version_id")).order_by(Envelope.kind).with_for_update(of=(Bid, BidVersion)))
_STEPS = (
    update(_VERSION).where(_VERSION.c.id == bindparam("this_id")).values(
        status=VersionStatus.SUBMITTED, submitted_at=bindparam("new_decided_at"),
        receipt_number=bindparam("new_number"), validation=bindparam("new_validation"),
        row_version=_VERSION.c.row_version + 1),
    update(_BID).where(_BID.c.id == bindparam("whole_id")).values(
        status=BidStatus.SUBMITTED, submitted_version_id=bindparam("this_id"), row_version=_BID.c.row_version + 1),
    update(_VERSION).where(_VERSION.c.id == bindparam("earlier_id")).values(
        status=VersionStatus.SUPERSEDED, row_version=_VERSION.c.row_version + 1))
_WRITING = insert(_RECEIPT).values({column.name: bindparam(f"new_{column.name}") for column in _RECEIPT.columns}
                                   ).add_cte(*(step.cte(f"step_{place}") for place, step in enumerate(_STEPS)))


async def hold_ready(uow: Work, party_id: UUID, version_id: UUID) -> Ready:
    """Locks lot (shared), bid and version, and reads envelopes and certificate with them; raises ``NotFound``."""
    lot = await share_lot_of(uow, party_id, version_id)
    rows = (await uow.session.execute(_READING, {"version_id": version_id})).all()
    bid, version, _, certificate, replaces = rows[0]
    envelopes = [row[2] for row in rows if row[2] is not None]
    return Ready(Held(lot, bid, version), envelopes, certificate, replaces)


async def write_submission(uow: Work, held: Held, receipt: Receipt, validation: str) -> None:
    """Version and bid step forward, an earlier version steps back (R-220), the receipt is written: one statement.

    ``validation``: digest of the grounds on which the sealing certificate was held valid.
    """
    row = {f"new_{column.name}": getattr(receipt, column.name) for column in _RECEIPT.columns}
    await uow.session.execute(_WRITING, row | {
        "new_validation": validation, "this_id": held.version.id,
        "whole_id": held.bid.id, "earlier_id": held.bid.submitted_version_id})
