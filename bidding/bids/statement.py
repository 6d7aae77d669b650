"""The opening statement 开标一览表 as its bidder writes it: the lines the tender document asks for, in form (A-94).

It is sealed, so only the bidder's client can check it before the deadline; command line and browser do alike.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from storage.crypto.canonical import Json, canonical_bytes
from storage.kernel.errors import Invalid
from storage.kernel.money import yuan

_LONGEST = 2000
_MONEY = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_DAYS = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)


def statement_faults(values: Mapping[str, str], fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong with the values, by key; nothing when the statement may be sealed.

    ``fields``: the lot's ``announced_fields``, ``{key, label, kind, required}``.
    """
    asked = {str(field["key"]): field for field in fields}
    faults = {key: "招标文件没有要求这一项" for key in values if key not in asked}
    for key, field in asked.items():
        text = values.get(key, "")
        if not text:
            if field.get("required", True):
                faults[key] = f"请填写“{field['label']}”"
        elif fault := _fault(text, str(field["kind"])):
            faults[key] = f"“{field['label']}”{fault}"
    return faults


def _fault(text: str, kind: str) -> str:
    match kind:
        case "money":
            return "" if _is_money(text) else "须为金额，单位元，不超过两位小数，例如 8730000.00"
        case "days" if not _DAYS.fullmatch(text):
            return "须为天数（正整数）"
        case "percent" if not _PERCENT.fullmatch(text):
            return "须为百分数，例如 97.5"
    if len(text) > _LONGEST or not text.isprintable():
        return f"须为不超过 {_LONGEST} 字的一行文字"
    return ""


def _is_money(text: str) -> bool:
    try:
        yuan(text)
    except Invalid:
        return False
    return _MONEY.fullmatch(text) is not None  # Decimal also reads exponents and blanks


def statement_bytes(values: Mapping[str, str], fields: Sequence[Mapping[str, Any]], *,
                    guarantee: Json = None, size: int | None = None) -> bytes:
    """The plaintext of the statement: JCS ``{v:1, fields, guarantee?, pad?}``; raises ``Invalid`` with every fault.

    ``guarantee``: a letter ``{data, pdf}`` that is sealed along; ``size``: the length that blanks in ``pad`` bring the
    statement to, where the lot asks for one.
    """
    if faults := statement_faults(values, fields):
        raise Invalid("开标一览表有误：" + "；".join(faults.values()), field=next(iter(faults)))
    told: dict[str, Json] = {"v": 1, "fields": {key: text for key, text in values.items() if text}}
    if guarantee is not None:
        told["guarantee"] = guarantee
    if size is None:
        return canonical_bytes(told)
    blanks = size - len(canonical_bytes({**told, "pad": ""}))
    if blanks < 0:
        raise Invalid(f"开标一览表连同保函超过 {size} 字节，请向开立机构索取较小的保函文件", field="guarantee")
    return canonical_bytes({**told, "pad": " " * blanks})
