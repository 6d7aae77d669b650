"""Fault 34: before the deadline nobody but the bidder learns who bids, or how many: no answer differs by a byte."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.demo import prepare_demo
from storage.database.settings import Settings
from tests.nodes import NodeProcess
from tests.stage import Stage

READERS = ("tenderee", "agency", "host", "deputy", "supervisor", "system", "security", "auditor",
           "bidder-2")
# Instants of asking, and what the clock alone makes grow: batches are written at a fixed pace.
_CLOCK = re.compile(rb'"(now|server_time|clock_skew_seconds|signed_in_at|seen_at|ends_at)": ?("[^"]*"|[\d.]+)')
_ELSEWHERE = ("/api/login", "/api/time", "/api/ledger", "/api/schema", "/api/receipts", "/readyz", "/healthz")


def _paths(schema: dict[str, Any], known: dict[str, str]) -> list[str]:
    """Every GET address of the interface that can be filled in from what an outsider knows."""
    found = []
    for path, methods in schema["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda name: known.get(name.group(1), name.group(0)), path)
        # One's own downloads grow by this very reading.
        is_own = filled.endswith("/downloads/mine")
        if "get" in methods and "{" not in filled and not filled.startswith(_ELSEWHERE) and not is_own:
            found.append(filled)
    return sorted(found)


def _everything(readers: dict[str, ApiClient], paths: list[str]) -> dict[tuple[str, str], bytes]:
    answers = {}
    for name, client in readers.items():
        for path in paths:
            # The calendar alone asks for a span.
            query = "?from=2026-01-01T00:00:00Z&to=2036-12-31T00:00:00Z" if path == "/api/openings" else ""
            try:
                content = client.get_bytes(path + query)
            except ApiError as refusal:
                content = json.dumps([refusal.status, refusal.code, refusal.title, refusal.rules]).encode()
            answers[name, path] = _CLOCK.sub(b'"\\1":0', content)
    return answers


@pytest.mark.cts("A-107")
def test_one_bid_more_changes_no_answer_to_anyone_else(settings: Settings, node: NodeProcess, tmp_path: Path) -> None:
    prepare_demo(settings, tmp_path / "demo")
    stage = Stage(node.address, tmp_path / "demo")
    lot = stage.publish_lot(timedelta(minutes=10), kind="rehearsal")
    readers = {"public": ApiClient(node.address), **{name: stage.client(name) for name in READERS}}
    schema = readers["public"].get("/api/schema/openapi.json")
    known = {"lot_id": lot["id"], "project_id": lot.get("project_id", ""), "party_id": stage.party("bidder-1")}
    paths = _paths(schema, {key: value for key, value in known.items() if value})
    assert f"/api/lots/{lot['id']}/hall" in paths, "the interface is walked whole"
    before = _everything(readers, paths)

    bidder = stage.client("bidder-1")
    file = tmp_path / "bid.pdf"
    file.write_bytes(b"%PDF-1.7\n" + b"bid" * 100_000)
    assert bidder.identity is not None
    work = BidWork(bidder, bidder.identity, lot["id"], tmp_path / "state.json")
    sent = work.send([file], {"price": "9000000.00", "duration": "365", "manager": "王"})
    assert work.submit(sent.version)["number"].startswith("HZ-")

    after = _everything(readers, paths)
    different = [key for key, content in before.items() if after[key] != content]
    assert different == []
    _ledger_shows_batches_alone(readers["public"], lot["id"])


def _ledger_shows_batches_alone(public: ApiClient, lot_id: str) -> None:
    """What was recorded while the bid came in: batches of one length, and nothing on the lot's stream."""
    entries, first = [], 0
    while page := public.get("/api/ledger/entries", **{"from": first, "limit": 500}):
        entries += page
        first = page[-1]["seq"] + 1
    acts = [json.loads(entry["entry"]) for entry in entries]
    assert not [act for act in acts if act["action"].startswith(("bid.", "document.down"))]
    batches = {re.sub(r"\d+", "0", str(len(entry["payload"]["root"]))) for entry, act in zip(entries, acts, strict=True)
               if act["action"] == "sealed.batch"}
    assert batches == {"0"}
