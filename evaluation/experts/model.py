"""An entry of the expert bank 专家库: its states, its specialties, the units it must stay away from. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.kernel.errors import Refused

_SPECIALTY = re.compile(r"[A-E](\d{2}){1,3}")
_REGION = re.compile(r"\d{6}")


class Kind(StrEnum):
    """A drawn expert 评标专家, or a tenderee's representative 招标人代表, who is named and never drawn."""

    EXPERT = "expert"
    REPRESENTATIVE = "representative"


class ExpertStatus(StrEnum):
    """Where an entry stands; only an active one may be drawn (A-222)."""

    REVIEW = "review"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class ExpertAct(StrEnum):
    """What is done to an entry."""

    CHANGE = "change"
    VERIFY = "verify"
    SUSPEND = "suspend"
    RESUME = "resume"
    LEAVE = "leave"
    NOTE = "note"


STEPS: dict[tuple[ExpertStatus, ExpertAct], ExpertStatus] = {
    # A change is verified anew before anyone is drawn by it.
    **{(status, ExpertAct.CHANGE): ExpertStatus.REVIEW for status in (ExpertStatus.REVIEW, ExpertStatus.ACTIVE)},
    (ExpertStatus.REVIEW, ExpertAct.VERIFY): ExpertStatus.ACTIVE,
    (ExpertStatus.ACTIVE, ExpertAct.SUSPEND): ExpertStatus.SUSPENDED,
    (ExpertStatus.SUSPENDED, ExpertAct.RESUME): ExpertStatus.ACTIVE,
    **{(status, ExpertAct.LEAVE): ExpertStatus.LEFT
       for status in (ExpertStatus.REVIEW, ExpertStatus.ACTIVE, ExpertStatus.SUSPENDED)},
    **{(status, ExpertAct.NOTE): status for status in ExpertStatus},
}

PAST = {ExpertAct.CHANGE: "changed", ExpertAct.VERIFY: "verified", ExpertAct.SUSPEND: "suspended",
        ExpertAct.RESUME: "resumed", ExpertAct.LEAVE: "left"}
NOTES = ("reward", "penalty", "training")


def status_after(status: str, act: ExpertAct) -> ExpertStatus:
    """The state after the act; raises ``Refused`` where none follows."""
    after = STEPS.get((ExpertStatus(status), act))
    if after is None:
        raise Refused("专家目前的状态不允许此操作", status=status, act=act.value)
    return after


@dataclass(frozen=True, slots=True)
class Unit:
    """A body somebody belongs to or must stay away from; compared by code, and by name where no code is known."""

    name: str
    uscc: str = ""

    def is_same(self, other: "Unit") -> bool:
        """True for one body, however it is named: a shared code decides, else the name."""
        if self.uscc and other.uscc:
            return self.uscc == other.uscc
        return bool(self.name) and self.name == other.name


def conflicts(own: Iterable[Unit], concerned: Sequence[Unit]) -> bool:
    """True when one of the expert's units is one of those concerned (A-219)."""
    return any(unit.is_same(other) for unit in own for other in concerned)


def is_specialty(code: str) -> bool:
    """A letter A to E and one to three levels of two digits (R-611)."""
    return _SPECIALTY.fullmatch(code) is not None


def is_region(code: str) -> bool:
    """Six digits of GB/T 2260."""
    return _REGION.fullmatch(code) is not None


def covers(specialties: Iterable[str], wanted: str) -> bool:
    """True when a held specialty is the wanted one, or one of its own branches."""
    return any(held.startswith(wanted) for held in specialties)


def lies_in(region: str, wanted: str) -> bool:
    """True when the region is the wanted one or part of it; "" wants any, 320000 a whole province."""
    while wanted.endswith("00"):
        wanted = wanted[:-2]
    return region.startswith(wanted)
