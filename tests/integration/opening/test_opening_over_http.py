"""A whole opening through a node's own interface: hall, releases, worker, record, bundle, body by range."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from bidding.bids.receipt_pdf import pdf_key
from bidding.bids.tables import Bid, BidVersion, Receipt
from bidding.opening.statements import confirmation_bytes
from bidding.opening.tables import Opening
from frontend.cli.access_checks import check_security_keys
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from frontend.cli.verify import verify
from storage.crypto.canonical import from_base64, to_base64
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now, to_wire
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.fresh_proof import By, StaleSession
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, Hall, found_hall, parts_for, signed_release
from tests.waiting import until
from trading.papers.tables import LastingFile

UNTIL = datetime(2046, 1, 1, tzinfo=UTC)
PROOFS: tuple[By, By] = ("touch", "certificate")
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
        def there() -> dict[str, Any] | None:
            shown: dict[str, Any] = self.public.get(f"{self.lot}/hall")
            return shown if condition(shown) else None
        return until(there) or {}

    def release(self, person: Person, role: str, key: int = 0, by: By | None = None) -> dict[str, Any]:
        """One click; ``key``: which of the person's keys opens; ``by``: what proves anew who signed in a while ago."""
        client = self.client(person)
        parts = parts_for(client.get(f"{self.lot}/release-work"), person.identities[key])
        drop = "bid" if role == "bidder" else "i"
        body: dict[str, Any] = {
            "releases": [{key: value for key, value in part.items() if key != drop} for part in parts]}
        if role == "bidder":
            body["signature"] = signed_release(parts, person.identities[key]).signature
        path = f"{self.lot}/releases/{role}"
        answer: dict[str, Any] = self.late(client, path, body, by=by) if by else client.post(path, body)
        return answer

    def late(self, client: ApiClient, path: str, body: Any, *, by: By) -> Any:
        """An act of who has signed in a while ago (fault 36)."""
        return StaleSession(client, self.hall.settings).act(path, body, by=by)

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


def _is_turned_away(client: ApiClient) -> bool:
    try:
        client.login()
    except ApiError:
        return True
    return False


def _loses_its_certificate(house: House, late: BidVersion) -> None:
    """The last bidder's is revoked after it submitted: it is let in by a renewed one alone, and submits nothing."""
    person, pki = house.hall.world.bidders[-1], house.hall.world.pki
    client, lost = house.client(person), person.identities[0]
    pki.revoke(lost.certificate, now=process_now())
    until(lambda: _is_turned_away(client))  # the node looks into its folder every few seconds
    error = _refused(client, f"/api/bid-versions/{late.id}/submit")
    assert (error.status, error.facts["reason"]) == (409, "revoked")
    fresh = pki.issue(organisation=person.party.name, uscc=person.party.uscc, kind="ec-p256", now=process_now())
    renewed = ApiClient(house.address, ClientIdentity.of(fresh))
    renewed.post("/api/login/renewed", renewed.show(ClientIdentity.of(fresh)))
    shown = renewed.get("/api/me")
    assert {each["fingerprint"]: each["state"] for each in shown["certificates"]} == {
        lost.certificate.fingerprint: "revoked", fresh.certificate.fingerprint: "usable"}
    assert [each["certificate"] for each in shown["warnings"] if each["code"] == "certificate-revoked"] == [
        lost.certificate.fingerprint]
    person.identities.insert(0, fresh)


def _open(house: House) -> dict[str, Any]:
    hall = house.hall
    house.until(lambda shown: shown["step"] == "frozen")
    host = house.client(hall.host)
    house.late(host, f"{house.lot}/hall/begin-decryption", {"expected": "frozen"}, by="touch")
    error = _refused(host, f"{house.lot}/hall/announce", {"expected": "decrypting"})
    assert (error.status, [rule["number"] for rule in error.rules]) == (422, ["R-506"])
    for custodian, by in zip(hall.world.custodians[1:], PROOFS, strict=True):
        assert house.release(custodian, "custodian", by=by)["sound"] == 6
    proofs: tuple[By | None, ...] = (*PROOFS, None)
    for bidder, key, proof in zip(hall.world.bidders, (0, 0, 1), proofs, strict=True):
        assert house.release(bidder, "bidder", key, proof)["state"] in ("queued", "decrypting", "decrypted")
    shown = house.until(lambda shown: shown["figures"]["decrypted"] == 3)
    assert shown["figures"]["progress"] == 100
    assert shown["figures"]["signed_in"] == 2
    flags: list[dict[str, list[str]]] = [{}, {}, {"released": ["revoked"]}]
    assert [bid["certificate_flags"] for bid in shown["bids"]] == flags, "it held when the bid was submitted (R-515)"
    house.late(host, f"{house.lot}/hall/announce", {"expected": "decrypting"}, by="certificate")
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
    file = f"/api/bids/{bids[0]['bid']}/file?offset=256&length=512&name=%E6%8A%A5%E4%BB%B7.pdf"
    assert owner.get_bytes(file) == BODY[256:768]
    [mine] = owner.get(f"{house.lot}/opened-bid")["envelopes"]
    assert (mine["envelope"], mine["state"], mine["body"]["url"], mine["body"]["size"]) == ("whole", "open", path,
                                                                                           len(BODY))
    [theirs] = other.get(f"{house.lot}/opened-bid")["envelopes"]
    assert theirs["body"]["url"] == f"/api/bids/{bids[1]['bid']}/body"
    for client in (other, house.public, house.client(house.hall.host)):
        for each in (path, file):
            with pytest.raises(ApiError):
                client.get_bytes(each)
    with pytest.raises(ApiError):
        house.client(house.hall.host).get(f"{house.lot}/opened-bid")
    house.until(lambda shown: {bid["body_check"] for bid in shown["bids"]} == {"sound"})
    for name, at in (("lot.json", "bundle"), ("record.json", "opening-record")):
        (folder / name).write_bytes(house.public.get_bytes(f"{house.lot}/{at}"))
    (folder / "record.pdf").write_bytes(house.public.get_bytes(f"{house.lot}/opening-record/pdf"))
    told = CliRunner().invoke(verify, [str(folder / name) for name in ("lot.json", "record.json", "record.pdf")])
    assert told.exit_code == 0, told.output
    assert "among them 3 of 3 submissions" in told.output


