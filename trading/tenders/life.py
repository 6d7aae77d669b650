"""The table of a lot's steps; ``advance`` is its only reader."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from storage.kernel.errors import Refused, RulesUnmet
from storage.kernel.rule import Rule, rule, unmet
from trading.tenders.model import AFTER_OPENING, BEFORE_DEADLINE, Act, Stage

_FEWEST = "招标投标法 第二十八条；实施条例 第四十四条"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a step is decided on. ``sealed_bids`` is None for every step but OPEN and FAIL (R-122)."""

    now: datetime
    documents_from: datetime | None = None
    documents_until: datetime | None = None
    deadline_at: datetime | None = None
    price_opens_at: datetime | None = None
    suspended: bool = False
    sealed_bids: int | None = None
    min_bidders: int = 3
    publicity_until: datetime | None = None
    open_objections: int = 0


@rule("R-102/2", "招标文件已到发售起始时间", cites="招标投标法实施条例 第十六条", since=date(2012, 2, 1))
def selling_has_begun(passage: Passage) -> bool:
    """The announced beginning of the document's availability has come."""
    return passage.documents_from is not None and passage.now >= passage.documents_from


@rule("R-102/3", "招标文件发售期已满", cites="招标投标法实施条例 第十六条", since=date(2012, 2, 1))
def selling_has_ended(passage: Passage) -> bool:
    """The announced end of the document's availability has come."""
    return passage.documents_until is not None and passage.now >= passage.documents_until


@rule("R-107/2", "投标截止时间已到", cites="招标投标法 第三十四条", since=date(2000, 1, 1))
def deadline_has_come(passage: Passage) -> bool:
    """Opening begins at the deadline, never before."""
    return passage.deadline_at is not None and passage.now >= passage.deadline_at


@rule("R-318/3", "第二次开标（报价）时间已到", cites="招标投标法 第三十四条、第三十六条；R-318", since=date(2000, 1, 1))
def price_hour_has_come(passage: Passage) -> bool:
    """Prices are opened at the hour that was set for them, never before."""
    return passage.price_opens_at is not None and passage.now >= passage.price_opens_at


@rule("R-108", "投标人不少于规定家数方可开标", cites=_FEWEST, since=date(2000, 1, 1))
def enough_sealed_bids(passage: Passage) -> bool:
    """At least the fewest bids of the kind of trade were submitted."""
    return passage.sealed_bids is not None and passage.sealed_bids >= passage.min_bidders


@rule("R-108/2", "投标人少于规定家数，不得开标", cites=_FEWEST, since=date(2000, 1, 1))
def too_few_sealed_bids(passage: Passage) -> bool:
    """The lot fails for want of bids; what was sealed stays sealed."""
    return passage.sealed_bids is not None and passage.sealed_bids < passage.min_bidders


@rule("R-210", "标段未处于暂停状态", cites="招标投标法实施条例 第二十二条", since=date(2012, 2, 1))
def lot_is_not_suspended(passage: Passage) -> bool:
    """A suspension freezes every forward step."""
    return not passage.suspended


@rule("R-110/2", "中标候选人公示期已满", cites="招标投标法实施条例 第五十四条", since=date(2012, 2, 1))
def publicity_has_ended(passage: Passage) -> bool:
    """The publicity of the candidates 公示 has run to its last instant."""
    return passage.publicity_until is not None and passage.now >= passage.publicity_until


@rule("R-111/2", "对评标结果的异议均已答复", cites="招标投标法实施条例 第五十四条", since=date(2012, 2, 1))
def objections_are_answered(passage: Passage) -> bool:
    """An objection within the publicity freezes the way to the award until it is answered."""
    return passage.open_objections == 0


@dataclass(frozen=True, slots=True)
class Step:
    """One row: from a stage by an act to a stage, and the rules it needs."""

    before: Stage
    act: Act
    after: Stage
    needs: tuple[Callable[[Passage], bool], ...] = ()


