"""What of an enterprise's data is personal, and how it is shown to others: enough to recognise, too little to use."""

from collections.abc import Mapping
from typing import Any

_SHOWN_DIGITS = 4


def _name(text: str) -> str:
    return text[:1] + "＊" * (len(text) - 1)


def _number(text: str) -> str:
    """The last four signs; of a short one nothing."""
    kept = text[-_SHOWN_DIGITS:] if len(text) >= 2 * _SHOWN_DIGITS else ""
    return "＊" * (len(text) - len(kept)) + kept


# Field → how it is masked. Name, code, seat and legal representative of an enterprise are public by law.
PERSONAL = {"contact": _name, "phone": _number, "bank_account": _number}


def masked(data: Mapping[str, Any]) -> dict[str, Any]:
    """The declared data as others see it (R-1016)."""
    return {key: PERSONAL[key](str(value)) if key in PERSONAL else value for key, value in data.items()}


def personal(data: Mapping[str, Any]) -> dict[str, str]:
    """The personal fields alone, whole."""
    return {key: str(data[key]) for key in PERSONAL if key in data}
