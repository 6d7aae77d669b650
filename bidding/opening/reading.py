"""An opened bid is the sealed object plus its released keys: readers get segments decrypted on the fly.

Nothing is decrypted into a second copy. Who may read is decided by the caller.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE
from bidding.bids.tables import Envelope
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
from trading.tenders.disclosure import Subject, Viewer, shows
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of

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


async def may_read(session: AsyncSession, opened_id: UUID, actor: Actor) -> bool:
    """True for whose bid it is and for the supervisor; asked before anything about the bid is answered."""
    bid = await session.get(OpenedBid, opened_id)
    if bid is None:
        return False
    held = {Viewer.OWN: actor.is_party(bid.party_id), Viewer.SUPERVISOR: actor.has("supervisor")}
    shown = shows(Subject.OPENED_BODIES, await lot_of(session, bid.lot_id), await now_of(session),
                  [viewer for viewer, is_so in held.items() if is_so], opened=bid.state == BidState.DECRYPTED)
    return shown and await is_out(session, bid)


async def is_out(session: AsyncSession, bid: OpenedBid) -> bool:
    """False of a second envelope whose opening's record is not published yet: until then its price is in no record."""
    return record_is_out(await session.get_one(Opening, bid.opening_id))


def record_is_out(opening: Opening) -> bool:
    """As ``is_out``, of the opening itself."""
    return opening.envelope != PRICE or opening.published_at is not None


async def open_body(session: AsyncSession, keys: PlatformKeys, opened_id: UUID) -> OpenBody:
    """Joins the released secrets anew; raises ``NotFound``, or ``Refused`` unless the bid was decrypted.

    ``opened_id``: a bid in one opening; a bid's own id is that in the first.
    """
    bid = await session.get(OpenedBid, opened_id)
    if bid is None:
        raise NotFound("没有这份投标文件")
    if bid.state != BidState.DECRYPTED:
        raise Refused("该投标文件未解密，不能读取", state=bid.state)
    opening = await session.get_one(Opening, bid.opening_id)
    sealed = (await sealed_objects(session, [bid]))[bid.bid_id][opening.envelope]
    shares = await released_shares(session, [bid.bid_id])
    key = unlock(sealed_keys(bid, sealed, shares), session_key(keys, opening))
    return OpenBody(bid.bid_id, bid.lot_id, bid.party_id, sealed.manifest, sealed.object_key,
                    Layout(sealed.manifest.size, sealed.header.ctx.seg), key)


class Bodies:
    """The bodies last read on this node, so that turning a page joins no secret again."""

    def __init__(self, keep: int = 64) -> None:
        self._keep = keep
        self._known: OrderedDict[UUID, OpenBody] = OrderedDict()

    async def get(self, session: AsyncSession, keys: PlatformKeys, opened_id: UUID) -> OpenBody:
        """As ``open_body``. A body that was damaged and brought again lies elsewhere than before (R-144)."""
        found = self._known.get(opened_id)
        if found is not None and await session.scalar(
                select(Envelope.id).where(Envelope.object_key == found.object_key)) is None:
            found = None
        if found is None:
            found = self._known[opened_id] = await open_body(session, keys, opened_id)
        self._known.move_to_end(opened_id)
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
