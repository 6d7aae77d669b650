"""The queue: statements are opened as soon as both sides have released, each bid for itself (R-144, R-512)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from bidding.bids.model import kinds_in
from bidding.opening.commands.damaging import take_damage
from bidding.opening.commands.judging import note_decrypted, settle
from bidding.opening.holding import fields_of, hold_bid
from bidding.opening.model import AT_WORK, CAUSES, DAMAGES, BidState, BodyCheck
from bidding.opening.sealed_objects import (
    SealedObject,
    released_shares,
    sealed_keys,
    sealed_objects,
    session_key,
    spoilt_rows,
)
from bidding.opening.secrets_in_hall import SealedKeys, unlock
from bidding.opening.statements import Field, Statement, read_statement
from bidding.opening.tables import OpenedBid, Opening
from storage.crypto.errors import Malformed, ObjectAltered, SealBroken
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.reader import Layout, decrypt_segment
from storage.crypto.wraps import SessionPrivateKey
from storage.database.fault_points import reach
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import NotFound, Unavailable
from storage.objects.store import ObjectStore
from trading.tenders.tables import Lot

LEASE = timedelta(seconds=20)
BACK_OFF = timedelta(seconds=2)
BATCH = 32
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """One claimed bid with everything its decryption needs; secrets only sealed to the session key."""

    opened_id: UUID
    statement: SealedObject
    statement_keys: SealedKeys
    body_keys: SealedKeys
    session: SessionPrivateKey = field(repr=False)
    fields: Sequence[Field] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What decrypting came to: a statement, or a cause with its evidence."""

    statement: Statement | None = None
    cause: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)


async def claim_bids(uow: Work, keys: PlatformKeys) -> list[Task]:
    """Takes waiting bids for this node; a claim whose lease ran out is anybody's again (fault 03)."""
    async with uow:
        now = await uow.now()
        query = (select(OpenedBid).where(OpenedBid.state.in_(AT_WORK),
                                         or_(OpenedBid.claimed_until.is_(None), OpenedBid.claimed_until <= now))
                 .order_by(OpenedBid.queued_at, OpenedBid.place).limit(BATCH).with_for_update(skip_locked=True))
        bids = (await uow.session.scalars(query)).all()
        if not bids:
            return []
        tasks = await _tasks_of(uow, bids, keys)
        ready = {task.opened_id for task in tasks}
        await _rest(uow, [bid.id for bid in bids if bid.id not in ready])
        for lot_id in {bid.lot_id for bid in bids if bid.id in ready}:
            begun = [str(bid.bid_id) for bid in bids if bid.lot_id == lot_id and bid.id in ready]
            uow.record("bids.decrypting", PLATFORM, stream=f"lot:{lot_id}", subject=f"lot:{lot_id}",
                       payload={"bids": begun})
        for bid in bids:
            if bid.id in ready:
                bid.state, bid.claimed_until = BidState.DECRYPTING, now + LEASE
        await uow.commit()
        return tasks


async def _tasks_of(uow: Work, bids: Sequence[OpenedBid], keys: PlatformKeys) -> list[Task]:
    """The tasks; where one cannot be made (a lot of SM2 on a machine without it), the others alone."""
    try:
        return await _tasks(uow, bids, keys)
    except SQLAlchemyError:
        raise
    except Exception as error:  # one bid that cannot be read must not stop the queue
        if len(bids) > 1:
            return [task for bid in bids for task in await _tasks_of(uow, [bid], keys)]
        _LOG.warning("opening.bid_waits", bid=str(bids[0].bid_id), kind=type(error).__name__)
        return []


async def _sound(uow: Work, bids: Sequence[OpenedBid]) -> list[OpenedBid]:
    """Those whose rows are what the notice lists. The others wait: rows put back within the window open them still, and
    its end settles them as the platform's fault (``close_window``)."""
    spoilt: dict[UUID, str] = {}
    for opening_id in {bid.opening_id for bid in bids}:
        own = [bid for bid in bids if bid.opening_id == opening_id]
        spoilt |= await spoilt_rows(uow.session, await uow.session.get_one(Opening, opening_id), own)
    if spoilt:
        _LOG.warning("opening.bids_wait", bids=[str(each) for each in spoilt])
    return [bid for bid in bids if bid.bid_id not in spoilt]


