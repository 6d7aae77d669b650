"""A custodian complains: signed with the certificate that the tender document names, each point checked as far as the
platform can (R-144, R-1106)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import delete, select

from bidding.bids.model import kinds_in
from bidding.opening.complaints import Complaint, ComplaintItem, Why, check_complaint
from bidding.opening.holding import Hall
from bidding.opening.model import UNOPENED
from bidding.opening.parts import SharePart, release_in
from bidding.opening.sealed_objects import SealedObject
from bidding.opening.signers import signing_certificate
from bidding.opening.tables import CustodianComplaint, OpenedBid, ShareReleased
from storage.crypto.canonical import from_base64
from storage.crypto.context import commitment
from storage.crypto.errors import SealBroken
from storage.crypto.wraps import Release, SessionPrivateKey, open_release
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid

Objects = Mapping[UUID, Mapping[str, SealedObject]]


class Complaining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed text (``bidding.opening.complaints``), and the shares that contradict their commitments, re-wrapped to
    the session key: a complaint of a share is heard with the share alone."""

    text: Annotated[str, msgspec.Meta(max_length=1 << 20)]
    signature: Annotated[str, msgspec.Meta(max_length=1024)]
    shares: Annotated[list[SharePart], msgspec.Meta(max_length=2000)] = []


@dataclass(frozen=True, slots=True)
class Heard:
    """A complaint with what it is checked against."""

    hall: Hall
    complaint: Complaint
    objects: Objects
    session: SessionPrivateKey
    shares: Mapping[tuple[str, str], Release]


async def take_complaint(uow: Work, hall: Hall, command: Complaining, actor: Actor, objects: Objects,
                         session: SessionPrivateKey) -> int:
    """Keeps and records what one custodian complains of; answers of how many envelopes.

    Raises ``SignatureRefused``, or ``Invalid`` for another lot, notice, index or header, for a share that fits after
    all, for an envelope whose sound share this custodian has given, and for a bid that was settled unopened.
    """
    index = hall.seat.custodian_index
    named = next(each for each in hall.lot.custodians if int(each["index"]) == index)
    certificate = await signing_certificate(uow.session, str(named["certificate"]))
    complaint = check_complaint(command.text, from_base64(command.signature, "signature"), certificate)
    notice = sha256((hall.opening.notice or "").encode()).hexdigest()
    if (complaint.lot, complaint.index, complaint.notice_sha256) != (hall.lot.code, index, notice):
        raise Invalid("异议不属于本标段、本次开标或这位保管人", field="complaint")
    heard = Heard(hall, complaint, objects, session,
                  {(str(part.bid), part.kind): release_in(part) for part in command.shares})
    await _require_undecided(uow, hall, complaint)
    rows = [_row(heard, item, actor.name) for item in complaint.items]
    await _replace(uow, rows)
    uow.record("custodian.complained", actor, stream=hall.stream, subject=hall.stream, payload={
        "index": index, "name": actor.name, "certificate": certificate.fingerprint, "text": command.text,
        "signature": command.signature})
    return len(rows)


async def _require_undecided(uow: Work, hall: Hall, complaint: Complaint) -> None:
    """Of a bid that was settled unopened nothing more is heard: its finding stands on the complaints it counted."""
    settled = await uow.session.scalars(select(OpenedBid.bid_id).where(
        OpenedBid.opening_id == hall.opening.id, OpenedBid.state.in_(UNOPENED)))
    if {str(bid) for bid in settled} & {item.bid for item in complaint.items}:
        raise Invalid("该投标文件已有结论，不再受理对它的异议", field="items")


def _row(heard: Heard, item: ComplaintItem, name: str) -> CustodianComplaint:
    objects = next((kinds for bid, kinds in heard.objects.items() if str(bid) == item.bid), {})
    sealed = objects.get(item.kind) if item.kind in kinds_in(heard.hall.opening.envelope) else None
    if sealed is None or sealed.header.sha256 != item.header_sha256:
        raise Invalid("异议所指的投标文件不在本标段的封存集合中", field="items")
    index = heard.complaint.index
    release = heard.shares.get((item.bid, item.kind))
    if item.why is Why.SHARE:
        _check_share(heard, item, sealed, release)
    return CustodianComplaint(
        bid_id=UUID(item.bid), kind=item.kind, index=index, name=name, why=item.why.value, share=item.share,
        enc=release.enc if release else None, ct=release.ct if release else None, at=heard.hall.now)


def _check_share(heard: Heard, item: ComplaintItem, sealed: SealedObject, release: Release | None) -> None:
    """The share must be there, be the one that the text commits to, and truly contradict its bidder's commitment."""
    header, index = sealed.header, heard.complaint.index
    if release is None:
        raise Invalid("称份额不符的，须一并提交该份额", field="shares")
    try:
        share = open_release(release, heard.session, role="custodian", index=index, ch=header.ctx.ch)
    except SealBroken as error:
        raise Invalid("所附份额无法读取", field="shares") from error
    if commitment("s", share, header.ctx.algorithms).hex() != item.share:
        raise Invalid("所附份额不是异议所称的那一份", field="shares")
    try:
        header.check_share(index, share)
    except SealBroken:
        return
    raise Invalid("所附份额与投标时的承诺相符，异议不成立，请直接释放", field="shares")


async def _replace(uow: Work, rows: Sequence[CustodianComplaint]) -> None:
    """What a custodian says later of an envelope takes the place of what it said before; the ledger keeps both."""
    index, places = rows[0].index, {(row.bid_id, row.kind) for row in rows}
    given = await uow.session.execute(select(ShareReleased.bid_id, ShareReleased.kind).where(
        ShareReleased.index == index, ShareReleased.is_sound, ShareReleased.bid_id.in_({bid for bid, _ in places})))
    if places & {(bid, kind) for bid, kind in given}:
        raise Invalid("您已交出与承诺相符的份额，不能再称其不符", field="items")
    await forget_complaints(uow, index, places)
    uow.session.add_all(rows)
    await uow.session.flush()


async def forget_complaints(uow: Work, index: int, places: set[tuple[UUID, str]]) -> None:
    """The complaints of one custodian about these envelopes no longer stand."""
    for kind in {kind for _, kind in places}:
        await uow.session.execute(delete(CustodianComplaint).where(
            CustodianComplaint.index == index, CustodianComplaint.kind == kind,
            CustodianComplaint.bid_id.in_({bid for bid, each in places if each == kind})))
