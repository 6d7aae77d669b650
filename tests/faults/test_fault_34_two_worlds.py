"""Fault 34: two worlds that differ in one bidder tell everyone else the same, byte for byte, until the hour (R-122).

Up to the fork the two are one database: a lot, a rival that has bid, a committee asked for. Then the one bidder does in
one world everything that a bidder can do, and nothing in the other: two envelopes, sealed to two certificates and
under a recovery code, secured by money and by a letter.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.demo import prepare_demo
from frontend.cli.guarantee_work import GuaranteeWork
from frontend.cli.identity import ClientIdentity
from frontend.cli.rehearsal.programs.serving import own_key
from storage.crypto.callbacks import HEADER, sign_callback
from storage.crypto.demo_pki import DemoPki, open_demo_pki
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.recovery import new_code
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.kernel.clock import process_now, to_wire
from tests.deposits_world import BankProgram, bank_key, bank_program
from tests.guarantee_world import CONTACT, IssuerProcess
from tests.nodes import NodeProcess
from tests.platform_parts import nodes_over
from tests.ports import draw_ports
from tests.stage import FIELDS, Stage
from tests.two_worlds import Inbox, World, off_the_beat, without_receipts
from tests.world_walks import Fork, acting, of_the_log, outside, reading, twin_of, written

LINES = {"deposit": "200000", "deposit_forms": ["cash", "bank"], "remedy": "backup", "two_envelopes": True,
         "price_notice_minutes": 30, "announced_fields": [{**FIELDS[0], "priced": True}, *FIELDS[1:]],
         "bid_parts": [{"number": "1", "title": "技术文件", "required": True},
                       {"number": "2", "title": "报价文件", "required": True, "priced": True}]}
VALUES = {"price": "9000000.00", "duration": "365", "manager": "王"}
BIDDER, RIVAL = "bidder-1", "bidder-2"
ACTORS = ("public", "tenderee", "host", "supervisor", RIVAL)
_NOT_SEATED = "newcomer"  # has no account


@dataclass
class Ground:
    """The one platform before the fork, with its bank and its issuer."""

    node: NodeProcess
    stage: Stage
    folder: Path
    bank: BankProgram
    issuer: dict[str, Any]
    pki: DemoPki


@contextmanager
def _ground(settings: Settings, inbox: Inbox, folder: Path) -> Iterator[Ground]:
    port = draw_ports(1)[0]
    bank = {"bank_url": f"http://127.0.0.1:{port}/orders", "bank_key": bank_key(folder)}
    with nodes_over(settings, folder) as start:
        node = start(exchange_url=inbox.address, limit_factor=0, **bank)
        prepare_demo(settings, folder / "demo")
        stage = Stage(node.address, folder / "demo")
        keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
        pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
        issuer = IssuerProcess("江苏海州银行", pki, keys, node.address, folder / "issuer")
        try:
            proposed = stage.client("host").act("/api/guarantee-issuers", issuer.entry)
            listed = stage.client("deputy").act(f"/api/guarantee-issuers/{proposed['id']}/decide", {"accepted": True})
            with bank_program(node.address, folder, port) as program:
                yield Ground(node, stage, folder, program, listed, pki)
        finally:
            issuer.stop()


def _bid(ground: Ground, name: str, lot_id: str, *, letter: bool) -> None:
    """Everything that a bidder can do before the hour: fetch, pay, apply, seal, submit, take back, submit again."""
    client = ground.stage.client(name)
    assert client.identity is not None
    for path in ("document/download", "package"):
        client.get_bytes(f"/api/lots/{lot_id}/{path}")
    _pay(ground, client, lot_id)
    proof = None
    if letter:
        desk = GuaranteeWork(client, client.identity, lot_id)
        proof = desk.letter(desk.apply(ground.issuer, CONTACT)["number"], 120).to_json()
    file, prices = ground.folder / f"{name}.pdf", ground.folder / f"{name}-prices.pdf"
    file.write_bytes(b"%PDF-1.7\n" + name.encode() * 20_000)
    prices.write_bytes(b"%PDF-1.7\n" + name.encode())
    work = BidWork(client, client.identity, lot_id, ground.folder / f"{name}.json", code=new_code() if letter else None)
    for again in range(3 if letter else 1):
        sent = work.send([file], VALUES, proof, price_files=[prices])
        work.submit(sent.version)
        if again == 1:
            work.withdraw()
    client.act(f"/api/lots/{lot_id}/hall/sign-in")
    with pytest.raises(ApiError):
        client.act(f"/api/lots/{lot_id}/deposit/refund")


def _second_certificate(ground: Ground) -> None:
    """Who will bid has two, as anybody may, before anyone looks: what is bound is public (R-704)."""
    client = ground.stage.client(BIDDER)
    assert client.identity is not None
    own = client.identity.certificate
    spare = ground.pki.issue(organisation=own.organisation, uscc=own.uscc, kind="rsa", now=process_now())
    client.act("/api/me/certificates", client.show(ClientIdentity.of(spare)))


def _pay(ground: Ground, client: ApiClient, lot_id: str) -> None:
    """From a wrong account, to a number that is none, and rightly."""
    path = f"/api/lots/{lot_id}/deposit"
    client.act(f"{path}/account")
    number = ground.bank.until(lambda: client.get(path)["account"]["number"])
    payer = client.get(path)["payer"]
    money = {"account": number, "payer_name": payer["name"], "payer_account": payer["account"], "amount": "200000.00"}
    for changed in ({"payer_account": "6222"}, {"account": "880000000000000000"}, {}):
        ground.bank.post("/payments", {**money, **changed})
    ground.bank.until(lambda: _is_settled(client.get(path)) and ground.bank.get("/healthz")["waiting"] == 0)


def _state(ground: Ground, world: World, balance: str, now: datetime) -> None:
    """The bank states the day's balance: as the books are, and where the bidder has paid with as much again booked and
    not told yet."""
    body = json.dumps({"v": 1, "id": str(uuid4()), "kind": "balance.stated", "day": now.date().isoformat(),
                       "at": to_wire(now), "balance": balance}).encode()
    signed = sign_callback(own_key(ground.folder / "bank.pem"), "bank", now, body)
    told = world.ask("public", "POST", "/api/callbacks/bank", content=body, headers={
        HEADER: signed, "content-type": "application/json"})
    assert told.is_success, told.text


def _is_settled(deposit: Any) -> bool:
    """The money has come, and what came wrongly is back with its payer: the one bank tells only one of two worlds."""
    done = [each["done_at"] for each in deposit["refunds"]]
    return deposit["status"] == "received" and bool(done) and all(done)


def _roles(folder: Path) -> list[str]:
    """Everyone with an account; of the many experts and representatives one each, of people with two keys one line."""
    names = sorted(each.stem for each in folder.glob("*.p12") if each.stem not in {_NOT_SEATED, BIDDER})
    return [name for name in names if not name.endswith(("-sm", "-sign", "-seal"))
            and (not name.startswith(("expert-", "representative-")) or name.endswith("-1"))]


@pytest.fixture
def fork(settings: Settings, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Fork]:
    """One platform, grown apart."""
    with Inbox().listening() as first, Inbox().listening() as second, _ground(settings, second, tmp_path) as ground:
        lot = ground.stage.publish_lot(timedelta(minutes=25), kind="rehearsal", **LINES)
        _second_certificate(ground)
        _bid(ground, RIVAL, lot["id"], letter=False)
        tokens = {name: str(ground.stage.client(name).token) for name in _roles(tmp_path / "demo")}
        ground.node.stop()
        (tmp_path / "without").mkdir()
        with twin_of(settings, postgres) as twin, nodes_over(twin, tmp_path / "without") as start:
            told = ground.node.settings
            # Both say that they are one address, so that no paper differs by where it was asked for.
            other = start(public_origin=told.public_origin, exchange_url=first.address, limit_factor=0,
                          bank_url=told.bank_url, bank_key=told.bank_key)
            worlds = (World(other, tokens, first), World(ground.node, tokens, second, ground.node.log.stat().st_size,
                                                         len(second.received)))
            ground.node.restart()
            for world in worlds:
                for role in ("public", *tokens):
                    world.watch(role, lot["id"])
            _bid(ground, BIDDER, lot["id"], letter=True)
            now = process_now()
            for world, balance in zip(worlds, ("200000.00", "600000.00"), strict=True):
                _state(ground, world, balance, now)
            yield Fork(*worlds, lot["id"])
            for world in worlds:
                world.close()


def _both_do(fork: Fork) -> None:
    """Public acts that both worlds do, so that there is something new for sockets, log and partners to tell."""
    for world in fork.both:
        lot = world.ask("tenderee", "GET", f"/api/lots/{fork.lot_id}").json()
        later = lot["deadline_at"].replace("Z", "+00:00")
        moved = world.ask("tenderee", "POST", f"/api/lots/{fork.lot_id}/extend", json={
            "deadline_at": _five_minutes_after(later), "reason": "现场踏勘推迟"})
        assert moved.status_code == 200, moved.text


def _five_minutes_after(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(minutes=5)).isoformat()


@pytest.mark.cts("A-68", "A-96", "A-102", "A-107", "A-134", "A-146", "B-016")
def test_two_worlds_that_differ_in_one_bidder_tell_all_others_the_same(fork: Fork) -> None:
    roles, names = ["public", *fork.second.tokens], fork.second.names()
    kinds = ("bid_id", "version_id", "number", "order")
    assert [[len(found[kind]) for kind in kinds] for found in (fork.first.names(), names)] == [[1, 1, 1, 0],
                                                                                             [2, 2, 2, 1]]
    told = reading(fork, roles, names, without_receipts)
    _both_do(fork)
    told += [*outside(fork, expected=1), *of_the_log(fork, roles),
             *acting(fork, [each for each in roles if each in ACTORS], names), *written(fork),
             *off_the_beat(fork.both)]
    if told:
        pytest.fail("\n".join(told), pytrace=False)
