"""A report 评标报告 as values."""

from enum import StrEnum

KIND = "evaluation-report"
TITLE = "评标报告"
TECHNICAL_KIND = "technical-report"  # of two envelopes: what fixes who passed
TECHNICAL_TITLE = "技术商务评审结果"
OUTCOME_FILE, RESULT_FILE = "evaluation.json", "technical.json"


class StatementKind(StrEnum):
    """A dissent is written by its member; a refusal is what the centre saw (R-340, IR 53)."""

    DISSENT = "dissent"
    REFUSAL = "refusal"


def capacity(place: int) -> str:
    """The capacity in which the member of that place, from 1, signs."""
    return f"member-{place}"