async def _tasks(uow: Work, bids: Sequence[OpenedBid], keys: PlatformKeys) -> list[Task]:
    bids = await _sound(uow, bids)
    objects = await sealed_objects(uow.session, bids)
    shares = await released_shares(uow.session, [bid.bid_id for bid in bids])
    sessions: dict[UUID, tuple[str, SessionPrivateKey, list[Field]]] = {}
    for opening_id in {bid.opening_id for bid in bids}:
        opening = await uow.session.get_one(Opening, opening_id)
        fields = fields_of(await uow.session.get_one(Lot, opening.lot_id), opening.envelope)
        sessions[opening_id] = opening.envelope, session_key(keys, opening), fields
    tasks = []
    for bid in bids:
        envelope, session, fields = sessions[bid.opening_id]
        body, statement = (objects[bid.bid_id][kind] for kind in kinds_in(envelope))
        tasks.append(Task(bid.id, statement, sealed_keys(bid, statement, shares), sealed_keys(bid, body, shares),
                          session, fields))
    return tasks


async def open_statement(task: Task, store: ObjectStore) -> Outcome:
    """Decrypts one statement and tries the body's key; raises ``Unavailable`` when the store is away."""
    layout = Layout(task.statement.manifest.size, task.statement.header.ctx.seg)
    try:
        stored = await store.get_range(task.statement.object_key, 0, layout.stored_size + 1)
    except NotFound:
        sealed = task.statement
        return Outcome(cause="object-missing", evidence={"kind": sealed.kind, "object": sealed.object_key})
    return await asyncio.to_thread(_open, task, layout, stored)


def _open(task: Task, layout: Layout, stored: bytes) -> Outcome:
    sealed = task.statement
    try:
        key = unlock(task.statement_keys, task.session)
        unlock(task.body_keys, task.session)
        plain = b"".join(
            decrypt_segment(key, sealed.manifest, index, stored[offset:offset + length])
            for index in range(layout.count) for offset, length in [layout.segment_range(index)])
        if len(stored) != layout.stored_size:
            raise ObjectAltered("对象长度与清单不符", stored=len(stored), signed=layout.stored_size)
        return Outcome(statement=read_statement(plain, task.fields))
    except ObjectAltered as error:
        return Outcome(cause="object-altered", evidence={"kind": sealed.kind, **_plain(error.facts)})
    except SealBroken as error:
        part = str(error.facts.get("part"))
        cause = {"custody-secret": "badly-dealt", "share": "share-mismatch"}.get(part, "seal-broken")
        return Outcome(cause=cause, evidence={"part": part})
    except Malformed as error:
        return Outcome(cause="statement-invalid", evidence={"reason": error.message, **_plain(error.facts)})


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value if isinstance(value, int | str) else str(value) for name, value in facts.items()}


async def finish_bid(opened_id: UUID, outcome: Outcome, uow: Work) -> None:
    """Writes an outcome once; whoever comes second with another claim finds the bid terminal and leaves it."""
    async with uow:
        bid = await hold_bid(uow, opened_id)
        if bid.state not in AT_WORK:
            return
        now = await uow.now()
        if outcome.statement is not None:
            note_decrypted(uow, bid, outcome.statement, now, PLATFORM)
            bid.body_check, bid.body_due_at = BodyCheck.WAITING, now
        elif outcome.cause in DAMAGES:
            await take_damage(uow, bid, outcome.cause, outcome.evidence, now)
        elif outcome.cause is not None:
            settle(uow, bid, CAUSES[outcome.cause], outcome.evidence, PLATFORM)
        reach("opening.finishing_bid")
        await uow.commit()


async def give_back(opened_id: UUID, uow: Work) -> None:
    """The store is away: the bid stays in the queue and is tried again shortly, by any node."""
    async with uow:
        await _rest(uow, [opened_id])
        await uow.commit()


async def _rest(uow: Work, opened_ids: Sequence[UUID]) -> None:
    if opened_ids:
        now = await uow.now()
        await uow.session.execute(update(OpenedBid).where(
            OpenedBid.id.in_(opened_ids), OpenedBid.state.in_(AT_WORK)).values(
                claimed_until=now + BACK_OFF).execution_options(synchronize_session=False))


async def decrypt_waiting(works: Works, store: ObjectStore, keys: PlatformKeys) -> int:
    """One round over the queue; answers how many bids it took. One bid's failure never holds the others."""
    tasks = await claim_bids(works(), keys)

    async def decrypt(task: Task) -> None:
        try:
            outcome = await open_statement(task, store)
        except Unavailable:
            await give_back(task.opened_id, works())
        else:
            await finish_bid(task.opened_id, outcome, works())

    results = await asyncio.gather(*map(decrypt, tasks), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return len(tasks)
