"""Releases: a bidder its S_B, a custodian its shares. Both may be repeated without harm (R-512)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, func, select

from bidding.bids.model import KINDS
from bidding.opening.commands.judging import note_failure, queue
from bidding.opening.holding import Hall, enter_hall, hold_bid, hold_bids
from bidding.opening.model import AT_WORK, CAUSES, TERMINAL, BidState, HallAct, state_after_release
from bidding.opening.sealed_objects import SealedObject, sealed_objects, session_key
from bidding.opening.secrets_in_hall import SealedShare, check_bidder_release, is_sound_share
from bidding.opening.steps import admit
from bidding.opening.tables import CustodianRelease, OpenedBid, ShareReleased
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.wraps import Release, read_release
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotAllowed, Refused

Base64 = Annotated[str, msgspec.Meta(max_length=256)]


class BidderPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """S_B of one envelope, re-wrapped to the session key; ``i`` is the wrap that was used."""

    kind: Annotated[str, msgspec.Meta(max_length=20)]
    i: Annotated[int, msgspec.Meta(ge=0, le=1)]
    enc: Base64
    ct: Base64


class ReleaseBid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both envelopes of the own bid. ``remedy``: S_B comes from a kept backup, where the document allows (R-144)."""

    releases: Annotated[list[BidderPart], msgspec.Meta(max_length=4)]
    remedy: bool = False


class SharePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One share of one envelope, re-wrapped to the session key."""

    bid: UUID
    kind: Annotated[str, msgspec.Meta(max_length=20)]
    enc: Base64
    ct: Base64


class ReleaseShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A custodian's shares, of all bids in one call or in several."""

    releases: Annotated[list[SharePart], msgspec.Meta(max_length=2000)]


async def release_bid(lot_id: UUID, command: ReleaseBid, actor: Actor, uow: Work, keys: PlatformKeys) -> OpenedBid:
    """A bidder gives its part. A wrong key is recorded and refused; the others go on, and it may try again.

    Raises ``Refused`` with fact ``cause`` (R-1106), ``RulesUnmet`` outside the window.
    """
    async with uow:
        hall = await enter_hall(uow, lot_id, actor, share=True, claims_remedy=command.remedy)
        if hall.seat.bid is None:
            raise NotAllowed("您在本标段没有已递交的投标文件")
        bid = await hold_bid(uow, hall.seat.bid)
        if bid.state in AT_WORK | {BidState.WAITING, BidState.DECRYPTED}:
            return bid
        admit(HallAct.RELEASE_BID, hall.facts)
        if bid.state in TERMINAL:
            raise Refused(f"本投标文件已有结论：{CAUSES[bid.cause].title if bid.cause else bid.state}", state=bid.state)
        cause = await _faulty(uow, hall, bid, command, keys)
        if cause is None:
            await _accept(uow, hall, bid, command, actor)
        else:
            note_failure(uow, bid, cause, actor)
        reach("opening.releasing")
        await uow.commit()
    if cause is not None:
        raise Refused(CAUSES[cause].title, cause=cause, rule="R-1106", attempts=bid.attempts)
    return bid


async def _faulty(uow: Work, hall: Hall, bid: OpenedBid, command: ReleaseBid, keys: PlatformKeys) -> str | None:
    parts = {part.kind: part for part in command.releases}
    if set(parts) != set(KINDS) or len(parts) != len(command.releases):
        raise Invalid("须同时提交开标一览表与投标文件正文的解密", field="releases")
    objects = (await sealed_objects(uow.session, [bid]))[bid.bid_id]
    session = session_key(keys, hall.opening)
    causes = [check_bidder_release(objects[kind].header, parts[kind].i, _release(parts[kind]), session)
              for kind in KINDS]
    return next((cause for cause in causes if cause is not None), None)


async def _accept(uow: Work, hall: Hall, bid: OpenedBid, command: ReleaseBid, actor: Actor) -> None:
    bid.releases = {part.kind: {"i": part.i, "enc": part.enc, "ct": part.ct} for part in command.releases}
    bid.released_at, bid.used_remedy, bid.cause = hall.now, command.remedy, None
    shares = (await _share_counts(uow, [bid.bid_id])).get(bid.bid_id, 0)
    bid.state = state_after_release(shares, hall.lot.k)
    if bid.state == BidState.QUEUED:
        queue(bid, hall.now)
    uow.record("bid.released", actor, stream=hall.stream, subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "state": bid.state, "remedy": command.remedy})


async def _share_counts(uow: Work, bids: Sequence[UUID]) -> dict[UUID, int]:
    """How many custodians' shares are sound for both envelopes, by bid."""
    both = (select(ShareReleased.bid_id, ShareReleased.index).where(
        ShareReleased.bid_id.in_(bids), ShareReleased.is_sound).group_by(ShareReleased.bid_id, ShareReleased.index)
        .having(func.count() == len(KINDS)).subquery())
    rows = await uow.session.execute(select(both.c.bid_id, func.count()).group_by(both.c.bid_id))
    return {bid: int(count) for bid, count in rows}


