"""Releases: a bidder its S_B, a custodian its shares. Both may be repeated without harm (R-512)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select

from bidding.bids.model import kinds_in
from bidding.opening.attribution import Tally
from bidding.opening.commands.complaining import Complaining, forget_complaints, take_complaint
from bidding.opening.commands.judging import note_failure, queue
from bidding.opening.custody import tallies
from bidding.opening.holding import Hall, enter_hall, hold_bid, hold_bids
from bidding.opening.model import AT_WORK, CAUSES, TERMINAL, BidState, HallAct, state_after_release
from bidding.opening.parts import BidderPart, SharePart, release_in
from bidding.opening.release_signing import release_bytes, sealed_parts
from bidding.opening.sealed_objects import SealedObject, objects_of_set, session_key
from bidding.opening.secrets_in_hall import (
    SealedShare,
    check_bidder_release,
    check_custody_release,
    is_sound_share,
)
from bidding.opening.signers import signing_certificate
from bidding.opening.steps import admit
from bidding.opening.tables import CustodianRelease, OpenedBid, ShareReleased
from storage.crypto.canonical import Json, from_base64
from storage.crypto.certificates import verify_signature
from storage.crypto.errors import Malformed, SignatureRefused
from storage.crypto.header import Header
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.wraps import SessionPrivateKey
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotAllowed, Refused
from trading.trust.validating import standing

# Who has released needs not do so again, but for S_P where custodians keep a bid waiting.
_RELEASED = AT_WORK | {BidState.WAITING, BidState.DAMAGED, BidState.DECRYPTED}


class ReleaseBid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both envelopes of the own bid. ``remedy``: S_B comes from a kept backup, where the document allows (R-144); then
    S_P may come along, from the bidder's own recipe, should custodians stay away.

    ``signature`` (base64) over ``release_signing.release_bytes``: by the certificate whose wrap was opened; with a
    remedy by the one that is signed in.
    """

    releases: Annotated[list[BidderPart], msgspec.Meta(max_length=4)]
    remedy: bool = False
    signature: Annotated[str, msgspec.Meta(max_length=1024)] = ""


class ReleaseShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A custodian's shares, of all bids in one call or in several, and what it has to say against others of them."""

    releases: Annotated[list[SharePart], msgspec.Meta(max_length=2000)]
    complaint: Complaining | None = None


async def release_bid(lot_id: UUID, command: ReleaseBid, actor: Actor, uow: Work, keys: PlatformKeys) -> OpenedBid:
    """A bidder gives its part. A wrong key is recorded and refused; the others go on, and it may try again.

    Raises ``Refused`` with fact ``cause`` (R-1106), ``RulesUnmet`` outside the window.
    """
    async with uow:
        hall = await enter_hall(uow, lot_id, actor, share=True, claims_remedy=command.remedy)
        if hall.seat.opened is None:
            raise NotAllowed("您在本标段没有已递交的投标文件")
        bid = await hold_bid(uow, hall.seat.opened)
        gives_all = any(part.custody is not None for part in command.releases)
        if bid.state in _RELEASED and not (gives_all and bid.state == BidState.WAITING):
            return bid
        admit(HallAct.RELEASE_BID, hall.facts)
        if bid.state in TERMINAL:
            raise Refused(f"本投标文件已有结论：{CAUSES[bid.cause].title if bid.cause else bid.state}", state=bid.state)
        signer, cause = await _judged(uow, hall, bid, command, actor, keys)
        if cause is None:
            await _accept(uow, hall, bid, command, signer, actor)
        else:
            note_failure(uow, bid, cause, actor)
        reach("opening.releasing")
        await uow.commit()
    if cause is not None:
        raise Refused(CAUSES[cause].title, cause=cause, rule="R-1106", attempts=bid.attempts)
    return bid


async def _judged(uow: Work, hall: Hall, bid: OpenedBid, command: ReleaseBid, actor: Actor,
                  keys: PlatformKeys) -> tuple[str, str | None]:
    """The certificate that signed (fingerprint), and what is wrong with the release."""
    parts = {part.kind: part for part in command.releases}
    kinds = kinds_in(hall.opening.envelope)
    if set(parts) != set(kinds) or len(parts) != len(command.releases):
        raise Invalid("须同时提交开标一览表与投标文件正文的解密", field="releases")
    if len({part.custody is None for part in command.releases}) > 1:
        raise Invalid("保管密钥须连同开标一览表与投标文件正文一并提交", field="custody")
    if not command.remedy and any(part.custody for part in command.releases):
        raise Invalid("投标人自行提交保管密钥的，须依招标文件的补救方案申请（R-144）", field="custody")
    if any(part.custody for part in command.releases) and (await _tally(uow, hall, bid)).is_enough:
        raise Refused("保管人份额已足，无须自行提交保管密钥", rule="R-144")
    found, spoilt = await objects_of_set(uow.session, hall.opening, [bid])
    if spoilt:
        raise Refused("平台数据库中您这份投标文件的记录受损（平台责任），暂不能解密，请告知主持人",
                      reason=spoilt[bid.bid_id])
    objects = found[bid.bid_id]
    signer = await _signer(uow, bid, command, actor, {kind: objects[kind].header for kind in kinds})
    if signer is None:
        return "", "not-the-holder"
    session = session_key(keys, hall.opening)
    causes = [check_bidder_release(objects[kind].header, parts[kind].i, release_in(parts[kind]), session)
              for kind in kinds]
    causes += [check_custody_release(objects[part.kind].header, release_in(part.custody), session)
               for part in command.releases if part.custody is not None]
    return signer, next((cause for cause in causes if cause is not None), None)


