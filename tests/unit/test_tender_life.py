"""The steps of a lot, row by row: what each needs, and what it refuses by number."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage.kernel.errors import Refused, RulesUnmet
from trading.tenders.life import STEPS, Passage, acts_from, advance
from trading.tenders.model import BEFORE_DEADLINE, Act, Stage

FROM = datetime(2026, 3, 2, 1, tzinfo=UTC)
UNTIL, DEADLINE = FROM + timedelta(days=7), FROM + timedelta(days=21)
TICK = timedelta(microseconds=1)
AT_DEADLINE = Passage(now=DEADLINE, documents_from=FROM, documents_until=UNTIL, deadline_at=DEADLINE, sealed_bids=3)


def refusals(stage: Stage, act: Act, passage: Passage) -> set[str]:
    """The numbers of the rules that refuse a step."""
    with pytest.raises(RulesUnmet) as refused:
        advance(stage, act, passage)
    return {each.number for each in refused.value.rules}


def test_selling_begins_at_its_announced_instant_and_not_before() -> None:
    assert advance(Stage.PUBLISHED, Act.BEGIN_SELLING, replace(AT_DEADLINE, now=FROM)) == Stage.SELLING
    assert refusals(Stage.PUBLISHED, Act.BEGIN_SELLING, replace(AT_DEADLINE, now=FROM - TICK)) == {"R-102/2"}


def test_selling_ends_at_its_announced_instant_and_not_before() -> None:
    for stage in (Stage.PUBLISHED, Stage.SELLING):
        assert advance(stage, Act.END_SELLING, replace(AT_DEADLINE, now=UNTIL)) == Stage.PREPARING
        assert refusals(stage, Act.END_SELLING, replace(AT_DEADLINE, now=UNTIL - TICK)) == {"R-102/3"}


@pytest.mark.parametrize("stage", sorted(BEFORE_DEADLINE))
def test_opening_needs_the_deadline_and_three_sealed_bids(stage: Stage) -> None:
    assert advance(stage, Act.OPEN, AT_DEADLINE) == Stage.OPENING
    early = replace(AT_DEADLINE, now=DEADLINE - TICK)
    assert refusals(stage, Act.OPEN, early) == {"R-107/2"}
    assert refusals(stage, Act.OPEN, replace(AT_DEADLINE, sealed_bids=2)) == {"R-108"}
    assert refusals(stage, Act.OPEN, replace(early, sealed_bids=None, suspended=True)) == {"R-210", "R-107/2", "R-108"}


def test_two_sealed_bids_at_the_deadline_fail_the_lot_and_three_do_not() -> None:
    assert advance(Stage.PREPARING, Act.FAIL, replace(AT_DEADLINE, sealed_bids=2)) == Stage.FAILED
    assert refusals(Stage.PREPARING, Act.FAIL, AT_DEADLINE) == {"R-108/2"}
    assert refusals(Stage.PREPARING, Act.FAIL, replace(AT_DEADLINE, sealed_bids=None)) == {"R-108/2"}
    assert advance(Stage.PREPARING, Act.OPEN, replace(AT_DEADLINE, sealed_bids=1, min_bidders=1)) == Stage.OPENING


def test_a_suspension_freezes_every_forward_step() -> None:
    frozen = replace(AT_DEADLINE, suspended=True)
    assert refusals(Stage.SELLING, Act.END_SELLING, frozen) == {"R-210"}
    assert refusals(Stage.OPENING, Act.CONCLUDE, frozen) == {"R-210"}
    assert advance(Stage.SELLING, Act.TERMINATE, frozen) == Stage.TERMINATED


def test_the_way_after_the_opening_leads_from_evaluation_to_the_archive() -> None:
    way = (Act.BEGIN_EVALUATION, Act.END_EVALUATION, Act.PUBLICISE, Act.AWARD, Act.CONTRACT, Act.ARCHIVE)
    stage, over = Stage.OPENED, replace(AT_DEADLINE, publicity_until=DEADLINE)
    for act in way:
        stage = advance(stage, act, over)
    assert stage == Stage.ARCHIVED


def test_the_award_waits_for_the_end_of_publicity_and_for_every_answer() -> None:
    over = replace(AT_DEADLINE, publicity_until=DEADLINE)
    assert advance(Stage.PUBLICISED, Act.AWARD, over) == Stage.AWARDED
    assert refusals(Stage.PUBLICISED, Act.AWARD, replace(over, now=DEADLINE - TICK)) == {"R-110/2"}
    assert refusals(Stage.PUBLICISED, Act.AWARD, replace(over, open_objections=1)) == {"R-111/2"}
    assert refusals(Stage.PUBLICISED, Act.AWARD, AT_DEADLINE) == {"R-110/2"}


def test_there_is_one_row_for_a_stage_and_an_act_and_no_way_out_of_the_end() -> None:
    assert len({(step.before, step.act) for step in STEPS}) == len(STEPS)
    for stage in (Stage.FAILED, Stage.TERMINATED):
        assert acts_from(stage) == frozenset()
    with pytest.raises(Refused):
        advance(Stage.DRAFT, Act.PUBLISH_LOT, AT_DEADLINE)
