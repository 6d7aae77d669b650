"""Fault 34: before T no answer to anyone else differs by a byte, whether a bidder has a letter or not (R-122)."""

from datetime import timedelta
from pathlib import Path

import pytest

from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient
from frontend.cli.demo import prepare_demo
from frontend.cli.guarantee_work import GuaranteeWork
from storage.crypto.demo_pki import open_demo_pki
from storage.crypto.platform_keys import load_platform_keys
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from tests.bids_http import query
from tests.faults.test_fault_34_nothing_tells_who_bids import READERS, _everything, _paths
from tests.guarantee_world import CONTACT, IssuerProcess
from tests.nodes import NodeProcess
from tests.stage import Stage

_LINES = {"deposit": "200000", "deposit_forms": ["cash", "bank"]}
_VALUES = {"price": "9000000.00", "duration": "365", "manager": "王"}


@pytest.mark.cts("A-102", "A-107")
def test_a_letter_applied_for_issued_and_sealed_into_a_bid_changes_no_answer_to_anyone_else(
        settings: Settings, node: NodeProcess, tmp_path: Path) -> None:
    prepare_demo(settings, tmp_path / "demo")
    stage = Stage(node.address, tmp_path / "demo")
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    bank = IssuerProcess("江苏海州银行", pki, keys, node.address, tmp_path / "bank")
    try:
        proposed = stage.client("host").act("/api/guarantee-issuers", bank.entry)
        listed = stage.client("deputy").act(f"/api/guarantee-issuers/{proposed['id']}/decide", {"accepted": True})
        lot = stage.publish_lot(timedelta(minutes=15), kind="rehearsal", **_LINES)
        readers = {"public": ApiClient(node.address), **{name: stage.client(name) for name in READERS}}
        paths = _paths(readers["public"].get("/api/schema/openapi.json"),
                       {"lot_id": lot["id"], "party_id": stage.party("bidder-1"), "issuer_id": listed["id"]})
        assert {f"/api/lots/{lot['id']}/guarantees", f"/api/lots/{lot['id']}/guarantee",
                "/api/guarantee-issuers"} <= set(paths)
        before = _everything(readers, paths)
        _bid_with_a_letter(stage, lot["id"], listed, tmp_path)
        after = _everything(readers, paths)
    finally:
        bank.stop()
    assert [key for key, content in before.items() if after[key] != content] == []
    _no_size_tells(node, stage, lot["id"], tmp_path)


def _bid_with_a_letter(stage: Stage, lot_id: str, listed: dict[str, str], folder: Path) -> None:
    client = stage.client("bidder-1")
    assert client.identity is not None
    desk = GuaranteeWork(client, client.identity, lot_id)
    letter = desk.letter(desk.apply(listed, CONTACT)["number"], 120)
    _bid(stage, "bidder-1", lot_id, folder).send([_paper(folder)], _VALUES, letter.to_json())


def _no_size_tells(node: NodeProcess, stage: Stage, lot_id: str, folder: Path) -> None:
    """A statement without a letter is as long as one with it, in the store as well."""
    _bid(stage, "bidder-2", lot_id, folder).send([_paper(folder)], _VALUES)
    sizes = query(node, "select size, part_count from envelope where kind = 'whole/statement'")
    assert len(sizes) == 2
    assert len(set(map(tuple, sizes))) == 1


def _bid(stage: Stage, name: str, lot_id: str, folder: Path) -> BidWork:
    client = stage.client(name)
    assert client.identity is not None
    return BidWork(client, client.identity, lot_id, folder / f"{name}.json")


def _paper(folder: Path) -> Path:
    path = folder / "bid.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"bid" * 10_000)
    return path