async def _signer(uow: Work, bid: OpenedBid, command: ReleaseBid, actor: Actor,
                  headers: Mapping[str, Header]) -> str | None:
    """The one holder of all the wraps that were opened, or with a remedy whoever is signed in; None without its
    signature.

    Wraps may name two encryption halves of one signing certificate, where one was reissued between two seals (R-702).
    """
    named = {actor.certificate or ""} if command.remedy else {
        wrap.cert.removeprefix("sha256:") for part in command.releases
        for wrap in headers[part.kind].wraps_for("bidder") if wrap.index == part.i}
    signers = {each.fingerprint: each for each in [await signing_certificate(uow.session, name) for name in named]}
    if len(signers) != 1:
        return None
    fingerprint, signer = signers.popitem()
    signed = release_bytes(str(bid.bid_id), _sealed(command), remedy=command.remedy)
    try:
        verify_signature(signer, signed, from_base64(command.signature, "signature"))
    except (SignatureRefused, Malformed):
        return None
    return fingerprint


async def _accept(uow: Work, hall: Hall, bid: OpenedBid, command: ReleaseBid, signer: str, actor: Actor) -> None:
    bid.releases = {part.kind: _kept(part) for part in command.releases}
    bid.released_at, bid.used_remedy, bid.cause = hall.now, command.remedy, None
    tally = await _tally(uow, hall, bid)
    bid.state = BidState.QUEUED if bid.opens_alone else state_after_release(len(tally.sound), tally.needed)
    if bid.state == BidState.QUEUED:
        queue(bid, hall.now)
    told = await standing(uow.session, await signing_certificate(uow.session, signer), hall.now)
    flags = {at: each for at, each in bid.certificate_flags.items() if at != "released"}
    bid.certificate_flags = flags | ({"released": told["flags"]} if "flags" in told else {})
    uow.record("bid.released", actor, stream=hall.stream, subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "state": bid.state, "remedy": command.remedy,
        # With these anyone judges later who released.
        "certificate": signer, "signature": command.signature, "releases": _sealed(command),
        # In whose place the bidder stood: what custodians had and had not done by then stays told.
        **({"custodians": tally.evidence()} if bid.opens_alone else {}), **told})


async def _tally(uow: Work, hall: Hall, bid: OpenedBid) -> Tally:
    return (await tallies(uow.session, hall.lot, hall.opening, [bid.bid_id]))[bid.bid_id]


def _kept(part: BidderPart) -> dict[str, Json]:
    kept: dict[str, Json] = {"i": part.i, "enc": part.enc, "ct": part.ct}
    return kept if part.custody is None else {**kept, "custody": {"enc": part.custody.enc, "ct": part.custody.ct}}


def _sealed(command: ReleaseBid) -> list[dict[str, Json]]:
    return sealed_parts([msgspec.to_builtins(part) for part in command.releases])


@dataclass(frozen=True, slots=True)
class SharesTaken:
    """What became of a custodian's release; ``unread``: bids of which nothing was taken, for the platform's own rows of
    them are spoilt, each with its place and what is wrong."""

    index: int
    sound: int
    unsound: int
    queued: int
    complaints: int = 0
    unread: tuple[tuple[UUID, int, str], ...] = ()


async def release_shares(lot_id: UUID, command: ReleaseShares, actor: Actor, uow: Work,
                         keys: PlatformKeys) -> SharesTaken:
    """A custodian gives its shares: each is checked against what its bidder committed to, and kept sealed.

    A bid whose rows are spoilt is left out and named, and may be given later; the others go on (R-144).
    """
    async with uow:
        hall = await enter_hall(uow, lot_id, actor, share=True)
        index = hall.seat.custodian_index
        if index is None:
            raise NotAllowed("您不是本标段招标文件载明的密钥保管人")
        admit(HallAct.RELEASE_SHARES, hall.facts)
        bids = {bid.bid_id: bid for bid in await hold_bids(uow, hall.opening.id)}
        fresh = await _fresh(uow, hall, command, index, bids)
        if not fresh and command.complaint is None:
            return SharesTaken(index, 0, 0, 0)
        objects, spoilt = await objects_of_set(uow.session, hall.opening, list(bids.values()))
        session, named = session_key(keys, hall.opening), {part.bid for part in fresh if part.bid in spoilt}
        fresh = [part for part in fresh if part.bid not in spoilt]
        unread = tuple((each, bids[each].place, spoilt[each]) for each in bids if each in named)
        complaints = 0
        if command.complaint is not None:
            complaints = await take_complaint(uow, hall, command.complaint, actor, objects, session)
        rows = await asyncio.to_thread(_check, fresh, index, objects, session, hall.now)
        await _replace_unsound(uow, index, rows, kinds_in(hall.opening.envelope))
        queued = await _queue_ready(uow, hall, bids)
        sound = sum(row.is_sound for row in rows)
        taken = SharesTaken(index, sound, len(rows) - sound, len(queued), complaints, unread)
        if not rows and not complaints:
            return taken
        if rows:
            await _note(uow, hall, actor, rows, taken, queued)
        reach("opening.releasing_shares")
        await uow.commit()
        return taken


