"""The bank and a committee through a node's own interface: two persons enter an expert, who then logs in and sits."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import to_base64
from storage.crypto.demo_pki import demo_uscc
from storage.kernel.clock import process_now, to_wire
from tests.bids_world import Person
from tests.committee_world import ELSEWHERE, HERE, Board
from tests.nodes import NodeProcess

PERSON = {"kind": "expert", "name": "新入库专家", "region": "320700", "specialties": ["A0801"], "title": "教授级高工",
          "is_senior": True, "years": 20, "units": [{"name": "江苏某设计院", "uscc": "", "relation": "employer"}]}


class Office:
    """Everyone's client at one node; blocking, so it runs beside the event loop."""

    def __init__(self, board: Board, node: NodeProcess) -> None:
        self.board, self.node, self.lot = board, node, f"/api/lots/{board.lot_id}/committee"

    def client(self, person: Person | ClientIdentity) -> ApiClient:
        identity = ClientIdentity.of(person.identities[0]) if isinstance(person, Person) else person
        client = ApiClient(self.node.address, identity)
        client.login()
        return client


def _refused(call: Any, *arguments: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        call(*arguments)
    return refused.value


def _enter_an_expert(office: Office) -> None:
    hall = office.board.hall
    issued = hall.world.pki.issue(organisation="新入库专家", uscc=demo_uscc("新入库专家"), kind="ec-p256",
                                  now=process_now())
    host, deputy, supervisor = (office.client(each) for each in (hall.host, hall.recorder, hall.world.supervisor))
    body = {**PERSON, "certificate": issued.certificate.pem}
    assert _refused(supervisor.post, "/api/experts", body).status == 403
    assert [rule["number"] for rule in _refused(host.post, "/api/experts", {**body, "specialties": ["施工"]}).rules] \
        == ["R-611"]
    entry = host.post("/api/experts", body)
    assert (entry["status"], entry["verified_by"], entry["entered_by"]) == ("review", None, hall.host.party.name)
    assert _refused(host.post, "/api/experts", body).status == 409
    path = f"/api/experts/{entry['id']}"
    assert [rule["number"] for rule in _refused(host.post, f"{path}/verify").rules] == ["R-612/2"]
    entry = deputy.post(f"{path}/verify")
    assert (entry["status"], entry["verified_by"]) == ("active", hall.recorder.party.name)
    change = {key: value for key, value in PERSON.items() if key != "kind"}
    assert deputy.put(path, {**change, "years": 3})["status"] == "review"
    assert [rule["number"] for rule in _refused(host.post, f"{path}/verify").rules] == ["R-612"]
    deputy.put(path, change)
    host.post(f"{path}/verify")
    host.post(f"{path}/records", {"kind": "training", "text": "参加 2026 年评标专家培训"})
    host.post(f"{path}/suspend", {"reason": "考核不合格"})
    entry = host.post(f"{path}/resume", {"reason": "整改完成"})
    kinds = [each["kind"] for each in entry["history"]]
    assert sorted(kinds) == sorted(["entered", "verified", "changed", "changed", "verified", "training", "suspended",
                                    "resumed"])
    assert all(each["by"] and each["at"] for each in entry["history"])
    own = office.client(ClientIdentity.of(issued))
    assert own.get("/api/me/expert")["number"] == entry["number"]
    assert own.get("/api/me")["actor"]["roles"] == ["expert"]
    assert _refused(own.get, "/api/experts").status == 403
    assert supervisor.get("/api/experts", text="新入库")["total"] == 1
    assert host.post(f"{path}/leave", {"reason": "本人申请退出"})["status"] == "left"


@pytest.mark.cts("A-217", "A-218", "A-221", "A-222")
async def test_two_persons_of_the_centre_keep_an_entry_and_the_expert_logs_in_by_certificate(
        board: Board, node: NodeProcess) -> None:
    await asyncio.to_thread(_enter_an_expert, Office(board, node))


def _draw_twice(office: Office) -> None:
    """Fault 21: one key is one draw; another body under it is refused."""
    tenderee = office.client(office.board.tenderee)
    headers = {"Authorization": f"Bearer {tenderee.token}", "Idempotency-Key": "draw-1"}
    url = f"{office.node.address}{office.lot}/draw"
    body = {"nonce": to_base64(secrets.token_bytes(32))}
    first = httpx.post(url, json=body, headers=headers, timeout=60)
    again = httpx.post(url, json=body, headers=headers, timeout=60)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert again.content == first.content
    assert httpx.post(url, json={"nonce": to_base64(secrets.token_bytes(32))}, headers=headers,
                      timeout=60).status_code == 422
    assert _refused(tenderee.post, f"{office.lot}/draw", body).status == 409


def _form(office: Office) -> None:
    board = office.board
    tenderee = office.client(board.tenderee)
    [named, _] = tenderee.get("/api/committee/representatives")["items"]
    starts_at = board.hall.lot.deadline_at or process_now()
    shown = tenderee.put(office.lot, {
        "size": 5, "specialty": "A08", "strata": [{"region": HERE, "count": 2}, {"region": ELSEWHERE, "count": 2}],
        "representatives": [named["id"]], "starts_at": to_wire(starts_at),
        "ends_at": to_wire(starts_at + timedelta(hours=2))})
    assert (shown["step"], shown["may"]) == ("requested", ["request", "draw"])
    assert _refused(office.client(board.hall.world.bidders[0]).get, office.lot).status == 404


def _sit(office: Office, people: list[Person], leader: str) -> None:
    host = office.client(office.board.hall.host)
    clients = [office.client(each) for each in people]
    for client in clients:
        client.post(f"{office.lot}/invitation", {"accepted": True})
        client.post(f"{office.lot}/sign-in", {"identity": True, "conflict": False})
    shown = clients[0].get(office.lot)
    assert shown["figures"] == {"invited": 5, "accepted": 5, "signed_in": 5, "vacant": 0}
    for client in clients[:3]:
        client.post(f"{office.lot}/leader", {"member_id": leader})
    elected = clients[0].get(office.lot)["leader"]
    assert elected
    chief = next(client for client in clients if client.get(office.lot)["me"]["is_leader"])
    path = f"{office.lot}/members/{shown['members'][0]['id']}/duties"
    assert chief.put(path, {"duties": ["technical"]})["members"][0]["duties"] == ["technical"]
    chief.post(f"{office.lot}/more-time")
    later = to_wire(process_now() + timedelta(hours=5))
    assert host.post(f"{office.lot}/extend", {"ends_at": later, "reason": "材料较多"})["request"]["ends_at"] == later
    begun = host.post(f"{office.lot}/begin-evaluation", {"expected": "drawn"})
    assert (begun["step"], begun["lot"]["stage"], begun["leader"]) == ("begun", "evaluating", elected)
    assert _refused(host.post, f"{office.lot}/begin-evaluation", {"expected": "drawn"}).status == 409


@pytest.mark.cts("A-129", "A-130", "A-131", "A-132", "A-133")
async def test_a_committee_is_asked_for_drawn_seated_and_begins_over_the_nodes_own_interface(
        frozen_board: Board, node: NodeProcess) -> None:
    board = frozen_board
    office = Office(board, node)
    await asyncio.to_thread(_form, office)
    await asyncio.to_thread(_draw_twice, office)
    members = await board.members()
    leader = next(str(each.id) for each in members if each.capacity == "expert")
    await asyncio.to_thread(_sit, office, [board.everyone[each.party_id] for each in members], leader)
    supervisor = await asyncio.to_thread(office.client, board.hall.world.supervisor)
    evidence = await asyncio.to_thread(supervisor.get, f"{office.lot}/draw")
    assert evidence["drawn"]["commitment"] == evidence["request"]["commitment"]
