"""A member's score sheet: committed by its digest, revealed as the same bytes (R-330)."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from hashlib import sha256

from evaluation.scoring.model import Method, Sheet
from evaluation.scoring.rules import deduction_is_lawful, scores_are_complete_and_in_range
from storage.crypto.canonical import Json, from_hex, parse_object
from storage.crypto.errors import Malformed
from storage.kernel.rule import require

PREFIX = b"yunkai score-sheet/1\0"
PURPOSE = "score-sheet"
_VALUE = re.compile(r"\d{1,12}\.\d{2}", re.ASCII)
_KEYS = {"v", "kind", "lot", "round", "member", "salt", "scores"}


def commitment(text: bytes) -> str:
    """Hex SHA-256 over ``"yunkai score-sheet/1\\0"`` ‖ the sheet's JCS bytes, which hold a salt of 32 bytes."""
    return sha256(PREFIX + text).hexdigest()


def box_subject(lot: str, number: int, member: str) -> str:
    """What the box with a member's own copy of its sheet is bound to."""
    return f"{lot}/{number}/{member}"


def read_sheet(text: bytes, *, lot: str, number: int, member: str) -> Sheet:
    """The sheet from its canonical text; raises ``Malformed`` unless it is this member's, of this lot and round."""
    value = parse_object(text, limit=1 << 20)
    if set(value) != _KEYS or value["v"] != 1 or value["kind"] != PURPOSE:
        raise Malformed("评分表的格式不对", field="sheet")
    if (value["lot"], value["round"], value["member"]) != (lot, number, member):
        raise Malformed("评分表不属于本标段、本轮或者本人", field="sheet")
    from_hex(value["salt"], "salt")
    return Sheet(member, number, str(value["salt"]), _scores(value["scores"]))


def _scores(value: Json) -> dict[str, dict[str, Decimal]]:
    if not isinstance(value, Mapping):
        raise Malformed("评分表的格式不对", field="scores")
    return {bid: _row(row) for bid, row in value.items()}


def _row(row: Json) -> dict[str, Decimal]:
    if not isinstance(row, Mapping):
        raise Malformed("评分表的格式不对", field="scores")
    for text in row.values():
        if not isinstance(text, str) or not _VALUE.fullmatch(text):
            raise Malformed("分值须为两位小数的数字，例如 35.50", field="scores")
    return {item: Decimal(str(text)) for item, text in row.items()}


def judge_sheet(sheet: Sheet, method: Method, valid: Collection[str]) -> None:
    """Raises ``RulesUnmet`` unless every valid bid has every item, in range (R-168)."""
    require((scores_are_complete_and_in_range,
             scores_are_complete_and_in_range(sheet.scores, valid, method.sheet_items)),
            (deduction_is_lawful, deduction_is_lawful(sheet.scores)))
