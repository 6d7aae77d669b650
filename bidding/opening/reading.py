"""An opened bid is the sealed object plus its released keys: readers get segments decrypted on the fly.

Nothing is decrypted into a second copy. Who may read is decided by the caller.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import BODY
from bidding.opening.model import BidState
from bidding.opening.sealed_objects import released_shares, sealed_keys, sealed_objects, session_key
from bidding.opening.secrets_in_hall import unlock
from bidding.opening.tables import OpenedBid, Opening
from storage.crypto.floe import MessageKey
from storage.crypto.manifest import Manifest
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.reader import Layout, decrypt_segment
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, Refused
from storage.objects.store import ObjectStore

AHEAD = 3
_CHUNK = 1 << 18  # a server that is handed whole segments moves the unsent rest of each about again and again


@dataclass(frozen=True, slots=True)
class OpenBody:
    """A body that can be read: its message key, what was signed of it, and where it lies."""

    bid_id: UUID
    lot_id: UUID
    party_id: UUID
    manifest: Manifest
    object_key: str
    layout: Layout
    key: MessageKey = field(repr=False)


async def is_bidder_of(session: AsyncSession, bid_id: UUID, actor: Actor) -> bool:
    """True for whose bid it is; asked before anything about the bid is answered."""
    bid = await session.get(OpenedBid, bid_id)
    return bid is not None and actor.is_party(bid.party_id)


async def open_body(session: AsyncSession, keys: PlatformKeys, bid_id: UUID) -> OpenBody:
    """Joins the released secrets anew; raises ``NotFound``, or ``Refused`` unless the bid was decrypted."""
    bid = await session.get(OpenedBid, bid_id)
    if bid is None:
        raise NotFound("没有这份投标文件")
    if bid.state != BidState.DECRYPTED:
        raise Refused("该投标文件未解密，不能读取", state=bid.state)
    opening = await session.get_one(Opening, bid.lot_id)
    sealed = (await sealed_objects(session, [bid]))[bid_id][BODY]
    shares = await released_shares(session, [bid_id])
    key = unlock(sealed_keys(bid, sealed, shares), session_key(keys, opening))
    return OpenBody(bid_id, bid.lot_id, bid.party_id, sealed.manifest, sealed.object_key,
                    Layout(sealed.manifest.size, sealed.header.ctx.seg), key)


class Bodies:
    """The bodies last read on this node, so that turning a page joins no secret again."""

    def __init__(self, keep: int = 64) -> None:
        self._keep = keep
        self._known: OrderedDict[UUID, OpenBody] = OrderedDict()

    async def get(self, session: AsyncSession, keys: PlatformKeys, bid_id: UUID) -> OpenBody:
        """As ``open_body``."""
        found = self._known.get(bid_id)
        if found is None:
            found = self._known[bid_id] = await open_body(session, keys, bid_id)
        self._known.move_to_end(bid_id)
        if len(self._known) > self._keep:
            self._known.popitem(last=False)
        return found


async def fetch(body: OpenBody, store: ObjectStore, index: int) -> bytes:
    """The stored bytes of one segment; raises ``NotFound`` and ``Unavailable``."""
    return await store.get_range(body.object_key, *body.layout.segment_range(index))


async def segment(body: OpenBody, store: ObjectStore, index: int) -> bytes:
    """The plaintext of one segment, checked against the signed manifest as well; raises as ``decrypt_segment``."""
    return await asyncio.to_thread(decrypt_segment, body.key, body.manifest, index, await fetch(body, store, index))


async def read(body: OpenBody, store: ObjectStore, offset: int, length: int) -> AsyncIterator[bytes]:
    """Plaintext bytes [offset, offset + length), segment by segment, with the next few fetched ahead.

    Each segment is authenticated by its seal; the manifest's digests were compared by the full check. The first
    segment is fetched alone, so that a page shows before the rest competes with it.
    """
    plain, last = body.layout.plain, body.layout.count - 1
    waiting = deque(body.layout.segments_of(offset, length))
    running: deque[tuple[int, asyncio.Task[bytes]]] = deque()

    def start(ahead: int) -> None:
        while waiting and len(running) < ahead:
            index = waiting.popleft()
            running.append((index, asyncio.create_task(fetch(body, store, index))))

    try:
        start(1)
        while running:
            index, task = running.popleft()
            stored = await task
            start(AHEAD)
            data = await asyncio.to_thread(body.key.decrypt_segment, index, stored, last=index == last)
            begin = index * plain
            yield data[max(offset - begin, 0):offset + length - begin]
    finally:
        for _, task in running:
            task.cancel()
