"""A whole opening through a node's own interface: hall, releases, worker, record, bundle, body by range."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bidding.opening.statements import confirmation_bytes
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from frontend.cli.verify import verify
from storage.crypto.canonical import from_base64, to_base64
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, Hall, found_hall, parts_for

BODY = bytes(range(256)) * 70_000  # 17.9 MB: three segments


@pytest.fixture
async def node_hall(node: NodeProcess, sessions: Sessions, settings: Settings, object_store: ObjectStore) -> Hall:
    """Three bids submitted to a lot whose node runs beside the test."""
    hall = await found_hall(sessions, settings, object_store)
    for place, (bidder, price) in enumerate(zip(hall.world.bidders, PRICES, strict=True)):
        await hall.submit(bidder, price, BODY if place == 0 else b"%PDF-1.7 bid")
    return hall


class House:
    """Everyone's client at one node; blocking, so it runs beside the event loop."""

    def __init__(self, hall: Hall, address: str) -> None:
        self.hall, self.address, self.lot = hall, address, f"/api/lots/{hall.lot.id}"
        self.public = ApiClient(address)

    def client(self, person: Person) -> ApiClient:
        """Signed in by certificate."""
        client = ApiClient(self.address, ClientIdentity.of(person.identities[0]))
        client.login()
        return client

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The public snapshot once it is so."""
        for _ in range(200):
            shown: dict[str, Any] = self.public.get(f"{self.lot}/hall")
            if condition(shown):
                return shown
            time.sleep(0.05)
        raise AssertionError(f"the hall never came there: {shown['step']} {shown['figures']}")

    def release(self, person: Person, role: str) -> dict[str, Any]:
        """One click."""
        client = self.client(person)
        parts = parts_for(client.get(f"{self.lot}/release-work"), person.identities[0])
        drop = "bid" if role == "bidder" else "i"
        body = {"releases": [{key: value for key, value in part.items() if key != drop} for part in parts]}
        answer: dict[str, Any] = client.post(f"{self.lot}/releases/{role}", body)
        return answer

    def sign(self, person: Person, capacity: str) -> dict[str, Any]:
        """Prepares, signs with the person's key, hands in."""
        client = self.client(person)
        prepared = client.act(f"{self.lot}/opening-record/prepare", {"capacity": capacity})
        signature = person.identities[0].sign(from_base64(prepared["to_sign"], "to_sign"))
        answer: dict[str, Any] = client.post(f"{self.lot}/opening-record/sign",
                                             {"capacity": capacity, "signature": to_base64(signature)})
        return answer


def _refused(client: ApiClient, path: str, body: Any = None) -> ApiError:
    with pytest.raises(ApiError) as refused:
        client.post(path, body)
    return refused.value


def _before_the_opening(house: House) -> None:
    hall = house.hall
    shown = house.public.get(f"{house.lot}/hall")
    assert (shown["step"], shown["bids"], shown["figures"]) == ("waiting", None, None)
    host = house.client(hall.host)
    seen = host.get(f"{house.lot}/hall")
    assert (seen["bids"], seen["figures"]) == (None, None)
    assert _refused(host, f"{house.lot}/hall/begin-decryption", {"expected": "waiting"}).status == 409
    assert _refused(house.public, f"{house.lot}/hall/sign-in", {}).status == 401
    for bidder in hall.world.bidders[:2]:
        assert house.client(bidder).post(f"{house.lot}/hall/sign-in", {})["at"]
    assert house.public.get(f"{house.lot}/hall")["figures"] is None