async def _fresh(uow: Work, hall: Hall, command: ReleaseShares, index: int,
                 bids: Mapping[UUID, OpenedBid]) -> list[SharePart]:
    """The parts that are not there yet; raises ``Invalid`` for a bid or envelope that is none of this opening."""
    kinds = kinds_in(hall.opening.envelope)
    rows = await uow.session.execute(select(ShareReleased.bid_id, ShareReleased.kind).where(
        ShareReleased.index == index, ShareReleased.bid_id.in_(bids), ShareReleased.is_sound))
    known = {(bid, kind) for bid, kind in rows}
    places = [(part.bid, part.kind) for part in command.releases]
    if any(part.bid not in bids or part.kind not in kinds for part in command.releases) or len(
            set(places)) != len(places):
        raise Invalid("份额不属于本标段的投标文件，或重复", field="releases")
    return [part for part in command.releases if (part.bid, part.kind) not in known]


def _check(parts: Sequence[SharePart], index: int, objects: Mapping[UUID, Mapping[str, SealedObject]],
           session: SessionPrivateKey, at: datetime) -> list[ShareReleased]:
    rows = []
    for part in parts:
        release = release_in(part)
        sound = is_sound_share(objects[part.bid][part.kind].header, SealedShare(index, release), session)
        rows.append(ShareReleased(bid_id=part.bid, kind=part.kind, index=index, enc=release.enc, ct=release.ct,
                                  is_sound=sound, at=at))
    return rows


async def _replace_unsound(uow: Work, index: int, rows: Sequence[ShareReleased], kinds: Collection[str]) -> None:
    """A sound share takes the place of an unsound one sent before; the ledger keeps what was.

    A complaint stands until the shares of every envelope are sound, for only then is the custodian counted among
    those who gave: whoever spoke is always found among the voices or among the givers.
    """
    await uow.session.execute(delete(ShareReleased).where(
        ShareReleased.index == index, ShareReleased.bid_id.in_({row.bid_id for row in rows}),
        ShareReleased.is_sound.is_(False)))
    uow.session.add_all(rows)
    await uow.session.flush()
    whole = await _given_whole(uow, index, {row.bid_id for row in rows}, kinds)
    await forget_complaints(uow, index, {(bid, kind) for bid in whole for kind in kinds})


async def _given_whole(uow: Work, index: int, bids: Collection[UUID], kinds: Collection[str]) -> Sequence[UUID]:
    return (await uow.session.scalars(select(ShareReleased.bid_id).where(
        ShareReleased.index == index, ShareReleased.is_sound, ShareReleased.kind.in_(kinds),
        ShareReleased.bid_id.in_(bids)).group_by(ShareReleased.bid_id).having(func.count() == len(kinds)))).all()


async def _queue_ready(uow: Work, hall: Hall, bids: Mapping[UUID, OpenedBid]) -> list[OpenedBid]:
    waiting = [bid for bid in bids.values() if bid.state == BidState.WAITING]
    found = await tallies(uow.session, hall.lot, hall.opening, [bid.bid_id for bid in waiting])
    ready = [bid for bid in waiting if found[bid.bid_id].is_enough]
    for bid in ready:
        queue(bid, hall.now)
    return ready


async def _note(uow: Work, hall: Hall, actor: Actor, rows: Sequence[ShareReleased], taken: SharesTaken,
                queued: Sequence[OpenedBid]) -> None:
    index, unsound = rows[0].index, [row for row in rows if not row.is_sound]
    earlier = await uow.session.get(CustodianRelease, (hall.opening.id, index), with_for_update=True)
    if earlier is None:
        earlier = CustodianRelease(opening_id=hall.opening.id, index=index, party_id=actor.party_id, name=actor.name,
                                   at=hall.now, sound=0, unsound=0)
        uow.session.add(earlier)
    earlier.sound, earlier.unsound = earlier.sound + len(rows) - len(unsound), earlier.unsound + len(unsound)
    uow.record("custodian.released", actor, stream=hall.stream, subject=hall.stream, payload={
        "index": index, "name": actor.name, "sound": len(rows) - len(unsound),
        "unsound": [{"bid": str(row.bid_id), "kind": row.kind} for row in unsound],
        "queued": [str(bid.bid_id) for bid in queued],
        **({"unread": [str(bid) for bid, _, _ in taken.unread]} if taken.unread else {})})
