"""Fault 03: the node dies in the midst of a draw, or of beginning the evaluation; another does it, once."""

import asyncio
import secrets
import signal
from typing import Any

import httpx
import pytest

from evaluation.committees.verification import verify_committee
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import to_base64
from tests.bids_world import Person
from tests.committee_world import Board
from tests.integration.committees.test_drawing import acts_of
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode


def _post(node: NodeProcess, person: Person, path: str, body: Any) -> int | None:
    """The status, or None when the node went away."""
    client = ApiClient(node.address, ClientIdentity.of(person.identities[0]))
    client.login()
    try:
        headers = {"Authorization": f"Bearer {client.token}"}
        return httpx.post(node.address + path, json=body, headers=headers, timeout=60).status_code
    except httpx.TransportError:
        return None


@pytest.mark.parametrize("point", ["committee.drawing", "evaluation.beginning"])
async def test_fault_03_killed_before_its_commit_nothing_was_done_and_another_node_does_it_once(
        frozen_board: Board, start_node: StartNode, point: str) -> None:
    board = frozen_board
    await board.request()
    path, body, person = f"/api/lots/{board.lot_id}/committee/draw", \
        {"nonce": to_base64(secrets.token_bytes(32))}, board.tenderee
    if point == "evaluation.beginning":
        await board.draw()
        await board.seat_everyone()
        path, body, person = f"/api/lots/{board.lot_id}/committee/begin-evaluation", {"expected": "drawn"}, \
            board.hall.host
    step = (await board.committee()).step
    doomed = start_node({"YUNKAI_FAULT_POINT": point})
    assert await asyncio.to_thread(_post, doomed, person, path, body) is None
    assert doomed.process.wait(10) == -signal.SIGKILL
    assert (await board.committee()).step == step
    survivor = start_node()
    assert await asyncio.to_thread(_post, survivor, person, path, body) == 200
    assert len(await board.members()) == 5
    acts = await acts_of(board, "evaluation", "public")
    assert [*verify_committee(acts, acts["lot.bids_frozen"][0]["set_sha256"])]
    assert len(acts["committee.drawn"]) == 1
    assert len(acts.get("lot.evaluation_begun", [])) == (point == "evaluation.beginning")
