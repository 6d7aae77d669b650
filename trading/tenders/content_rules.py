"""The numbered rules of the structured part: announcing, custody, bid structure, evaluation method."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from storage.kernel.rule import rule
from trading.parties.model import NEVER_KEEPERS
from trading.tenders.content import (
    BASELINES,
    DEPOSIT_FORMS,
    FEWEST_NOTICE_MINUTES,
    PRICE_KEY,
    REMEDIES,
    Formula,
    PriceFormula,
    Structure,
    numbers_repeat,
)
from trading.tenders.facts import LotFacts
from trading.tenders.price_words import PRICED_KINDS, surely_names_price

_CTS, _EB = "CTS-EBS01-2016 ", "电子招标投标办法 "
_CERTIFIED, _ELECTRONIC = date(2016, 1, 1), date(2013, 5, 1)
_HUNDRED = Decimal(100)


@rule("R-143", "唱标内容须含投标报价（price，金额），且字段不重复", cites=_EB + "第三十条", since=_ELECTRONIC)
def price_is_announced(lot: LotFacts) -> bool:
    """Exactly the fields announced are in the opening statement; the price is one of them, as money, required."""
    fields = lot.structure.announced_fields
    priced = any(each.key == PRICE_KEY and each.kind == "money" and each.required for each in fields)
    return priced and len({each.key for each in fields}) == len(fields)


@rule("R-318", "双信封招标：报价及一切金额、费率只在第二信封（报价），两个信封均有必须提交的内容；非双信封招标不分信封",
      cites="公路工程标准施工招标文件 双信封形式；招标投标法 第五条、第四十条；R-318", since=date(2000, 1, 1))
def prices_are_in_the_second_envelope(lot: LotFacts) -> bool:
    """Money and percentages are priced, each envelope has a required line and a required part; of one, nothing is."""
    held = lot.structure
    if not held.two_envelopes:
        lines, parts = held.announced_fields, held.bid_parts
        return not any(each.priced for each in lines) and not any(each.priced for each in parts)
    told = all(each.priced for each in held.announced_fields if each.kind in PRICED_KINDS)
    both = {False, True}
    return (told and {each.priced for each in held.announced_fields if each.required} == both
            and {each.priced for each in held.bid_parts if each.required} == both)


@rule("R-318/7", "双信封招标：名称即为报价的组成部分和唱标内容只在第二信封",
      cites="公路工程标准施工招标文件 双信封形式；R-318", since=date(2000, 1, 1))
def what_names_a_price_is_priced(lot: LotFacts) -> bool:
    """A part or line that bears a price by its very name, or the name of a priced line; of a mere doubt pages warn."""
    held = lot.structure
    labels = [each.label for each in held.announced_fields if each.priced]
    named = [*((each.title, each.priced) for each in held.bid_parts),
             *((each.label, each.priced) for each in held.announced_fields if each.kind not in PRICED_KINDS)]
    return not held.two_envelopes or not any(
        surely_names_price(name, labels) for name, is_priced in named if not is_priced)


@rule("R-318/2", "第二次开标在技术商务评审结果签署后进行，提前告知不少于招标文件载明的时间（三十分钟以上）",
      cites="招标投标法 第三十四条、第三十五条；R-318", since=date(2000, 1, 1))
def second_opening_is_told_in_time(lot: LotFacts) -> bool:
    """The document says how long before its hour the second opening is told of."""
    return not lot.structure.two_envelopes or lot.structure.price_notice_minutes >= FEWEST_NOTICE_MINUTES


@rule("R-142/2", "密钥份额保管人二名及以上时，至少二名共同才能解密",
      cites=_EB + "第二十八条；招标投标法 第二十二条", since=_ELECTRONIC)
def nobody_opens_alone(lot: LotFacts) -> bool:
    """Indexes run 1..n, no certificate twice, 1 ≤ k ≤ n, and n ≥ 2 asks for k ≥ 2."""
    held: Structure = lot.structure
    n = held.n
    in_order = [keeper.index for keeper in held.custodians] == list(range(1, n + 1))
    distinct = len({keeper.certificate for keeper in held.custodians}) == n
    return n >= 1 and in_order and distinct and 1 <= held.k <= n and (n < 2 or held.k >= 2)


@rule("R-506/3", "保管人门限 k 与人数 n 须满足 2k ≤ n + 1，以便份额不能解开时查明责任",
      cites=_EB + "第三十一条；R-144", since=_ELECTRONIC)
def complaints_can_decide(lot: LotFacts) -> bool:
    """Were all custodians there and the bid stays shut, then k of them complain, and k cannot all lie; asked where the
    threshold is one at all."""
    held = lot.structure
    return not nobody_opens_alone(lot) or 2 * held.k <= held.n + 1


@rule("R-200", "交易中心人员和平台管理员不得保管解密份额", cites=_EB + "第二十三条", since=_ELECTRONIC)
def custodians_are_not_staff(lot: LotFacts) -> bool:
    """Whoever runs the platform holds no part of a key."""
    return not lot.share_roles & NEVER_KEEPERS


@rule("R-144/2", "招标文件载明解密失败的补救方案", cites=_EB + "第三十一条；B-019", since=_ELECTRONIC)
def remedy_is_stated(lot: LotFacts) -> bool:
    """Either none, or the bidder's own backup; without a clause none may be used."""
    return lot.structure.remedy in REMEDIES


