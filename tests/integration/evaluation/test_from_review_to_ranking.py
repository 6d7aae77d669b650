"""The desk from the first verdict to the ranking: majority, commitment, reveal, rounds, alerts."""

import json
import re
from collections.abc import Sequence

import pytest

from bidding.opening.tables import OpenedBid
from evaluation.scoring.commands.reviewing import OneVote, SaveReview, save_review, submit_review
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
from evaluation.scoring.sheets import PURPOSE, box_subject
from evaluation.scoring.verification import verify_evaluation
from storage.crypto.canonical import canonical_bytes
from storage.crypto.sealed_box import open_box
from storage.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Refused, RulesUnmet
from storage.kernel.identifiers import new_id
from tests.desk_world import Desk

ROWS = [{"2": "25.00", "3": "8.00"}, {"2": "24.00", "3": "8.00"}, {"2": "26.00", "3": "8.00"}]
# Figures that stand nowhere else in the database, so that finding one is a leak.
SECRET = [{"2": "23.17", "3": "7.93"}, {"2": "21.71", "3": "7.93"}, {"2": "27.19", "3": "7.93"}]


async def entries(desk: Desk) -> str:
    """Everything a public reader of the ledger may have of the lot."""
    return json.dumps([payload for action, payload in await desk.hall.entries() if action.startswith("evaluation.")])


def shown(secrets: set[str], text: str) -> list[str]:
    """The secrets that stand in a text; a score is a number of its own, not the seconds of some moment (``07.93…``)."""
    return [each for each in secrets if re.search(rf"(?<!\d){re.escape(each)}(?!\d)", text)]


def numbers(refused: pytest.ExceptionInfo[RulesUnmet]) -> set[str]:
    return {rule.number for rule in refused.value.rules}


@pytest.mark.cts("A-137", "A-140", "A-144", "A-145", "B-023")
async def test_the_desk_goes_from_review_to_a_ranking_that_a_stranger_recomputes(desk: Desk) -> None:
    outcome = await desk.ranked()
    held = await desk.row()
    assert held.step == "ranked"
    assert outcome["baseline"]["value"] == "8740000.17"
    assert sorted(row["rank"] for row in outcome["rows"]) == [1, 2, 3]
    design = outcome["rows"][0]["items"][0]["score"]
    assert (design["value"], design["rule"]) == ("25.50", "R-331")
    assert design["inputs"][0]["value"].startswith("甲 ")
    announced = (await desk.hall.snapshot())["announced"]["rows"]
    proofs = list(verify_evaluation(await desk.document(), announced=announced))
    assert len(proofs) == 4
    view = await desk.view(desk.actor(desk.leader))
    assert [each["body"]["check"] for each in view["bids"]] == ["sound"] * 3
    assert view["outcome_sha256"] == held.outcome_sha256


@pytest.mark.cts("A-146")
async def test_no_score_is_readable_by_anyone_before_all_have_committed(desk: Desk) -> None:
    await desk.review_all()
    *early, last = desk.members
    scores = {text for row in SECRET for text in row.values()}
    for member in early:
        answer = await desk.commit(member, SECRET)
        assert answer["step"] == "scoring"
    secrets = scores | {json.loads(sheet.text)["salt"] for sheet in desk.sheets.values()}
    assert set(shown(secrets, "".join(sheet.text for sheet in desk.sheets.values()))) == secrets, "what it looks for"
    assert not shown(secrets, await desk.everything_stored())
    people = [desk.actor(last), desk.actor(early[0]), desk.hall.world.supervisor.actor, desk.board.tenderee.actor,
              desk.hall.host.actor]
    answers = json.dumps([await desk.view(person) for person in people])
    assert not shown(secrets, answers)
    assert not shown(secrets, await entries(desk))
    with pytest.raises(RulesUnmet) as refused:
        await desk.reveal(early[0])
    assert "R-330" in numbers(refused)
    assert (await desk.commit(last, ROWS))["step"] == "revealing"
    for member in early:  # still no member sees another's sheet before its own is open
        assert (await desk.reveal(member))["step"] == "revealing"
        assert not shown(scores, json.dumps((await desk.view(desk.actor(last)))["sheets"]))
    await desk.fill(early[0], ROWS)
    with pytest.raises(Invalid):
        await desk.reveal(early[0])


