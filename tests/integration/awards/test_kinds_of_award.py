"""What the tender document sets for the award, and what government procurement asks besides."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.calendar import Span
from storage.kernel.clock import from_wire, process_now
from tests.awards_world import House, evaluated_lot
from tests.tenders_world import KNOWN, instant, numbers
from trading.awards.model import term_end


@pytest.mark.cts("A-166")
async def test_a_committee_that_names_the_winner_recommends_nobody_else(
        house: House, work: Callable[[], Work], sessions: Sessions) -> None:
    made = await evaluated_lot(house.office, work, sessions, house.bidders,
                               award={"candidates": 3, "names_winner": True, "first_ranked_wins": False})
    seen = await made.read()
    assert [each["name"] for each in seen["candidates"]] == [house.bidders[0].party.name]
    shown = await made.publicise()
    assert "拟中标人公示" in shown["texts"]["candidates"]["title"]


@pytest.mark.cts("A-166", "B-026")
async def test_the_document_may_ask_for_two_candidates_and_leave_the_choice_with_a_reason(
        house: House, work: Callable[[], Work], sessions: Sessions) -> None:
    made = await evaluated_lot(house.office, work, sessions, house.bidders,
                               award={"candidates": 2, "names_winner": False, "first_ranked_wins": False})
    office, at = made.office, made.at
    assert len((await made.read())["candidates"]) == 2
    await made.publicise()
    await made.end_publicity()
    _, second, third = made.ids
    assert numbers(await office.tenderee.post(f"{at}/winner", {"bidder": third}, expect=422)) == {"A-168"}
    assert numbers(await office.tenderee.post(f"{at}/winner", {"bidder": second}, expect=422)) == {"R-128/2"}
    shown = await office.tenderee.post(f"{at}/winner", {"bidder": second, "reason": "履约方案更可靠"})
    assert shown["winner"]["name"] == house.bidders[1].party.name


async def test_government_procurement_publicises_names_its_experts_and_counts_working_days(
        house: House, work: Callable[[], Work], sessions: Sessions) -> None:
    made = await evaluated_lot(
        house.office, work, sessions, house.bidders, kind="government", experts=("周敏", "吴海"), deposit=None,
        documents_until=instant(process_now() + timedelta(days=20)))
    seen = await made.read()
    assert from_wire(seen["publicise_by"]) == term_end(from_wire(seen["received_at"]), Span(5, "working-days"), KNOWN)
    await made.award()
    shown = await made.publish_result()
    assert "周敏、吴海" in shown["texts"]["result"]["body"]
