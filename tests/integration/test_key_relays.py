"""A telephone's keys at a page: what the relay lets through, to whom, how often, how long (R-703)."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from storage.database.engine import Sessions
from storage.database.work import Work
from tests.nodes import NodeProcess, rewrite
from trading.relays.commands import open_relay
from trading.relays.housekeeping import forget_ended
from trading.relays.requests import Opened
from trading.relays.tables import KeyRelay

CLAIM = "ab" * 32
SEALED = "c2VhbGVk"


class Side:
    """Who holds one token of one relay."""

    def __init__(self, node: NodeProcess, held: dict[str, Any]) -> None:
        self.http = httpx.Client(base_url=f"{node.address}/api/key-relays/{held['id']}",
                                 headers={"X-Relay-Token": held["token"]})

    def ask(self) -> httpx.Response:
        return self.http.post("/question", json={"request": SEALED})

    def answer(self, number: int) -> httpx.Response:
        return self.http.put("/answer", json={"number": number, "answer": SEALED})


@pytest.fixture
def held(node: NodeProcess) -> dict[str, Any]:
    """A page's new relay."""
    opened = httpx.post(f"{node.address}/api/key-relays", json={"claim_sha256": sha256(CLAIM.encode()).hexdigest()})
    return dict(opened.json())


@pytest.fixture
def opened(node: NodeProcess, held: dict[str, Any]) -> Iterator[Side]:
    """The page's side."""
    side = Side(node, held)
    yield side
    side.http.close()


def _claim(node: NodeProcess, relay: str, claim: str = CLAIM) -> httpx.Response:
    return httpx.post(f"{node.address}/api/key-relays/{relay}/claim", json={"claim": claim})


def test_a_question_goes_to_the_one_telephone_and_its_answer_back_once(
        node: NodeProcess, held: dict[str, Any], opened: Side) -> None:
    assert opened.http.get("/answer").json()["claimed"] is False
    assert _claim(node, held["id"], "cd" * 32).status_code == 404, "the code's claim is needed"
    phone = Side(node, _claim(node, held["id"]).json())
    assert _claim(node, held["id"]).status_code == 409, "a code is used once"
    assert phone.http.get("/question").json()["request"] is None
    number = opened.ask().json()["number"]
    assert phone.http.get("/question").json()["request"] == SEALED
    assert phone.answer(number + 1).status_code == 409
    assert phone.answer(number).status_code == 204
    assert phone.answer(number).status_code == 409, "an answer is given once"
    assert phone.http.get("/question").json()["request"] is None
    assert opened.http.get("/answer").json()["answer"] == SEALED
    assert opened.ask().json()["number"] == number + 1
    assert opened.http.get("/answer").json()["answer"] is None, "the answer before is gone with the next question"


def test_each_side_is_shut_to_the_other_and_to_strangers(node: NodeProcess, held: dict[str, Any], opened: Side) -> None:
    phone = Side(node, _claim(node, held["id"]).json())
    number = opened.ask().json()["number"]
    stranger = Side(node, {"id": held["id"], "token": "x"})
    for side in (opened, stranger):
        assert side.answer(number).status_code == 404
        assert side.http.get("/question").status_code == 404
    for side in (phone, stranger):
        assert side.ask().status_code == 404
        assert side.http.get("/answer").status_code == 404
    assert stranger.http.delete("").status_code == 204
    assert opened.http.get("/answer").status_code == 200, "a stranger ends nothing"
    assert phone.http.delete("").status_code == 204
    assert opened.http.get("/answer").status_code == 404
    for wrong in ("0" * 32, "x" * 32, "%00", "a" * 400):
        assert _claim(node, wrong).status_code == 404


def test_codes_questions_and_relays_end(node: NodeProcess, held: dict[str, Any], opened: Side) -> None:
    phone = Side(node, _claim(node, held["id"]).json())
    number = opened.ask().json()["number"]
    rewrite(node, "update key_relay set request_until = clock_timestamp()")
    assert phone.http.get("/question").json()["request"] is None
    assert phone.answer(number).status_code == 409
    rewrite(node, "update key_relay set expires_at = clock_timestamp()")
    assert opened.ask().status_code == 404
    assert phone.http.get("/question").status_code == 404
    again = httpx.post(f"{node.address}/api/key-relays", json={"claim_sha256": sha256(CLAIM.encode()).hexdigest()})
    rewrite(node, f"update key_relay set expires_at = clock_timestamp() where id = '{again.json()['id']}'")
    assert _claim(node, again.json()["id"]).status_code == 404, "nobody claims an old code"


async def test_ended_relays_are_forgotten_with_what_they_held(
        node: NodeProcess, held: dict[str, Any], opened: Side, sessions: Sessions) -> None:
    opened.ask()
    kept = await open_relay(Opened(sha256(CLAIM.encode()).hexdigest()), Work(sessions))
    assert await forget_ended(sessions) == 0
    rewrite(node, f"update key_relay set expires_at = clock_timestamp() where id = '{held['id']}'")
    assert await forget_ended(sessions) == 1
    async with sessions() as session:
        assert list(await session.scalars(select(KeyRelay.id))) == [kept.id]


def test_a_relay_carries_base64_of_a_bounded_length_and_leaves_no_trace_in_the_ledger(
        node: NodeProcess, held: dict[str, Any], opened: Side) -> None:
    for wrong in ("", "not base64!", "a" * (3 << 20)):
        assert opened.http.post("/question", json={"request": wrong}).status_code in (400, 422)
    entries = httpx.get(f"{node.address}/api/ledger/entries").text
    assert held["id"] not in entries
    assert held["token"] not in node.log.read_text()
