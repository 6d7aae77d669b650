"""The method of a lot, read from the structured part of its tender document (A-137, R-315 to R-320)."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from evaluation.scoring.model import ADJUSTMENT, DEDUCTION, Ground, Method, MethodKind, SheetItem
from storage.kernel.errors import Refused
from trading.tenders.content import BASELINES, Formula, PriceFormula, ScoringItem, Structure

_HUNDRED = Decimal(100)
_MOST_YUAN = Decimal("999999999999.99")
_GOVERNMENT = "government"
LEGAL_GROUNDS: tuple[Ground, ...] = (  # R-126; IR 51: beside the clauses of the document, and nothing else
    Ground("F1", "投标文件未经投标单位盖章和单位负责人签字"),
    Ground("F2", "投标联合体没有提交共同投标协议"),
    Ground("F3", "投标人不符合国家或者招标文件规定的资格条件"),
    Ground("F4", "同一投标人提交两个以上不同的投标文件或者投标报价"),
    Ground("F5", "投标报价低于成本或者高于最高投标限价"),
    Ground("F6", "投标文件没有对招标文件的实质性要求和条件作出响应"),
    Ground("F7", "投标人有串通投标、弄虚作假、行贿等违法行为"),
)
_PLACES = ("form", "qualification", "response")


def _sheet_item(item: ScoringItem) -> SheetItem:
    return SheetItem(item.number, item.title, item.lowest, item.highest, item.standard, item.group, item.objective,
                     drops_extremes=item.drops_extremes)


def _adjustment() -> SheetItem:
    return SheetItem(ADJUSTMENT, "偏差折价（元）", Decimal(0), _MOST_YUAN, "按招标文件规定将偏差折算为金额，计入评审价",
                     "business", objective=True, unit="yuan")


def _deduction() -> SheetItem:
    return SheetItem(DEDUCTION, "小微企业价格扣除（%）", Decimal(0), Decimal(20),
                     "货物和服务 10%—20%，工程 3%—5%；不符合条件的为 0；只用于评审", "business",
                     objective=True, unit="percent")


def kind_of(formula: PriceFormula, items: list[ScoringItem]) -> MethodKind:
    """R-317 and R-320 by their formula; a baseline alone is R-315, a baseline beside other items R-316."""
    match Formula(formula.number):
        case Formula.LOWEST_EVALUATED:
            return MethodKind.LOWEST
        case Formula.LOWEST_RATIO:
            return MethodKind.GOVERNMENT
    return MethodKind.COMPREHENSIVE if any(each.group != "price" for each in items) else MethodKind.REASONABLE


def method_of(structure: Structure, *, trade_kind: str, limit: Decimal | None, fewest_valid: int,
              drawn: Mapping[str, Decimal]) -> Method:
    """The method of a lot; raises ``Refused`` when the document states no price formula."""
    formula, items = structure.price_formula, structure.scoring_items
    if formula is None:
        raise Refused("招标文件没有规定价格公式，不能评标")
    is_government = trade_kind == _GOVERNMENT
    method = Method(
        kind=kind_of(formula, items), formula=formula, price_weight=_price_weight(formula, items),
        review_items=sorted(structure.review_items, key=lambda each: _PLACES.index(each.stage)),
        sheet_items=[_sheet_item(each) for each in items if each.group != "price"], limit=limit,
        coefficients=dict(drawn), candidates=structure.award.candidates, fewest_valid=fewest_valid,
        ties_are_drawn=not is_government)
    match method.kind:
        case MethodKind.LOWEST:
            return replace(method, sheet_items=[_adjustment()])
        case MethodKind.GOVERNMENT if is_government:
            method = replace(method, sheet_items=[*method.sheet_items, _deduction()])
    return replace(method, share=_share(method, items))


def _price_weight(formula: PriceFormula, items: list[ScoringItem]) -> Decimal:
    """The points of the price: of its items among the hundred, else the stated weight, else all."""
    priced = [each.highest for each in items if each.group == "price"]
    if priced:
        return sum(priced, Decimal(0))
    if formula.weight is not None and (items or Formula(formula.number) not in BASELINES):
        return formula.weight
    return Decimal(0) if items else formula.full


def _share(method: Method, items: list[ScoringItem]) -> Decimal:
    """What other items count for where they make a full hundred beside a weighed price."""
    if not items or any(each.group == "price" for each in items):
        return Decimal(1)
    return (_HUNDRED - method.price_weight) / _HUNDRED
