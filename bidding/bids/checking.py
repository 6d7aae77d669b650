"""The worker that checks uploaded objects: on any node, claimed by lease, resumed after a kill."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from bidding.bids.commands.checks import Findings, fail_check, pass_check
from bidding.bids.model import SEGMENT, EnvelopeState
from bidding.bids.reading_back import NotSealed, compare, join_parts
from bidding.bids.tables import Envelope
from storage.crypto.errors import ObjectAltered, TimestampRefused
from storage.crypto.manifest import read_manifest
from storage.crypto.reader import Layout
from storage.crypto.stamping import stamp
from storage.crypto.tsa import TimestampAuthority
from storage.database.engine import Sessions
from storage.database.fault_points import reach
from storage.database.work import Works
from storage.kernel.errors import NotFound, Refused, Unavailable
from storage.objects.store import ObjectStore

log = structlog.get_logger()
LEASE = timedelta(seconds=10)
AT_ONCE = 3
_RENEW_SECONDS = 2.0
_RETRY = timedelta(seconds=2)
_LOOK_SECONDS = 0.2  # over a partial index that is empty most of the time; NOTIFY would slow every commit


@dataclass
class CheckWorker:
    """Takes envelopes in state ``checking``, three at a time. All state is in their rows.

    A node that dies leaves a lease that runs out in ten seconds; then any node begins the check again. Checking
    twice is harmless: the verdict is passed once, under the envelope's lock.
    """

    sessions: Sessions
    work: Works
    store: ObjectStore
    authority: TimestampAuthority
    at_once: int = AT_ONCE
    _busy: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _read: dict[UUID, int] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until ``stop``; when database or store are away it waits for them."""
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew_forever())
            while not stop.is_set():
                if not await self._start_one(group):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
            left = list(self._busy)
            for task in (renewing, *self._busy.values()):
                task.cancel()
        with suppress(SQLAlchemyError, OSError):
            await self._write(left, timedelta(0))

    async def _start_one(self, group: asyncio.TaskGroup) -> bool:
        if len(self._busy) >= self.at_once:
            return False
        try:
            envelope = await self._claim()
        except (SQLAlchemyError, OSError):
            log.warning("checks wait for the database")
            return False
        if envelope is None:
            return False
        self._busy[envelope.id] = group.create_task(self._check(envelope))
        return True

    async def _claim(self) -> Envelope | None:
        """The envelope that waits longest and that no living node holds."""
        now = func.clock_timestamp()
        free = or_(Envelope.lease_until.is_(None), Envelope.lease_until < now)
        waiting = (select(Envelope.id).where(and_(Envelope.state == EnvelopeState.CHECKING, free))
                   .where(Envelope.id.not_in(list(self._busy)))
                   .order_by(Envelope.last_byte_at).limit(1).with_for_update(skip_locked=True).scalar_subquery())
        claim = update(Envelope).where(Envelope.id == waiting).values(lease_until=now + LEASE).returning(Envelope)
        async with self.sessions() as session:
            rows = await session.execute(claim.execution_options(synchronize_session=False))
            envelope = rows.scalar_one_or_none()
            await session.commit()
        return envelope

    async def _check(self, envelope: Envelope) -> None:
        """One check, from joining the parts to the verdict; what is passing is tried again."""
        try:
            await self._examine(envelope)
        except (Unavailable, TimestampRefused, SQLAlchemyError, OSError) as error:
            log.warning("check is put off", cause=type(error).__name__)
            with suppress(SQLAlchemyError, OSError):
                await self._put_off(envelope.id)
        except Exception:
            # A fault of ours must not end the worker; the lease runs out and the check is tried again.
            log.exception("check failed")
        finally:
            self._busy.pop(envelope.id, None)
            self._read.pop(envelope.id, None)

    async def _examine(self, envelope: Envelope) -> None:
        manifest = read_manifest((envelope.manifest or "").encode())
        reach("check-claimed")
        try:
            etag = await join_parts(self.store, envelope.object_key, envelope.upload_id)
            reach("check-joined")
            await compare(self.store, envelope.object_key, manifest, Layout(manifest.size, SEGMENT[envelope.kind]),
                          lambda count: self._read.__setitem__(envelope.id, count))
        except (ObjectAltered, NotSealed, NotFound, Refused) as error:
            await fail_check(envelope.id, manifest.sha256, error, self.work())
            return
        token = await stamp(self.authority, bytes.fromhex(manifest.sha256))
        reach("check-stamped")
        await pass_check(envelope.id, Findings(manifest.sha256, etag, token), self.work())

    async def _put_off(self, envelope_id: UUID) -> None:
        await self._write([envelope_id], _RETRY, reason="存储或时间戳服务暂时不可用，平台将自动重试")

    async def _renew_forever(self) -> None:
        """Keeps the leases of the checks under way, and shows how far they are."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            with suppress(SQLAlchemyError, OSError):
                for envelope_id in list(self._busy):
                    await self._write([envelope_id], LEASE, checked_parts=self._read.get(envelope_id, 0))

    async def _write(self, envelope_ids: list[UUID], lease: timedelta, **values: object) -> None:
        """Plain statements, not acts: leases and progress are no step of the procedure."""
        if not envelope_ids:
            return
        change = update(Envelope).where(Envelope.id.in_(envelope_ids), Envelope.state == EnvelopeState.CHECKING)
        async with self.sessions() as session:
            await session.execute(change.values(lease_until=func.clock_timestamp() + lease, **values)
                                  .execution_options(synchronize_session=False))
            await session.commit()
