"""The hub: ledger entries of a stream to every socket that watches it.

Slow sockets are dropped at a bound (fault 46) and come back with the number of the last entry they saw; nothing
is kept for them, for the ledger has it all (fault 47).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from frontend.server.sockets import close_frame, text_frame

_BOUND = 1 << 20      # bytes a socket may lag behind before it is dropped
_YIELD_EVERY = 500    # peers served before the loop may do something else


@dataclass(eq=False)
class Peer:
    """One socket: where it stands in the stream, and how to write to it."""

    transport: asyncio.Transport
    audiences: frozenset[str]
    position: int = -1
    dropped: bool = False
    session_id: UUID | None = None
    address: str = ""
    account: str = ""

    def write(self, frame: bytes) -> bool:
        """Writes a whole frame; False when the socket is gone or too far behind, and is dropped."""
        if self.transport.is_closing():
            return False
        if self.transport.get_write_buffer_size() > _BOUND:
            self.dropped = True
            self.transport.abort()
            return False
        self.transport.write(frame)
        return True

    def close(self, code: int, reason: str) -> None:
        """Says good-bye; who does not read even that is hung up on."""
        if self.transport.is_closing():
            return
        self.transport.write(close_frame(code, reason))
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()


@dataclass(frozen=True, slots=True)
class Caps:
    """How many sockets one address, one account and one stream may hold on a node (fault 45)."""

    address: int = 500
    account: int = 50
    stream: int = 20_000


@dataclass
class Channel:
    """Everyone on this node who watches one stream."""

    stream: str
    position: int = -1
    peers: dict[frozenset[str], set[Peer]] = field(default_factory=dict)

    def size(self) -> int:
        """How many watch here."""
        return sum(len(group) for group in self.peers.values())


Message = tuple[int, str]
Page = Sequence[tuple[int, bytes]]  # number and frame of each entry


class Hub:
    """Channels by stream; all calls from one event loop."""

    def __init__(self, caps: Caps = Caps()) -> None:
        self._caps = caps
        self._held: Counter[tuple[str, str]] = Counter()
        self.channels: dict[str, Channel] = {}
        self.open: dict[Peer, str] = {}  # every socket of this node with its stream, from its handshake on
        self._pages: dict[Hashable, asyncio.Task[Page]] = {}

    def enter(self, stream: str, peer: Peer) -> bool:
        """Counts a socket in, ``leave`` counts it out; False when its address, account or stream holds enough."""
        caps = {("address", peer.address): self._caps.address, ("stream", stream): self._caps.stream}
        if peer.account:
            caps["account", peer.account] = self._caps.account
        if any(self._held[held] >= most for held, most in caps.items()):
            return False
        self._held.update(caps.keys())
        self.open[peer] = stream
        return True

    async def page(self, key: Hashable, read: Callable[[], Awaitable[Page]]) -> Page:
        """One reading for everyone who asks for the same while it runs: five thousand who come at once must not
        take every connection to the database. ``join`` finds out who read too early."""
        task = self._pages.get(key)
        if task is None:
            task = self._pages[key] = asyncio.ensure_future(read())
            task.add_done_callback(lambda _: self._pages.pop(key))
        return await asyncio.shield(task)

    def join(self, stream: str, peer: Peer) -> bool:
        """Registers a caught-up peer; False when the channel has moved past it and it must read again."""
        channel = self.channels.setdefault(stream, Channel(stream, position=peer.position))
        if channel.position > peer.position:
            return False
        channel.peers.setdefault(peer.audiences, set()).add(peer)
        return True

    def leave(self, stream: str, peer: Peer) -> None:
        """Forgets a peer, and its channel with the last one."""
        if self.open.pop(peer, None) is not None:
            for held in (("address", peer.address), ("stream", stream), ("account", peer.account)):
                self._held[held] -= 1
                if self._held[held] <= 0:
                    del self._held[held]
        channel = self.channels.get(stream)
        if channel is None:
            return
        group = channel.peers.get(peer.audiences, set())
        group.discard(peer)
        if not group:
            channel.peers.pop(peer.audiences, None)
        if not channel.peers:
            self.channels.pop(stream, None)

    def viewers(self, stream: str) -> int:
        """How many sockets watch the stream on this node."""
        channel = self.channels.get(stream)
        return channel.size() if channel else 0

    async def publish(self, stream: str, groups: Mapping[frozenset[str], Sequence[Message]], position: int) -> None:
        """Sends each audience its messages, in order, each frame serialised once; the channel then stands at
        ``position``."""
        channel = self.channels.get(stream)
        if channel is None or channel.position >= position:
            return
        channel.position = position
        for audiences, messages in groups.items():
            for seq, text in messages:
                await self._send(tuple(channel.peers.get(audiences, ())), seq, text_frame(text), channel)

    async def _send(self, peers: Sequence[Peer], seq: int, frame: bytes, channel: Channel) -> None:
        for count, peer in enumerate(peers, 1):
            if peer.position < seq:
                peer.position = seq
                if not peer.write(frame):
                    self.leave(channel.stream, peer)
            if count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
