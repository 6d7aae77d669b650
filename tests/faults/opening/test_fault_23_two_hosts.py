"""Fault 23: two hosts press next; and a hall changes hands."""

import asyncio

import pytest

from bidding.opening.commands.hosting import HandOver, announce, hand_over
from bidding.opening.commands.periods import NextStep, begin_decryption
from storage.kernel.errors import Conflict, Invalid, NotAllowed
from tests.opening_world import Hall


async def test_fault_23_one_press_counts_and_the_other_learns_who_was_quicker(hall: Hall) -> None:
    assert await hall.close()

    async def press() -> Conflict | None:
        try:
            await begin_decryption(hall.lot.id, NextStep("frozen"), hall.host.actor, hall.world.work())
        except Conflict as conflict:
            return conflict
        return None

    answers = await asyncio.gather(*(press() for _ in range(6)))
    late = [answer for answer in answers if answer is not None]
    assert len(late) == 5
    assert all(hall.host.party.name in answer.message for answer in late)
    assert {answer.facts["step"] for answer in late} == {"decrypting"}
    assert len(await hall.entries("opening.decryption_begun")) == 1
    assert len((await hall.snapshot())["window"]["periods"]) == 1


async def test_a_deputy_takes_over_when_the_host_is_away_and_the_former_host_loses_the_controls(hall: Hall) -> None:
    await hall.begin()
    work, lot_id = hall.world.work, hall.lot.id
    with pytest.raises(NotAllowed):
        await hand_over(lot_id, HandOver(hall.world.tenderee.party.id, "代为主持"), hall.world.tenderee.actor, work())
    with pytest.raises(Invalid):
        await hand_over(lot_id, HandOver(hall.world.tenderee.party.id, "代为主持"), hall.host.actor, work())
    await hand_over(lot_id, HandOver(hall.recorder.party.id, "主持人网络中断"), hall.recorder.actor, work())
    shown = await hall.snapshot()
    assert (shown["host"]["name"], shown["recorder"]["name"]) == (hall.recorder.party.name, hall.host.party.name)
    await hall.release_all()
    with pytest.raises(NotAllowed):
        await announce(lot_id, NextStep("decrypting"), hall.host.actor, work(), hall.keys)
    await announce(lot_id, NextStep("decrypting"), hall.recorder.actor, work(), hall.keys)
    [(_, payload)] = await hall.entries("opening.handed_over")
    assert payload["reason"] == "主持人网络中断"
