"""The law of committees and of the expert bank, rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.committees import rules
from evaluation.committees.model import (
    CommitteeAct,
    CommitteeFacts,
    CommitteeStep,
    Hours,
    Stratum,
    elected,
    time_must_be_extended,
)
from evaluation.committees.steps import ACTS, admit, missing
from evaluation.experts.model import ExpertAct, ExpertStatus, Unit, conflicts, covers, lies_in, status_after
from evaluation.experts.rules import (
    Entry,
    another_person_verifies,
    expert_is_qualified,
    region_and_unit_are_told,
    specialties_are_codes,
)
from storage.kernel.errors import Refused, RulesUnmet

T = datetime(2026, 3, 2, 1, tzinfo=UTC)
FACTS = CommitteeFacts(
    now=T, hours=Hours(T, T + timedelta(hours=3)), deadline_at=T - timedelta(hours=1), size=5, representatives=1,
    strata=(Stratum("320700", 2), Stratum("320500", 2)), specialty="A08", is_frozen=True, experts_seated=4,
    representatives_seated=1, signed_in=5)
ENTRY = Entry(kind="expert", specialties=("A08",), region="320700", is_senior=True, years=8, units=1,
              editor="party:1", verifier="party:2")


@pytest.mark.cts("B-020")
@given(st.integers(0, 60))
def test_a_committee_has_five_members_or_more_and_an_odd_number(size: int) -> None:
    assert rules.five_or_more_and_odd(replace(FACTS, size=size)) == (size >= 5 and size % 2 == 1)


@pytest.mark.cts("B-021")
@given(st.integers(1, 60), st.integers(0, 60))
def test_experts_are_two_thirds_and_representatives_at_most_one_third(size: int, representatives: int) -> None:
    lawful = representatives <= size and 3 * representatives <= size and 3 * (size - representatives) >= 2 * size
    assert rules.experts_are_two_thirds(replace(FACTS, size=size, representatives=representatives)) == lawful
    assert not rules.experts_are_two_thirds(replace(FACTS, size=5, representatives=2))


@pytest.mark.cts("A-129")
def test_quotas_by_region_make_up_the_experts_and_the_specialty_is_a_code() -> None:
    assert rules.quotas_fit_the_size(FACTS)
    for change in ({"strata": (Stratum("320700", 4), Stratum("320500", 1))}, {"specialty": "施工"}, {"strata": ()},
                   {"strata": (Stratum("320700", 2), Stratum("320700", 2))}, {"strata": (Stratum("3207", 4),)},
                   {"strata": (Stratum("320700", 4), Stratum("320500", 0))}):
        assert not rules.quotas_fit_the_size(replace(FACTS, **change))


def test_the_hours_come_after_the_deadline_and_are_half_open() -> None:
    assert rules.hours_lie_ahead(FACTS)
    assert not rules.hours_lie_ahead(replace(FACTS, deadline_at=T + timedelta(seconds=1)))
    assert not rules.hours_lie_ahead(replace(FACTS, deadline_at=None))
    assert not rules.hours_lie_ahead(replace(FACTS, now=FACTS.hours.ends_at))
    assert rules.within_the_hours(FACTS)
    assert not rules.within_the_hours(replace(FACTS, now=T - timedelta(microseconds=1)))
    assert not rules.within_the_hours(replace(FACTS, now=FACTS.hours.ends_at))


def test_a_draw_waits_for_the_frozen_bids_and_the_last_day_and_a_bank_that_suffices() -> None:
    admit(CommitteeAct.DRAW, CommitteeStep.REQUESTED, FACTS)
    early = replace(FACTS, now=T - timedelta(hours=24, seconds=1))
    assert not rules.draw_is_near_the_evaluation(early)
    with pytest.raises(RulesUnmet) as refused:
        admit(CommitteeAct.DRAW, CommitteeStep.REQUESTED,
              replace(early, is_frozen=False, short_of=1, is_suspended=True))
    assert {rule.number for rule in refused.value.rules} == {"R-601", "R-601/2", "R-601/3", "R-210"}


def test_nobody_draws_twice_unless_a_stratum_is_exhausted() -> None:
    with pytest.raises(Refused):
        admit(CommitteeAct.DRAW, CommitteeStep.DRAWN, FACTS)
    assert [rule.number for rule in missing(CommitteeAct.REQUEST, CommitteeStep.DRAWN, FACTS) or ()] == ["R-601/5"]
    assert rules.strata_are_exhausted(replace(FACTS, is_exhausted=True))
    assert missing(CommitteeAct.REQUEST, CommitteeStep.DRAWN, replace(FACTS, is_exhausted=True)) == ()


def test_the_evaluation_begins_when_everyone_signed_in_and_nobody_is_to_be_recused() -> None:
    admit(CommitteeAct.BEGIN_EVALUATION, CommitteeStep.DRAWN, FACTS)
    for change, number in (({"signed_in": 4}, "R-603"), ({"recused": 1}, "R-124/4"),
                           ({"experts_seated": 3, "signed_in": 4}, "R-124/3"), ({"now": T - timedelta(1)}, "R-604")):
        with pytest.raises(RulesUnmet) as refused:
            admit(CommitteeAct.BEGIN_EVALUATION, CommitteeStep.DRAWN, replace(FACTS, **change))
        assert [rule.number for rule in refused.value.rules] == [number]
    with pytest.raises(Refused):
        admit(CommitteeAct.BEGIN_EVALUATION, CommitteeStep.BEGUN, FACTS)


def test_hours_grow_and_must_when_more_than_a_third_ask() -> None:
    longer = replace(FACTS, ends_before=FACTS.hours.ends_at - timedelta(minutes=1))
    assert rules.hours_only_grow(longer)
    assert not rules.hours_only_grow(replace(FACTS, ends_before=FACTS.hours.ends_at))
    assert not time_must_be_extended(1, 3)
    assert not time_must_be_extended(3, 9)
    assert time_must_be_extended(2, 5)


def test_more_than_half_of_all_members_elect_and_a_representative_does_not_lead() -> None:
    one, two = uuid4(), uuid4()
    assert elected([one, one], 5) is None
    assert elected([one, one, two], 5) is None
    assert elected([one, two, one, one], 5) == one
    assert elected([one, one, two, two], 4) is None
    assert not rules.leader_is_an_expert(replace(FACTS, votes_for=False))


def test_every_act_names_who_does_it_and_each_act_has_its_row() -> None:
    assert set(ACTS) == set(CommitteeAct)


@pytest.mark.cts("A-222")
def test_an_entry_is_reviewed_active_suspended_and_left_in_its_order() -> None:
    assert status_after("review", ExpertAct.VERIFY) is ExpertStatus.ACTIVE
    assert status_after("active", ExpertAct.CHANGE) is ExpertStatus.REVIEW
    assert status_after(status_after("active", ExpertAct.SUSPEND), ExpertAct.RESUME) is ExpertStatus.ACTIVE
    assert status_after("suspended", ExpertAct.LEAVE) is ExpertStatus.LEFT
    for status, act in (("left", ExpertAct.RESUME), ("left", ExpertAct.CHANGE), ("review", ExpertAct.SUSPEND),
                        ("active", ExpertAct.VERIFY), ("suspended", ExpertAct.VERIFY)):
        with pytest.raises(Refused):
            status_after(status, act)


@pytest.mark.cts("A-219")
def test_a_unit_is_the_same_by_code_and_by_name_where_no_code_is_known() -> None:
    own = [Unit("甲设计院", "91A"), Unit("乙学会")]
    assert conflicts(own, [Unit("改了名的甲设计院", "91A")])
    assert not conflicts(own, [Unit("甲设计院", "91B")])
    assert conflicts(own, [Unit("乙学会", "91C")])
    assert not conflicts(own, [Unit("丙公司", "91D"), Unit("", "")])


def test_specialties_and_regions_cover_their_branches() -> None:
    assert covers(["A0801"], "A08")
    assert not covers(["A08"], "A0801")
    assert lies_in("320703", "320700")
    assert lies_in("320500", "320000")
    assert lies_in("110100", "")
    assert not lies_in("320500", "320700")


@pytest.mark.cts("A-218")
def test_the_bank_asks_for_codes_units_qualification_and_a_second_person() -> None:
    for rule in (specialties_are_codes, region_and_unit_are_told, expert_is_qualified, another_person_verifies):
        assert rule(ENTRY)
    assert not specialties_are_codes(replace(ENTRY, specialties=("施工",)))
    assert not specialties_are_codes(replace(ENTRY, specialties=()))
    assert specialties_are_codes(replace(ENTRY, kind="representative", specialties=()))
    assert not region_and_unit_are_told(replace(ENTRY, units=0))
    assert not expert_is_qualified(replace(ENTRY, years=7))
    assert not expert_is_qualified(replace(ENTRY, is_senior=False))
    assert not another_person_verifies(replace(ENTRY, verifier="party:1"))
