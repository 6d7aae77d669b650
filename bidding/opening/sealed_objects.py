"""The sealed envelopes of frozen bids with whatever was released for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import kinds_in
from bidding.bids.tables import Envelope
from bidding.opening.secrets_in_hall import SealedKeys, SealedShare
from bidding.opening.tables import OpenedBid, Opening, ShareReleased
from storage.crypto.canonical import parse_object
from storage.crypto.header import Header, read_header
from storage.crypto.manifest import Manifest, read_manifest
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.session_key import open_session_key
from storage.crypto.wraps import Release, SessionPrivateKey, read_release
from storage.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class SealedObject:
    """One envelope: header, manifest, where its segments lie, the bidder's signature over the manifest."""

    kind: str
    header_text: str
    header: Header
    manifest_text: str
    manifest: Manifest
    object_key: str
    signature: bytes
    timestamp_token: bytes


async def sealed_objects(session: AsyncSession, bids: Sequence[OpenedBid]) -> dict[UUID, dict[str, SealedObject]]:
    """By bid and kind."""
    versions = {bid.bid_version_id: bid.bid_id for bid in bids}
    rows = await session.scalars(select(Envelope).where(Envelope.bid_version_id.in_(versions)))
    found: dict[UUID, dict[str, SealedObject]] = {bid.bid_id: {} for bid in bids}
    for row in rows:
        found[versions[row.bid_version_id]][row.kind] = _object(row)
    return found


async def sound_objects(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid], kinds: Collection[str],
                        ) -> dict[UUID, dict[str, SealedObject]]:
    """As ``sealed_objects``, of those kinds; only what is still, row by row, what the signed notice lists."""
    rows = await _sound_rows(session, opening, bids, kinds)
    return {bid: {kind: _object(row) for kind, row in found.items()} for bid, found in rows.items()}


async def spoilt_rows(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid]) -> dict[UUID, str]:
    """What is wrong with the bids whose rows are no longer what the signed notice lists: the platform's own fault."""
    kinds = kinds_in(opening.envelope)
    return _spoilt(await _sound_rows(session, opening, bids, kinds), kinds)


async def objects_of_set(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid],
                         ) -> tuple[dict[UUID, dict[str, SealedObject]], dict[UUID, str]]:
    """The objects of what is opened, by bid and kind, without those of bids whose rows are spoilt; and these, as
    ``spoilt_rows``. One bid that was spoilt keeps no other shut."""
    kinds = kinds_in(opening.envelope)
    found = await sound_objects(session, opening, bids, kinds)
    spoilt = _spoilt(found, kinds)
    return {bid: objects for bid, objects in found.items() if bid not in spoilt}, spoilt


def _spoilt(sound: Mapping[UUID, Mapping[str, object]], kinds: Collection[str]) -> dict[UUID, str]:
    wrong = {bid: [kind for kind in kinds if kind not in found] for bid, found in sound.items()}
    return {bid: f"与开标通知所载摘要不符或缺失：{'、'.join(each)}" for bid, each in wrong.items() if each}


async def _sound_rows(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid], kinds: Collection[str],
                      ) -> dict[UUID, dict[str, Envelope]]:
    notice: Any = parse_object((opening.notice or "").encode())
    listed = {(each["bid"], kind): (digest, each["manifests"][kind])
              for each in notice["bids"] for kind, digest in each["headers"].items()}
    versions = {bid.bid_version_id: bid.bid_id for bid in bids}
    found: dict[UUID, dict[str, Envelope]] = {bid.bid_id: {} for bid in bids}
    for row in await session.scalars(select(Envelope).where(
            Envelope.bid_version_id.in_(versions), Envelope.kind.in_(kinds))):
        bid = versions[row.bid_version_id]
        if listed.get((str(bid), row.kind)) == (_digest(row.header), _digest(row.manifest or "")):
            found[bid][row.kind] = row
    return found


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _object(row: Envelope) -> SealedObject:
    manifest = row.manifest or ""
    return SealedObject(
        row.kind, row.header, read_header(row.header.encode()), manifest, read_manifest(manifest.encode()),
        row.object_key, row.signature or b"", row.timestamp_token or b"")


async def released_shares(session: AsyncSession, bids: Sequence[UUID]) -> dict[tuple[UUID, str], list[SealedShare]]:
    """The sound shares by bid and kind, in order of index."""
    query = (select(ShareReleased).where(ShareReleased.bid_id.in_(bids), ShareReleased.is_sound)
             .order_by(ShareReleased.bid_id, ShareReleased.kind, ShareReleased.index))
    found: dict[tuple[UUID, str], list[SealedShare]] = {}
    for row in await session.scalars(query):
        found.setdefault((row.bid_id, row.kind), []).append(SealedShare(row.index, Release(row.enc, row.ct)))
    return found


def sealed_keys(bid: OpenedBid, sealed: SealedObject,
                shares: Mapping[tuple[UUID, str], Sequence[SealedShare]]) -> SealedKeys:
    """What was released for one envelope of a bid; raises ``Refused`` when its bidder has not released."""
    if not bid.releases or sealed.kind not in bid.releases:
        raise Refused("投标人尚未解密", bid=str(bid.bid_id))
    kept = bid.releases[sealed.kind]
    release = read_release({"enc": kept["enc"], "ct": kept["ct"]})
    custody = read_release(kept["custody"]) if "custody" in kept else None
    return SealedKeys(sealed.header, int(kept["i"]), release, shares.get((bid.bid_id, sealed.kind), []), custody)


def session_key(keys: PlatformKeys, opening: Opening) -> SessionPrivateKey:
    """The private key of the opening session, for as long as an act needs it."""
    if opening.session_sealed is None:
        raise Refused("本标段不开标，没有开标会话")
    return open_session_key(keys.master, opening.session_sealed, str(opening.id))
