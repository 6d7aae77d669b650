"""The table of acts from the report to the archive: who may, what each needs, and when it is over.

Commands, ``may`` and ``missing`` read this one table, so a page never offers what a command would refuse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from storage.kernel.errors import Conflict, NotAllowed, NotSignedIn, RulesUnmet
from storage.kernel.rule import Rule, unmet
from trading.awards import delivery_rules as delivery
from trading.awards import rules
from trading.awards.model import IS_EDITABLE, AwardFacts, Paperwork


class AwardAct(StrEnum):
    """What people do between a ranking and its archive."""

    WRITE_CANDIDATES = "write_candidates"
    SUBMIT_CANDIDATES = "submit_candidates"
    REVIEW_CANDIDATES = "review_candidates"
    PUBLISH_CANDIDATES = "publish_candidates"
    OBJECT = "object"
    ANSWER_OBJECTION = "answer_objection"
    HOLD = "hold"
    LIFT_HOLD = "lift_hold"
    CONFIRM_WINNER = "confirm_winner"
    WRITE_RESULT = "write_result"
    SUBMIT_RESULT = "submit_result"
    REVIEW_RESULT = "review_result"
    PUBLISH_RESULT = "publish_result"
    FILE_REPORT = "file_report"
    WRITE_LETTERS = "write_letters"
    SUBMIT_LETTERS = "submit_letters"
    VERIFY_LETTERS = "verify_letters"
    SEND_LETTERS = "send_letters"
    READ = "read"
    ADDRESS = "address"
    COURIER = "courier"
    WRITE_CONTRACT = "write_contract"
    SUBMIT_CONTRACT = "submit_contract"
    VERIFY_CONTRACT = "verify_contract"
    ARCHIVE = "archive"


Need = Callable[[AwardFacts], bool]
_OWNERS, _TENDEREE, _CENTRE = frozenset({"tenderee", "agency"}), frozenset({"tenderee"}), frozenset({"centre"})
_SUPERVISOR, _ADDRESSEE = frozenset({"supervisor"}), frozenset({"addressee"})


@dataclass(frozen=True, slots=True)
class Row:
    """One act: who may do it, which rules it needs, and when another has done it already."""

    act: AwardAct
    who: frozenset[str]
    needs: tuple[Need, ...] = ()
    is_over: Callable[[AwardFacts], bool] = lambda facts: False


def _candidates_are_out(facts: AwardFacts) -> bool:
    return facts.publicised_at is not None


def _result_is_out(facts: AwardFacts) -> bool:
    return facts.result_text is Paperwork.PUBLISHED


def _is_awarded(facts: AwardFacts) -> bool:
    return facts.winner_at is not None


def _is_sent(facts: AwardFacts) -> bool:
    return facts.letters_sent_at is not None


_SETTLED = frozenset({Paperwork.VERIFIED, Paperwork.SIGNED})
_ROWS = (
    Row(AwardAct.WRITE_CANDIDATES, _OWNERS, (), lambda facts: facts.candidates_text not in IS_EDITABLE),
    Row(AwardAct.SUBMIT_CANDIDATES, _OWNERS, (rules.publicity_says_what_it_must, rules.candidates_are_few_and_ranked),
        lambda facts: facts.candidates_text not in IS_EDITABLE),
    Row(AwardAct.REVIEW_CANDIDATES, _TENDEREE, (rules.candidates_text_is_submitted,),
        lambda facts: facts.candidates_text in {Paperwork.REVIEWED, Paperwork.PUBLISHED}),
    Row(AwardAct.PUBLISH_CANDIDATES, _OWNERS, (
        rules.candidates_are_publicised_in_time, rules.candidates_are_few_and_ranked,
        rules.publicity_says_what_it_must, rules.candidates_text_is_reviewed, rules.publicity_lasts_long_enough),
        _candidates_are_out),
    Row(AwardAct.OBJECT, frozenset({"interested"}), (rules.candidates_are_public,
                                                     rules.objection_comes_within_publicity)),
    Row(AwardAct.ANSWER_OBJECTION, _OWNERS, (rules.candidates_are_public, rules.objection_is_answered_in_time),
        lambda facts: facts.objections_open == 0),
    Row(AwardAct.HOLD, _SUPERVISOR, (rules.candidates_are_public, rules.award_can_still_be_held),
        lambda facts: facts.holds_complaint),
    Row(AwardAct.LIFT_HOLD, _SUPERVISOR, (), lambda facts: not facts.holds_complaint),
    Row(AwardAct.CONFIRM_WINNER, _TENDEREE, (
        rules.candidates_are_public, rules.no_complaint_holds_the_award, rules.winner_is_one_candidate,
        rules.first_ranked_wins, rules.passing_over_is_reasoned), _is_awarded),
    Row(AwardAct.WRITE_RESULT, _OWNERS, (rules.winner_is_confirmed,),
        lambda facts: facts.result_text not in IS_EDITABLE),
    Row(AwardAct.SUBMIT_RESULT, _OWNERS, (rules.winner_is_confirmed,),
        lambda facts: facts.result_text not in IS_EDITABLE),
    Row(AwardAct.REVIEW_RESULT, _TENDEREE, (rules.winner_is_confirmed, rules.result_text_is_submitted),
        lambda facts: facts.result_text in {Paperwork.REVIEWED, Paperwork.PUBLISHED}),
    Row(AwardAct.PUBLISH_RESULT, _OWNERS, (rules.winner_is_confirmed, rules.result_text_is_reviewed,
                                           rules.experts_are_named), _result_is_out),
    Row(AwardAct.FILE_REPORT, _TENDEREE, (rules.winner_is_confirmed, rules.report_is_filed_in_time),
        lambda facts: facts.report_at is not None),
    # Until the tenderee has signed, the owners may take the letters back and write them anew.
    Row(AwardAct.WRITE_LETTERS, _OWNERS, (rules.winner_is_confirmed,),
        lambda facts: facts.letters not in IS_EDITABLE | {Paperwork.SUBMITTED}),
    Row(AwardAct.SUBMIT_LETTERS, _OWNERS, (rules.winner_is_confirmed, delivery.letters_are_written),
        lambda facts: facts.letters not in IS_EDITABLE),
    Row(AwardAct.VERIFY_LETTERS, _CENTRE, (delivery.award_letter_is_signed,),
        lambda facts: facts.letters in {Paperwork.VERIFIED, Paperwork.SENT}),
    Row(AwardAct.SEND_LETTERS, _OWNERS, (rules.winner_is_confirmed, delivery.letters_are_verified), _is_sent),
    Row(AwardAct.READ, _ADDRESSEE, (delivery.letters_are_sent,)),
    Row(AwardAct.ADDRESS, _ADDRESSEE, (delivery.letters_are_sent,)),
    Row(AwardAct.COURIER, _OWNERS, (delivery.letters_are_sent, delivery.addressee_has_consented)),
    # Until both have signed, the owners may take a verified contract back; what was laid out is void then.
    Row(AwardAct.WRITE_CONTRACT, _OWNERS, (delivery.letters_are_sent,),
        lambda facts: facts.contract not in IS_EDITABLE | {Paperwork.VERIFIED}),
    Row(AwardAct.SUBMIT_CONTRACT, _OWNERS, (delivery.letters_are_sent, delivery.contract_is_written,
                                            delivery.performance_bond_is_within_its_cap),
        lambda facts: facts.contract not in IS_EDITABLE),
    Row(AwardAct.VERIFY_CONTRACT, _CENTRE, (delivery.letters_are_sent, delivery.contract_is_submitted),
        lambda facts: facts.contract in _SETTLED),
    Row(AwardAct.ARCHIVE, _CENTRE, (delivery.contract_is_signed, delivery.package_passes_four_tests,
                                    delivery.refunds_have_been_settled),
        lambda facts: facts.is_archived),
)
ROWS = {row.act: row for row in _ROWS}
# Acts on one letter are told with the letter; archiving is told where the package is made.
ON_A_LETTER = frozenset({AwardAct.READ, AwardAct.ADDRESS, AwardAct.COURIER})
ELSEWHERE = ON_A_LETTER | {AwardAct.ARCHIVE}


def missing(act: AwardAct, facts: AwardFacts) -> tuple[Rule[...], ...]:
    """The rules that stand against the act, in the order of the table."""
    return unmet((need, need(facts)) for need in ROWS[act].needs if isinstance(need, Rule))


def is_over(act: AwardAct, facts: AwardFacts) -> bool:
    """True when the act was done already, or its paper is being looked at by another."""
    return ROWS[act].is_over(facts)


def acts_of(roles: frozenset[str]) -> list[AwardAct]:
    """The acts that somebody with these roles has a right to."""
    return [row.act for row in _ROWS if row.who & roles]


def admit(act: AwardAct, roles: frozenset[str], facts: AwardFacts) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed``, then ``Conflict`` when it is over, then ``RulesUnmet`` with all."""
    permit(act, roles)
    if is_over(act, facts):
        raise Conflict("此项已由他人完成，或者正在等待审核，请刷新后再看", act=act.value)
    failed = missing(act, facts)
    if failed:
        raise RulesUnmet(failed, act=act.value)


def permit(act: AwardAct, roles: frozenset[str]) -> None:
    """Raises ``NotSignedIn`` for the public, ``NotAllowed`` for whoever has no such right."""
    if ROWS[act].who & roles:
        return
    if not roles:
        raise NotSignedIn("请先登录")
    raise NotAllowed("您没有权限进行此操作", act=act.value)