async def test_a_member_reveals_from_any_device_with_its_own_certificate(desk: Desk) -> None:
    await desk.review_all()
    member = desk.members[1]
    await desk.commit(member, ROWS)
    kept = (await desk.view(desk.actor(member)))["own_sheet"]
    identity = desk.board.everyone[member.party_id].identities[0]
    plain = open_box(kept["box"], identity.key, purpose=PURPOSE,  # type: ignore[arg-type]
                     subject=box_subject(str(desk.lot_id), 1, str(member.id)))
    assert plain.decode() == desk.sheets[member.id].text
    assert (await desk.view(desk.actor(desk.members[2])))["own_sheet"] is None


@pytest.mark.cts("A-140", "A-144")
async def test_the_majority_rejects_and_members_see_each_other_only_when_all_have_submitted(desk: Desk) -> None:
    against = {(2, "2.1"): "安全生产许可证已过期"}
    for place, member in enumerate(desk.members):
        step = await desk.review(member, against if place < 3 else {})
        view = await desk.view(desk.actor(desk.members[-1]))
        assert (view["reviews"] == []) == (place < 4)
        assert step == ("competition" if place == 4 else "reviewing")  # two valid bids of three are too few
    ground = view["bids"][1]["rejected"]
    assert (ground["clause"], ground["against"], ground["for"]) == ("2.1", 3, 2)
    assert [each["valid"] for each in view["bids"]] == [True, False, True]
    with pytest.raises(Refused):
        await desk.review(desk.members[0])


async def test_a_verdict_needs_its_clause_its_reason_and_all_the_others(desk: Desk) -> None:
    actor, bids = desk.actor(desk.leader), await desk.bids()
    with pytest.raises(RulesUnmet) as refused:
        await save_review(desk.lot_id, SaveReview([OneVote(bids[0], "Z9", passes=False)]), actor, desk.work())  # type: ignore[arg-type]
    assert numbers(refused) == {"R-126/2"}
    with pytest.raises(NotFound):
        await save_review(desk.lot_id, SaveReview([OneVote(new_id(), "1.1", passes=True)]), actor, desk.work())
    with pytest.raises(RulesUnmet) as refused:
        await submit_review(desk.lot_id, actor, desk.work())
    assert numbers(refused) == {"R-300"}
    with pytest.raises(RulesUnmet) as refused:
        await desk.review(desk.leader, {(1, "2.1"): ""})
    assert numbers(refused) == {"R-300"}


async def test_objective_scores_that_differ_begin_a_new_round(desk: Desk) -> None:
    await desk.review_all()
    for member in desk.members:
        credit = "10.00" if member is desk.members[2] else "8.00"
        await desk.commit(member, [{"2": row["2"], "3": credit} for row in ROWS])
    steps = [(await desk.reveal(member))["step"] for member in desk.members]
    assert steps == ["revealing"] * 4 + ["scoring"]
    view = await desk.view(desk.actor(desk.leader))
    assert (view["round"], len(view["disputes"]), view["disputes"][0]["item"]) == (2, 3, "3")
    with pytest.raises(Conflict):
        await desk.commit(desk.leader, ROWS, 1)
    for member in desk.members:
        await desk.commit(member, ROWS, 2)
    assert (await desk.reveal(desk.leader, 2))["revealed"] == 1
    with pytest.raises(NotAllowed):
        await restart_round(desk.lot_id, RestartRound(2, "sheet-lost"), desk.actor(desk.members[1]), desk.work())
    assert await restart_round(desk.lot_id, RestartRound(2, "sheet-lost"), desk.actor(desk.leader), desk.work()) == 3


def designs(first: str) -> list[Sequence[str]]:
    return [[first, "20.00", "20.00"], *[[f"20.{number}0", "20.00", "20.00"] for number in range(4)]]


