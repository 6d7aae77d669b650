"""The table of a committee's acts: who does them, in which step, and which rules they need."""

from dataclasses import dataclass

from evaluation.committees import rules
from evaluation.committees.model import CommitteeAct, CommitteeFacts, CommitteeStep
from storage.kernel.errors import Refused, RulesUnmet
from storage.kernel.rule import Rule, unmet
from trading.tenders.life import Passage, lot_is_not_suspended

OWNER, CENTRE, MEMBER = "owner", "centre", "member"
_SITTING = frozenset({CommitteeStep.DRAWN, CommitteeStep.BEGUN})


@dataclass(frozen=True, slots=True)
class Row:
    """One act: the role that does it, the steps that admit it, the rules it needs."""

    role: str
    steps: frozenset[CommitteeStep]
    needs: tuple[Rule[[CommitteeFacts]], ...] = ()


ACTS: dict[CommitteeAct, Row] = {
    CommitteeAct.REQUEST: Row(OWNER, frozenset({CommitteeStep.NONE, CommitteeStep.REQUESTED, CommitteeStep.DRAWN})),
    CommitteeAct.DRAW: Row(OWNER, frozenset({CommitteeStep.REQUESTED}), rules.DRAWING),
    CommitteeAct.NAME_REPRESENTATIVE: Row(OWNER, _SITTING, (rules.hours_lie_ahead,)),
    CommitteeAct.ANSWER: Row(MEMBER, _SITTING),
    CommitteeAct.SIGN_IN: Row(MEMBER, _SITTING, (rules.within_the_hours,)),
    CommitteeAct.VOTE: Row(MEMBER, _SITTING, (rules.within_the_hours, rules.every_seat_is_taken,
                                              rules.everyone_signed_in, rules.leader_is_an_expert)),
    CommitteeAct.SET_DUTIES: Row(MEMBER, _SITTING, (rules.within_the_hours,)),
    CommitteeAct.ASK_TIME: Row(MEMBER, _SITTING, (rules.within_the_hours,)),
    CommitteeAct.REPLACE: Row(CENTRE, _SITTING),
    CommitteeAct.EXTEND: Row(CENTRE, _SITTING, (rules.hours_only_grow,)),
    CommitteeAct.BEGIN_EVALUATION: Row(CENTRE, frozenset({CommitteeStep.DRAWN}), rules.SEATING),
}
_WHEN_RUNNING = frozenset({CommitteeAct.DRAW, CommitteeAct.VOTE, CommitteeAct.BEGIN_EVALUATION})


def missing(act: CommitteeAct, step: str, facts: CommitteeFacts) -> tuple[Rule[...], ...] | None:
    """The unmet rules of an act; None where the step does not admit it at all."""
    row = ACTS[act]
    if step not in row.steps:
        return None
    verdicts: list[tuple[Rule[...], bool]] = [(need, need(facts)) for need in row.needs]
    if act is CommitteeAct.REQUEST and step == CommitteeStep.DRAWN:
        verdicts.append((rules.strata_are_exhausted, rules.strata_are_exhausted(facts)))
    if act in _WHEN_RUNNING:
        passage = Passage(now=facts.now, suspended=facts.is_suspended)
        verdicts.append((lot_is_not_suspended, lot_is_not_suspended(passage)))
    return unmet(verdicts)


def admit(act: CommitteeAct, step: str, facts: CommitteeFacts) -> None:
    """Raises ``Refused`` in the wrong step, ``RulesUnmet`` with every rule that stands against the act."""
    failed = missing(act, step, facts)
    if failed is None:
        raise Refused("评标委员会目前的状态不允许此操作", step=step, act=act.value)
    if failed:
        raise RulesUnmet(failed, act=act.value)


