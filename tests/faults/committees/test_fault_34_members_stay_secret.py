"""Fault 34: a draw changes no answer to an outsider, and tells nobody but the supervisor a name (R-124, A-134)."""

import asyncio
import json
import re
from typing import Any

import pytest

from evaluation.committees.reactions import disclose
from evaluation.committees.verification import verify_committee
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.ledger.model import LedgerBroken
from storage.reactions.model import Heard
from tests.bids_world import Person
from tests.committee_world import Board
from tests.integration.committees.test_drawing import acts_of
from tests.nodes import NodeProcess
from tests.waiting import eventually

# Instants of asking, now and before, and how far the public ledger has come, whose heads say that something was done.
_CLOCK = re.compile(rb'"(now|server_time|clock_skew_seconds|seen_at|ends_at|as_of|position)": ?("[^"]*"|[\d.]+)')
_UPDATED = re.compile(rb"<updated>[^<]*</updated>")
_NOT_WALKED = ("/api/login", "/api/time", "/api/ledger", "/api/schema", "/readyz", "/healthz")


def _signed_in(node: NodeProcess, person: Person) -> ApiClient:
    client = ApiClient(node.address, ClientIdentity.of(person.identities[0]))
    client.login()
    return client


def _paths(public: ApiClient, known: dict[str, str]) -> list[str]:
    """Every GET address of the interface that can be filled in."""
    found = []
    for path, methods in public.get("/api/schema/openapi.json")["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda name: known.get(name.group(1), name.group(0)), path)
        if "get" in methods and "{" not in filled and not filled.startswith(_NOT_WALKED):
            found.append(filled)
    return sorted(found)


def _everything(readers: dict[str, ApiClient], paths: list[str]) -> dict[tuple[str, str], bytes]:
    answers = {}
    for name, client in readers.items():
        for path in paths:
            query = "?from=2026-01-01T00:00:00Z&to=2036-12-31T00:00:00Z" if path == "/api/openings" else ""
            try:
                content = client.get_bytes(path + query)
            except ApiError as refusal:
                content = json.dumps([refusal.status, refusal.code, refusal.title, refusal.rules]).encode()
            answers[name, path] = _UPDATED.sub(b"", _CLOCK.sub(b'"\\1":0', content))
    return answers


def _ledger(client: ApiClient, first: int = 0) -> list[dict[str, Any]]:
    """What the ledger shows to a reader from an entry on; the bank's own streams, older than the draw, lie before."""
    found: list[dict[str, Any]] = []
    while page := client.get("/api/ledger/entries", **{"from": first, "limit": 500}):
        found += page
        first = page[-1]["seq"] + 1
    return found


async def _ledger_of_the_draw(client: ApiClient, first: int) -> str:
    """The same, once the last act of the test has its number."""
    async def numbered() -> str | None:
        text = json.dumps(await asyncio.to_thread(_ledger, client, first), ensure_ascii=False)
        return text if "committee.replaced" in text else None
    return await eventually(numbered) or ""


def _names(board: Board, members: list[Any]) -> list[str]:
    drawn = [board.entries[each.party_id] for each in members]
    return [text for each in drawn for text in (each.name, each.number, str(each.party_id), str(each.id))]


@pytest.mark.cts("A-134")
async def test_a_draw_is_told_to_nobody_who_need_not_know_and_names_to_the_supervisor_alone(
        frozen_board: Board, node: NodeProcess) -> None:
    board, world = frozen_board, frozen_board.hall.world
    administrator = await board.founder.person("平台管理席", staff=("auditor",))
    await board.request()
    people = {"tenderee": board.tenderee, "agency": world.agency, "centre": board.hall.host,
              "deputy": board.hall.recorder, "bidder": world.bidders[0], "other expert": board.experts[-1],
              "administrator": administrator}
    public = ApiClient(node.address)
    readers = {"public": public, **{name: await asyncio.to_thread(_signed_in, node, person)
                                    for name, person in people.items()}}
    lot = f"/api/lots/{board.lot_id}"
    paths = await asyncio.to_thread(_paths, public, {"lot_id": str(board.lot_id)})
    assert f"{lot}/committee" in paths
    before = await asyncio.to_thread(_everything, readers, paths)
    size = len(await asyncio.to_thread(_ledger, public))
    await board.draw()
    members = await board.members()
    assert board.experts[-1].party.id not in {each.party_id for each in members}
    await board.answer(members[0])
    await board.answer(next(each for each in members[1:] if each.stratum is not None), accepted=False)
    after = await asyncio.to_thread(_everything, readers, paths)

    different = {key for key, content in before.items() if after[key] != content}
    owners = {(name, path) for name in ("tenderee", "agency", "centre", "deputy")
              for path in (f"{lot}/committee", "/api/me/tasks")}
    assert sorted(different - owners) == []
    assert {("tenderee", f"{lot}/committee"), ("centre", f"{lot}/committee")} <= different
    secret = _names(board, await board.members())
    for (name, path), content in after.items():
        if path not in ("/api/experts", "/api/parties", "/api/committee/representatives"):
            assert not [text for text in secret if text in content.decode("utf-8", "replace")], (name, path)
    for path in ("/api/experts", "/api/parties"):
        assert before["centre", path] == after["centre", path], "the bank is open to the centre, the committee is not"
    for name, client in readers.items():
        told = await _ledger_of_the_draw(client, size)
        assert not [text for text in secret if text in told], name
    supervisor = await asyncio.to_thread(_signed_in, node, world.supervisor)
    shown = await asyncio.to_thread(supervisor.get, f"{lot}/committee")
    assert {each["name"] for each in shown["members"] if each["status"] in ("invited", "accepted")} == {
        board.entries[each.party_id].name for each in await board.members()}


@pytest.mark.cts("A-134")
async def test_members_see_aliases_of_each_other_and_everyone_sees_names_after_the_award(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    members = await board.seat_everyone()
    await board.begin()
    for reader in (board.actor(members[0]), board.tenderee.actor, board.hall.host.actor):
        shown = await board.snapshot(reader)
        for hidden in ("name", "number", "unit", "capacity", "salt"):
            assert {each[hidden] for each in shown["members"]} == {None}
    assert {each["id"] for each in (await board.snapshot(board.tenderee.actor))["members"]} == {None}
    await board.hall.change_lot(stage="awarded")
    shown = await board.snapshot()
    assert {each["name"] for each in shown["members"]} == {board.entries[each.party_id].name for each in members}


@pytest.mark.cts("A-134")
async def test_with_the_winner_confirmed_the_names_are_told_once_and_verify_against_the_draw(
        frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    members = await board.seat_everyone()
    heard = Heard(seq=1, action="winner.confirmed", stream=f"lot:{board.lot_id}", subject="", at="", payload={})
    await disclose(board.hall.world.work(), heard)
    assert await board.hall.entries("committee.disclosed") == [], "not before the result is known"
    await board.hall.change_lot(stage="awarded")
    for _ in range(2):
        await disclose(board.hall.world.work(), heard)
    [(_, told)] = await board.hall.entries("committee.disclosed")
    assert {each["name"] for each in told["members"]} == {board.entries[each.party_id].name for each in members}
    acts = await acts_of(board, "evaluation", "public")
    assert len([*verify_committee(acts, acts["lot.bids_frozen"][0]["set_sha256"])]) == 2
    forged = {**acts, "committee.disclosed": [{**told, "members": [
        {**each, "number": "ZJ-XXXX"} for each in told["members"]]}]}
    with pytest.raises(LedgerBroken):
        [*verify_committee(forged, acts["lot.bids_frozen"][0]["set_sha256"])]
