"""The whole way of a deposit over HTTP: node and bank are processes of their own, and speak by signed messages."""

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.certificates import parse_certificate
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.command_line import CommandLine
from tests.deposits_world import (
    DEPOSIT,
    BankProgram,
    Till,
    ask_for_deposits,
    bank_key,
    bank_program,
    basic_account,
)
from tests.fresh_proof import By, StaleSession
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, Hall, found_hall
from tests.platform_parts import StartNode
from tests.ports import draw_ports

FIELDS = ("--field", "price=8730000.00", "--field", "days=365")


class Counter:
    """Bidders at the platform, and at the bank."""

    def __init__(self, hall: Hall, node: NodeProcess, bank: BankProgram) -> None:
        self.hall, self.node, self.address, self.bank = hall, node, node.address, bank
        self.path = f"/api/lots/{hall.lot.id}"

    def client(self, person: Person) -> ApiClient:
        """Signed in by certificate."""
        client = ApiClient(self.address, ClientIdentity.of(person.identities[0]))
        client.login()
        return client

    def late(self, person: Person, path: str, body: Any = None, *, by: By) -> Any:
        """An act of who has signed in a while ago, and must prove itself anew (fault 36)."""
        return StaleSession(self.client(person), self.node.settings).act(path, body, by=by)

    def own(self, bidder: Person) -> Any:
        """The bidder's own page."""
        return self.client(bidder).get(f"{self.path}/deposit")

    def account(self, bidder: Person) -> str:
        """An account, asked for and open."""
        api = self.client(bidder)
        api.act(f"{self.path}/deposit/account")
        return str(self.bank.until(lambda: api.get(f"{self.path}/deposit")["account"]["number"]))

    def transfer(self, bidder: Person, account: str, amount: str = DEPOSIT, own: str = "") -> str:
        """What a bidder does at the bank."""
        return str(self.bank.post("/payments", {
            "account": account, "payer_name": bidder.party.name, "payer_account": own or basic_account(bidder),
            "amount": amount})["serial"])

    def status(self, bidder: Person, word: str) -> Any:
        """The own page once it says so."""
        return self.bank.until(lambda: (page := self.own(bidder)) and page["status"] == word and page)


@pytest.fixture
async def counter(start_node: StartNode, sessions: Sessions, settings: Settings, object_store: ObjectStore,
                  tmp_path: Path) -> Any:
    """A node that knows the bank, a bank that knows the node's root, a lot that asks for a deposit."""
    port, key = draw_ports(1)[0], await asyncio.to_thread(bank_key, tmp_path)
    node = await asyncio.to_thread(lambda: start_node(bank_url=f"http://127.0.0.1:{port}/orders", bank_key=key))
    about = await asyncio.to_thread(lambda: ApiClient(node.address).get("/api/platform"))
    roots = [parse_certificate(pem).fingerprint for pem in about["certificates"]]
    hall = await found_hall(sessions, settings, object_store)
    await ask_for_deposits(hall.world)
    with bank_program(node.address, tmp_path, port, roots) as bank:
        yield Counter(hall, node, bank)


def _pay(counter: Counter) -> None:
    first, second, third = counter.hall.world.bidders
    account = counter.account(first)
    with pytest.raises(ApiError) as refused:
        counter.client(counter.hall.host).get(f"{counter.path}/deposit")
    assert refused.value.status == 403
    counter.transfer(first, account)
    page = counter.status(first, "received")
    assert (page["payments"][0]["verdict"], page["missing_amount"]) == ("MATCHED", "0.00")
    stray = counter.transfer(second, counter.account(second), own="6222 0000 1111")
    counter.status(second, "wrong")
    back = counter.bank.until(lambda: [each for each in counter.bank.get("/moves") if each["kind"] == "refund"])
    assert (back[0]["counter_account"], back[0]["amount"]) == ("6222 0000 1111", DEPOSIT)
    assert {each["serial"] for each in counter.bank.get("/moves") if each["kind"] == "in"} >= {stray}
    assert counter.own(third)["status"] == "none"
    empty = counter.client(counter.hall.host).get(f"{counter.path}/deposits")
    assert (empty["bids"], empty["payments"]) == ([], [])


def _opened(counter: Counter) -> None:
    public = ApiClient(counter.address)
    rows = counter.bank.until(lambda: public.get(f"{counter.path}/hall")["bids"])
    assert [each["security"]["verdict"] for each in rows] == ["MATCHED", "NOT_BASIC", "NONE"]
    told = counter.client(counter.hall.host).get(f"{counter.path}/deposits")
    assert [each["verdict"] for each in told["payments"]] == ["MATCHED", "NOT_BASIC"]
    assert counter.client(counter.hall.host).get("/api/deposits")["lots"][0]["held"] == DEPOSIT


def _not_kept(counter: Counter) -> None:
    """Twice the tenderee proposes to keep a deposit, and the centre decides that it is not kept (R-403)."""
    hall = counter.hall
    rows = counter.client(hall.host).get(f"{counter.path}/deposits")["bids"]
    proposal = {"bid": rows[0]["bid"], "ground": "refuses_to_sign", "statement": "拒签合同，经两次书面催告。",
                "evidence": [{"name": "催告函.pdf", "content": b64encode(b"%PDF-1.7 letter").decode()}]}
    proofs: tuple[tuple[By, By], ...] = (("touch", "certificate"), ("certificate", "touch"))
    for proposed, decided in proofs:
        made = counter.late(hall.world.tenderee, f"{counter.path}/deposits/forfeitures", proposal, by=proposed)
        judged = {"accepted": False, "reason": "证据不足"}
        counter.late(hall.host, f"/api/deposit-forfeitures/{made['id']}/decide", judged, by=decided)


