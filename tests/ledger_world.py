"""What tests of the ledger share: a log, a signer, acts, and sequencers in this or another process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import CLOCK, Actor
from storage.kernel.errors import Refused
from storage.ledger.checkpoints import verifier_key
from storage.ledger.outbox import OutboxDraft
from storage.ledger.sequencer import Sequencer
from storage.reactions.model import Heard, Reaction

LOG = "yunkai/E3207000001"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = verifier_key(LOG, SIGNER.public_key())
LOT = "lot:0190a0b0-0000-7000-8000-000000000001"
BIDDER = Actor(id="party:0190a0b0-0000-7000-8000-0000000000b1", name="投标人", roles=frozenset({"bidder"}))
PROJECT = Path(__file__).parents[1]


@asynccontextmanager
async def sessions_of(url: str) -> AsyncIterator[Sessions]:
    engine = create_async_engine(url, pool_size=20)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A plain connection, autocommit: the hand of an administrator."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


async def lots_open() -> bool:
    return True


async def no_lot_open() -> bool:
    return False


@asynccontextmanager
async def sequencing(url: str, *, lots_are_open: Callable[[], Awaitable[bool]] = no_lot_open,
                     pace: float = 0.1) -> AsyncIterator[Sequencer]:
    """A sequencer in this process for the length of the block."""
    stop = asyncio.Event()
    sequencer = Sequencer(url, SIGNER, LOG, lots_are_open=lots_are_open, sealed_batch_seconds=pace)
    task = asyncio.create_task(sequencer.run(stop))
    try:
        yield sequencer
    finally:
        stop.set()
        await task


def draft(number: int = 0, *, stream: str = LOT, sealed: bool = False, audience: tuple[str, ...] = ("public",),
          action: str = "lot.extended") -> OutboxDraft:
    return OutboxDraft(action=action, actor=BIDDER, stream=stream, subject=f"act:{number}",
                       payload={"number": number, "who": BIDDER.id}, audience=audience, sealed=sealed)


def process(code: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    """Another Python process of this project; ``environment`` may name a fault point."""
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=PROJECT,
                            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment})


async def dies_by_kill(code: str, *arguments: str, **environment: str) -> bool:
    """Starts a process that is to kill itself at its fault point; True when it did within a minute."""
    doomed = process(code, *arguments, **environment)
    try:
        return await asyncio.to_thread(doomed.wait, 60) == -signal.SIGKILL
    finally:
        doomed.kill()
        doomed.wait()


SEQUENCER_PROCESS = """
import asyncio, sys
from tests.ledger_world import SIGNER, LOG, lots_open
from storage.ledger.sequencer import Sequencer
asyncio.run(Sequencer(sys.argv[1], SIGNER, LOG, lots_are_open=lots_open, sealed_batch_seconds=0.1).run(asyncio.Event()))
"""

APPENDER_PROCESS = """
import asyncio, sys
from datetime import datetime, UTC
from sqlalchemy import func, select
from storage.ledger.outbox import append
from tests.ledger_world import draft, sessions_of
async def main(url, first, count, sealed):
    async with sessions_of(url) as sessions:
        for number in range(first, first + count):
            async with sessions() as session:
                at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
                await append(session, draft(number, sealed=sealed), at)
                await (session.rollback() if number % 10 == 9 else session.commit())
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "sealed"))
"""

# Fires timers of kind "notice"; the effect is one act in the outbox per firing.
TIMER_PROCESS = """
import asyncio, sys
from storage.timers.runner import Runner
from tests.ledger_world import noticing, sessions_of
async def main(url):
    async with sessions_of(url) as sessions:
        await Runner(sessions, {"notice": noticing}).run(asyncio.Event())
asyncio.run(main(sys.argv[1]))
"""


async def noticing(work: Work, subject: str) -> None:
    """A command as any: enters the work, records, commits."""
    async with work:
        work.record("lot.noticed", CLOCK, stream=LOT, subject=subject, payload={})
        await work.commit()


# Follows the ledger; each act of kind "lot.extended" brings about one act "lot.followed".
REACTION_PROCESS = """
import asyncio, sys
from storage.reactions.following import Follower
from tests.ledger_world import REACTION, sessions_of
async def main(url):
    async with sessions_of(url) as sessions:
        await Follower(sessions, [REACTION]).run(asyncio.Event())
asyncio.run(main(sys.argv[1]))
"""


async def following(work: Work, heard: Heard) -> None:
    """A command as any: enters the work, records, commits. A subject that says so fails."""
    if heard.payload.get("fails"):
        raise Refused("这条动作不能跟进")
    async with work:
        work.record("lot.followed", CLOCK, stream=LOT, subject=heard.subject, payload={"seq": heard.seq})
        await work.commit()


REACTION = Reaction("test.following", frozenset({"lot.extended"}), following)
