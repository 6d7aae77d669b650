"""The numbered rules between the report and the winner: publicity, objections, choice (domain.md §1.1, §1.2)."""

from datetime import date

from storage.kernel.rule import rule
from trading.awards.model import AwardFacts, Ground, Paperwork

_BL, _IR, _CTS = "招标投标法 ", "招标投标法实施条例 ", "CTS-EBS01-2016 "
_LAW, _REGULATION, _CERTIFIED = date(2000, 1, 1), date(2012, 2, 1), date(2016, 1, 1)


@rule("R-110", "收到评标报告之日起三日内公示中标候选人；逾期的写明原因", cites=_IR + "第五十四条", since=_REGULATION)
def candidates_are_publicised_in_time(facts: AwardFacts) -> bool:
    """Late is late, but never to publicise would be worse: a late publicity says why."""
    return facts.publicise_by is None or facts.now < facts.publicise_by or bool(facts.late_reason.strip())


@rule("R-128", "中标候选人不超过三名，并标明排序", cites=_IR + "第五十三条；B-026", since=_REGULATION)
def candidates_are_few_and_ranked(facts: AwardFacts) -> bool:
    """One to three, as many as the tender document says at most, numbered from the first."""
    return 1 <= facts.candidates <= min(3, facts.most_candidates) and facts.ranks_are_marked


@rule("B-028", "中标候选人公示期不少于三日", cites=_IR + "第五十四条；" + _CTS + "B-028", since=_REGULATION)
def publicity_lasts_long_enough(facts: AwardFacts) -> bool:
    """At least the statutory length by the working calendar (R-118)."""
    return facts.until is not None and facts.earliest_until is not None and facts.until >= facts.earliest_until


@rule("R-110/3", "公示载明候选人排序、名称、报价、评标情况以及提出异议的渠道和方式",
      cites="招标公告和公示信息发布管理办法（国家发展改革委令第10号）第六条", since=date(2018, 1, 1))
def publicity_says_what_it_must(facts: AwardFacts) -> bool:
    """The text is the standard one, and the channel for objections is filled in."""
    return facts.candidates_text_is_complete


@rule("A-163", "中标候选人公示已编制并提交审核", cites=_CTS + "A-163", since=_CERTIFIED)
def candidates_text_is_submitted(facts: AwardFacts) -> bool:
    """Only what was handed in is reviewed."""
    return facts.candidates_text is Paperwork.SUBMITTED


@rule("A-164", "中标候选人公示内容已经招标人审核", cites=_CTS + "A-164", since=_CERTIFIED)
def candidates_text_is_reviewed(facts: AwardFacts) -> bool:
    """The tenderee read the very text that goes out."""
    return facts.candidates_text in {Paperwork.REVIEWED, Paperwork.PUBLISHED}


@rule("R-110/4", "中标候选人已经公示", cites=_IR + "第五十四条", since=_REGULATION)
def candidates_are_public(facts: AwardFacts) -> bool:
    """Objections and the award come after the publicity has begun."""
    return facts.publicised_at is not None


@rule("R-111", "对评标结果的异议在公示期内提出", cites=_IR + "第五十四条", since=_REGULATION)
def objection_comes_within_publicity(facts: AwardFacts) -> bool:
    """From the first instant of the publicity up to, and without, its last."""
    return facts.publicised_at is not None and facts.until is not None \
        and facts.publicised_at <= facts.now < facts.until


@rule("B-031", "收到异议之日起三日内答复；逾期的写明原因", cites=_IR + "第五十四条；" + _CTS + "B-031",
      since=_REGULATION)
def objection_is_answered_in_time(facts: AwardFacts) -> bool:
    """The process stands still until then, so a late answer is taken, marked, with its reason."""
    return facts.answer_due_at is None or facts.now < facts.answer_due_at or bool(facts.late_reason.strip())


