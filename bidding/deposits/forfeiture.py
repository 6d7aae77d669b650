"""When a deposit or a letter may be kept 不予退还: a closed list, decided with evidence by two persons (R-403)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from storage.kernel.rule import rule

_IR = "招标投标法实施条例 "
_SINCE = date(2012, 2, 1)


@dataclass(frozen=True, slots=True)
class Ground:
    """One entry of the closed list; ``needs_clause``: the tender document's clause must be named."""

    code: str
    title: str
    cites: str
    needs_clause: bool = False


GROUNDS = {ground.code: ground for ground in (
    Ground("revoked", "投标截止后撤销投标文件", _IR + "第三十五条第二款"),
    Ground("refuses_to_sign", "中标后无正当理由不与招标人订立合同", _IR + "第七十四条"),
    Ground("adds_conditions", "签订合同时向招标人提出附加条件", _IR + "第七十四条"),
    Ground("no_bond", "不按招标文件要求提交履约保证金", _IR + "第七十四条"),
    Ground("document", "招标文件规定的其他不予退还情形", _IR + "第二十六条", needs_clause=True),
)}


@rule("R-403", "不予退还的事由在法定和招标文件规定的范围内", cites=_IR + "第三十五条、第七十四条", since=_SINCE)
def ground_is_on_the_list(code: str, clause: str) -> bool:
    """Nothing outside the list; what the document states is named by its clause."""
    ground = GROUNDS.get(code)
    return ground is not None and (bool(clause.strip()) or not ground.needs_clause)


@rule("R-403/2", "不予退还附有事实说明和证据", cites=_IR + "第七十四条", since=_SINCE)
def evidence_is_given(statement: str, evidence: int) -> bool:
    """A statement of the facts, and at least one piece of evidence."""
    return bool(statement.strip()) and evidence > 0


@rule("R-403/3", "不予退还由提出人以外的另一人批准", cites=_IR + "第七十四条；CTS-EBS01-2016 A-105", since=_SINCE)
def decided_by_another(proposer: UUID, decider: UUID | None) -> bool:
    """Two persons before any money moves."""
    return decider is not None and decider != proposer
