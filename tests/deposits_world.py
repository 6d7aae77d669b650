"""A lot that asks for a deposit, bidders with basic accounts, and a bank: its messages as bytes, or its program."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import func, select

from bidding.deposits.answers import own_answer
from bidding.deposits.commands.accounts import request_account
from bidding.deposits.commands.receiving import take
from bidding.deposits.lot_answers import lot_answer
from bidding.deposits.queries import lot_deposits, own_deposit
from bidding.deposits.tables import DepositAccount, DepositRefund
from storage.crypto.tls import trusted_authorities
from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now, to_wire
from tests.bids_world import Person, World
from tests.nodes import ROOT
from tests.waiting import is_up, until
from trading.exchange.tables import ExchangePush
from trading.parties.tables import PartyVersion
from trading.tenders.tables import Lot

DEPOSIT = "200000.00"


def basic_account(person: Person) -> str:
    """The account a person has enrolled with."""
    return f"3204{person.party.id.int % 10**12:012d}"


async def ask_for_deposits(world: World, forms: tuple[str, ...] = ("cash", "bank")) -> None:
    """The lot asks for a deposit, and its tenderee and bidders have basic accounts."""
    async with world.sessions() as session:
        lot = await session.get_one(Lot, world.lot.id)
        lot.estimate, lot.deposit, lot.deposit_forms = Decimal(12_000_000), Decimal(DEPOSIT), list(forms)
        for person in (world.tenderee, *world.bidders):
            query = select(PartyVersion).where(PartyVersion.party_id == person.party.id)
            version = (await session.scalars(query)).one()
            version.data = {**version.data, "bank_account": basic_account(person), "bank_name": "工商银行"}
        await session.commit()
    world.lot = lot


@dataclass
class Till:
    """Bidders who pay, and the bank's messages as its program writes them, straight to the command."""

    world: World
    told: list[bytes] = field(default_factory=list)

    @property
    def sessions(self) -> Sessions:
        return self.world.sessions

    def work(self) -> Work:
        return self.world.work()

    async def ask(self, bidder: Person) -> DepositAccount:
        """An account, asked for."""
        return await request_account(self.world.lot.id, bidder.actor, self.work())

    async def tell(self, kind: str, **facts: object) -> bytes:
        """One message of the bank; the bytes, to be told again."""
        body = json.dumps({"v": 1, "id": str(uuid4()), "kind": kind, **facts}, ensure_ascii=False).encode()
        await take(body, self.work())
        self.told.append(body)
        return body

    async def open(self, bidder: Person) -> DepositAccount:
        """An account, open."""
        account = await self.ask(bidder)
        await self.tell("account.opened", account=account.number, holder="专户", bank="演示银行")
        return account

    async def pay(self, account: DepositAccount | str, payer: Person, amount: str = DEPOSIT, *, name: str = "",
                  own: str = "", value_at: datetime | None = None) -> str:
        """Money comes; the bank's serial."""
        serial = f"S{uuid4().hex}"
        await self.tell(
            "payment.received", serial=serial, account=account if isinstance(account, str) else account.number,
            payer_name=name or payer.party.name, payer_account=own or basic_account(payer), amount=amount,
            value_at=to_wire(value_at or process_now()))
        return serial

    async def own(self, bidder: Person) -> dict[str, Any]:
        """The bidder's own page."""
        async with self.sessions() as session:
            return own_answer(await own_deposit(session, self.world.lot.id, bidder.actor))

    async def seen(self, reader: Person) -> dict[str, Any]:
        """The lot's deposits as somebody sees them."""
        async with self.sessions() as session:
            return lot_answer(await lot_deposits(session, self.world.lot.id, reader.actor))

    async def orders(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of the messages that wait for the bank."""
        query = select(ExchangePush.payload).where(ExchangePush.kind == kind, ExchangePush.channel == "bank")
        async with self.sessions() as session:
            return list(await session.scalars(query.order_by(ExchangePush.created_at)))

    async def count(self, table: type[Any]) -> int:
        """Rows of a table."""
        async with self.sessions() as session:
            return int(await session.scalar(select(func.count()).select_from(table)) or 0)

    async def refunds(self) -> list[DepositRefund]:
        """All refunds, by amount."""
        async with self.sessions() as session:
            return list(await session.scalars(select(DepositRefund).order_by(DepositRefund.principal)))

    async def move_lot(self, stage: str, action: str | None = None) -> None:
        """The lot stands at a stage; with ``action`` the entry that the room above would have recorded is there too."""
        async with self.work() as uow:
            lot = await uow.session.get_one(Lot, self.world.lot.id)
            lot.stage = stage
            uow.record(action or "lot.moved_by_hand", PLATFORM, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}",
                       payload={"code": lot.code})
            await uow.commit()


@dataclass
class BankProgram:
    """The bank, as a process of its own."""

    address: str
    key: str

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """An act at the bank's counter."""
        answer = httpx.post(self.address + path, json=body, timeout=20, verify=trusted_authorities())
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str) -> Any:
        """A look into its books."""
        return httpx.get(self.address + path, timeout=20, verify=trusted_authorities()).json()

    def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition gives, once it is true."""
        return until(condition, told=lambda: f"and the bank says {self.get('/healthz')}")


def bank_key(folder: Path) -> str:
    """The public key of the bank whose files lie in the folder, as the platform's settings want it."""
    command = [sys.executable, "-m", "frontend.cli.rehearsal.programs.bank", "--key", str(folder / "bank.pem")]
    shown = subprocess.run([*command, "--show-key"], cwd=ROOT, check=True, capture_output=True, text=True)
    return shown.stdout.strip()


@contextmanager
def bank_program(platform: str, folder: Path, port: int, roots: Sequence[str] = ()) -> Iterator[BankProgram]:
    """Runs the bank beside the test; its key and books lie in the folder."""
    trusted = [word for root in roots for word in ("--root", root)]
    command = [sys.executable, "-m", "frontend.cli.rehearsal.programs.bank", "--key", str(folder / "bank.pem")]
    key = bank_key(folder)
    with (folder / "bank.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--platform", platform, "--state", str(folder / "bank.json"), *trusted],
            cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    bank = BankProgram(f"http://127.0.0.1:{port}", key)
    try:
        until(lambda: is_up(f"{bank.address}/healthz"))
        yield bank
    finally:
        process.terminate()
        process.wait(20)
