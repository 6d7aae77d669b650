"""The submit command against bare INSERTs of its rows, and a transaction with its ledger entry against one without."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.tables import BidVersion
from storage.crypto.platform_keys import load_platform_keys
from storage.database import work as unit
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.kernel.actor import CLOCK
from storage.kernel.clock import process_now
from storage.ledger.outbox import OutboxDraft
from tests.bids_world import World, found_world
from tests.ready_bids import Ready, make_ready

_RUNS = 5
_KEYS = {"receipt": "bid_version_id = %(version)s", "bid_version": "id = %(version)s",
         "bid": "submitted_version_id = %(version)s",
         "ledger_outbox": "act_id = (select act_id from receipt where bid_version_id = %(version)s)"}
_LIMIT_SUBMIT = (
    "Submit: the bare side sends four prepared INSERTs over one kept connection. The command reads the lot under its "
    "lock and the bid with what it rests on, asks the database for the time, signs the receipt, writes the rows in "
    "one statement and the act in another: six round trips through the object mapper. Its cost is the processor's "
    "time in Python, not the database's (4.7 ms against 1.0 ms in a quieter hour of the same machine).")


@dataclass
class Desk:
    """What submits: a world with ready bids, and the platform that signs."""

    world: World
    seal: Seal

    async def submit(self, one: Ready) -> None:
        """The command as the route calls it."""
        await submit_bid(one.version_id, one.actor, self.world.work(), self.seal)

    async def touch(self, one: Ready) -> None:
        """The smallest transaction there is: one row changed, one act recorded."""
        async with self.world.work() as uow:
            version = await uow.session.get_one(BidVersion, one.version_id, with_for_update=True)
            version.trial_at = await uow.now()
            uow.record("bid.tried", CLOCK, stream=f"lot:{self.world.lot.id}", subject=f"bid:{version.bid_id}",
                       payload={"version": version.number, "result": "ok"})
            await uow.commit()


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """A world in a fresh database."""
    engine = make_engine(settings)
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    world = await found_world(make_sessions(engine), settings.key_directory.parent / "ca", settings.trust_directory)
    try:
        yield Desk(world, Seal(keys, settings))
    finally:
        await engine.dispose()


async def _timed(act: Awaitable[object]) -> float:
    began = time.perf_counter()
    await act
    return (time.perf_counter() - began) * 1000


class Bare:
    """Tables of the same shape, filled by plain INSERTs with the values that the command wrote."""

    def __init__(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]") -> None:
        self._connection = connection

    async def prepare(self) -> None:
        """The tables, with the indices and constraints of the originals."""
        for table in _KEYS:
            await self._connection.execute(f"create table bare_{table} (like {table} including all)".encode())
            await self._connection.execute(f"alter table bare_{table} alter id drop identity if exists".encode()
                                           if table == "ledger_outbox" else b"select 1")
        await self._connection.commit()

    async def rows(self, version: UUID) -> dict[str, tuple[object, ...]]:
        """What one submission wrote."""
        found = {}
        for table, key in _KEYS.items():
            row = await (await self._connection.execute(
                f"select * from {table} where {key}".encode(), {"version": version})).fetchone()
            assert row is not None, table
            found[table] = tuple(Jsonb(value) if isinstance(value, dict) else value for value in row)
        await self._connection.commit()
        return found

    async def insert(self, rows: dict[str, tuple[object, ...]]) -> None:
        """One transaction."""
        for table, row in rows.items():
            marks = ", ".join(["%s"] * len(row))
            await self._connection.execute(f"insert into bare_{table} values ({marks})".encode(), row)
        await self._connection.commit()


async def _against_inserts(settings: Settings, count: int) -> Figure:
    async with desk(settings) as made, await psycopg.AsyncConnection.connect(
            settings.database_url.replace("+psycopg", "")) as connection:
        bare = Bare(connection)
        await bare.prepare()
        pairs: list[tuple[float, float]] = []
        for one in await make_ready(made.world, count):
            ours = await _timed(made.submit(one))
            pairs.append((ours, await _timed(bare.insert(await bare.rows(one.version_id)))))
    ratios = [statistics.median(ours for ours, _ in part) / statistics.median(bare for _, bare in part)
              for part in _shares(pairs[count // 10:])]
    context = (f"{statistics.median(each[0] for each in pairs):.1f} ms against "
               f"{statistics.median(each[1] for each in pairs):.1f} ms")
    return Figure("submit command, one after another", "bare INSERT of the same four rows, one transaction", ratios,
                  "<=", 3, context=context, limit=_LIMIT_SUBMIT)


def _shares(pairs: Sequence[tuple[float, float]]) -> list[Sequence[tuple[float, float]]]:
    width = max(1, len(pairs) // _RUNS)
    return [pairs[start:start + width] for start in range(0, width * _RUNS, width)]


Act = Callable[[Ready], Awaitable[None]]


async def _with_and_without(title: str, act: Act, bids: Sequence[Ready]) -> Figure:
    """Rates of the act as it is and with nothing written to the outbox, in turn."""
    kept, pairs = unit.append, []

    async def nothing(session: AsyncSession, draft: OutboxDraft, at: object) -> UUID:
        return draft.id
    for place in range(0, len(bids) - 1, 2):
        first, second = bids[place], bids[place + 1]
        entry = await _timed(act(first))
        unit.append = nothing
        pairs.append((entry, await _timed(act(second))))
        unit.append = kept
    ratios = [statistics.median(without for _, without in part) / statistics.median(entry for entry, _ in part)
              for part in _shares(pairs[len(pairs) // 10:])]
    context = (f"{statistics.median(each[0] for each in pairs):.1f} ms against "
               f"{statistics.median(each[1] for each in pairs):.1f} ms")
    return Figure(title, "the same without its entry (rate)", ratios, ">=", 0.7, context=context)


async def _entries(platform: Platform, settings: Settings, count: int) -> list[Figure]:
    """With a node beside, whose sequencer numbers what is written."""
    async with desk(settings) as made:
        bids = await make_ready(made.world, count)
        with platform.node(settings):
            await asyncio.sleep(1)
            submit = await _with_and_without("ledger: a submission with its entry", made.submit, bids)
            async with made.world.sessions() as session:
                assert (await session.scalars(select(BidVersion.status))).first()
            touch = await _with_and_without("ledger: one changed row with its entry", made.touch, bids)
    return [submit, touch]


def run(platform: Platform, small: bool) -> list[Figure]:
    """All three."""
    count = 40 if small else 400

    async def act() -> list[Figure]:
        return [await _against_inserts(platform.settings(), count // 2),
                *await _entries(platform, platform.settings(), count)]
    return asyncio.run(act())