@rule("A-62", "评审条款和评分项编号不重复，评标办法不为空", cites=_CTS + "A-62", since=_CERTIFIED)
def evaluation_numbers_are_unique(lot: LotFacts) -> bool:
    """Review items and scoring items, each among their own; a method must be there."""
    held = lot.structure
    stated = bool(held.review_items) and (bool(held.scoring_items) or held.price_formula is not None)
    return stated and not numbers_repeat(held.review_items) and not numbers_repeat(held.scoring_items)


@rule("R-316", "评分项满分合计一百分", cites="评标委员会和评标方法暂行规定 第三十四条", since=date(2001, 7, 5))
def scores_add_up(lot: LotFacts) -> bool:
    """Where items are scored; the lowest-price method (R-317) scores none."""
    items = lot.structure.scoring_items
    return not items or sum((item.highest for item in items), Decimal(0)) == _HUNDRED


@rule("R-331", "去掉最高分和最低分只用于主观评分项", cites="评标委员会和评标方法暂行规定 第三十四条；R-330、R-331",
      since=date(2001, 7, 5))
def only_judged_scores_are_trimmed(lot: LotFacts) -> bool:
    """Objective items have one value, and the price is computed: nothing there to drop."""
    return not any(each.drops_extremes and (each.objective or each.group == "price")
                   for each in lot.structure.scoring_items)


@rule("R-310/2", "评标基准价确定后不因否决投标重新计算",
      cites="评标委员会和评标方法暂行规定 第三十四条；R-310、R-322", since=date(2001, 7, 5))
def baseline_stands(lot: LotFacts) -> bool:
    """Bids are rejected in the initial review, and the baseline is made of those that passed it; none falls later."""
    formula = lot.structure.price_formula
    return formula is None or not formula.recomputes_after_rejection


@rule("A-63", "投标文件组成已设置且编号不重复", cites=_CTS + "A-63", since=_CERTIFIED)
def bid_parts_are_set(lot: LotFacts) -> bool:
    """A bidder must know of what parts a bid consists."""
    parts = lot.structure.bid_parts
    return any(part.required for part in parts) and not numbers_repeat(parts)


@rule("R-120/2", "要求投标保证金的，须载明可用的形式；投标人可自行选择",
      cites="招标投标法实施条例 第二十六条；R-003、R-410", since=date(2012, 2, 1))
def deposit_forms_are_stated(lot: LotFacts) -> bool:
    """With a deposit: forms that are known, none twice, and a guarantee letter among them."""
    forms = lot.structure.deposit_forms
    if not lot.deposit:
        return True
    known = set(forms) <= set(DEPOSIT_FORMS) and len(set(forms)) == len(forms)
    return known and bool(set(forms) - {"cash"})


def _within(values: list[Decimal], lowest: str, highest: str) -> bool:
    return bool(values) and len(set(values)) == len(values) and all(
        Decimal(lowest) <= value <= Decimal(highest) for value in values)


_PARAMETERS: dict[Formula, Callable[[PriceFormula], bool]] = {
    Formula.MEAN: lambda _: True,
    Formula.TRIMMED_MEAN: lambda _: True,
    Formula.PERCENTAGE_TRIM: lambda it: _within(it.k_set, "50", "100"),
    Formula.COMPOSITE: lambda it: (_within(it.k_set, "0.5", "1") and _within(it.d_set, "0", "50")
                                   and _within(it.lambda_set, "0", "1")),
    Formula.DOWN_FLOAT: lambda it: _within(it.k_set, "0", "50"),
    Formula.LOWEST_EVALUATED: lambda _: True,
    Formula.LOWEST_RATIO: lambda it: it.weight is not None,
}


@rule("R-310", "价格公式的编号和参数完整、在允许范围内",
      cites="评标委员会和评标方法暂行规定 第三十条至第三十五条；R-310 至 R-320",
      since=date(2001, 7, 5))
def price_formula_is_complete(lot: LotFacts) -> bool:
    """Parameters of R-310 to R-320 by structure: sets not empty, in range, E₁ > E₂ > 0 for baselines (R-315)."""
    formula = lot.structure.price_formula
    if formula is None:
        return False
    weighed = formula.weight is None or 0 < formula.weight <= _HUNDRED
    return weighed and _PARAMETERS[Formula(formula.number)](formula) and _scores_fall(formula)


def _scores_fall(formula: PriceFormula) -> bool:
    """R-315: a price above the baseline loses more than one below it."""
    if Formula(formula.number) not in BASELINES:
        return True
    if formula.above is None or formula.below is None:
        return False
    return formula.above > formula.below > 0 and 0 < formula.full <= _HUNDRED


STRUCTURE_RULES = (
    price_is_announced, prices_are_in_the_second_envelope, second_opening_is_told_in_time,
    what_names_a_price_is_priced, nobody_opens_alone, complaints_can_decide, custodians_are_not_staff, remedy_is_stated,
    evaluation_numbers_are_unique, scores_add_up, bid_parts_are_set, price_formula_is_complete,
    deposit_forms_are_stated, only_judged_scores_are_trimmed, baseline_stands,
)
