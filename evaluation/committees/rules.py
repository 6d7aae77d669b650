"""The numbered rules of a committee: its composition, its draw, its hours, its leader."""

from datetime import date, timedelta

from evaluation.committees.model import CommitteeFacts
from evaluation.experts.model import is_region, is_specialty
from storage.kernel.rule import rule

_BL = date(2000, 1, 1)
_IR = date(2012, 2, 1)
_EXPERTS = "招标投标法 第三十七条"
_METHODS = "评标委员会和评标方法暂行规定 "
_AHEAD = timedelta(hours=24)


@rule("R-124", "评标委员会成员为五人以上单数", cites=_EXPERTS, since=_BL)
def five_or_more_and_odd(facts: CommitteeFacts) -> bool:
    """Of the size asked for; B-020."""
    return facts.size >= 5 and facts.size % 2 == 1


@rule("R-124/2", "专家不少于成员总数的三分之二，招标人代表不超过三分之一", cites=_EXPERTS, since=_BL)
def experts_are_two_thirds(facts: CommitteeFacts) -> bool:
    """Of the size asked for; B-021."""
    experts = facts.size - facts.representatives
    return 0 <= 3 * facts.representatives <= facts.size and 3 * experts >= 2 * facts.size


@rule("R-124/3", "席位已全部到位，专家与招标人代表的人数符合组建要求", cites=_EXPERTS, since=_BL)
def every_seat_is_taken(facts: CommitteeFacts) -> bool:
    """No vacancy: what was drawn and named equals what was asked for."""
    return (facts.representatives_seated == facts.representatives
            and facts.experts_seated == facts.size - facts.representatives)


@rule("R-124/4", "与投标人、招标人、招标代理机构有利害关系的人不得进入评标委员会",
      cites="招标投标法 第三十七条；实施条例 第四十六条", since=_BL)
def nobody_recused_sits(facts: CommitteeFacts) -> bool:
    """Asked of whoever is seated, against the units of everyone concerned. Representatives stand for the tenderee."""
    return facts.recused == 0


@rule("R-601", "评标专家在评标前二十四小时内抽取", cites="平台约定：抽取时间（R-601，依据待核）", since=_BL)
def draw_is_near_the_evaluation(facts: CommitteeFacts) -> bool:
    """The shorter the time between, the less can leak; a draw comes before the hours end."""
    return facts.hours.starts_at - _AHEAD <= facts.now < facts.hours.ends_at


@rule("R-601/2", "专家库中符合专业、地区且无须回避的专家足够抽取", cites="招标投标法实施条例 第四十六条", since=_IR)
def bank_has_enough(facts: CommitteeFacts) -> bool:
    """Every quota can be filled by somebody else."""
    return facts.short_of == 0


@rule("R-601/3", "投标文件集合已封存，方可抽取评标专家", cites="平台约定：可验证抽取（R-601）", since=_BL)
def bids_are_frozen(facts: CommitteeFacts) -> bool:
    """The draw is mixed with the set's digest, and nobody knows earlier whom to recuse."""
    return facts.is_frozen


@rule("R-601/4", "各地区名额之和等于专家人数，专业类别代码与区划代码有效", cites="招标投标法实施条例 第四十六条",
      since=_IR)
def quotas_fit_the_size(facts: CommitteeFacts) -> bool:
    """A region stands once; "" means anywhere."""
    regions = [each.region for each in facts.strata]
    return (sum(each.count for each in facts.strata) == facts.size - facts.representatives
            and all(each.count > 0 for each in facts.strata) and len(set(regions)) == len(regions)
            and all(not region or is_region(region) for region in regions) and is_specialty(facts.specialty))


@rule("R-601/5", "抽取后仅在席位空缺且该层次无人可补时重新组建", cites=_METHODS + "第十条", since=date(2001, 7, 5))
def strata_are_exhausted(facts: CommitteeFacts) -> bool:
    """Nobody draws again because a draw did not please."""
    return facts.is_exhausted


@rule("R-604", "须在规定的评标时间内登录评标", cites="电子招标投标办法 第三十三条", since=date(2013, 5, 1))
def within_the_hours(facts: CommitteeFacts) -> bool:
    """Half-open: the last instant is outside."""
    return facts.hours.admits(facts.now)


@rule("R-604/2", "评标时间晚于投标截止时间且起止有效", cites="招标投标法 第三十四条", since=_BL)
def hours_lie_ahead(facts: CommitteeFacts) -> bool:
    """The hours begin after the deadline and have not ended when they are set."""
    after = facts.deadline_at is not None and facts.hours.starts_at >= facts.deadline_at
    return after and facts.hours.starts_at < facts.hours.ends_at and facts.now < facts.hours.ends_at


@rule("R-125", "评标时间只能延长", cites="招标投标法实施条例 第四十八条", since=_IR)
def hours_only_grow(facts: CommitteeFacts) -> bool:
    """More than a third of the members finding it short obliges to extend; nobody shortens it."""
    return facts.ends_before is None or facts.hours.ends_at > facts.ends_before


@rule("R-603", "评标委员会全体成员已签到并确认身份和回避情况", cites=_METHODS + "第十三条", since=date(2001, 7, 5))
def everyone_signed_in(facts: CommitteeFacts) -> bool:
    """Identity and recusal are confirmed with each member's own certificate."""
    return 0 < facts.seated == facts.signed_in


@rule("R-607", "评标委员会负责人由专家担任", cites=_METHODS + "第九条", since=date(2001, 7, 5))
def leader_is_an_expert(facts: CommitteeFacts) -> bool:
    """The members elect by majority; a representative of the tenderee does not lead."""
    return facts.votes_for


REQUESTING = (five_or_more_and_odd, experts_are_two_thirds, quotas_fit_the_size, hours_lie_ahead)
DRAWING = (*REQUESTING, bids_are_frozen, draw_is_near_the_evaluation, bank_has_enough)
SEATING = (five_or_more_and_odd, experts_are_two_thirds, every_seat_is_taken, nobody_recused_sits, everyone_signed_in,
           within_the_hours)