def _refunded(counter: Counter) -> None:
    first = counter.hall.world.bidders[0]
    page = counter.status(first, "refunded")
    assert (page["refunds"][0]["reason"], page["refunds"][0]["principal"]) == ("contract", DEPOSIT)
    counter.bank.post("/statements", {})
    finance = counter.client(counter.hall.host)
    balance = counter.bank.until(lambda: finance.get("/api/deposits")["balances"])
    assert balance[0]["agrees"], balance
    assert counter.bank.get("/healthz")["refused"] == []


@pytest.mark.cts("A-102", "A-103", "A-105", "B-047")
async def test_a_deposit_goes_to_the_bank_and_back_over_http(counter: Counter) -> None:
    await asyncio.to_thread(_pay, counter)
    for bidder, price in zip(counter.hall.world.bidders, PRICES, strict=True):
        await counter.hall.submit(bidder, price)
    await counter.hall.world.close()
    await asyncio.to_thread(_opened, counter)
    await asyncio.to_thread(_not_kept, counter)
    await Till(counter.hall.world).move_lot("contracted", "contract.signed")
    await asyncio.to_thread(_refunded, counter)


def _without_the_banks_key(counter: Counter) -> None:
    account = counter.account(counter.hall.world.bidders[0])
    body = {"v": 1, "id": "x", "kind": "payment.received", "serial": "S", "account": account, "payer_name": "x",
            "payer_account": "x", "amount": "1.00", "value_at": "2026-11-26T00:00:00Z"}
    for headers in ({}, {"Yunkai-Signature": "2026-11-26T00:00:00Z;AAAA"}):
        answer = httpx.post(f"{counter.address}/api/callbacks/bank", json=body, headers=headers, timeout=20)
        assert 400 <= answer.status_code < 500, answer.text
    forged = httpx.post(f"{counter.bank.address}/orders", timeout=20, json={
        "v": 1, "id": "x", "kind": "deposit.account.open", "subject": "x", "platform": "x", "sha256": "0" * 64,
        "payload": {"account": "881", "label": ""}, "signature": {"chain": [], "value": ""}})
    assert forged.status_code == 422
    assert counter.own(counter.hall.world.bidders[0])["payments"] == []


def _asked_back(counter: Counter, bidder: Person, by: By) -> None:
    """Paid, and without a bid: the money goes back when its bidder asks (R-131)."""
    counter.transfer(bidder, counter.account(bidder))
    counter.status(bidder, "received")
    counter.late(bidder, f"{counter.path}/deposit/refund", by=by)
    assert counter.status(bidder, "refunded")["refunds"]


def _sent_again(counter: Counter, by: By) -> None:
    """An order that the bank could not carry out goes out anew, by finance and with a fresh proof alone (fault 36)."""
    failed = ("update deposit_refund set error = '账户已注销', done_at = null "
              "where id = (select id from deposit_refund limit 1)")
    with psycopg.connect(counter.node.settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
        refund = line.execute(f"{failed} returning id".encode()).fetchone()
    assert refund is not None
    counter.late(counter.hall.host, f"/api/deposit-refunds/{refund[0]}/retry", by=by)


async def test_neither_side_takes_a_message_that_the_other_has_not_signed(counter: Counter) -> None:
    await asyncio.to_thread(_without_the_banks_key, counter)
    proofs: tuple[By, By] = ("touch", "certificate")
    for bidder, by in zip(counter.hall.world.bidders, proofs, strict=False):
        await asyncio.to_thread(_asked_back, counter, bidder, by)
        await asyncio.to_thread(_sent_again, counter, by)


def _pay_by_command_line(counter: Counter, run: CommandLine) -> None:
    bidder, lot = counter.hall.world.bidders[0], str(counter.hall.lot.id)
    before = run(bidder, "deposit", lot)
    assert "应缴 200000.00 元" in before.stdout, before.stderr
    assert "尚未申请账号" in before.stdout
    opened = run(bidder, "deposit", lot, "--request")
    account = opened.stdout.split("收款账号：")[1].split()[0]
    assert account == counter.own(bidder)["account"]["number"]
    assert basic_account(bidder) in opened.stdout, "from which account it must come"
    counter.transfer(bidder, account, "150000.00")
    counter.status(bidder, "short")
    short = run(bidder, "deposit", lot)
    assert "已到账 150000.00 元　尚缺 50000.00 元" in short.stdout
    assert "R-401/5" in short.stdout
    sent = run(bidder, "send", lot, "--file", "bid.pdf", *FIELDS, "--no-submit")
    assert "已上传未提交" in sent.stderr
    assert "R-120/5" in run(bidder, "submit", lot).stderr, "half of it secures nothing"
    counter.transfer(bidder, account, "50000.00")
    counter.status(bidder, "received")
    assert "已足额到账" in run(bidder, "deposit", lot).stdout
    again = run(bidder, "send", lot, "--file", "bid.pdf", *FIELDS)
    assert "已提交" in again.stdout, again.stderr
    assert "R-120/5" not in again.stderr


@pytest.mark.cts("A-102")
async def test_the_command_line_shows_where_to_pay_and_warns_until_it_came(counter: Counter, tmp_path: Path) -> None:
    (tmp_path / "bid.pdf").write_bytes(b"%PDF-1.7\n" + b"bid" * 50_000)
    await asyncio.to_thread(_pay_by_command_line, counter, CommandLine(counter.node, tmp_path))
