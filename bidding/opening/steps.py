"""The table of the hall's steps; ``step_on`` is its only reader."""

from dataclasses import dataclass

from bidding.opening import rules
from bidding.opening.model import RUNNING, HallAct, HallFacts, HallStep
from storage.kernel.errors import RulesUnmet
from storage.kernel.rule import Rule, unmet


@dataclass(frozen=True, slots=True)
class Row:
    """From a step by an act to a step, and the rules it needs."""

    before: HallStep
    act: HallAct
    after: HallStep
    needs: tuple[Rule[HallFacts], ...] = ()


_GO = rules.hall_is_not_paused

STEPS: tuple[Row, ...] = (
    Row(HallStep.FROZEN, HallAct.BEGIN_DECRYPTION, HallStep.DECRYPTING, (_GO, rules.opening_time_has_come)),
    Row(HallStep.DECRYPTING, HallAct.ANNOUNCE, HallStep.ANNOUNCED, (
        _GO, rules.every_bid_is_terminal, rules.damage_had_its_time)),
    Row(HallStep.ANNOUNCED, HallAct.OPEN_OBJECTIONS, HallStep.OBJECTIONS, (_GO,)),
    Row(HallStep.OBJECTIONS, HallAct.CLOSE_OBJECTIONS, HallStep.CONFIRMING,
        (_GO, rules.objection_time_has_run, rules.every_objection_is_answered)),
    Row(HallStep.CONFIRMING, HallAct.CONCLUDE, HallStep.SIGNING, (_GO, rules.bidders_confirmed_or_were_silent)),
    Row(HallStep.SIGNING, HallAct.PUBLISH, HallStep.PUBLISHED, (_GO, rules.host_and_recorder_signed)),
)

_RELEASE = (_GO, rules.opening_time_has_come, rules.decryption_window_is_open)
_TOLD = frozenset({HallStep.ANNOUNCED, HallStep.OBJECTIONS, HallStep.CONFIRMING})
_SPOKEN = frozenset({HallStep.FROZEN, HallStep.DECRYPTING, HallStep.ANNOUNCED, HallStep.OBJECTIONS})


@dataclass(frozen=True, slots=True)
class Admission:
    """An act that leaves the step as it is: in which steps, under which rules."""

    within: frozenset[HallStep]
    needs: tuple[Rule[HallFacts], ...] = ()


ADMISSIONS: dict[HallAct, Admission] = {
    HallAct.SIGN_IN: Admission(RUNNING | {HallStep.WAITING}, (rules.sign_in_has_begun,)),
    HallAct.EXTEND: Admission(frozenset({HallStep.DECRYPTING}), (_GO, rules.some_bid_can_still_be_opened)),
    HallAct.PAUSE: Admission(RUNNING, (_GO,)),
    HallAct.RESUME: Admission(RUNNING),
    HallAct.HAND_OVER: Admission(RUNNING),
    HallAct.RELEASE_BID: Admission(frozenset({HallStep.DECRYPTING}), (*_RELEASE, rules.remedy_is_in_the_document)),
    HallAct.RELEASE_SHARES: Admission(frozenset({HallStep.DECRYPTING}), _RELEASE),
    HallAct.RESTORE_OBJECT: Admission(frozenset({HallStep.DECRYPTING}), (*_RELEASE, rules.remedy_is_in_the_document)),
    HallAct.RESTORE_BODY: Admission(_TOLD, (_GO, rules.remedy_is_in_the_document)),
    HallAct.OBJECT: Admission(_SPOKEN),
    HallAct.ANSWER: Admission(_SPOKEN),
    HallAct.CONFIRM: Admission(_TOLD),
    HallAct.SIGN_RECORD: Admission(frozenset({HallStep.SIGNING}), (_GO,)),
    HallAct.SCHEDULE_PRICES: Admission(frozenset({HallStep.PUBLISHED}), (
        rules.passers_are_fixed, rules.price_hour_is_told_in_time)),
}

_TABLE = {(row.before, row.act): row for row in STEPS}
MOVES = frozenset(row.act for row in STEPS)


def _unmet(needs: tuple[Rule[HallFacts], ...], facts: HallFacts) -> tuple[Rule[...], ...]:
    return unmet((need, need(facts)) for need in needs)


def missing(act: HallAct, facts: HallFacts) -> tuple[Rule[...], ...] | None:
    """The rules unmet for this act now; None when the step does not admit it at all."""
    if not rules.hall_is_at_the_acts_step(facts, _steps_of(act)):
        return None
    row = _TABLE.get((facts.step, act))
    return _unmet(row.needs if row is not None else ADMISSIONS[act].needs, facts)


def _steps_of(act: HallAct) -> frozenset[HallStep]:
    """The steps that admit the act."""
    return ADMISSIONS[act].within if act in ADMISSIONS else frozenset(row.before for row in STEPS if row.act is act)


def admit(act: HallAct, facts: HallFacts) -> None:
    """Raises ``RulesUnmet`` with all unmet rules: R-500/2 alone where the step does not admit the act."""
    failed = missing(act, facts)
    if failed is None:
        failed = (rules.hall_is_at_the_acts_step,)
    if failed:
        raise RulesUnmet(failed, step=facts.step.value, act=act.value)


def step_on(act: HallAct, facts: HallFacts) -> HallStep:
    """The step after the act; raises as ``admit``."""
    admit(act, facts)
    return _TABLE[(facts.step, act)].after
