"""What a node runs beside its handlers, in plain sight: sequencer, timers, checks, halls, feed, housekeeping."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import structlog

from bidding.bids.checking import CheckWorker
from bidding.bids.housekeeping import sweep_sealed
from bidding.bids.receipt_pdf import PREFIX as RECEIPTS
from bidding.deposits.timers import TIMERS as DEPOSIT_TIMERS
from bidding.guarantees.timers import TIMERS as GUARANTEE_TIMERS
from bidding.opening.queries import finished_records
from bidding.opening.timers import timers as opening_timers
from bidding.opening.worker import OpeningWorker
from frontend.server.feed import listen
from frontend.server.partners import post_of, way_out
from frontend.server.parts import Parts, renew_own
from frontend.server.publishing import publish_client
from frontend.server.reactions import reactions_of
from frontend.server.watch import keep_watch
from storage.idempotency.answers import forget_old
from storage.ledger.sequencer import Sequencer
from storage.ledger.stamping import stamp_checkpoint
from storage.limits.counting import forget_past
from storage.reactions.following import Follower
from storage.timers.runner import Housekeeping, Runner
from trading.awards.letter_paper import PREFIX as LETTERS
from trading.exchange.queue import deliver_pending
from trading.papers.lasting import Renewing, note_files, renew_stamps
from trading.papers.queries import finished_files
from trading.relays.housekeeping import forget_ended
from trading.tenders.calendar_book import seed_calendar
from trading.tenders.housekeeping import sweep_documents
from trading.tenders.queries import lots_open_for_bids, signed_documents
from trading.tenders.timers import TIMERS as TENDER_TIMERS
from trading.trust.fetching import ask_the_cas

log = structlog.get_logger()
_STOPPING_SECONDS = 10


async def _lots_are_open(parts: Parts) -> bool:
    async with parts.sessions() as session:
        return await lots_open_for_bids(session)


def _sequencer(parts: Parts) -> Sequencer:
    return Sequencer(parts.settings.database_url, parts.keys.checkpoint, parts.log,
                     lots_are_open=lambda: _lots_are_open(parts),
                     sealed_batch_seconds=parts.settings.sealed_batch_seconds)


def _stamping(parts: Parts) -> list[Housekeeping]:
    """What keeps time stamps coming, and those that were given from ending."""
    async def stamp() -> bool:
        return await stamp_checkpoint(parts.sessions, parts.authority)

    async def note() -> int:
        named = [finished_files(), finished_records(), signed_documents()]
        return await note_files(parts.sessions, parts.store, named, [RECEIPTS, LETTERS])

    async def renew() -> int:
        return await renew_stamps(parts.work, Renewing(parts.store, parts.keys, parts.authority))

    async def renew_authority() -> None:
        await asyncio.to_thread(renew_own, parts)

    return [Housekeeping("ledger.stamp", timedelta(seconds=15), stamp),
            Housekeeping("stamps.note", timedelta(minutes=10), note),
            Housekeeping("stamps.renew", timedelta(minutes=1), renew),
            Housekeeping("authority.renew", timedelta(hours=1), renew_authority)]


def _runner(parts: Parts, client: httpx.AsyncClient) -> Runner:
    async def push() -> int:
        return await deliver_pending(parts.work, post_of(parts, client))

    async def sweep() -> list[str]:
        return [*await sweep_sealed(parts.sessions, parts.store), *await sweep_documents(parts.sessions, parts.store)]

    async def forget() -> int:
        return await forget_old(parts.sessions)

    async def forgive() -> int:
        return await forget_past(parts.sessions)

    async def hang_up() -> int:
        return await forget_ended(parts.sessions)

    async def ask() -> int:
        return await ask_the_cas(parts.sessions, client)

    async def look() -> None:
        await parts.trust.absorb(parts.work)

    chores = [Housekeeping("trust.ask", timedelta(seconds=1), ask),
              Housekeeping("trust.folder", timedelta(seconds=5), look),
              *_stamping(parts),
              Housekeeping("exchange.push", timedelta(seconds=2), push),
              Housekeeping("objects.sweep", timedelta(hours=1), sweep),
              Housekeeping("answers.forget", timedelta(hours=1), forget),
              Housekeeping("limits.forget", timedelta(minutes=10), forgive),
              Housekeeping("relays.forget", timedelta(minutes=1), hang_up)]
    handlers = {**TENDER_TIMERS, **DEPOSIT_TIMERS, **GUARANTEE_TIMERS, **opening_timers(parts.keys)}
    return Runner(parts.sessions, handlers, chores)


Worker = Coroutine[object, object, None]


def _workers(parts: Parts, client: httpx.AsyncClient, stop: asyncio.Event) -> dict[str, Worker]:
    checks = CheckWorker(sessions=parts.sessions, work=parts.work, store=parts.store, authority=parts.authority)
    halls = OpeningWorker(works=parts.work, settings=parts.settings, store=parts.store, keys=parts.keys,
                          authority=parts.authority)
    return {"sequencer": _sequencer(parts).run(stop), "timers": _runner(parts, client).run(stop),
            "checks": checks.run(stop), "halls": halls.run(stop), "feed": listen(parts),
            "watch": keep_watch(parts, stop),
            "reactions": Follower(parts.sessions, reactions_of(parts)).run(stop)}


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("worker ended", worker=task.get_name(), exc_info=task.exception())


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """Starts the workers, and stops them with the node; each finishes what it holds."""
    await parts.store.prepare([parts.settings.public_origin])
    await seed_calendar(parts.work())
    await parts.trust.prepare(parts.work)
    await publish_client(parts)
    stop = asyncio.Event()
    async with way_out(parts) as client:
        tasks = {name: asyncio.create_task(work, name=name) for name, work in _workers(parts, client, stop).items()}
        for task in tasks.values():
            task.add_done_callback(_report)
        try:
            yield
        finally:
            stop.set()
            tasks["feed"].cancel()  # it waits on the database for ever; the others end by themselves
            await asyncio.wait(tasks.values(), timeout=_STOPPING_SECONDS)
            for task in tasks.values():
                task.cancel()