@dataclass(frozen=True, slots=True)
class SharesTaken:
    """What became of a custodian's release."""

    index: int
    sound: int
    unsound: int
    queued: int


async def release_shares(lot_id: UUID, command: ReleaseShares, actor: Actor, uow: Work,
                         keys: PlatformKeys) -> SharesTaken:
    """A custodian gives its shares: each is checked against what its bidder committed to, and kept sealed."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor, share=True)
        index = hall.seat.custodian_index
        if index is None:
            raise NotAllowed("您不是本标段招标文件载明的密钥保管人")
        admit(HallAct.RELEASE_SHARES, hall.facts)
        bids = {bid.bid_id: bid for bid in await hold_bids(uow, lot_id)}
        fresh = await _fresh(uow, command, index, bids)
        if not fresh:
            return SharesTaken(index, 0, 0, 0)
        objects = await sealed_objects(uow.session, list(bids.values()))
        rows = await asyncio.to_thread(_check, fresh, index, objects, session_key(keys, hall.opening), hall.now)
        await _replace_unsound(uow, rows)
        queued = await _queue_ready(uow, hall, bids)
        taken = await _note(uow, hall, actor, rows, queued)
        reach("opening.releasing_shares")
        await uow.commit()
        return taken


async def _fresh(uow: Work, command: ReleaseShares, index: int, bids: Mapping[UUID, OpenedBid]) -> list[SharePart]:
    """The parts that are not there yet; raises ``Invalid`` for a bid or envelope that is none of this lot."""
    rows = await uow.session.execute(select(ShareReleased.bid_id, ShareReleased.kind).where(
        ShareReleased.index == index, ShareReleased.bid_id.in_(bids), ShareReleased.is_sound))
    known = {(bid, kind) for bid, kind in rows}
    places = [(part.bid, part.kind) for part in command.releases]
    if any(part.bid not in bids or part.kind not in KINDS for part in command.releases) or len(
            set(places)) != len(places):
        raise Invalid("份额不属于本标段的投标文件，或重复", field="releases")
    return [part for part in command.releases if (part.bid, part.kind) not in known]


def _check(parts: Sequence[SharePart], index: int, objects: Mapping[UUID, Mapping[str, SealedObject]],
           session: ec.EllipticCurvePrivateKey, at: datetime) -> list[ShareReleased]:
    rows = []
    for part in parts:
        release = _release(part)
        sound = is_sound_share(objects[part.bid][part.kind].header, SealedShare(index, release), session)
        rows.append(ShareReleased(bid_id=part.bid, kind=part.kind, index=index, enc=release.enc, ct=release.ct,
                                  is_sound=sound, at=at))
    return rows


async def _replace_unsound(uow: Work, rows: Sequence[ShareReleased]) -> None:
    """A sound share takes the place of an unsound one sent before; the ledger keeps that it was."""
    await uow.session.execute(delete(ShareReleased).where(
        ShareReleased.index == rows[0].index, ShareReleased.bid_id.in_({row.bid_id for row in rows}),
        ShareReleased.is_sound.is_(False)))
    uow.session.add_all(rows)
    await uow.session.flush()


async def _queue_ready(uow: Work, hall: Hall, bids: Mapping[UUID, OpenedBid]) -> list[OpenedBid]:
    waiting = [bid for bid in bids.values() if bid.state == BidState.WAITING]
    counts = await _share_counts(uow, [bid.bid_id for bid in waiting])
    ready = [bid for bid in waiting if counts.get(bid.bid_id, 0) >= hall.lot.k]
    for bid in ready:
        queue(bid, hall.now)
    return ready


async def _note(uow: Work, hall: Hall, actor: Actor, rows: Sequence[ShareReleased],
                queued: Sequence[OpenedBid]) -> SharesTaken:
    index, unsound = rows[0].index, [row for row in rows if not row.is_sound]
    taken = SharesTaken(index, len(rows) - len(unsound), len(unsound), len(queued))
    earlier = await uow.session.get(CustodianRelease, (hall.lot.id, index), with_for_update=True)
    if earlier is None:
        uow.session.add(CustodianRelease(
            lot_id=hall.lot.id, index=index, party_id=actor.party_id, name=actor.name, at=hall.now,
            sound=taken.sound, unsound=taken.unsound))
    else:
        earlier.sound, earlier.unsound = earlier.sound + taken.sound, earlier.unsound + taken.unsound
    uow.record("custodian.released", actor, stream=hall.stream, subject=hall.stream, payload={
        "index": index, "name": actor.name, "sound": taken.sound,
        "unsound": [{"bid": str(row.bid_id), "kind": row.kind} for row in unsound],
        "queued": [str(bid.bid_id) for bid in queued]})
    return taken


def _release(part: BidderPart | SharePart) -> Release:
    return read_release({"enc": part.enc, "ct": part.ct})