def _open(house: House) -> dict[str, Any]:
    hall = house.hall
    house.until(lambda shown: shown["step"] == "frozen")
    host = house.client(hall.host)
    host.post(f"{house.lot}/hall/begin-decryption", {"expected": "frozen"})
    error = _refused(host, f"{house.lot}/hall/announce", {"expected": "decrypting"})
    assert (error.status, [rule["number"] for rule in error.rules]) == (422, ["R-506"])
    for custodian in hall.world.custodians[1:]:
        assert house.release(custodian, "custodian")["sound"] == 6
    for bidder in hall.world.bidders:
        assert house.release(bidder, "bidder")["state"] in ("queued", "decrypting", "decrypted")
    shown = house.until(lambda shown: shown["figures"]["decrypted"] == 3)
    assert shown["figures"]["progress"] == 100
    assert shown["figures"]["signed_in"] == 2
    host.post(f"{house.lot}/hall/announce", {"expected": "decrypting"})
    return house.public.get(f"{house.lot}/hall")  # type: ignore[no-any-return]


def _conclude(house: House, rows: list[dict[str, Any]]) -> None:
    hall, host = house.hall, house.client(house.hall.host)
    host.post(f"{house.lot}/hall/open-objections", {"expected": "announced"})
    bidder = house.client(hall.world.bidders[0])
    raised = bidder.post(f"{house.lot}/hall/objections", {"text": "对第二家的报价大写有异议"})
    error = _refused(host, f"{house.lot}/hall/close-objections", {"expected": "objections"})
    assert [rule["number"] for rule in error.rules] == ["R-109"]
    host.post(f"{house.lot}/hall/objections/{raised['id']}/answer", {"text": "大写由数字换算，无误"})
    host.post(f"{house.lot}/hall/close-objections", {"expected": "objections"})
    for person, row in zip(hall.world.bidders, rows, strict=True):
        signature = to_base64(person.identities[0].sign(confirmation_bytes(row["row_sha256"])))
        house.client(person).post(f"{house.lot}/hall/confirmation",
                                  {"row_sha256": row["row_sha256"], "signature": signature})
    host.post(f"{house.lot}/hall/conclude", {"expected": "confirming"})
    assert house.sign(hall.recorder, "recorder")["published_at"] is None
    assert house.sign(hall.host, "host")["published_at"]


def _read_back(house: House, folder: Path) -> None:
    bids = house.public.get(f"{house.lot}/hall")["bids"]
    owner, other = (house.client(person) for person in house.hall.world.bidders[:2])
    path = f"/api/bids/{bids[0]['bid']}/body"
    assert owner.get_bytes(path) == BODY
    assert owner.get_bytes(path, first=8_388_500, last=8_388_900) == BODY[8_388_500:8_388_901]
    assert house.client(house.hall.world.supervisor).get_bytes(path, first=17_919_000) == BODY[17_919_000:]
    for client in (other, house.public, house.client(house.hall.host)):
        with pytest.raises(ApiError):
            client.get_bytes(path)
    house.until(lambda shown: {bid["body_check"] for bid in shown["bids"]} == {"sound"})
    for name, at in (("lot.json", "bundle"), ("record.json", "opening-record")):
        (folder / name).write_bytes(house.public.get_bytes(f"{house.lot}/{at}"))
    (folder / "record.pdf").write_bytes(house.public.get_bytes(f"{house.lot}/opening-record/pdf"))
    told = CliRunner().invoke(verify, [str(folder / name) for name in ("lot.json", "record.json", "record.pdf")])
    assert told.exit_code == 0, told.output


@pytest.mark.cts("A-107", "A-110", "A-111", "B-016", "B-017")
async def test_an_opening_runs_over_the_nodes_own_interface(node_hall: Hall, node: NodeProcess,
                                                            tmp_path: Path) -> None:
    house = House(node_hall, node.address)
    await asyncio.to_thread(_before_the_opening, house)
    await node_hall.world.close()
    shown = await asyncio.to_thread(_open, house)
    assert [row["price"] for row in shown["announced"]["rows"]] == list(PRICES)
    await asyncio.to_thread(_conclude, house, shown["announced"]["rows"])
    await asyncio.to_thread(_read_back, house, tmp_path)
    record = json.loads((tmp_path / "record.json").read_text())["record"]
    assert record["objections"][0]["answer"] == "大写由数字换算，无误"
