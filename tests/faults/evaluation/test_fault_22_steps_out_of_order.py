"""Fault 22: acts at the desk in any order; what may not be is refused, and changes nothing."""

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from evaluation.reports.commands import EditReport, LayOut, WriteDissent, edit_report, lay_out_report, write_dissent
from evaluation.scoring.commands.reviewing import Competition, SaveReview, save_review, vote_competition
from evaluation.scoring.commands.scoring import (
    CommitScores,
    ExplainAlert,
    RestartRound,
    RevealScores,
    commit_scores,
    explain_alert,
    restart_round,
    reveal_scores,
)
from storage.kernel.errors import Conflict, DomainError, Refused, RulesUnmet
from tests.desk_world import Desk

ROWS = [{"2": "25.00", "3": "8.00"}, {"2": "24.00", "3": "8.00"}, {"2": "26.00", "3": "8.00"}]
ALLOWED = {
    "reviewing": {"save", "review"}, "scoring": {"commit"}, "revealing": {"commit", "reveal"},
    "ranked": {"edit", "lay_out"}, "signing": set()}
Act = Callable[[], Awaitable[Any]]


def acts_of(desk: Desk) -> dict[str, Act]:
    """Every act of the leader, pressed whatever the step; those that go back are tried beside, where they are wrong."""
    lot_id, actor, work, leader = desk.lot_id, desk.actor(desk.leader), desk.work, desk.leader
    return {
        "save": lambda: save_review(lot_id, SaveReview([]), actor, work()),
        "review": lambda: desk.review(leader),
        "commit": lambda: commit_scores(lot_id, CommitScores(1, "00" * 32, {}), actor, work()),
        "reveal": lambda: reveal_scores(lot_id, RevealScores(1, "{}"), actor, work()),
        "compete": lambda: vote_competition(lot_id, Competition(True, "有效投标不足"), actor, work()),
        "explain": lambda: explain_alert(lot_id, "0" * 12, ExplainAlert("评分有据"), actor, work()),
        "edit": lambda: edit_report(lot_id, EditReport("评标过程无异常"), actor, work()),
        "lay_out": lambda: lay_out_report(lot_id, LayOut(), actor, work(), desk.hall.store, desk.hall.settings)}


async def refusal(act: Awaitable[Any]) -> DomainError | None:
    try:
        await act
    except (Refused, RulesUnmet, Conflict) as error:
        return error
    return None


async def state(desk: Desk) -> str:
    view = await desk.view(desk.actor(desk.leader))
    return json.dumps({**view, "now": "", "feed": 0}, sort_keys=True)


async def test_fault_22_any_order_of_acts_takes_the_steps_in_their_own(desk: Desk) -> None:
    acts, draw, refusals = acts_of(desk), random.Random(7), 0
    moves: dict[str, Act] = {
        "reviewing": desk.review_all, "scoring": lambda: others(desk, desk.leader), "revealing": lambda: reveal(desk)}
    step, left = "reviewing", {"reviewing": 6, "scoring": 6, "revealing": 6, "ranked": 6}
    while step != "signing":
        if not left.get(step, 0):
            await (moves[step]() if step in moves else acts["lay_out"]())
            step = (await desk.view(desk.actor(desk.leader)))["step"]
            continue
        left[step] -= 1
        chosen = draw.choice(sorted(set(acts) - ALLOWED[step]))
        before = await state(desk)
        assert await refusal(acts[chosen]()) is not None, (step, chosen)
        assert await state(desk) == before, (step, chosen)
        refusals += 1
    assert refusals == 24
    assert isinstance(await refusal(restart_round(desk.lot_id, RestartRound(1, "sheet-lost"), desk.actor(desk.leader),
                                                  desk.work())), Refused)
    await write_dissent(desk.lot_id, WriteDissent("保留不同意见"), desk.actor(desk.members[1]), desk.work())
    assert (await desk.view(desk.actor(desk.leader)))["step"] == "ranked"


async def others(desk: Desk, leader: Any) -> None:
    """Everyone commits, the leader last."""
    for member in [each for each in desk.members if each is not leader] + [leader]:
        await desk.commit(member, ROWS)


async def reveal(desk: Desk) -> None:
    for member in desk.members:
        await desk.reveal(member)
