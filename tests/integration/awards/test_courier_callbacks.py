"""What the courier reports is taken once, only under its own key, and never moves a parcel back (fault 21)."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from storage.crypto.callbacks import HEADER, sign_callback
from storage.kernel.clock import process_now, to_wire
from tests.awards_world import Courier, Evaluated, award_letter

ADDRESS = {"recipient": "王经理", "phone": "13800000000", "address": "连云港市海州区海连中路1号", "consents": True}


def report(order: str, status: str, **more: str) -> bytes:
    """The bytes of one callback."""
    return json.dumps({"v": 1, "id": str(uuid4()), "kind": "courier.status", "order": order, "waybill": "YK0001",
                       "status": status, "at": to_wire(process_now()), "place": "海州", **more}).encode()


async def call(made: Evaluated, key: Ed25519PrivateKey, body: bytes, *, channel: str = "courier",
               at: datetime | None = None) -> httpx.Response:
    """One signed callback, as the courier's program sends it."""
    header = sign_callback(key, channel, at or process_now(), body)
    return await made.office.public.post("/api/callbacks/courier", content=body, headers={
        HEADER: header, "content-type": "application/json"})


async def test_a_callback_is_one_event_however_often_it_comes(evaluated: Evaluated, courier: Courier) -> None:
    office = evaluated.office
    await evaluated.award()
    path = f"/api/award-letters/{award_letter({'letters': {'items': await evaluated.letters()}})['id']}"
    await office.bidder.post(f"{path}/address", ADDRESS)
    order = (await office.agency.post(f"{path}/courier", {}))["courier"]["order"]
    key = load_pem_private_key((courier.folder / "courier.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    body = report(order, "delivering")
    for _ in range(2):
        assert (await call(evaluated, key, body)).json() == {"id": json.loads(body)["id"], "accepted": True}
    other = json.dumps(json.loads(body) | {"status": "signed"}).encode()
    assert (await call(evaluated, key, other)).status_code == 422
    assert (await call(evaluated, key, report(order, "collected"))).status_code == 200
    told = (await office.bidder.get(path))["courier"]
    assert (told["status"], [each["status"] for each in told["events"]]) == ("delivering", ["delivering", "collected"])
    assert not (await call(evaluated, Ed25519PrivateKey.generate(), report(order, "signed"))).is_success
    assert not (await call(evaluated, key, report(order, "signed"), channel="bank")).is_success
    old = process_now() - timedelta(minutes=6)
    assert not (await call(evaluated, key, report(order, "signed"), at=old)).is_success
    assert (await call(evaluated, key, report(str(uuid4()), "signed"))).status_code == 404
    assert (await call(evaluated, key, b"{}")).status_code == 400
    assert (await office.bidder.get(path))["courier"]["status"] == "delivering"
