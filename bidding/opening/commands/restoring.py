"""A damaged object is brought again by its bidder, to the last byte as it was signed (fault 11, R-144, R-511).

The platform's fault stays on record. Nothing but the signed bytes is taken: each part's address carries the digest of
the signed manifest, and the whole is read back before it takes the damaged object's place. The damaged one is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import select

from bidding.bids.commands.uploading import PartAddress
from bidding.bids.tables import Envelope, ObjectDamage
from bidding.opening.commands.judging import queue
from bidding.opening.holding import Hall, enter_hall, hold_bid
from bidding.opening.model import PRICES_ARE_KNOWN, BidState, BodyCheck, HallAct
from bidding.opening.steps import admit
from bidding.opening.tables import OpenedBid
from storage.crypto.canonical import to_base64
from storage.crypto.errors import ObjectAltered
from storage.crypto.header import read_header
from storage.crypto.manifest import Manifest, check_parts, read_manifest
from storage.crypto.reader import Layout
from storage.database.fault_points import reach
from storage.database.work import Work, Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore

_ADDRESS_LIFE = timedelta(hours=1)
_Kind = Annotated[str, msgspec.Meta(max_length=20)]


class RestoreParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts (from 1) of one's own damaged object that are about to be sent; their digests are those of M."""

    kind: _Kind
    numbers: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=10_000)]], msgspec.Meta(max_length=64)]


class CompleteRestoration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parts were sent."""

    kind: _Kind


class Restoration(msgspec.Struct, frozen=True):
    """Where parts go, and which ones the store holds already."""

    parts: list[PartAddress]
    held: list[int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A damaged object as an act finds it, under lock."""

    hall: Hall
    bid: OpenedBid
    damage: ObjectDamage
    envelope: Envelope
    manifest: Manifest
    layout: Layout


async def _enter(uow: Work, lot_id: UUID, kind: str, actor: Actor) -> _Place:
    """Raises ``RulesUnmet`` out of time or without the clause, ``Refused`` for what is not damaged.

    A statement is asked for in the window alone; a body until the opening is concluded and its record drawn up.
    """
    hall = await enter_hall(uow, lot_id, actor, share=True, claims_remedy=True)
    if hall.seat.opened is None:
        raise NotAllowed("您在本标段没有已递交的投标文件")
    bid = await hold_bid(uow, hall.seat.opened)
    admit(HallAct.RESTORE_BODY if hall.facts.step in PRICES_ARE_KNOWN else HallAct.RESTORE_OBJECT, hall.facts)
    query = (select(ObjectDamage, Envelope).join(Envelope, Envelope.id == ObjectDamage.envelope_id).where(
        Envelope.bid_version_id == bid.bid_version_id, ObjectDamage.kind == kind,
        ObjectDamage.restored_at.is_(None)).with_for_update())
    found = (await uow.session.execute(query.execution_options(populate_existing=True))).one_or_none()
    is_asked = bid.state == BidState.DAMAGED or (kind == hall.opening.envelope and bid.body_check == BodyCheck.FAILED)
    if found is None or not is_asked:
        raise Refused("平台没有发现这个对象受损，无须复原", kind=kind)
    damage, envelope = found
    manifest = read_manifest((envelope.manifest or "").encode())
    return _Place(hall, bid, damage, envelope, manifest,
                  Layout(manifest.size, read_header(envelope.header.encode()).ctx.seg))


async def restore_parts(lot_id: UUID, command: RestoreParts, actor: Actor, works: Works,
                        store: ObjectStore) -> Restoration:
    """Addresses for parts of the damaged object; none that is given in the window lives past it. Raises as the rules
    say."""
    async with works() as uow:
        place = await _enter(uow, lot_id, command.kind, actor)
        begun = place.damage.upload_id is not None
    new_key = f"sealed/{new_id()}"
    upload_id = "" if begun else await store.start_multipart(new_key)
    async with works() as uow:
        place = await _enter(uow, lot_id, command.kind, actor)
        if any(number > place.layout.count for number in command.numbers):
            raise Invalid(f"分片号须为 1 至 {place.layout.count}", field="numbers")
        if place.damage.upload_id is None:
            if begun:
                raise Conflict("复原的上传已作废，请重新开始", kind=command.kind)
            place.damage.new_key, place.damage.upload_id = new_key, upload_id
            uow.record("bid.restoration_begun", actor, stream=place.hall.stream, subject=f"bid:{place.bid.bid_id}",
                       payload={"bid": str(place.bid.bid_id), "place": place.bid.place, "kind": command.kind})
            await uow.commit()
        key, upload = str(place.damage.new_key), str(place.damage.upload_id)
    seconds = max(1, int(_life(place.hall).total_seconds()))
    parts = []
    for number in command.numbers:
        digest = to_base64(bytes.fromhex(place.manifest.parts[number - 1]))
        parts.append(PartAddress(number, *store.presign_part(key, upload, number, digest, seconds)))
    return Restoration(parts, await _held(store, key, upload, place.layout))


