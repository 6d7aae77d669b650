"""From the sign-in to the beginning of the evaluation: hours, recusal, leader, duties, replacement, the desk's seat."""

from datetime import timedelta

import pytest

from evaluation.committees.commands.attending import ask_time
from evaluation.committees.commands.chairing import Extend, Replace, extend_hours, replace_member
from evaluation.committees.commands.leading import SetDuties, Vote, set_duties, vote_leader
from evaluation.committees.queries import seat_at_desk, sitting
from evaluation.committees.tasks import tasks_of
from storage.kernel.clock import process_now
from storage.kernel.errors import NotAllowed, NotFound, Refused, RulesUnmet
from tests.committee_world import Board
from tests.integration.committees.test_drawing import numbers


@pytest.mark.cts("A-133")
async def test_members_sign_in_within_the_hours_alone_and_the_desk_asks_for_it(frozen_board: Board) -> None:
    board, now = frozen_board, process_now()
    await board.drawn()
    [member, *_] = await board.members()
    await board.set_hours(now + timedelta(hours=1), now + timedelta(hours=2))
    with pytest.raises(RulesUnmet) as refused:
        await board.sign_in(member)
    assert numbers(refused.value) == {"R-604"}
    await board.set_hours(now - timedelta(hours=1), now + timedelta(hours=2))
    async with board.hall.world.sessions() as session:
        with pytest.raises(RulesUnmet) as unsigned:
            await seat_at_desk(session, board.lot_id, board.actor(member), now)
        assert numbers(unsigned.value) == {"R-603"}
    await board.sign_in(member)
    await board.sign_in(member)
    async with board.hall.world.sessions() as session:
        seat = await seat_at_desk(session, board.lot_id, board.actor(member), now)
        assert (seat.member_id, seat.alias, seat.is_leader) == (member.id, member.alias, False)
        assert [each.alias for each in await sitting(session, board.lot_id)] == [member.alias]
        for late in (now + timedelta(hours=2), now - timedelta(hours=1, microseconds=1)):
            with pytest.raises(RulesUnmet):
                await seat_at_desk(session, board.lot_id, board.actor(member), late)
        for stranger in (board.tenderee, board.hall.host, board.hall.world.supervisor, board.hall.world.bidders[0]):
            with pytest.raises(NotAllowed):
                await seat_at_desk(session, board.lot_id, stranger.actor, now)


