"""A lot whose evaluation has ended, and everyone who takes it on to its contract, over a node's own interface."""

import asyncio
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from storage.crypto.signatures import sign
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now
from storage.kernel.identifiers import new_id
from storage.ledger.tables import LedgerEntry, LedgerOutbox
from tests.nodes import ROOT
from tests.ports import draw_ports
from tests.tenders_world import Office, Person, published_lot
from tests.waiting import is_up, until
from trading.awards.model import RankedBid
from trading.awards.receiving import receive_ranking
from trading.awards.tables import Award, ResultObjection
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, Stage
from trading.tenders.queries import lock_lot
from trading.tenders.tables import Lot

Json = dict[str, Any]
PRICES = ("8730000.00", "8800000.00", "8990000.00")
VALUES = {"price": "8730000.00", "duration": "365", "manager": "李工"}


@dataclass
class Evaluated:
    """One lot after its report: three ranked bidders and one that was rejected."""

    office: Office
    work: Callable[[], Work]
    sessions: Sessions
    lot: Json
    bidders: list[Person] = field(default_factory=list)

    @property
    def at(self) -> str:
        """The lot's address."""
        return f"/api/lots/{self.lot['id']}"

    @property
    def ids(self) -> list[str]:
        """The ranked bidders' award ids, by rank; filled by ``read``."""
        return [each["id"] for each in self.shown["ranking"] if each["rank"]]

    shown: Json = field(default_factory=dict)

    async def read(self, person: Person | None = None) -> Json:
        """The award as the tenderee (or another) sees it."""
        self.shown = await self.office.tenderee.get(f"{self.at}/award")
        return self.shown if person is None else await person.get(f"{self.at}/award")  # type: ignore[no-any-return]

    async def change(self, table: Any, **values: object) -> None:
        """Changes rows of the lot by hand, as no act of the platform can: time that has passed."""
        key = table.id if table is Lot else table.lot_id
        async with self.sessions() as session:
            await session.execute(update(table).where(key == UUID(self.lot["id"])).values(**values))
            await session.commit()

    async def publicise(self, until: str | None = None) -> Json:
        """Written by the agency, reviewed by the tenderee, published."""
        path = f"{self.at}/award-texts/candidates"
        await self.office.agency.put(path, {"objection_channel": "张工，0518-80000000", "remarks": ""})
        await self.office.agency.post(f"{path}/submit", {})
        await self.office.tenderee.post(f"{path}/review", {"accepted": True})
        return await self.office.agency.post(f"{path}/publish", {"until": until})  # type: ignore[no-any-return]

    async def end_publicity(self) -> None:
        """The publicity is over now, by hand."""
        now = process_now()
        await self.change(Award, publicised_at=now - timedelta(days=5), publicity_until=now)

    async def award(self) -> Json:
        """As far as the confirmed winner."""
        await self.publicise()
        await self.end_publicity()
        await self.read()
        return await self.office.tenderee.post(  # type: ignore[no-any-return]
            f"{self.at}/winner", {"bidder": self.ids[0]})

    async def publish_result(self) -> Json:
        """The result notice: written, reviewed, out."""
        path = f"{self.at}/award-texts/result"
        await self.office.agency.put(path, {"objection_channel": "张工，0518-80000000"})
        await self.office.agency.post(f"{path}/submit", {})
        await self.office.tenderee.post(f"{path}/review", {"accepted": True})
        return await self.office.agency.post(f"{path}/publish", {})  # type: ignore[no-any-return]

    async def sign(self, paper_id: str, person: Person, capacity: str) -> Json:
        """One signature on a paper, with the person's own key."""
        path = f"/api/papers/{paper_id}"
        prepared = await person.post(f"{path}/prepare", {"capacity": capacity})
        signature = sign(person.identity.key, b64decode(prepared["to_sign"]))
        return await person.post(f"{path}/sign", {  # type: ignore[no-any-return]
            "capacity": capacity, "signature": b64encode(signature).decode()})

    async def letters(self) -> list[Json]:
        """Letters written, signed, verified, sent."""
        await self.office.agency.post(f"{self.at}/letters", {"remarks": "请携带有效证件办理后续手续。"})
        shown = await self.office.agency.post(f"{self.at}/letters/submit", {})
        await self.sign(award_letter(shown)["paper_id"], self.office.tenderee, "tenderee")
        await self.office.centre.post(f"{self.at}/letters/verify", {"accepted": True})
        shown = await self.office.agency.post(f"{self.at}/letters/send", {})
        return shown["letters"]["items"]  # type: ignore[no-any-return]

    async def verified_contract(self) -> str:
        """The contract written and verified; its paper, that nobody has signed."""
        await self.office.agency.put(f"{self.at}/contract", {"fields": {"quality": "合格"},
                                                            "performance_bond": "800000"})
        await self.office.agency.post(f"{self.at}/contract/submit", {})
        shown = await self.office.centre.post(f"{self.at}/contract/verify", {"accepted": True})
        return shown["contract"]["paper_id"]  # type: ignore[no-any-return]

    async def contract(self) -> Json:
        """The contract written, verified, signed by both."""
        paper = await self.verified_contract()
        await self.sign(paper, self.office.tenderee, "tenderee")
        await self.sign(paper, self.bidders[0], "winner")
        return await self.read()

    async def acts(self) -> Counter[str]:
        """How often each act stands in the lot's stream of the ledger, numbered or not."""
        stream = f"lot:{self.lot['id']}"
        async with self.sessions() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            waiting = await session.scalars(select(LedgerOutbox.action).where(LedgerOutbox.stream == stream))
            numbered = await session.scalars(select(LedgerEntry.entry).where(LedgerEntry.stream == stream))
            return Counter([*waiting, *(json.loads(entry)["action"] for entry in numbered)])

    async def age_objections(self, at: datetime, due_at: datetime) -> None:
        """Objections were raised then, and their answer is due then."""
        await self.change(ResultObjection, at=at, due_at=due_at)


