"""The numbered rules of the expert bank."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from evaluation.experts.model import Kind, is_region, is_specialty
from storage.kernel.rule import Rule, rule

_BANK = date(2025, 1, 1)
_ORDER = "评标专家和评标专家库管理办法（国家发展改革委令 2024 年第 26 号）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the rules of the bank decide on; ``editor`` last changed the entry, ``verifier`` would verify it."""

    kind: str
    specialties: tuple[str, ...]
    region: str
    is_senior: bool
    years: int
    units: int
    editor: str = ""
    verifier: str = ""


@rule("R-611", "专业类别代码符合评标专家专业分类标准",
      cites="公共资源交易评标专家专业分类标准（发改法规〔2018〕316号）", since=date(2018, 2, 26))
def specialties_are_codes(entry: Entry) -> bool:
    """An expert has at least one, each of the standard's form; a representative is drawn by none."""
    return all(map(is_specialty, entry.specialties)) and (bool(entry.specialties) or entry.kind != Kind.EXPERT)


@rule("R-611/2", "填写了六位行政区划代码和工作单位", cites=_ORDER, since=_BANK)
def region_and_unit_are_told(entry: Entry) -> bool:
    """Without a region nobody is drawn by region, without units nobody is recused (A-219, A-220)."""
    return is_region(entry.region) and entry.units > 0


@rule("R-612", "从事相关领域工作满八年并具有高级职称或同等专业水平", cites="招标投标法 第三十七条",
      since=date(2000, 1, 1))
def expert_is_qualified(entry: Entry) -> bool:
    """Asked of experts; the tenderee answers for its representatives."""
    return entry.kind != Kind.EXPERT or (entry.years >= 8 and entry.is_senior)


@rule("R-612/2", "入库信息由另一人核验", cites=_ORDER, since=_BANK)
def another_person_verifies(entry: Entry) -> bool:
    """Whoever wrote an entry does not verify it (R-200, A-218)."""
    return entry.editor != entry.verifier


ENTERING = (specialties_are_codes, region_and_unit_are_told)
VERIFYING = (*ENTERING, expert_is_qualified, another_person_verifies)


def verdicts(rules: Iterable[Rule[Entry]], entry: Entry) -> list[tuple[Rule[...], bool]]:
    """Each rule with whether the entry satisfies it."""
    return [(each, each(entry)) for each in rules]