@pytest.mark.cts("A-150")
async def test_a_score_far_from_the_others_waits_for_its_reason_and_stays_as_it_is(desk: Desk) -> None:
    await desk.review_all()
    assert (await desk.score_all(*designs("29.00")))["step"] == "alerts"
    alert = (await desk.view(desk.actor(desk.leader)))["alerts"][0]
    assert (alert["alias"], alert["value"], alert["reason"]) == (desk.leader.alias, "29.00", None)
    reason = ExplainAlert("该投标人的导流方案明显优于其他投标人")
    with pytest.raises(NotAllowed):
        await explain_alert(desk.lot_id, alert["id"], reason, desk.actor(desk.members[1]), desk.work())
    with pytest.raises(NotFound):
        await explain_alert(desk.lot_id, "000000000000", reason, desk.actor(desk.leader), desk.work())
    assert await explain_alert(desk.lot_id, alert["id"], reason, desk.actor(desk.leader), desk.work()) == "ranked"
    outcome = (await desk.row()).outcome or {}
    assert outcome["rows"][0]["items"][0]["score"]["value"] == "21.92"
    document = await desk.document()
    announced = (await desk.hall.snapshot())["announced"]["rows"]
    assert len(list(verify_evaluation(document, announced=announced))) == 4


async def test_a_sheet_out_of_range_of_another_member_or_changed_is_refused(desk: Desk) -> None:
    await desk.review_all()
    wrong = [{"2": "30.01", "3": "8.00"}, *ROWS[1:]]
    for member in desk.members:
        await desk.commit(member, wrong if member is desk.leader else ROWS)
    with pytest.raises(RulesUnmet) as refused:
        await desk.reveal(desk.leader)
    assert numbers(refused) == {"R-168"}
    other = desk.members[1]
    changed = json.loads(desk.sheets[other.id].text)
    changed["scores"][next(iter(changed["scores"]))]["2"] = "29.00"
    with pytest.raises(Invalid):
        await reveal_scores(desk.lot_id, RevealScores(1, canonical_bytes(changed).decode()), desk.actor(other),
                            desk.work())
    made = desk.sheets[other.id]
    again = await commit_scores(desk.lot_id, CommitScores(1, made.commitment, made.box), desk.actor(other), desk.work())
    assert again["committed"] == 5
    with pytest.raises(Conflict):
        await desk.commit(other, ROWS)


@pytest.mark.cts("B-023")
async def test_what_is_ranked_is_what_was_decrypted(desk: Desk) -> None:
    await desk.review_all()
    for member in desk.members:
        await desk.commit(member, ROWS)
    for member in desk.members[:-1]:
        await desk.reveal(member)
    async with desk.hall.world.sessions() as session:
        bid = (await session.get(OpenedBid, (await desk.row()).bids[0]["bid"]))
        assert bid is not None
        bid.statement = {**(bid.statement or {}), "price": "1.00"}
        await session.commit()
    with pytest.raises(RulesUnmet) as refused:
        await desk.reveal(desk.members[-1])
    assert numbers(refused) == {"B-023"}


@pytest.mark.cts("A-146")
async def test_nobody_without_a_seat_sees_or_acts(desk: Desk) -> None:
    bidder, public = desk.hall.world.bidders[0].actor, desk.hall.world.bidders[1].actor
    for actor in (bidder, public):
        with pytest.raises(NotFound):
            await desk.view(actor)
        with pytest.raises(NotAllowed):
            await submit_review(desk.lot_id, actor, desk.work())
    for actor in (desk.board.tenderee.actor, desk.hall.host.actor):
        view = await desk.view(actor)
        assert "bids" not in view
        assert "members" not in view
        assert view["progress"]["members"] == 5
        with pytest.raises(NotAllowed):
            await save_review(desk.lot_id, SaveReview([]), actor, desk.work())
    supervisor = await desk.view(desk.hall.world.supervisor.actor)
    assert (len(supervisor["bids"]), supervisor["me"]) == (3, None)
    assert supervisor["may"] == ["read_bodies"]