@rule("R-112", "没有因投诉暂停招标投标活动", cites=_IR + "第六十条、第六十二条", since=_REGULATION)
def no_complaint_holds_the_award(facts: AwardFacts) -> bool:
    """The supervisor may order the process to wait while a complaint is handled."""
    return not facts.holds_complaint


@rule("R-112/2", "因投诉暂停须在确定中标人之前；此后按投诉处理决定执行", cites=_IR + "第六十条至第六十二条、第八十一条",
      since=_REGULATION)
def award_can_still_be_held(facts: AwardFacts) -> bool:
    """Once a winner is confirmed there is no choice left to hold back; what was unlawful, a decision declares void."""
    return facts.winner_at is None


@rule("A-168", "中标人须为公示的中标候选人，一个标段一个中标人", cites=_BL + "第四十条；" + _CTS + "A-168", since=_LAW)
def winner_is_one_candidate(facts: AwardFacts) -> bool:
    """Outside the candidates nobody wins."""
    return sum(each.is_chosen for each in facts.choices) == 1


@rule("B-027", "国有资金占控股或者主导地位的，排名第一的中标候选人为中标人；另定他人须有法定情形",
      cites=_IR + "第五十五条；" + _CTS + "B-027", since=_REGULATION)
def first_ranked_wins(facts: AwardFacts) -> bool:
    """Whoever ranks before the winner is passed over on a ground of the closed list, with a reason."""
    if not facts.must_be_first:
        return True
    return all(_is_on_the_list(each.ground) and bool(each.reason.strip()) for each in facts.choices
               if each.rank < _chosen_rank(facts))


@rule("R-128/2", "不选排名第一的中标候选人的，写明理由；列明的情形须在法定范围内", cites=_IR + "第五十五条",
      since=_REGULATION)
def passing_over_is_reasoned(facts: AwardFacts) -> bool:
    """Also where the law leaves the choice: no silent choice, and no ground outside the list."""
    if any(each.ground is not None and not _is_on_the_list(each.ground) for each in facts.choices):
        return False
    return _chosen_rank(facts) <= 1 or bool(facts.choice_reason.strip()) or facts.must_be_first


@rule("A-168/2", "招标人已确定中标人", cites=_BL + "第四十五条；" + _CTS + "A-168", since=_LAW)
def winner_is_confirmed(facts: AwardFacts) -> bool:
    """Result notice, letters and contract all follow from it."""
    return facts.winner_at is not None


@rule("A-169", "中标结果公告已编制并提交审核", cites=_CTS + "A-169", since=_CERTIFIED)
def result_text_is_submitted(facts: AwardFacts) -> bool:
    """Only what was handed in is reviewed."""
    return facts.result_text is Paperwork.SUBMITTED


@rule("A-170", "中标结果公告已经招标人审核", cites=_CTS + "A-170", since=_CERTIFIED)
def result_text_is_reviewed(facts: AwardFacts) -> bool:
    """The tenderee read the very text that goes out."""
    return facts.result_text in {Paperwork.REVIEWED, Paperwork.PUBLISHED}


@rule("R-163", "政府采购中标结果公告公布评审专家名单", cites="政府采购法实施条例 第四十三条；财政部令第87号 第六十九条",
      since=date(2015, 3, 1))
def experts_are_named(facts: AwardFacts) -> bool:
    """Asked for by government procurement alone; elsewhere names stay out of the notice."""
    return not facts.experts_must_be_named or facts.experts_are_named


@rule("R-115", "自确定中标人之日起十五日内向行政监督部门提交书面报告；逾期的写明原因", cites=_BL + "第四十七条",
      since=_LAW)
def report_is_filed_in_time(facts: AwardFacts) -> bool:
    """A late report is better than none, and says why."""
    return facts.report_due_at is None or facts.now < facts.report_due_at or bool(facts.late_reason.strip())


def _is_on_the_list(ground: str | None) -> bool:
    return ground in set(Ground)


def _chosen_rank(facts: AwardFacts) -> int:
    return next((each.rank for each in facts.choices if each.is_chosen), 0)
