"""Fault 23: members press at the same moment; each step is taken once, and who came second learns who was quicker."""

import asyncio

from storage.kernel.errors import Conflict
from tests.desk_world import Desk

ROWS = [{"2": "25.00", "3": "8.00"}, {"2": "24.00", "3": "8.00"}, {"2": "26.00", "3": "8.00"}]


async def test_fault_23_five_members_at_once_take_every_step_once(desk: Desk) -> None:
    await asyncio.gather(*(desk.review(member) for member in desk.members))
    for member in desk.members:
        await desk.fill(member, ROWS)
    await asyncio.gather(*(desk.commit(member, ROWS) for member in desk.members))
    await asyncio.gather(*(desk.reveal(member) for member in desk.members))
    actions = [action for action, _ in await desk.acts()]
    for action, count in (("evaluation.desk_opened", 1), ("evaluation.reviews_collated", 1),
                          ("evaluation.scores_committed", 5), ("evaluation.all_committed", 1),
                          ("evaluation.scores_opened", 1), ("evaluation.ranked", 1)):
        assert actions.count(action) == count, action
    assert (await desk.row()).step == "ranked"


async def test_fault_23_two_devices_of_the_leader_lay_out_one_report(desk: Desk) -> None:
    await desk.ranked()

    async def press() -> Conflict | None:
        try:
            await desk.lay_out()
        except Conflict as conflict:
            return conflict
        return None

    late = [answer for answer in await asyncio.gather(*(press() for _ in range(4))) if answer is not None]
    assert len(late) == 3
    assert all(desk.leader.alias in answer.message and answer.facts["step"] == "signing" for answer in late)
    assert [action for action, _ in await desk.acts()].count("evaluation.report_laid_out") == 1
