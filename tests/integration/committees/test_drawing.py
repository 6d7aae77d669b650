"""From the request to the draw: composition, recusal, replacement, and a replay from the ledger alone."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from evaluation.committees.commands.representing import NameRepresentative, name_representative
from evaluation.committees.commands.requesting import Quota
from evaluation.committees.verification import verify_committee
from storage.kernel.clock import process_now
from storage.kernel.errors import Invalid, NotAllowed, NotFound, Refused, RulesUnmet
from storage.ledger.queries import feed
from storage.ledger.tables import LedgerOutbox
from tests.committee_world import ELSEWHERE, HERE, Board


async def acts_of(board: Board, *audiences: str) -> dict[str, list[Any]]:
    """Payloads of the lot's open acts by action, as the audiences may read them."""
    async with board.hall.world.sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        numbered = await feed(session, set(audiences), stream=f"lot:{board.lot_id}")
        waiting = (await session.execute(select(LedgerOutbox).where(
            LedgerOutbox.stream == f"lot:{board.lot_id}", LedgerOutbox.sealed.is_(False)).order_by(
                LedgerOutbox.id))).scalars().all()
    found: dict[str, list[Any]] = {}
    for item in numbered:
        if item["payload"] is not None:
            found.setdefault(json.loads(item["entry"])["action"], []).append(item["payload"])
    for row in waiting:
        if set(row.audience) & set(audiences):
            found.setdefault(row.action, []).append(json.loads(row.payload))
    return found


def numbers(refusal: RulesUnmet) -> set[str]:
    return {rule.number for rule in refusal.rules}


@pytest.mark.cts("A-129", "B-020", "B-021")
async def test_a_committee_that_the_law_does_not_admit_is_not_asked_for(board: Board) -> None:
    world = board.hall.world
    ends_at = process_now() + timedelta(hours=5)
    both = [board.entries[each.party.id].id for each in board.representatives]
    for change, expected in (
            ({"size": 4, "strata": [Quota(HERE, 3)]}, {"R-124"}), ({"size": 3, "strata": [Quota(HERE, 2)]}, {"R-124"}),
            ({"representatives": both, "strata": [Quota(HERE, 3)]}, {"R-124/2"}),
            ({"strata": [Quota(HERE, 3)]}, {"R-601/4"}), ({"specialty": "施工"}, {"R-601/4"}),
            ({"starts_at": process_now()}, {"R-604/2"}), ({"ends_at": world.lot.deadline_at}, {"R-604/2"})):
        with pytest.raises(RulesUnmet) as refused:
            await board.request(**change)
        assert numbers(refused.value) == expected, change
    with pytest.raises(Invalid):
        await board.request(representatives=[board.entries[board.experts[0].party.id].id])
    for stranger in (world.bidders[0], board.experts[0]):
        with pytest.raises(NotFound):
            await board.request(actor=stranger.actor)
    with pytest.raises(NotAllowed):
        await board.request(actor=board.hall.host.actor)
    await board.request(actor=world.agency.actor, ends_at=ends_at)
    await board.request()
    [_, asked] = (await acts_of(board, "public"))["committee.requested"]
    assert (asked["size"], asked["representatives"], asked["specialty"]) == (5, 1, "A08")


async def test_nothing_is_drawn_before_the_bids_are_frozen(board: Board) -> None:
    await board.request(starts_at=board.hall.lot.deadline_at + timedelta(days=2),
                        ends_at=board.hall.lot.deadline_at + timedelta(days=3))
    with pytest.raises(RulesUnmet) as refused:
        await board.draw()
    assert numbers(refused.value) == {"R-601", "R-601/3"}
    with pytest.raises(NotAllowed):
        await board.draw(board.hall.host.actor)


@pytest.mark.cts("A-130", "A-131", "A-219", "A-220")
async def test_a_draw_takes_the_asked_for_of_each_region_and_nobody_to_be_recused(frozen_board: Board) -> None:
    board = frozen_board
    await board.request()
    await board.draw()
    members = await board.members()
    entries = [board.entries[each.party_id] for each in members]
    regions = Counter(each.region for each in entries if each.kind == "expert")
    assert regions == {HERE: 2, ELSEWHERE: 2}
    assert [each.kind for each in entries].count("representative") == 1
    assert not {"投标人的专家", "监理专家"} & {each.name for each in entries}
    assert sorted(each.alias for each in members) == sorted("甲乙丙丁戊")
    shown = await board.snapshot(board.actor(members[0]))
    assert shown["me"]["status"] == "invited"
    assert shown["may"] == ["answer"] or set(shown["may"]) == {"answer", "sign_in"}
    with pytest.raises(Refused):
        await board.draw()
    with pytest.raises(RulesUnmet) as refused:
        await board.request()
    assert numbers(refused.value) == {"R-601/5"}


