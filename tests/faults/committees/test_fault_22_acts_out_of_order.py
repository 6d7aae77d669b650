"""Fault 22: acts on a committee in any order; what may not be is refused and changes nothing."""

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storage.kernel.errors import Conflict, DomainError, NotAllowed, NotFound, Refused, RulesUnmet
from tests.committee_world import Board

Act = Callable[[], Awaitable[Any]]


async def _one_signs_in(board: Board) -> None:
    waiting = [each for each in await board.members() if each.status != "signed_in"]
    if not waiting:
        raise Refused("everyone is there")
    await board.sign_in(waiting[0])


def _acts(board: Board) -> dict[str, Act]:
    return {"request": board.request, "draw": board.draw, "sign_in": lambda: _one_signs_in(board),
            "begin": board.begin, "draw by the centre": lambda: board.draw(board.hall.host.actor),
            "begin by the tenderee": lambda: board.begin(board.tenderee.actor)}


async def _state(board: Board) -> str:
    shown = await board.snapshot(board.hall.world.supervisor.actor)
    return json.dumps({**shown, "now": "", "may": [], "missing": {}}, sort_keys=True)


async def _refusal(act: Awaitable[Any]) -> DomainError | None:
    try:
        await act
    except (Refused, RulesUnmet, Conflict, NotAllowed, NotFound) as error:
        return error
    return None


@pytest.mark.parametrize("seed", range(2))
async def test_fault_22_any_order_of_acts_forms_a_committee_in_its_own(frozen_board: Board, seed: int) -> None:
    board, choice, refusals = frozen_board, random.Random(seed), 0
    acts = _acts(board)
    steps = ["none"]
    for _ in range(200):
        before = await _state(board)
        name = choice.choice([*acts])
        refusal = await _refusal(acts[name]())
        if refusal is not None:
            refusals += 1
            assert await _state(board) == before, name
            continue
        assert "by the" not in name
        step = json.loads(await _state(board))["step"]
        if step != steps[-1]:
            steps.append(step)
        if step == "begun":
            break
    assert steps == ["none", "requested", "drawn", "begun"]
    assert refusals > 5
    assert len(await board.hall.entries("lot.evaluation_begun")) == 1