async def _gets_further_stamps(hall: Hall) -> list[bytes]:
    """The record, and the first bidder's receipt, as if renewed long after; answers the renewed files."""
    async with hall.world.sessions() as session, session.begin():
        record = await session.scalar(select(Opening.record_pdf_key).where(Opening.lot_id == hall.lot.id))
        receipt = await session.scalar(
            select(Receipt).join(BidVersion, BidVersion.id == Receipt.bid_version_id).join(
                Bid, Bid.id == BidVersion.bid_id).where(
                Bid.lot_id == hall.lot.id, Bid.party_id == hall.world.bidders[0].party.id))
        assert record is not None
        assert receipt is not None
        made = []
        for key in (record, pdf_key(receipt)):
            made.append(f"%PDF-1.7 {key} and further stamps".encode())
            await hall.store.put(renewed := f"restamped/{new_id()}.pdf", made[-1], "application/pdf")
            await session.execute(insert(LastingFile).values(
                key=key, stamped_until=UNTIL, authority="", renewed_key=renewed, renewals=1, retry_at=UNTIL,
                failures=0, last_error=""))
    return made


def _offers_them(house: House, record: bytes, receipt: bytes) -> None:
    shown = house.public.get(f"{house.lot}/hall")["record"]
    assert shown["renewed_until"] == {"whole": to_wire(UNTIL)}
    assert house.public.get_bytes(f"{house.lot}/opening-record/pdf?envelope=whole&renewed=true") == record
    assert house.public.get_bytes(f"{house.lot}/opening-record/pdf") != record, "what the ledger names stays"
    first, second = (house.client(each) for each in house.hall.world.bidders[:2])
    [line] = first.get(f"{house.lot}/bid")["bid"]["receipts"]
    assert line["renewed_until"] == to_wire(UNTIL)
    assert first.get_bytes(f"/api/receipts/{line['number']}/pdf?renewed=true") == receipt
    assert [each["renewed_until"] for each in second.get(f"{house.lot}/bid")["bid"]["receipts"]] == [None]


@pytest.mark.cts("A-107", "A-110", "A-111", "A-112", "B-016", "B-017")
async def test_an_opening_runs_over_the_nodes_own_interface(node_hall: Hall, node: NodeProcess,
                                                            tmp_path: Path) -> None:
    house = House(node_hall, node.address)
    keepers = await check_security_keys(node_hall.settings.model_copy(update={"demo": False}))
    assert [all(each.party.name in found.chinese for each in node_hall.world.custodians) for found in keepers
            if found.chinese.startswith("密钥份额保管人未登记安全钥匙，不能释放份额")] == [True]
    await asyncio.to_thread(_before_the_opening, house)
    late = await node_hall.upload(node_hall.world.bidders[-1], "8000000.00")
    await asyncio.to_thread(_loses_its_certificate, house, late)
    await node_hall.hour_comes()
    shown = await asyncio.to_thread(_open, house)
    assert [row["price"] for row in shown["announced"]["rows"]] == list(PRICES)
    await asyncio.to_thread(_conclude, house, shown["announced"]["rows"])
    await asyncio.to_thread(_read_back, house, tmp_path)
    assert house.public.get(f"{house.lot}/hall")["record"]["renewed_until"] == {}, "no dead button"
    await asyncio.to_thread(_offers_them, house, *await _gets_further_stamps(node_hall))
    record = json.loads((tmp_path / "record.json").read_text())["record"]
    assert record["objections"][0]["answer"] == "大写由数字换算，无误"
    assert [(each["place"], each["at"], each["flags"]) for each in record["certificates"]] == [
        (3, "released", ["revoked"])]