def _life(hall: Hall) -> timedelta:
    """How long an address of a part lives; what was sent counts only if it is completed in time, in any case."""
    if hall.facts.step in PRICES_ARE_KNOWN:
        return _ADDRESS_LIFE
    return min(_ADDRESS_LIFE, (hall.facts.window.closes_at or hall.now) - hall.now)


async def _held(store: ObjectStore, key: str, upload_id: str, layout: Layout) -> list[int]:
    try:
        stored = await store.list_parts(key, upload_id)
    except NotFound:  # joined by an earlier call that did not come to its end
        return list(range(1, layout.count + 1))
    return [part.number for part in stored if part.number <= layout.count
            and part.size == layout.segment_range(part.number - 1)[1]]


async def complete_restoration(lot_id: UUID, command: CompleteRestoration, actor: Actor, works: Works,
                               store: ObjectStore) -> OpenedBid:
    """Puts the object in its place once all of it was read back and is what the bidder signed.

    Raises ``Refused`` with the missing parts, ``ObjectAltered`` naming the part that differs. May be repeated.
    """
    async with works() as uow:
        place = await _enter(uow, lot_id, command.kind, actor)
        key, upload_id, damage_id = place.damage.new_key, place.damage.upload_id, place.damage.id
    if key is None or upload_id is None:
        raise Refused("尚未上传复原的分片", kind=command.kind)
    await _join(store, key, upload_id, place.layout)
    try:
        etag = await _read_back(store, key, place)
    except ObjectAltered as error:
        await _begin_anew(lot_id, command, actor, works(), key, error)
        raise
    async with works() as uow:
        place = await _enter(uow, lot_id, command.kind, actor)
        if (place.damage.id, place.damage.new_key) != (damage_id, key):
            raise Conflict("这个对象已由另一次操作复原", kind=command.kind)
        _take_its_place(uow, place, etag, place.hall.now, actor)
        reach("opening.restoring")
        await uow.commit()
    return place.bid


async def _begin_anew(lot_id: UUID, command: CompleteRestoration, actor: Actor, uow: Work, key: str,
                      error: ObjectAltered) -> None:
    """What was brought is not what was signed: it is left to the sweeper, and another upload may begin."""
    async with uow:
        place = await _enter(uow, lot_id, command.kind, actor)
        if place.damage.new_key == key:
            place.damage.new_key, place.damage.upload_id = None, None
            uow.record("bid.restoration_refused", actor, stream=place.hall.stream, subject=f"bid:{place.bid.bid_id}",
                       payload={"bid": str(place.bid.bid_id), "place": place.bid.place, "kind": command.kind,
                                "reason": error.message})
            await uow.commit()


async def _join(store: ObjectStore, key: str, upload_id: str, layout: Layout) -> None:
    held = await _held(store, key, upload_id, layout)
    missing = sorted(set(range(1, layout.count + 1)) - set(held))
    if missing:
        raise Refused(f"还有 {len(missing)} 个分片没有完整到达，请续传", missing=missing[:100], count=len(missing))
    try:
        await store.complete_multipart(key, upload_id, await store.list_parts(key, upload_id))
    except (NotFound, Conflict):
        await store.stat(key)  # joined before: what lies there is read back all the same


async def _read_back(store: ObjectStore, key: str, place: _Place) -> str:
    """The etag of the object; raises ``ObjectAltered`` unless size and every digest are those of the manifest."""
    found = await store.stat(key)
    if found.size != place.layout.stored_size:
        raise ObjectAltered("对象长度与清单不符", stored=found.size, signed=place.layout.stored_size)
    check_parts(place.manifest, await store.hash_parts(key, place.layout.seg))
    return found.etag


def _take_its_place(uow: Work, place: _Place, etag: str, now: datetime, actor: Actor) -> None:
    damage, bid = place.damage, place.bid
    place.envelope.object_key, place.envelope.etag = str(damage.new_key), etag
    damage.restored_at, damage.restored_by = now, actor.name
    if damage.kind == place.hall.opening.envelope:
        bid.body_check, bid.body_reason, bid.body_due_at = BodyCheck.WAITING, None, now
    else:
        bid.evidence = {}
        queue(bid, now)
    uow.record("bid.object_restored", actor, stream=place.hall.stream, subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "kind": damage.kind, "cause": damage.cause,
        "found_at": to_wire(damage.found_at), "manifest_sha256": place.manifest.sha256,
        "parts": len(place.manifest.parts)})