async def test_a_conflict_told_at_the_sign_in_recuses_and_the_next_is_called(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    gone = next(each for each in await board.members() if each.stratum is not None)
    await board.answer(gone)
    await board.sign_in(gone, conflict=True)
    members = await board.members()
    assert gone.id not in {each.id for each in members}
    assert len(members) == 5
    shown = await board.snapshot(board.hall.world.supervisor.actor)
    assert [each["status"] for each in shown["members"] if each["alias"] == gone.alias] == ["recused"]


async def test_the_evaluation_begins_once_all_have_signed_in_and_the_lot_moves_on(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    with pytest.raises(RulesUnmet) as refused:
        await board.begin()
    assert numbers(refused.value) == {"R-603"}
    await board.seat_everyone()
    for other in (board.tenderee.actor, board.actor((await board.members())[0])):
        with pytest.raises(NotAllowed):
            await board.begin(other)
    with pytest.raises(NotFound):
        await board.begin(board.hall.world.bidders[0].actor)
    await board.begin()
    shown = await board.snapshot(board.hall.host.actor)
    assert (shown["step"], shown["lot"]["stage"]) == ("begun", "evaluating")
    assert shown["begun_by"] == board.hall.host.party.name


async def test_a_member_whose_unit_turns_out_to_be_a_bidders_stops_the_beginning(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    members = await board.seat_everyone()
    expert = next(each for each in members if each.capacity == "expert")
    bidder = board.hall.world.bidders[1].party
    await board.change_expert(board.everyone[expert.party_id],
                              units=[{"name": bidder.name, "uscc": bidder.uscc, "relation": "former", "reason": ""}])
    with pytest.raises(RulesUnmet) as refused:
        await board.begin()
    assert numbers(refused.value) == {"R-124/4"}
    command = Replace("recusal", "三年内曾任职于投标人")
    await replace_member(board.lot_id, expert.id, command, board.hall.host.actor, board.hall.world.work(),
                         board.hall.keys)
    await board.sign_in(next(each for each in await board.members() if each.alias == "己"))
    await board.begin()


@pytest.mark.cts("A-132")
async def test_members_elect_an_expert_by_majority_and_the_leader_gives_out_duties(frozen_board: Board) -> None:
    board, work = frozen_board, frozen_board.hall.world.work
    await board.drawn()
    first = next(each for each in await board.members() if each.capacity == "expert")
    await board.sign_in(first)
    with pytest.raises(RulesUnmet) as refused:
        await vote_leader(board.lot_id, Vote(first.id), board.actor(first), work())
    assert numbers(refused.value) == {"R-603"}
    for member in await board.members():
        await board.sign_in(member)
    members = await board.members()
    representative = next(each for each in members if each.capacity == "representative")
    experts = [each for each in members if each.capacity == "expert"]
    with pytest.raises(RulesUnmet) as refused:
        await vote_leader(board.lot_id, Vote(representative.id), board.actor(first), work())
    assert numbers(refused.value) == {"R-607"}
    split = [experts[0], experts[0], experts[1], experts[1], experts[2]]
    for member, chosen in zip(members, split, strict=True):
        await vote_leader(board.lot_id, Vote(chosen.id), board.actor(member), work())
    assert (await board.committee()).leader_id is None
    await vote_leader(board.lot_id, Vote(experts[0].id), board.actor(members[0]), work())
    with pytest.raises(Refused):
        await vote_leader(board.lot_id, Vote(experts[0].id), board.actor(members[0]), work())
    for member in members[1:3]:
        await vote_leader(board.lot_id, Vote(experts[0].id), board.actor(member), work())
    assert (await board.committee()).leader_id == experts[0].id
    with pytest.raises(NotAllowed):
        await set_duties(board.lot_id, experts[1].id, SetDuties(["report"]), board.actor(experts[1]), work())
    await set_duties(board.lot_id, experts[1].id, SetDuties(["technical", "report"]), board.actor(experts[0]), work())
    shown = await board.snapshot(board.actor(experts[1]))
    assert (shown["leader"], shown["me"]["duties"]) == (experts[0].alias, ["report", "technical"])


async def test_a_leader_who_leaves_is_elected_anew_by_those_who_are_there(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    members = await board.seat_everyone()
    leader, other = [each for each in members if each.capacity == "expert"][:2]
    await board.elect(leader)
    host, work = board.hall.host.actor, board.hall.world.work
    with pytest.raises(Refused):
        await replace_member(board.lot_id, leader.id, Replace("absent", "没有来"), host, work(), board.hall.keys)
    await replace_member(board.lot_id, leader.id, Replace("illness", "突发疾病"), host, work(), board.hall.keys)
    assert (await board.committee()).leader_id is None
    for member in await board.members():
        if member.status != "signed_in":
            await board.sign_in(member)
    await board.elect(other)
    assert (await board.committee()).leader_id == other.id


@pytest.mark.cts("A-133")
async def test_more_than_a_third_who_find_the_time_short_oblige_to_extend_it(frozen_board: Board) -> None:
    board, work = frozen_board, frozen_board.hall.world.work
    await board.drawn()
    members = await board.seat_everyone()
    host = board.hall.host.actor
    for count, member in enumerate(members[:2], 1):
        await ask_time(board.lot_id, board.actor(member), work())
        assert (await board.snapshot(host))["must_extend"] == (count == 2)
    committee = await board.committee()
    with pytest.raises(RulesUnmet) as refused:
        await extend_hours(board.lot_id, Extend(committee.ends_at, "再看"), host, work())
    assert numbers(refused.value) == {"R-125"}
    longer = committee.ends_at + timedelta(hours=2)
    await extend_hours(board.lot_id, Extend(longer, "成员认为时间不够"), host, work())
    shown = await board.snapshot(host)
    assert shown["must_extend"] is False
    assert (await board.committee()).ends_at == longer


async def test_the_task_list_leads_each_to_what_it_owes_and_nobody_to_a_committee_that_is_not_its_own(
        frozen_board: Board) -> None:
    board, now = frozen_board, process_now()

    async def kinds(person: object) -> list[str]:
        async with board.hall.world.sessions() as session:
            return [task.kind for task in await tasks_of(session, person, now)]  # type: ignore[arg-type]

    assert await kinds(board.tenderee.actor) == ["request_committee"]
    await board.request()
    assert await kinds(board.tenderee.actor) == ["committee_draw"]
    await board.draw()
    members = await board.members()
    seats = {each.party_id for each in members}
    outside = next(each for each in board.experts if each.party.id not in seats)
    assert await kinds(outside.actor) == []
    assert await kinds(board.hall.world.bidders[0].actor) == []
    assert await kinds(board.actor(members[0])) == ["committee_answer"]
    await board.answer(members[0])
    assert await kinds(board.actor(members[0])) == ["committee_sign_in"]
    for member in members:
        await board.sign_in(member)
    assert await kinds(board.actor(members[0])) == ["committee_vote"]
    assert await kinds(board.hall.host.actor) == ["committee_begin_evaluation"]