def award_letter(shown: Json) -> Json:
    """The winner's letter among those of an award."""
    return next(each for each in shown["letters"]["items"] if each["kind"] == "award")


def ranking(bidders: list[Person]) -> list[RankedBid]:
    """Three ranked by the order given, a fourth rejected; mixed up, for the order of arrival means nothing."""
    rows = [RankedBid(new_id(), person.party.id, person.party.name, person.party.uscc, Decimal(PRICES[min(place, 2)]),
                      Decimal(95 - place) if place < 3 else None, place + 1 if place < 3 else None,
                      None if place < 3 else "投标报价高于最高投标限价", VALUES)
            for place, person in enumerate(bidders)]
    return rows[::-1]


async def evaluated_lot(office: Office, work: Callable[[], Work], sessions: Sessions, bidders: list[Person], *,
                        kind: str = "works", experts: tuple[str, ...] = (), **changed: object) -> Evaluated:
    """A published lot, brought by hand to the end of its evaluation; the ranking arrives as evaluation brings it."""
    lot = await published_lot(office, kind=kind, **changed)
    async with work() as uow:
        held = await lock_lot(uow, UUID(lot["id"]))
        held.stage = advance(Stage.EVALUATING, Act.END_EVALUATION, Passage(now=await uow.now()))
        await receive_ranking(uow, held, ranking(bidders), PLATFORM, experts=experts)
        await uow.commit()
    made = Evaluated(office, work, sessions, lot, bidders)
    await made.read()
    return made


@dataclass
class House:
    """The node's settings, its office, and the bidders by their rank to come."""

    settings: Settings
    office: Office
    bidders: list[Person]


@dataclass
class Courier:
    """The courier's program as a process of its own."""

    folder: Path
    port: int = field(default_factory=lambda: draw_ports(1)[0])
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def _run(self, *more: str) -> list[str]:
        return [sys.executable, "-m", "frontend.cli.rehearsal.programs.courier", "--key",
                str(self.folder / "courier.key"), *more]

    def public_key(self) -> str:
        """The key under which it calls back."""
        done = subprocess.run(self._run("--show-key"), cwd=ROOT, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    async def start(self, platform: str, pace: str) -> None:
        """Until it answers."""
        self.process = await asyncio.to_thread(lambda: subprocess.Popen(self._run(
            "--port", str(self.port), "--platform", platform, "--state", str(self.folder / "courier.json"),
            "--pace", pace), cwd=ROOT, stdin=subprocess.DEVNULL))
        await asyncio.to_thread(until, lambda: is_up(f"{self.address}/healthz"))

    def stop(self) -> None:
        """Ends the process that was started here."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
