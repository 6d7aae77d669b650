"""The table of acts at the desk: who does them, at which steps, under which rules; ``admit`` is its only reader."""

from dataclasses import dataclass

from evaluation.scoring import rules
from evaluation.scoring.model import EvaluationAct, EvaluationStep
from evaluation.scoring.rules import DeskFacts
from storage.kernel.errors import Refused, RulesUnmet
from storage.kernel.rule import Rule, unmet

MEMBER, LEADER, CENTRE = "member", "leader", "centre"
_AT_WORK = frozenset(EvaluationStep) - {EvaluationStep.FINISHED, EvaluationStep.FAILED}
_FULL = (rules.every_seat_is_filled,)
_WRITTEN = frozenset({EvaluationStep.TECHNICAL, EvaluationStep.RANKED})
_REPORTING = _WRITTEN | {EvaluationStep.TECHNICAL_SIGNING, EvaluationStep.SIGNING}


@dataclass(frozen=True, slots=True)
class Row:
    """One act: the role that does it, the steps that admit it, the rules it needs."""

    role: str
    steps: frozenset[EvaluationStep]
    needs: tuple[Rule[[DeskFacts]], ...] = ()


ACTS: dict[EvaluationAct, Row] = {
    EvaluationAct.SAVE_REVIEW: Row(MEMBER, frozenset({EvaluationStep.REVIEWING})),
    EvaluationAct.SUBMIT_REVIEW: Row(MEMBER, frozenset({EvaluationStep.REVIEWING}), _FULL),
    EvaluationAct.VOTE_COMPETITION: Row(MEMBER, frozenset({EvaluationStep.COMPETITION}), _FULL),
    EvaluationAct.COMMIT_SCORES: Row(MEMBER, frozenset({EvaluationStep.SCORING, EvaluationStep.REVEALING}), _FULL),
    EvaluationAct.REVEAL_SCORES: Row(MEMBER, frozenset({EvaluationStep.SCORING, EvaluationStep.REVEALING}),
                                     (rules.all_have_committed, *_FULL)),
    EvaluationAct.RESTART_ROUND: Row(LEADER, frozenset({EvaluationStep.REVEALING}), _FULL),
    EvaluationAct.EXPLAIN_ALERT: Row(MEMBER, frozenset({EvaluationStep.ALERTS}), _FULL),
    EvaluationAct.EDIT_REPORT: Row(LEADER, _WRITTEN),
    EvaluationAct.WRITE_DISSENT: Row(MEMBER, _REPORTING),
    EvaluationAct.RECORD_REFUSAL: Row(CENTRE, _REPORTING),
    EvaluationAct.LAY_OUT_REPORT: Row(LEADER, _WRITTEN,
                                      (rules.alerts_are_explained, rules.bids_are_those_decrypted, *_FULL)),
    EvaluationAct.TAKE_PRICES: Row(LEADER, frozenset({EvaluationStep.PRICES}), (rules.prices_are_published, *_FULL)),
    EvaluationAct.READ_BODIES: Row(MEMBER, _AT_WORK),
}


def missing(act: EvaluationAct, step: str, facts: DeskFacts) -> tuple[Rule[...], ...] | None:
    """The unmet rules of an act; None where the step does not admit it at all."""
    if facts.is_signed:
        return (rules.report_is_open,) if not rules.report_is_open(facts) else ()
    row = ACTS[act]
    if step not in row.steps:
        return None
    standing = ((rules.bodies_are_checked, rules.bodies_are_checked(facts)),
                (rules.lot_goes_on, rules.lot_goes_on(facts)))
    return unmet((*standing, *((need, need(facts)) for need in row.needs)))


def admit(act: EvaluationAct, step: str, facts: DeskFacts) -> None:
    """Raises ``Refused`` at the wrong step, ``RulesUnmet`` with every rule that stands against the act."""
    failed = missing(act, step, facts)
    if failed is None:
        raise Refused("评标所处步骤不允许此操作", step=step, act=act.value)
    if failed:
        raise RulesUnmet(failed, step=step, act=act.value)
