"""The numbered rules of evaluation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evaluation.scoring.model import DEDUCTION, Method, SheetItem
from storage.kernel.rule import rule

_BL, _EM, _IR = date(2000, 1, 1), date(2001, 7, 5), date(2012, 2, 1)
_EB, _CERTIFIED, _M87 = date(2013, 5, 1), date(2016, 1, 1), date(2017, 10, 1)
_EM_TEXT = "评标委员会和评标方法暂行规定 "


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFacts:
    """What the rules of the desk decide on; the counts are of members now sitting."""

    members: int
    size: int = 0  # how many the committee has; a seat may be vacant until who takes it has signed in
    reviewed: int = 0
    committed: int = 0
    alerts_open: int = 0
    bodies_unchecked: int = 0
    altered: Collection[str] = ()
    prices_are_published: bool = False
    is_suspended: bool = False
    is_signed: bool = False


@rule("R-126", "投标报价已填写且不超过最高投标限价", cites="招标投标法实施条例 第五十一条", since=_IR)
def price_is_within_limit(price: Decimal | None, limit: Decimal | None) -> bool:
    """A price above the limit, or none at all, is rejected; exactly the limit is not."""
    return price is not None and price > 0 and (limit is None or price <= limit)


@rule("R-126/2", "否决投标只能依据招标文件载明的条款或者法定情形", cites="招标投标法实施条例 第四十九条、第五十一条",
      since=_IR)
def clause_is_in_document_or_law(item: str, clauses: Collection[str], grounds: Collection[str]) -> bool:
    """Nothing outside law and the document may reject a bid."""
    return item in clauses or item in grounds


@rule("R-300", "初步评审对每份投标文件逐项作出结论，不通过的写明理由", cites=_EM_TEXT + "第二十三条、第二十五条；A-140",
      since=_EM)
def review_is_complete(votes: Mapping[tuple[str, str], tuple[bool, str]], asked: Collection[tuple[str, str]]) -> bool:
    """Every bid by every clause; a verdict against a bid carries its reason. Legal grounds are votes against only."""
    answered = set(asked) <= set(votes)
    return answered and all((passes and key in asked) or (not passes and reason.strip())
                            for key, (passes, reason) in votes.items())


@rule("R-125/2", "评标委员会席位全部到位方可作出评审结论", cites="招标投标法实施条例 第四十八条", since=_IR)
def every_seat_is_filled(facts: DeskFacts) -> bool:
    """While a replaced member's seat is vacant the others may read and write drafts, and conclude nothing."""
    return facts.members >= facts.size


@rule("R-330", "全体评委提交评分之前，任何人不得查看评分",
      cites=_EM_TEXT + "第五条；电子招标投标办法 第三十三条", since=_EB)
def all_have_committed(facts: DeskFacts) -> bool:
    """Scores are shown after the last member has committed its own, never before."""
    return facts.members > 0 and facts.committed >= facts.members


@rule("R-330/2", "客观评审因素的评分应当一致", cites="政府采购货物和服务招标投标管理办法 第六十四条", since=_M87)
def objective_scores_agree(scores: Collection[Decimal]) -> bool:
    """What is a fact scores the same with every member."""
    return len(set(scores)) <= 1


@rule("R-168", "分项评分在评分标准范围内，且对每份有效投标逐项评分",
      cites="政府采购货物和服务招标投标管理办法 第六十四条", since=_M87)
def scores_are_complete_and_in_range(scores: Mapping[str, Mapping[str, Decimal]], bids: Collection[str],
                                     items: Sequence[SheetItem]) -> bool:
    """Exactly the valid bids, exactly the items, each value in its range."""
    asked = {item.number for item in items}
    return set(scores) == set(bids) and all(
        set(row) == asked and all(item.lowest <= row[item.number] <= item.highest for item in items)
        for row in scores.values())


@rule("R-320", "小微企业价格扣除：货物和服务百分之十至二十，工程百分之三至五",
      cites="财库〔2020〕46号 第九条；财库〔2022〕19号", since=date(2022, 7, 1))
def deduction_is_lawful(scores: Mapping[str, Mapping[str, Decimal]]) -> bool:
    """Nothing, or a share within the ranges of the ministry's measures."""
    ranges = ((Decimal(0), Decimal(0)), (Decimal(3), Decimal(5)), (Decimal(10), Decimal(20)))
    found = [row[DEDUCTION] for row in scores.values() if DEDUCTION in row]
    return all(any(lowest <= value <= highest for lowest, highest in ranges) for value in found)


@rule("R-332", "评分畸高、畸低的，评委已书面说明理由",
      cites="政府采购货物和服务招标投标管理办法 第六十四条", since=_M87)
def alerts_are_explained(facts: DeskFacts) -> bool:
    """An alert asks for a reason; it changes no score."""
    return facts.alerts_open == 0


@rule("B-023", "评审的投标文件就是开标时解密的投标文件", cites="CTS-EBS01-2016 B-023", since=_CERTIFIED)
def bids_are_those_decrypted(facts: DeskFacts) -> bool:
    """Price, statement and body of every bid are, by digest, those of the opening."""
    return not facts.altered


@rule("B-023/2", "每份投标文件已从头至尾解密核对一遍", cites="CTS-EBS01-2016 B-023；电子招标投标办法 第三十条",
      since=_CERTIFIED)
def bodies_are_checked(facts: DeskFacts) -> bool:
    """The full check in the background has come to a result for each body."""
    return facts.bodies_unchecked == 0


@rule("R-318/6", "第二次开标（报价）记录已公布", cites="招标投标法 第三十六条；R-318", since=_BL)
def prices_are_published(facts: DeskFacts) -> bool:
    """Prices enter the evaluation from the published record of their opening, never before."""
    return facts.prices_are_published


@rule("R-210/5", "有效投标不足规定家数时，评标委员会判断是否明显缺乏竞争", cites=_EM_TEXT + "第二十七条", since=_EM)
def enough_bids_are_valid(valid: int, method: Method) -> bool:
    """Fewer than the law asks for: the committee may reject all, by majority."""
    return valid >= method.fewest_valid


@rule("R-340", "评标报告由评标委员会全体成员签字；拒绝签字又不书面说明的，视为同意",
      cites="招标投标法实施条例 第五十三条", since=_IR)
def everyone_is_accounted_for(members: Collection[str], signing: Collection[str], refused: Collection[str]) -> bool:
    """Each member either signs, or its refusal is on record."""
    return set(members) == set(signing) | set(refused) and not set(signing) & set(refused)


@rule("R-341", "评标报告签署后不得修改", cites="招标投标法 第四十条；实施条例 第五十三条", since=_BL)
def report_is_open(facts: DeskFacts) -> bool:
    """Afterwards only a re-evaluation corrects anything."""
    return not facts.is_signed


@rule("R-210/6", "标段未处于暂停状态方可继续评标", cites="招标投标法实施条例 第五十四条、第六十二条", since=_IR)
def lot_goes_on(facts: DeskFacts) -> bool:
    """A suspension stops the desk as well as the stages."""
    return not facts.is_suspended
