"""The desk through a node's own interface: what each audience is answered, and the opened bid page by page."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from tests.bids_world import Person
from tests.desk_world import METHOD, Desk
from tests.fresh_proof import By, StaleSession
from tests.platform_parts import StartNode
from trading.tenders.tables import TenderDocument

BODY = b"%PDF-1.7 bid"
ROWS = [{"2": "25.00", "3": "8.00"}, {"2": "24.00", "3": "8.00"}, {"2": "26.00", "3": "8.00"}]
PROOFS: tuple[By, ...] = ("touch", "certificate")


class Counter:
    """Everyone's line to one node."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk, self.address, self.path = desk, address, f"/api/lots/{desk.lot_id}/evaluation"

    def line(self, person: Person) -> ApiClient:
        """Signed in by certificate."""
        client = ApiClient(self.address, ClientIdentity.of(person.identities[0]))
        client.login()
        return client

    def member(self, place: int) -> ApiClient:
        """The line of the member of that place, from 0."""
        return self.line(self.desk.board.everyone[self.desk.members[place].party_id])

    def fetch(self, client: ApiClient, path: str, **headers: str) -> httpx.Response:
        """GET with headers."""
        return httpx.get(f"{self.address}{path}", headers={"Authorization": f"Bearer {client.token}", **headers})


def _review(member: StaleSession, path: str, by: By) -> dict[str, Any]:
    """Votes that no bid is void, handed in (R-306) by who has signed in a while ago (fault 36)."""
    client, view = member.client, member.client.get(path)
    votes = [{"bid": bid["bid"], "item": item["number"], "passes": True}
             for bid in view["bids"] for item in METHOD["review_items"]]
    client.put(f"{path}/review", {"votes": votes})
    answer: dict[str, Any] = member.act(f"{path}/review/submit", by=by)
    return answer


def _restart(counter: Counter, settings: Settings, by: By) -> Any:
    """The leader has the round scored anew, and has signed in a while ago (R-168, fault 36)."""
    leader = next(place for place, each in enumerate(counter.desk.members) if each is counter.desk.leader)
    member = StaleSession(counter.member(leader), settings)
    body = {"round": member.client.get(counter.path)["round"], "reason": "sheet-lost"}
    return member.act(f"{counter.path}/scores/restart", body, by=by)


async def test_a_round_is_scored_anew_by_a_leader_who_proves_itself_once_more(
        desk: Desk, start_node: StartNode) -> None:
    await desk.review_all()
    node = await asyncio.to_thread(start_node)
    counter = Counter(desk, node.address)
    for number, by in enumerate(PROOFS, start=1):
        for member in desk.members:
            await desk.commit(member, ROWS, number)
        assert await asyncio.to_thread(_restart, counter, node.settings, by) == {"round": number + 1}


def _issued(desk: Desk, number: int, content: bytes, clarifications: list[dict[str, str]]) -> TenderDocument:
    """A signed tender document of that number, as issuing writes it."""
    now = process_now()
    return TenderDocument(
        lot_id=desk.lot_id, number=number, template="standard", clarifications=clarifications, status="issued",
        signed_pdf_key=f"documents/{desk.lot_id}/{number}.pdf", sha256=sha256(content).hexdigest(), size=len(content),
        signed_at=now, issued_at=now, created_at=now)


@pytest.mark.cts("A-136")
async def test_the_committee_judges_by_the_document_in_force_with_its_clarifications(
        desk: Desk, start_node: StartNode) -> None:
    first, second = b"%PDF-1.7 first", b"%PDF-1.7 clarified"
    told = [{"title": "澄清一", "body": "工期改为 300 日历天", "at": "2026-03-05T01:00:00.000000Z"}]
    async with desk.hall.world.sessions() as session:
        for number, content, clarified in ((1, first, []), (2, second, told)):
            document = _issued(desk, number, content, clarified)
            await desk.hall.store.put(str(document.signed_pdf_key), content, "application/pdf")
            session.add(document)
        await session.commit()
    counter = Counter(desk, start_node().address)
    member = counter.member(0)
    shown = member.get(counter.path)["document"]
    assert (shown["number"], shown["sha256"], shown["clarifications"]) == (2, sha256(second).hexdigest(), told)
    assert counter.fetch(member, shown["pdf"]).content == second
    assert counter.fetch(counter.line(desk.hall.world.bidders[0]), shown["pdf"]).status_code == 403


@pytest.mark.cts("A-140", "A-146", "B-023")
def test_the_desk_is_told_to_each_audience_as_the_law_allows(desk: Desk, start_node: StartNode) -> None:
    node = start_node()
    counter = Counter(desk, node.address)
    first, path = counter.member(0), counter.path
    view = first.get(path)
    assert (view["step"], view["method"]["title"], view["me"]["is_leader"]) == ("reviewing", "综合评估法", True)
    assert [item["number"] for item in view["method"]["scoring_items"]] == ["2", "3"]
    assert {"save_review", "submit_review", "read_bodies"} <= set(view["may"])
    body = view["bids"][0]["body"]
    whole = counter.fetch(first, body["url"])
    assert (whole.status_code, whole.content) == (200, BODY)
    assert whole.headers["etag"] == f'"{body["sha256"]}"'
    part = counter.fetch(first, body["url"], Range="bytes=1-3")
    assert (part.status_code, part.content) == (206, BODY[1:4])
    assert _review(StaleSession(first, node.settings), path, "touch") == {"step": "reviewing"}
    assert _review(StaleSession(counter.member(1), node.settings), path, "certificate") == {"step": "reviewing"}
    for person, allowed in ((desk.hall.world.supervisor, True), (desk.board.tenderee, False),
                            (desk.hall.host, False), (desk.hall.world.bidders[0], False)):
        assert (counter.fetch(counter.line(person), body["url"]).status_code == 200) is allowed
    assert "bids" not in counter.line(desk.board.tenderee).get(path)
    with pytest.raises(ApiError):
        counter.line(desk.hall.world.bidders[0]).get(path)
    assert counter.fetch(first, f"{path}/ranking").status_code == 404
    refused = httpx.post(f"{node.address}{path}/scores/reveal", json={"round": 1, "sheet": "{}"},
                         headers={"Authorization": f"Bearer {first.token}"})
    assert refused.status_code == 409
    assert json.loads(refused.text)["facts"]["step"] == "reviewing"
    tasks = [item["kind"] for item in counter.member(2).get("/api/me/tasks")["items"]]
    assert tasks == ["evaluation_submit_review"]
