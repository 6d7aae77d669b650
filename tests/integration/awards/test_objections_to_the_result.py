"""Objections within the publicity freeze the award until they are answered; a complaint may hold it."""

from datetime import timedelta

import pytest

from storage.kernel.clock import from_wire, process_now
from tests.awards_world import Evaluated
from tests.tenders_world import KNOWN, numbers


@pytest.mark.cts("A-195", "A-196", "B-031")
async def test_an_objection_freezes_the_award_until_it_is_answered(evaluated: Evaluated) -> None:
    office, at = evaluated.office, evaluated.at
    early = await office.rival.post(f"{at}/result-objections", {"text": "评分有误"}, expect=422)
    assert numbers(early) == {"R-110/4", "R-111"}
    await evaluated.publicise()
    assert (await office.public.post(f"{at}/result-objections", json={"text": "评分有误"})).status_code == 401
    raised = await office.rival.post(f"{at}/result-objections", {"text": "第一名的业绩证明已过期"})
    assert from_wire(raised["due_at"]) == KNOWN.end_of_period(from_wire(raised["at"]), 3)
    shown = (await office.public.get(f"{at}/award")).json()
    assert (shown["is_frozen"], shown["objections"]) == (True, {"open": 1, "total": 1, "items": []})
    assert (await office.bidder.get(f"{at}/award"))["objections"]["items"] == []
    await evaluated.end_publicity()
    await evaluated.read()
    refused = await office.tenderee.post(f"{at}/winner", {"bidder": evaluated.ids[0]}, expect=422)
    assert numbers(refused) == {"R-111/2"}
    await office.rival.post(f"/api/result-objections/{raised['id']}/answer", {"text": "无"}, expect=403)
    await office.rival.post(f"/api/result-objections/{raised['id']}/answer", {"text": "无误"}, expect=403)
    answered = await office.agency.post(f"/api/result-objections/{raised['id']}/answer", {"text": "经核实有效"})
    assert (answered["answer"], answered["is_late"]) == ("经核实有效", False)
    await office.agency.post(f"/api/result-objections/{raised['id']}/answer", {"text": "再答"}, expect=409)
    late = await office.rival.post(f"{at}/result-objections", {"text": "又有异议"}, expect=422)
    assert numbers(late) == {"R-111"}
    shown = await office.tenderee.post(f"{at}/winner", {"bidder": evaluated.ids[0]})
    assert shown["lot"]["stage"] == "awarded"


@pytest.mark.cts("B-031")
async def test_a_late_answer_is_marked_and_says_why(evaluated: Evaluated) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.publicise()
    raised = await office.rival.post(f"{at}/result-objections", {"text": "第一名的业绩证明已过期"})
    await evaluated.age_objections(process_now() - timedelta(days=4), process_now() - timedelta(days=1))
    path = f"/api/result-objections/{raised['id']}/answer"
    tasks = (await office.tenderee.get("/api/me/tasks"))["items"]
    assert "answer_objection" in {task["kind"] for task in tasks}
    assert numbers(await office.agency.post(path, {"text": "经核实有效"}, expect=422)) == {"B-031"}
    answered = await office.agency.post(path, {"text": "经核实有效", "late_reason": "向发证机关调档"})
    assert (answered["is_late"], answered["late_reason"]) == (True, "向发证机关调档")


async def test_a_complaint_holds_the_award_until_the_supervisor_lets_it_go(evaluated: Evaluated) -> None:
    office, at = evaluated.office, evaluated.at
    await evaluated.publicise()
    await office.centre.post(f"{at}/complaint-hold", {"held": True, "reason": "受理投诉"}, expect=403)
    await office.supervisor.post(f"{at}/complaint-hold", {"held": False, "reason": "受理投诉"}, expect=409)
    await office.supervisor.post(f"{at}/complaint-hold", {"held": True, "reason": "受理投诉"})
    await evaluated.end_publicity()
    await evaluated.read()
    body = {"bidder": evaluated.ids[0]}
    assert numbers(await office.tenderee.post(f"{at}/winner", body, expect=422)) == {"R-112"}
    await office.supervisor.post(f"{at}/complaint-hold", {"held": False, "reason": "投诉不成立"})
    await office.tenderee.post(f"{at}/winner", body)
