"""The numbered rules of the hall."""

from collections.abc import Collection
from datetime import date

from bidding.opening.model import CAPACITIES, TERMINAL, HallFacts, HallStep
from storage.kernel.rule import rule

_BL = date(2000, 1, 1)
_IR = date(2012, 2, 1)
_EB = date(2013, 5, 1)


@rule("R-500", "签到在开标前规定时间开始", cites="电子招标投标办法 第二十九条", since=_EB)
def sign_in_has_begun(facts: HallFacts) -> bool:
    """From T minus the announced minutes of its kind of trade; signing in is a courtesy, never a condition."""
    return facts.now >= facts.deadline_at - facts.sign_in_lead


@rule("R-500/2", "开标按规定的步骤依次进行",
      cites="电子招标投标办法 第二十九条至第三十一条；招标投标法 第三十六条", since=_EB)
def hall_is_at_the_acts_step(facts: HallFacts, steps: Collection[HallStep]) -> bool:
    """Nothing is done before its step, nor after it: R-501 to R-510 name them in order."""
    return facts.step in steps


@rule("R-142", "投标截止（开标）时间前任何人不得解密", cites="电子招标投标办法 第二十八条", since=_EB)
def opening_time_has_come(facts: HallFacts) -> bool:
    """Half-open: the deadline itself is the first instant of the opening (R-107)."""
    return facts.now >= facts.deadline_at


@rule("R-503", "解密须在公布的解密时间内进行", cites="电子招标投标办法 第二十九条、第三十条", since=_EB)
def decryption_window_is_open(facts: HallFacts) -> bool:
    """Some period admits the moment."""
    return facts.window.admits(facts.now)


@rule("R-504", "解密时间未结束前或经主持人延长，方可继续", cites="电子招标投标办法 第三十条", since=_EB)
def some_bid_can_still_be_opened(facts: HallFacts) -> bool:
    """An extension serves bids that are not terminal; it never re-opens what was decided."""
    return any(state not in TERMINAL for state in facts.states)


@rule("R-506", "每份投标文件均已有解密结果", cites="电子招标投标办法 第三十条、第三十一条", since=_EB)
def every_bid_is_terminal(facts: HallFacts) -> bool:
    """Decrypted, revoked, or withdrawn by another's fault."""
    return bool(facts.states) and all(state in TERMINAL for state in facts.states)


@rule("R-506/2", "开标未处于暂停状态", cites="电子招标投标办法 第三十条", since=_EB)
def hall_is_not_paused(facts: HallFacts) -> bool:
    """A pause stops every step and every clock of the hall."""
    return not facts.is_paused


@rule("R-144", "招标文件规定了补救方案方可补救解密", cites="电子招标投标办法 第三十一条", since=_EB)
def remedy_is_in_the_document(facts: HallFacts) -> bool:
    """Without such a clause none may be used."""
    return not facts.claims_remedy or facts.remedy != "none"


@rule("R-144/3", "平台存储受损的投标文件，招标文件有补救方案的，唱标等候复原至解密时间结束",
      cites="电子招标投标办法 第三十一条", since=_EB)
def damage_had_its_time(facts: HallFacts) -> bool:
    """Whoever may bring a damaged body again has the whole window for it; prices wait no longer than that."""
    is_waited_for = facts.damaged_bodies > 0 and facts.remedy != "none"
    return not is_waited_for or facts.window.is_over(facts.now)


@rule("R-109", "对开标的异议须当场答复并记录", cites="招标投标法实施条例 第四十四条", since=_IR)
def every_objection_is_answered(facts: HallFacts) -> bool:
    """No objection stands unanswered."""
    return facts.objections_open == 0


@rule("R-509", "异议时间不少于规定时长", cites="招标投标法实施条例 第四十四条", since=_IR)
def objection_time_has_run(facts: HallFacts) -> bool:
    """The minimum time for objections has passed."""
    return facts.objections_until is not None and facts.now >= facts.objections_until


@rule("R-510", "投标人已确认唱标内容，或确认时间已过",
      cites="政府采购货物和服务招标投标管理办法 第四十二条", since=date(2017, 10, 1))
def bidders_confirmed_or_were_silent(facts: HallFacts) -> bool:
    """Silence after notice is no objection."""
    return facts.unconfirmed == 0 or (facts.confirmations_until is not None and facts.now >= facts.confirmations_until)


@rule("R-318/4", "技术商务评审结果已由评标委员会全体成员签署，且报价尚未开启",
      cites="招标投标法 第四十条；R-318", since=_BL)
def passers_are_fixed(facts: HallFacts) -> bool:
    """Who passed is fixed by the signed result, before anyone can know a price."""
    return facts.passers_are_fixed


@rule("R-318/5", "第二次开标时间须按招标文件载明的时间提前告知",
      cites="招标投标法 第三十四条、第三十五条；R-318", since=_BL)
def price_hour_is_told_in_time(facts: HallFacts) -> bool:
    """The hour lies at least the stated minutes ahead; without an hour there is nothing to judge yet."""
    return facts.price_hour is None or facts.price_hour >= facts.now + facts.price_notice


@rule("R-510/2", "主持人与记录人均已签署开标记录", cites="招标投标法 第三十六条", since=_BL)
def host_and_recorder_signed(facts: HallFacts) -> bool:
    """Both signatures stand on the record."""
    return set(CAPACITIES) <= facts.signatures
