"""One writer for the log, on whichever node holds the lock.

Lock and writing share one connection, so a writer that lost the lock has lost the pen; the head row
is compared in every transaction besides. A kill at any point leaves a committed prefix, and acts
that were not numbered still stand in the outbox.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.database.fault_points import reach
from storage.kernel.errors import DomainError
from storage.ledger.appending import Connection, HeadMoved, append_waiting, require_head
from storage.ledger.chain import Chain
from storage.ledger.checkpoints import sign_checkpoint
from storage.ledger.notes import Checkpoint
from storage.ledger.outbox import OUTBOX_CHANNEL
from storage.ledger.rebuilding import rebuild
from storage.ledger.sealed_packing import pack_sealed, sealed_acts_wait

CHECKPOINT_CHANNEL = "yunkai_checkpoint"
CHECKPOINT_SECONDS = 0.5
BUSY_SECONDS = 1.0
BUSY_POLL_SECONDS = 0.01
IDLE_POLL_SECONDS = 1.0
STANDBY_SECONDS = 0.3
REFUSED_SECONDS = 5.0
STALE_HOLDER_SECONDS = 10
_LOCK = 0x79756E6B6169  # "yunkai"
_LOG = structlog.get_logger(__name__)

_CHECKPOINT = "INSERT INTO ledger_checkpoint (size, root, note, signed_at) VALUES (%s, %s, %s, clock_timestamp())"
# A stopped process keeps its connection and so the lock. Its backend sits idle, while acts wait: end it.
_END_STALE_HOLDER = """
    SELECT pg_terminate_backend(a.pid)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND (l.classid::bigint << 32) + l.objid::bigint = %s
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND a.state <> 'active' AND a.state_change < clock_timestamp() - make_interval(secs => %s)
"""


class Sequencer:
    """Numbers, chains and signs. Run one on every node; one at a time holds the lock.

    ``lots_are_open`` says whether some lot accepts bids: then a sealed batch is written at a fixed
    pace, with or without acts, so that its coming tells nothing (R-122). ``failure`` holds the
    reason while the stored log is refused.
    """

    def __init__(self, dsn: str, signer: Ed25519PrivateKey, log: str, *,
                 lots_are_open: Callable[[], Awaitable[bool]], sealed_batch_seconds: float = 1.0) -> None:
        self._dsn = dsn.replace("postgresql+psycopg://", "postgresql://", 1)
        self._signer, self._log = signer, log
        self._lots_are_open, self._pace = lots_are_open, sealed_batch_seconds
        self.failure: DomainError | None = None
        self.is_writing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set: wait for the lock, replay, write. Lost connections are taken up again."""
        while not stop.is_set():
            try:
                await self._attempt(stop)
            except psycopg.Error as error:
                _LOG.warning("ledger.connection_lost", kind=type(error).__name__)
            except HeadMoved as error:
                _LOG.error("ledger.head_moved", facts=dict(error.facts))
            except DomainError as error:
                self.failure = error
                _LOG.error("ledger.refused", code=error.code, reason=error.message, facts=dict(error.facts))
            finally:
                self.is_writing = False
            await _pause(stop, REFUSED_SECONDS if self.failure else STANDBY_SECONDS)

    async def _attempt(self, stop: asyncio.Event) -> None:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5,
                                                           application_name="yunkai-sequencer")
        async with connection:
            while not await _locked(connection):
                await connection.execute(_END_STALE_HOLDER, (_LOCK, STALE_HOLDER_SECONDS))
                await _pause(stop, STANDBY_SECONDS)
                if stop.is_set():
                    return
            chain, signed = await rebuild(connection, self._log, self._signer.public_key())
            self.failure, self.is_writing = None, True
            await connection.execute(f"LISTEN {OUTBOX_CHANNEL}")
            await _Shift(connection, chain, signed, self._signer, self._lots_are_open, self._pace).work(stop)


class _Shift:
    """One holding of the lock."""

    def __init__(self, connection: Connection, chain: Chain, signed: int, signer: Ed25519PrivateKey,
                 lots_are_open: Callable[[], Awaitable[bool]], pace: float) -> None:
        self._connection, self._chain, self._signed = connection, chain, signed
        self._signer, self._lots_are_open, self._pace = signer, lots_are_open, pace
        self._clock = asyncio.get_running_loop().time
        self._busy_until = self._signed_at = float("-inf")
        self._pack_at = self._clock()

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await append_waiting(self._connection, self._chain):
                self._busy_until = self._clock() + BUSY_SECONDS
            if self._clock() >= self._pack_at:
                await self._pack()
            if self._chain.size > self._signed and self._clock() >= self._signed_at + CHECKPOINT_SECONDS:
                await self._sign()
            await self._wait()
        if self._chain.size > self._signed:
            await self._sign()

    async def _pack(self) -> None:
        # The pace keeps its beat; beats missed while down are not made up.
        missed = (self._clock() - self._pack_at) // self._pace
        self._pack_at += (missed + 1) * self._pace
        if await self._some_lot_is_open() or await sealed_acts_wait(self._connection):
            await pack_sealed(self._connection, self._chain)

    async def _some_lot_is_open(self) -> bool:
        try:
            return await self._lots_are_open()
        except Exception as error:  # not knowing, write the batch: silence would tell more
            _LOG.warning("ledger.open_lots_unknown", kind=type(error).__name__)
            return True

    async def _sign(self) -> None:
        checkpoint = Checkpoint(self._chain.log, self._chain.size, self._chain.frontier.root())
        note = sign_checkpoint(checkpoint, self._signer)
        async with self._connection.transaction():
            await require_head(self._connection, self._chain)
            await self._connection.execute(_CHECKPOINT, (checkpoint.size, checkpoint.root, note))
            told = json.dumps({"size": checkpoint.size})
            await self._connection.execute("SELECT pg_notify(%s, %s)", (CHECKPOINT_CHANNEL, told))
            reach("sequencer.signed")
        self._signed, self._signed_at = checkpoint.size, self._clock()

    async def _wait(self) -> None:
        now = self._clock()
        if now < self._busy_until:
            await asyncio.sleep(BUSY_POLL_SECONDS)
            return
        until = min(self._pack_at - now, IDLE_POLL_SECONDS)
        if self._chain.size > self._signed:
            until = min(until, self._signed_at + CHECKPOINT_SECONDS - now)
        async for _ in self._connection.notifies(timeout=max(until, 0.001), stop_after=1):
            self._busy_until = self._clock() + BUSY_SECONDS


async def _locked(connection: Connection) -> bool:
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
    return bool(row and row[0])


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
