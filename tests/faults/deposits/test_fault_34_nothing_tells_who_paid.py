"""Fault 34: before T no answer to anyone else differs by a byte, whether a bidder has paid or not (R-122)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frontend.cli.client import ApiClient
from frontend.cli.demo import prepare_demo
from storage.database.settings import Settings
from storage.embedded.ports import draw_ports
from tests.deposits_world import bank_key, bank_program
from tests.faults.test_fault_34_nothing_tells_who_bids import READERS, _everything, _paths
from tests.platform_parts import StartNode
from tests.stage import Stage

_MINUTES = timedelta(minutes=10)
LINES = {"deposit": "200000", "deposit_forms": ["cash", "bank"]}


@pytest.mark.cts("A-102", "A-107")
def test_an_account_and_a_deposit_change_no_answer_to_anyone_else(settings: Settings, start_node: StartNode,
                                                                  tmp_path: Path) -> None:
    port = draw_ports(1)[0]
    node = start_node(bank_url=f"http://127.0.0.1:{port}/orders", bank_key=bank_key(tmp_path))
    prepare_demo(settings, tmp_path / "demo")
    stage = Stage(node.address, tmp_path / "demo")
    with bank_program(node.address, tmp_path, port) as bank:
        lot = stage.publish_lot(_MINUTES, kind="rehearsal", **LINES)
        readers = {"public": ApiClient(node.address), **{name: stage.client(name) for name in READERS}}
        schema = readers["public"].get("/api/schema/openapi.json")
        paths = _paths(schema, {"lot_id": lot["id"], "party_id": stage.party("bidder-1")})
        assert {f"/api/lots/{lot['id']}/deposits", f"/api/lots/{lot['id']}/deposit", "/api/deposits"} <= set(paths)
        before = _everything(readers, paths)
        _pay(stage, lot["id"], bank)
        after = _everything(readers, paths)
    assert [key for key, content in before.items() if after[key] != content] == []
    acts = [entry["entry"] for entry in readers["public"].get("/api/ledger/entries", **{"from": 0, "limit": 500})]
    assert not [act for act in acts if '"deposit.' in act or ("exchange:" in act and "deposit" in act)]


def _pay(stage: Stage, lot_id: str, bank: Any) -> None:
    """A bidder pays right, and once from a wrong account; another mistypes the number."""
    bidder = stage.client("bidder-1")
    path = f"/api/lots/{lot_id}/deposit"
    bidder.act(f"{path}/account")
    number = bank.until(lambda: bidder.get(path)["account"]["number"])
    payer = bidder.get(path)["payer"]
    money = {"account": number, "payer_name": payer["name"], "payer_account": payer["account"], "amount": "200000.00"}
    bank.post("/payments", {**money, "payer_account": "6222"})
    bank.post("/payments", money)
    bank.post("/payments", {**money, "account": "880000000000000000"})
    bank.until(lambda: bidder.get(path)["status"] == "received" and bank.get("/healthz")["waiting"] == 0)
    bank.until(lambda: len([each for each in bank.get("/moves") if each["kind"] == "refund"]) == 2)
