"""Whether the time of an answer tells that somebody bids: one platform with no bid and one with many, request by
request, and beside them a second platform with none, for what two that are alike differ by (R-122, fault 34)."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.deposits.tables import DepositAccount
from bidding.guarantees.blinding import handle_of, term_of
from bidding.guarantees.tables import GuaranteeIssuer, GuaranteeOrder
from bidding.opening.commands.attending import sign_in
from frontend.cli.client import ApiClient
from frontend.cli.demo import prepare_demo
from frontend.cli.identity import ClientIdentity
from storage.crypto.demo_pki import demo_uscc, open_demo_pki
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.database.engine import Sessions, make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from storage.kernel.identifiers import new_id, receipt_number
from tests.bids_world import Person, World
from tests.ready_bids import Ready, make_ready
from tests.stage import Stage
from trading.parties.seed import PASSWORD
from trading.parties.tables import Party
from trading.tenders.downloads import hand_out
from trading.tenders.tables import Lot

_BLOCKS = 5
_STRANGER = "bidder-1"
_LIMIT = (
    "Secrecy: each line is the median time of one request at a platform whose only lot has many bids (each with "
    "download, deposit account, application for a letter, sign-in to the hall), over the median at one where nobody "
    "bids; both are copies of one database, asked in turn. The figure beside it is a third platform where nobody bids "
    "either, over the first: by so much two that are alike differ. A ratio leaks when it lies off 1 by more than that "
    "and the spread of its runs, in one direction in every run, for then asking often enough tells the two apart; a "
    "ratio within them shows nothing, and is no proof that more requests would not.")


@dataclass(frozen=True)
class Outsider:
    """One platform as those see it who may not know who bids."""

    address: str
    lot: str
    notice: str
    tokens: Mapping[str, str]
    known: ClientIdentity
    unknown: ClientIdentity
    http: httpx.Client

    def ask(self, role: str, method: str, path: str, **sent: Any) -> "Answer":
        """One request with its answer read."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        began = time.perf_counter()
        answer = self.http.request(method, self.address + path, headers=headers, **sent)
        return (time.perf_counter() - began) * 1000, answer.status_code

    def enter(self, identity: ClientIdentity) -> "Answer":
        """Signing in, without the taking of a challenge."""
        challenge = self.http.get(f"{self.address}/api/login/challenge").json()
        shown = identity.show(origin=challenge["origin"], nonce=challenge["nonce"], expires_at=challenge["expires_at"])
        return self.ask("", "POST", "/api/login", json=shown)


Answer = tuple[float, int]  # milliseconds, status
Request = Callable[[Outsider], Answer]


def _get(path: str, role: str = "") -> Request:
    return lambda one: one.ask(role, "GET", path.format(lot=one.lot, notice=one.notice))


REQUESTS: Mapping[str, Request] = {
    "lot, public": _get("/api/lots/{lot}"),
    "notice, public": _get("/api/notices/{notice}"),
    "search, public": _get("/api/notices?text=朝阳"),
    "hall, public": _get("/api/lots/{lot}/hall"),
    "calendar of openings, public": _get("/api/openings.ics"),
    "document, by a bidder that does not bid": _get("/api/lots/{lot}/document/download", _STRANGER),
    "own desk, by the same": _get("/api/lots/{lot}/bid", _STRANGER),
    "own deposit, by the same": _get("/api/lots/{lot}/deposit", _STRANGER),
    "own letter, by the same": _get("/api/lots/{lot}/guarantee", _STRANGER),
    "a receipt that is none, by the same": _get("/api/receipts/HZ-2222-2222-2222", _STRANGER),
    "submission of what is none, by the same": lambda one: one.ask(
        _STRANGER, "POST", f"/api/bid-versions/{uuid4()}/submit"),
    "sign-in to the hall without a bid, by the same": lambda one: one.ask(
        _STRANGER, "POST", f"/api/lots/{one.lot}/hall/sign-in"),
    "downloads, by the tenderee": _get("/api/lots/{lot}/downloads", "tenderee"),
    "deposits, by the tenderee": _get("/api/lots/{lot}/deposits", "tenderee"),
    "letters, by the host": _get("/api/lots/{lot}/guarantees", "host"),
    "finance, by the host": _get("/api/deposits", "host"),
    "tasks, by the host": _get("/api/me/tasks", "host"),
    "signing in, enrolled": lambda one: one.enter(one.known),
    "signing in, not enrolled": lambda one: one.enter(one.unknown),
}


async def _all_bid(settings: Settings, keys: PlatformKeys, lot_id: str, count: int) -> None:
    """So many bidders do in the lot what a bidder can do before the hour."""
    engine = make_engine(settings)
    sessions = make_sessions(engine)
    try:
        async with sessions() as session:
            lot = await session.get_one(Lot, UUID(lot_id))
            nobody = Person((await session.scalars(select(Party).limit(1))).one())
        now = process_now()
        pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=now)
        bids = await make_ready(World(sessions, pki, lot, nobody, nobody, nobody, []), count)
        await _secure(sessions, keys, lot, bids)
        for one in bids:
            await hand_out(lot.id, one.actor, Work(sessions))
            await submit_bid(one.version_id, one.actor, Work(sessions), Seal(keys, settings))
            await sign_in(lot.id, one.actor, Work(sessions))
    finally:
        await engine.dispose()


