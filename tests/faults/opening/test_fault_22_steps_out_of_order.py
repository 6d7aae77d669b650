"""Fault 22: acts in any order; what may not be is refused with the rule's number, and changes nothing."""

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bidding.opening.commands import hosting, periods, recording
from bidding.opening.commands.recording import PrepareSignature, prepare_signature
from storage.kernel.errors import Conflict, DomainError, Refused, RulesUnmet
from tests.opening_world import Hall

ORDER = ["frozen", "decrypting", "announced", "objections", "confirming", "signing"]
Act = Callable[[str], Awaitable[Any]]


def _acts(hall: Hall) -> dict[str, Act]:
    """Every act of the host that moves the hall, by the step it starts from, pressed from the step ``seen``."""
    work, lot_id, host = hall.world.work, hall.lot.id, hall.host.actor
    return {
        "frozen": lambda seen: periods.begin_decryption(lot_id, periods.NextStep(seen), host, work()),
        "decrypting": lambda seen: hosting.announce(lot_id, periods.NextStep(seen), host, work(), hall.keys),
        "announced": lambda seen: hosting.open_objections(lot_id, periods.NextStep(seen), host, work()),
        "objections": lambda seen: hosting.close_objections(lot_id, periods.NextStep(seen), host, work()),
        "confirming": lambda seen: recording.conclude(lot_id, periods.NextStep(seen), host, work(), hall.settings),
        "signing": lambda seen: prepare_signature(lot_id, PrepareSignature("host"), host, work, hall.desk),
    }


async def _state(hall: Hall) -> str:
    return json.dumps({**await hall.snapshot(hall.host.actor), "now": "", "feed": ""}, sort_keys=True)


async def _refusal(act: Awaitable[Any]) -> DomainError | None:
    try:
        await act
    except (Refused, RulesUnmet, Conflict) as error:
        return error
    return None


@pytest.mark.parametrize("seed", range(3))
async def test_fault_22_any_order_of_acts_takes_the_steps_in_their_own(hall: Hall, seed: int) -> None:
    await hall.change_lot(objection_minutes=0)
    assert await hall.close()
    acts, draw, step, refusals = _acts(hall), random.Random(seed), "frozen", 0
    while step != "signing":
        before = await _state(hall)
        if step == "decrypting" and draw.random() < 0.3:
            await hall.release_all()
            continue
        chosen = draw.choice(ORDER)
        refusal = await _refusal(acts[chosen](step))
        if refusal is not None:
            refusals += 1
            assert await _state(hall) == before
            assert isinstance(refusal, RulesUnmet), "every refusal names its rule"
            assert chosen == step or [each.number for each in refusal.rules] == ["R-500/2"]
            continue
        assert chosen == step
        step = (await hall.snapshot())["step"]
        assert step == ORDER[ORDER.index(chosen) + 1]
        if step == "confirming":
            await hall.end_confirmations()
    assert refusals > 3
