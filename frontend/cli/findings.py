"""What a check-up finds: a word in two languages, and what to do."""

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check-up. ``wrong`` makes the check-up fail; ``note`` does not."""

    subject: str
    grade: Grade
    chinese: str
    english: str


def ok(subject: str, chinese: str, english: str) -> Finding:
    """As it should be."""
    return Finding(subject, "ok", chinese, english)


def note(subject: str, chinese: str, english: str) -> Finding:
    """Worth knowing; nothing is broken."""
    return Finding(subject, "note", chinese, english)


def wrong(subject: str, chinese: str, english: str) -> Finding:
    """Must be put right."""
    return Finding(subject, "wrong", chinese, english)
