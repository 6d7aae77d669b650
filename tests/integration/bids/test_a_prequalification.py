"""The pre-qualification twin: applications under a pre-qualification notice are sealed, kept and opened as bids are."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frontend.cli.bid_release import release_when_open
from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.demo import prepare_demo
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.bids_http import query
from tests.nodes import NodeProcess
from tests.stage import Stage
from tests.waiting import until

APPLICANTS = ("bidder-1", "bidder-2", "bidder-3")
OTHERS = ("host", "deputy", "tenderee", "agency", "supervisor", "auditor", "bidder-2")
SECRET = "本单位近三年无失信记录，编号 PQ-7731".encode()


def _until(api: ApiClient, lot: str, step: str, *, decrypted: int = 0) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        hall: dict[str, Any] = api.get(f"/api/lots/{lot}/hall")
        return hall if hall["step"] == step and (hall["figures"] or {}).get("decrypted", 0) >= decrypted else None
    return until(there) or {}


def _refused(act: Any) -> int:
    with pytest.raises(ApiError) as refused:
        act()
    return refused.value.status


def _apply(api: ApiClient, lot: str, file: Path, state: Path) -> str:
    """Seals, uploads and hands in; answers who applied."""
    assert api.identity is not None
    work = BidWork(api, api.identity, lot, state)
    sent = work.send([file], {"price": "9000000.00", "duration": "365", "manager": "王"})
    assert work.submit(sent.version)["number"].startswith("HZ-")
    return str(api.get("/api/me")["party"]["name"])


async def _stored(store: ObjectStore, keys: Sequence[str]) -> list[bytes]:
    return [await store.get_range(key, 0, 64 << 20) for key in keys]


@pytest.mark.cts("B-042")
def test_applications_are_sealed_and_nobody_else_opens_them_before_the_time(
        settings: Settings, node: NodeProcess, object_store: ObjectStore, tmp_path: Path) -> None:
    prepare_demo(settings, tmp_path / "demo")
    stage = Stage(node.address, tmp_path / "demo")
    made = stage.publish_lot(timedelta(seconds=45), kind="rehearsal", notice="prequalification")
    lot = made["id"]
    [published] = ApiClient(node.address).get(f"/api/lots/{lot}/notices")
    assert published["title"] == "【演练】朝阳路改造一标段资格预审公告"

    # One whole file, of two segments; it never lies in the store as it is.
    file = tmp_path / "资格预审申请文件.pdf"
    file.write_bytes(b"%PDF-1.7\n" + SECRET + bytes(range(256)) * 36_000)
    with ThreadPoolExecutor(len(APPLICANTS)) as at_once:
        names = set(at_once.map(lambda name: _apply(stage.client(name), lot, file, tmp_path / name), APPLICANTS))
    stored = asyncio.run(_stored(object_store, [key for (key,) in query(node, "select object_key from envelope")]))
    assert len(stored) == 2 * len(APPLICANTS), "each has its statement and its whole file"
    assert not [each for each in stored if SECRET in each]

    for name in OTHERS:
        client = stage.client(name)
        hall = client.get(f"/api/lots/{lot}/hall")
        assert (hall["step"], hall["bids"], hall["figures"], hall["set_sha256"]) == ("waiting", None, None, None)
        assert _refused(lambda client=client: client.get(f"/api/lots/{lot}/release-work")) in (403, 404, 409)
    shares = f"/api/lots/{lot}/releases/custodian"
    assert _refused(lambda: stage.client("tenderee").post(shares, {"releases": []})) == 409
    own = f"/api/lots/{lot}/releases/bidder"
    assert _refused(lambda: stage.client("bidder-1").post(own, {"releases": [], "signature": ""})) == 409
    assert _refused(lambda: stage.client("host").post(
        f"/api/lots/{lot}/hall/begin-decryption", {"expected": "waiting"})) == 409

    host = stage.client("host")
    stage.wait_for_hour(made)
    _until(host, lot, "frozen")
    host.post(f"/api/lots/{lot}/hall/begin-decryption", {"expected": "frozen"})
    for name in ("tenderee", "supervisor", *APPLICANTS):
        client = stage.client(name)
        assert client.identity is not None
        release_when_open(client, client.identity, lot, roots=None, patience=60)
    hall = _until(host, lot, "decrypting", decrypted=3)
    assert {each["bidder"]["name"] for each in hall["bids"]} == names