@pytest.mark.cts("A-220")
async def test_the_draw_repeats_from_the_ledger_alone_and_tells_no_name(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    for member in (await board.members())[:3]:
        await board.answer(member, accepted=False)
    acts = await acts_of(board, "evaluation", "public")
    opening = acts["lot.bids_frozen"][0]
    assert len([*verify_committee(acts, opening["set_sha256"])]) == 1
    told = json.dumps({action: found for action, found in acts.items() if "committee" in action}, ensure_ascii=False)
    for entry in board.entries.values():
        assert entry.name not in told
        assert entry.number not in told
        assert str(entry.party_id) not in told
    pool = (await acts_of(board, "supervisor"))["committee.pool"][0]
    assert {each["number"] for each in pool["excluded"]} == {
        each.number for each in board.entries.values() if each.name == "投标人的专家"}
    assert len(pool["candidates"]) == 9
    assert "committee.drawn" not in await acts_of(board, "public", "centre", f"party:{board.tenderee.party.id}")


async def test_who_declines_is_replaced_by_the_next_of_the_same_region(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    gone = next(each for each in await board.members() if each.stratum is not None)
    await board.answer(gone, accepted=False)
    members = await board.members()
    assert gone.id not in {each.id for each in members}
    [called] = [each for each in members if each.alias == "己"]
    assert called.stratum == gone.stratum
    assert board.entries[called.party_id].region == board.entries[gone.party_id].region
    with pytest.raises(Refused):
        await board.answer(gone)
    with pytest.raises(Refused):
        await board.sign_in(gone)


async def test_a_suspended_expert_is_passed_over_when_its_turn_comes(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    seated = {each.party_id for each in await board.members()}
    waiting = [each for each in board.experts if each.party.id not in seated
               and board.entries[each.party.id].region == HERE and each.party.name.startswith("评标专家")]
    for each in waiting[:2]:
        await board.change_expert(each, status="suspended")
    gone = next(each for each in await board.members() if board.entries[each.party_id].region == HERE
                and each.stratum is not None)
    await board.answer(gone, accepted=False)
    [called] = [each for each in await board.members() if each.alias == "己"]
    assert called.party_id == waiting[2].party.id
    acts = await acts_of(board, "evaluation", "public")
    assert [*verify_committee(acts, acts["lot.bids_frozen"][0]["set_sha256"])]


async def test_an_exhausted_stratum_leads_to_a_new_request_with_a_new_seed(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    while gone := [each for each in await board.members() if each.stratum is not None
                   and board.entries[each.party_id].region == ELSEWHERE]:
        await board.answer(gone[0], accepted=False)
    shown = await board.snapshot(board.tenderee.actor)
    assert shown["figures"]["vacant"] == 2
    assert "request" in shown["may"]
    before = (await board.committee()).commitment
    await board.request()
    with pytest.raises(RulesUnmet) as refused:
        await board.draw()
    assert numbers(refused.value) == {"R-601/2"}
    await board.request(strata=[Quota("320000", 4)])
    await board.draw()
    committee, members = await board.committee(), await board.members()
    assert (committee.round, len(members)) == (2, 5)
    assert committee.commitment != before
    assert {board.entries[each.party_id].region for each in members} == {HERE}
    acts = await acts_of(board, "evaluation", "public")
    assert [*verify_committee(acts, acts["lot.bids_frozen"][0]["set_sha256"])]


async def test_a_vacant_representatives_seat_is_filled_by_name_not_by_a_new_draw(frozen_board: Board) -> None:
    board = frozen_board
    await board.drawn()
    [named] = [each for each in await board.members() if each.capacity == "representative"]
    await board.answer(named, accepted=False)
    with pytest.raises(RulesUnmet):
        await board.request()
    shown = await board.snapshot(board.tenderee.actor)
    assert "name_representative" in shown["may"]
    first, second = (NameRepresentative(board.entries[each.party.id].id) for each in board.representatives)
    with pytest.raises(Invalid):
        await name_representative(board.lot_id, first, board.tenderee.actor, board.hall.world.work())
    await name_representative(board.lot_id, second, board.tenderee.actor, board.hall.world.work())
    assert len(await board.members()) == 5
    with pytest.raises(Refused):
        await name_representative(board.lot_id, second, board.tenderee.actor, board.hall.world.work())
