"""Fault 23: several of the centre press at once; the evaluation begins once, and the others learn who was quicker."""

import asyncio

from storage.kernel.errors import Conflict, Refused
from tests.committee_world import Board


async def test_fault_23_the_evaluation_begins_once(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    await board.seat_everyone()

    async def press(number: int) -> Conflict | None:
        try:
            await board.begin((board.hall.host, board.hall.recorder)[number % 2].actor)
        except Conflict as conflict:
            return conflict
        return None

    late = [each for each in await asyncio.gather(*map(press, range(6))) if each is not None]
    assert len(late) == 5
    by = (await board.committee()).begun_by
    assert all(str(by) in each.message for each in late)
    assert len(await board.hall.entries("lot.evaluation_begun")) == 1


async def test_fault_23_two_of_the_tenderee_draw_and_one_draw_counts(frozen_board: Board) -> None:
    board = frozen_board
    await board.request()

    async def press(number: int) -> bool:
        person = (board.tenderee, board.hall.world.agency)[number % 2]
        try:
            await board.draw(person.actor)
        except Refused:
            return False
        return True

    assert sorted(await asyncio.gather(*map(press, range(4)))) == [False, False, False, True]
    assert len(await board.members()) == 5
