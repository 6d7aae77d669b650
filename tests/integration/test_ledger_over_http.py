"""The public face of the ledger: proofs that hold, lists that page, and no question that breaks it."""

import asyncio
import json

import httpx
import pytest

from storage.ledger.verification import verify_entry_document, verify_growth
from tests.identities import make_people
from tests.waiting import eventually


@pytest.fixture
async def log(settings, node):
    """A log in which several enterprises enrolled, covered by a checkpoint; its public face."""
    people = await asyncio.to_thread(make_people, settings, node.address)
    for number in range(3):
        await asyncio.to_thread(people.verified, f"江苏第{number}入库有限公司")
    async with httpx.AsyncClient(base_url=f"{node.address}/api") as http:
        async def covered() -> bool:
            newest = (await http.get("/ledger/checkpoints")).json()["newest"]
            return bool(newest and newest["size"] >= 10)
        await eventually(covered)
        yield http


async def test_every_entry_is_proven_to_whoever_asks(log):
    key = (await log.get("/platform")).json()["checkpoint_key"]
    for item in (await log.get("/ledger/entries", params={"limit": 5})).json():
        document = (await log.get(f"/ledger/entries/{item['seq']}/proof")).json()
        assert verify_entry_document(document, key).seq == item["seq"]
        assert document["entry"]["entry"] == item["entry"]


async def test_checkpoints_page_from_the_newest_and_prove_growth(log):
    answer = (await log.get("/ledger/checkpoints", params={"before": 2**53, "limit": 3})).json()
    sizes = [each["size"] for each in answer["checkpoints"]]
    assert sizes == sorted(sizes, reverse=True)
    older = (await log.get("/ledger/checkpoints", params={"before": sizes[-1], "limit": 3})).json()["checkpoints"]
    assert all(each["size"] < sizes[-1] for each in older)
    old, new = answer["checkpoints"][-1], answer["checkpoints"][0]
    proof = (await log.get("/ledger/consistency", params={"old": old["size"], "new": new["size"]})).json()["proof"]
    assert verify_growth(old["note"], new["note"], proof, answer["key"])[1].size == new["size"]
    refused = await log.get("/ledger/consistency", params={"old": 1, "new": 2**53})
    assert (refused.status_code, refused.json()["code"]) == (404, "log-not-so-long"), "what a witness takes for a no"


async def test_the_list_of_acts_leaves_out_the_platforms_own_beat(log):
    acts = [json.loads(each["entry"]) for each in (await log.get("/ledger/entries", params={"before": 2**53})).json()]
    assert [each["seq"] for each in acts] == sorted((each["seq"] for each in acts), reverse=True)
    assert {each["stream"].split(":")[0] for each in acts} == {"client", "party", "trust"}
    page = (await log.get("/ledger/entries", params={"before": acts[1]["seq"], "limit": 1})).json()
    assert page[0]["seq"] == acts[2]["seq"]


ODD = ("entries/-1/proof", "entries/99999999999999999999/proof", "entries/999999/proof", "consistency?old=5&new=2",
       "consistency?old=0&new=99999999", "consistency?old=-1&new=3", "consistency", "entries?from=99999999999999999999",
       "entries?from=-1", "entries?limit=0", "entries?before=-5", "checkpoints?before=-5",
       "checkpoints?before=9999999999999999999")


async def test_no_question_breaks_it(log):
    answers = {path: (await log.get(f"/ledger/{path}")).status_code for path in ODD}
    assert {path: status for path, status in answers.items() if status not in {200, 400, 404}} == {}
