"""A viewer in a process of its own: follows the lot's stream over a WebSocket and checks the chain as it flows."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from threading import Condition, Thread
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from frontend.cli.rehearsal.processes import CONTEXT
from storage.ledger.model import ZERO_HASH, LedgerBroken, leaf_hash, payload_digest, payload_text
from storage.ledger.verification import decode_entry

CUT_AT = "opening.decryption_begun"  # here the viewer loses its line, and comes back over the next node
_STILL = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as the viewer saw it; ``payload`` None where the public may not read it."""

    seq: int
    action: str
    actor: str
    leaf: str
    payload: dict[str, Any] | None


@dataclass
class _Chain:
    """The stream so far: each entry canonical, its leaf right, continuing the one before."""

    stream: str
    head: str = ZERO_HASH
    position: int = -1

    def accept(self, message: dict[str, Any]) -> Seen:
        entry = decode_entry(message["entry"])
        leaf = leaf_hash(message["entry"].encode()).hex()
        if (entry.stream, entry.stream_prev, message["leaf"], message["seq"]) != (
                self.stream, self.head, leaf, entry.seq):
            raise LedgerBroken(f"条目 {entry.seq} 未承接本流前一条目", seq=entry.seq)
        payload, salt = message["payload"], message["salt"]
        if payload is not None and payload_digest(payload_text(payload), bytes.fromhex(salt)) != entry.payload_sha256:
            raise LedgerBroken(f"条目 {entry.seq} 的内容与摘要不符", seq=entry.seq)
        self.head, self.position = leaf, entry.seq
        return Seen(entry.seq, entry.action, entry.actor, leaf, payload)


def follow(servers: tuple[str, ...], lot: str, out: Connection) -> None:
    """The process: tells what it sees, or what is wrong, until the other end is closed or the process stopped."""
    chain, turn = _Chain(f"lot:{lot}"), 0
    while True:
        address = servers[turn % len(servers)].replace("http", "ws", 1)
        try:
            _follow_once(f"{address}/api/lots/{lot}/feed?after={chain.position}", chain, out)
        except LedgerBroken as error:
            out.send(error.message)
            return
        except (WebSocketException, OSError):
            pass
        time.sleep(_STILL)
        turn += 1


def _follow_once(address: str, chain: _Chain, out: Connection) -> None:
    with connect(address, proxy=None, compression=None, max_size=8 << 20) as socket:
        for text in socket:
            seen = chain.accept(json.loads(text))
            out.send(seen)
            if seen.action == CUT_AT:
                return


@dataclass
class Follower:
    """The viewer's process, seen from the rehearsal."""

    servers: tuple[str, ...]
    lot: str
    seen: list[Seen] = field(default_factory=list)
    fault: str = ""
    _since: int = 0
    _news: Condition = field(default_factory=Condition)

    def __enter__(self) -> "Follower":
        self._in, out = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=follow, args=(self.servers, self.lot, out), daemon=True)
        self._process.start()
        out.close()
        Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def _listen(self) -> None:
        while True:
            try:
                found = self._in.recv()
            except (EOFError, OSError):
                found = self.fault or "旁观进程已结束"
            with self._news:
                if isinstance(found, Seen):
                    self.seen.append(found)
                else:
                    self.fault = found
                self._news.notify_all()
            if not isinstance(found, Seen):
                return

    def turn_page(self) -> None:
        """From here on only what comes is told: a second opening repeats the acts of the first."""
        with self._news:
            self._since = len(self.seen)

    def of(self, action: str) -> list[Seen]:
        """All entries of an action so far, since the page was turned."""
        with self._news:
            return [each for each in self.seen[self._since:] if each.action == action]

    def wait(self, action: str, seconds: float, count: int = 1) -> list[Seen]:
        """So many entries of an action, as soon as they were seen; raises ``TimeoutError``, ``LedgerBroken``."""
        def enough() -> bool:
            return bool(self.fault) or sum(each.action == action for each in self.seen[self._since:]) >= count
        self._wait(enough, seconds, f"{action} × {count}")
        return self.of(action)

    def wait_for_seq(self, seq: int, seconds: float) -> None:
        """Until the viewer stands at this entry or after it."""
        self._wait(lambda: bool(self.fault) or any(each.seq >= seq for each in self.seen), seconds, f"seq {seq}")

    def _wait(self, enough: Callable[[], bool], seconds: float, what: str) -> None:
        with self._news:
            if not self._news.wait_for(enough, seconds):
                raise TimeoutError(f"{seconds:.0f} 秒内没有看到 {what}")
            if self.fault:
                raise LedgerBroken(self.fault, seq=None)