async def _secure(sessions: Sessions, keys: PlatformKeys, lot: Lot, bids: Sequence[Ready]) -> None:
    """A deposit account and an application for a letter each, as rows."""
    now, name = process_now(), "连云港演示银行"
    issuer = GuaranteeIssuer(
        id=new_id(), name=name, uscc=demo_uscc(name), kind="bank", address="http://127.0.0.1:9/orders", public_key="",
        box_certificate="", status="active", asked_by="party:0", asked_by_name="甲", asked_at=now)
    async with sessions() as session:
        session.add(issuer)
        await session.flush()
        for number, one in enumerate(bids):
            assert one.actor.party_id is not None
            assert lot.deadline_at is not None
            handle = handle_of(keys.master, lot.id, one.actor.party_id)
            session.add(DepositAccount(id=new_id(), lot_id=lot.id, party_id=one.actor.party_id, requested_at=now,
                                       number=f"88{number:016d}"))
            session.add(GuaranteeOrder(
                number=receipt_number(), issuer_id=issuer.id, handle=handle, box={}, status="applied", applied_at=now,
                term=term_of(keys.master, handle, lot.deadline_at)))
        await session.commit()


@contextmanager
def _outsiders(platform: Platform, count: int) -> Iterator[dict[str, Outsider]]:
    """``none``, ``again`` and ``many``: copies of one platform, whose lot is open; only the last has bids."""
    settings = platform.settings().model_copy(update={"limit_factor": 0, "session_idle_minutes": 120})
    with platform.node(settings) as node:
        prepare_demo(settings, platform.folder / "demo")
        stage = Stage(node.address, platform.folder / "demo")
        lot = stage.publish_lot(timedelta(minutes=55), kind="rehearsal", deposit="200000",
                                deposit_forms=["cash", "bank"])  # the hall admits sign-ins an hour before
        notice = ApiClient(node.address).get(f"/api/lots/{lot['id']}")["notices"][0]["id"]
        tokens = {role: str(stage.client(role).token) for role in (_STRANGER, "tenderee", "host")}
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    nobody = pki.issue(organisation="无人识建设有限公司", uscc=demo_uscc("无人识建设有限公司"), kind="ec-p256",
                       now=process_now())
    known = ClientIdentity.from_pkcs12(Path(platform.folder / "demo" / "bidder-2.p12"), PASSWORD)
    copies = {name: platform.copy(settings) for name in ("none", "again", "many")}
    asyncio.run(_all_bid(copies["many"], keys, lot["id"], count))
    with ExitStack() as stack:
        yield {name: Outsider(stack.enter_context(platform.node(each)).address, lot["id"], notice, tokens, known,
                              ClientIdentity.of(nobody), stack.enter_context(httpx.Client(timeout=60)))
               for name, each in copies.items()}


def _measure(outsiders: Mapping[str, Outsider], request: Request, rounds: int) -> tuple[dict[str, list[float]], int]:
    """Milliseconds by platform, asked in turn, each round in another order; and the status, which is one."""
    took: dict[str, list[float]] = {name: [] for name in outsiders}
    statuses = set()
    for _ in range(rounds):
        for name in secrets.SystemRandom().sample([*outsiders], len(outsiders)):
            spent, status = request(outsiders[name])
            took[name].append(spent)
            statuses.add(status)
    [status] = statuses
    assert status < 500
    return {name: values[max(1, rounds // 20):] for name, values in took.items()}, status  # the first warm up


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    width = len(ours) // _BLOCKS
    return [statistics.median(ours[start:start + width]) / statistics.median(theirs[start:start + width])
            for start in range(0, width * _BLOCKS, width)]


def run(platform: Platform, small: bool) -> list[Figure]:
    """Each request in turn at the three platforms."""
    count, rounds, figures = (5, 10, []) if small else (200, 300, list[Figure]())
    with _outsiders(platform, count) as outsiders:
        for name, request in REQUESTS.items():
            took, status = _measure(outsiders, request, rounds)
            alike = _ratios(took["again"], took["none"])
            typical = {which: statistics.median(values) for which, values in took.items()}
            figures.append(Figure(
                f"before the hour, {count} bids: {name} ({status})", "the same where nobody bids",
                _ratios(took["many"], took["none"]),
                context=f"{typical['many']:.2f} ms against {typical['none']:.2f} ms; two without bids "
                        f"{statistics.median(alike):.2f} ({min(alike):.2f}–{max(alike):.2f})", limit=_LIMIT))
    return figures