_OPENING = (lot_is_not_suspended, deadline_has_come, enough_sealed_bids)
_FAILING = (lot_is_not_suspended, deadline_has_come, too_few_sealed_bids)

# Opening and failing leave from every stage before the deadline: timers may be behind, time is not.
STEPS: tuple[Step, ...] = (
    Step(Stage.DRAFT, Act.SUBMIT_LOT, Stage.PLANNED),
    Step(Stage.PLANNED, Act.REVISE_LOT, Stage.DRAFT),
    Step(Stage.PLANNED, Act.PUBLISH_LOT, Stage.PUBLISHED),
    Step(Stage.PUBLISHED, Act.BEGIN_SELLING, Stage.SELLING, (lot_is_not_suspended, selling_has_begun)),
    Step(Stage.PUBLISHED, Act.END_SELLING, Stage.PREPARING, (lot_is_not_suspended, selling_has_ended)),
    Step(Stage.SELLING, Act.END_SELLING, Stage.PREPARING, (lot_is_not_suspended, selling_has_ended)),
    *(Step(stage, Act.OPEN, Stage.OPENING, _OPENING) for stage in sorted(BEFORE_DEADLINE)),
    *(Step(stage, Act.FAIL, Stage.FAILED, _FAILING) for stage in sorted(BEFORE_DEADLINE)),
    Step(Stage.OPENING, Act.CONCLUDE, Stage.OPENED, (lot_is_not_suspended,)),
    Step(Stage.OPENED, Act.BEGIN_EVALUATION, Stage.EVALUATING, (lot_is_not_suspended,)),
    Step(Stage.EVALUATING, Act.OPEN_PRICES, Stage.PRICE_OPENING, (lot_is_not_suspended, price_hour_has_come)),
    Step(Stage.PRICE_OPENING, Act.CONCLUDE_PRICES, Stage.EVALUATING, (lot_is_not_suspended,)),
    Step(Stage.EVALUATING, Act.END_EVALUATION, Stage.EVALUATED, (lot_is_not_suspended,)),
    Step(Stage.EVALUATING, Act.FAIL_EVALUATION, Stage.FAILED, (lot_is_not_suspended,)),
    Step(Stage.EVALUATED, Act.PUBLICISE, Stage.PUBLICISED, (lot_is_not_suspended,)),
    Step(Stage.PUBLICISED, Act.AWARD, Stage.AWARDED,
         (lot_is_not_suspended, publicity_has_ended, objections_are_answered)),
    Step(Stage.AWARDED, Act.CONTRACT, Stage.CONTRACTED, (lot_is_not_suspended,)),
    Step(Stage.CONTRACTED, Act.ARCHIVE, Stage.ARCHIVED),
    *(Step(stage, Act.TERMINATE, Stage.TERMINATED)
      for stage in (*sorted(BEFORE_DEADLINE), Stage.OPENING, *sorted(AFTER_OPENING))),
)
_TABLE = {(step.before, step.act): step for step in STEPS}


def _named(needs: tuple[Callable[[Passage], bool], ...]) -> list[Rule[Passage]]:
    return [need for need in needs if isinstance(need, Rule)]


def advance(stage: str, act: Act, passage: Passage) -> Stage:
    """The stage after the act.

    Raises ``Refused`` when no step leads there, ``RulesUnmet`` with every rule that stands against it.
    """
    step = _TABLE.get((Stage(stage), act))
    if step is None:
        raise Refused("标段所处阶段不允许此操作", stage=str(stage), act=act.value)
    failed = unmet((need, need(passage)) for need in _named(step.needs))
    if failed:
        raise RulesUnmet(failed, stage=str(stage), act=act.value)
    return step.after


def acts_from(stage: str) -> frozenset[Act]:
    """The acts for which a step leaves this stage."""
    return frozenset(step.act for step in STEPS if step.before == stage)
