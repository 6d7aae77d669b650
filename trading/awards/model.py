"""From a ranking to a contract: values and pure decisions (domain.md §1.1, §2.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from storage.kernel.calendar import Calendar, Span

MOST_CANDIDATES = 3


class Standing(StrEnum):
    """What became of one bidder."""

    RANKED = "ranked"
    REJECTED = "rejected"
    CANDIDATE = "candidate"
    PASSED_OVER = "passed_over"
    WINNER = "winner"
    LOST = "lost"


class TextKind(StrEnum):
    """The two texts the award makes public; each is a notice kind of the lot as well (B-029)."""

    CANDIDATES = "candidates"
    RESULT = "result"


class Paperwork(StrEnum):
    """Where a text, the letters or the contract stand between writing and effect."""

    NONE = "none"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    VERIFIED = "verified"
    REFUSED = "refused"
    PUBLISHED = "published"
    SENT = "sent"


IS_WRITTEN = frozenset({Paperwork.DRAFT, Paperwork.REFUSED})
IS_EDITABLE = IS_WRITTEN | {Paperwork.NONE}


class Ground(StrEnum):
    """Why a candidate ranked before the winner does not win: the closed list (R-128, IR 55)."""

    WITHDREW = "withdrew"
    FORCE_MAJEURE = "force_majeure"
    NO_BOND = "no_bond"
    OFFENCE = "offence"


GROUNDS = {
    Ground.WITHDREW: "放弃中标", Ground.FORCE_MAJEURE: "因不可抗力不能履行合同",
    Ground.NO_BOND: "不按照招标文件要求提交履约保证金", Ground.OFFENCE: "被查实存在影响中标结果的违法行为",
}


@dataclass(frozen=True, slots=True)
class RankedBid:
    """One bid as the signed report ranks it. ``rejected`` says why it is out; ``values`` are its announced lines."""

    bid_id: UUID
    party_id: UUID
    name: str
    uscc: str
    price: Decimal | None
    score: Decimal | None
    rank: int | None
    rejected: str | None
    values: Mapping[str, str] = field(default_factory=dict)


def in_order(rows: Sequence[RankedBid]) -> list[RankedBid]:
    """Ranked bids by rank, then the rejected by name; raises ``ValueError`` when ranks are not 1, 2, 3 …"""
    ranked = sorted((row for row in rows if row.rank is not None), key=lambda row: row.rank or 0)
    if [row.rank for row in ranked] != [*range(1, len(ranked) + 1)] or any(row.rejected for row in ranked):
        raise ValueError("ranks run from 1 without a gap, and no rejected bid has one")
    return ranked + sorted((row for row in rows if row.rank is None), key=lambda row: row.name)


def term_end(start: datetime, span: Span, calendar: Calendar) -> datetime:
    """The first instant after a term: the start day excluded, whole days, rolled off holidays (R-110, R-118).

    Three days from 2026-03-25: the third is Saturday 03-28, so it closes with Monday 03-30. Seconds: rehearsals.
    """
    if span.unit == "seconds":
        return start + timedelta(seconds=span.length)
    if span.unit == "days":
        return calendar.end_of_period(start, span.length)
    # Nothing rolls: the day that is reached is worked.
    return calendar.end_of_period(calendar.add(start, span), 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate as the tenderee's choice sees it; ``ground`` where it is passed over."""

    rank: int
    is_chosen: bool = False
    ground: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardFacts:
    """All that the rules of the award are asked about, gathered under the lot's lock.

    ``late_reason``: why the act at hand comes after its term; ``until``: the end of publicity asked for or set.
    """

    now: datetime
    candidates: int = 1
    ranks_are_marked: bool = True
    most_candidates: int = MOST_CANDIDATES
    candidates_text: Paperwork = Paperwork.NONE
    candidates_text_is_complete: bool = False
    publicise_by: datetime | None = None
    publicised_at: datetime | None = None
    earliest_until: datetime | None = None
    until: datetime | None = None
    objections_open: int = 0
    answer_due_at: datetime | None = None
    holds_complaint: bool = False
    must_be_first: bool = False
    choices: tuple[Choice, ...] = ()
    choice_reason: str = ""
    winner_at: datetime | None = None
    result_text: Paperwork = Paperwork.NONE
    experts_must_be_named: bool = False
    experts_are_named: bool = False
    report_due_at: datetime | None = None
    report_at: datetime | None = None
    letters: Paperwork = Paperwork.NONE
    letters_sent_at: datetime | None = None
    has_address: bool = False
    contract: Paperwork = Paperwork.NONE
    contract_by: datetime | None = None
    contract_price: Decimal | None = None
    performance_bond: Decimal | None = None
    contract_signed_at: datetime | None = None
    late_reason: str = ""
    refunds_are_settled: bool = False
    package_tests: Mapping[str, bool] = field(default_factory=dict)
    is_archived: bool = False


class LetterKind(StrEnum):
    """The winner's letter and everybody else's."""

    AWARD = "award"
    RESULT = "result"


class CourierStatus(StrEnum):
    """Where a parcel is; the order of the members is its way."""

    ORDERED = "ordered"
    ACCEPTED = "accepted"
    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    DELIVERING = "delivering"
    SIGNED = "signed"
    RETURNED = "returned"


def further(held: str, told: str) -> CourierStatus:
    """The later of two states: a callback that was overtaken on its way does not move a parcel back."""
    way = [*CourierStatus]
    return max(CourierStatus(held), CourierStatus(told), key=way.index)


def reason_of(standing: str, rank: int | None, score: Decimal | None, rejected: str | None) -> str:
    """What a letter says of its addressee's own result, and of nobody else's (A-173)."""
    if standing == Standing.REJECTED or rank is None:
        return f"投标被否决：{rejected or '见评标报告'}"
    told = f"经评标委员会评审，排名第 {rank} 名" + ("" if score is None else f"，得分 {score:.2f}")
    return told + ("，经招标人依法确定为中标人" if standing == Standing.WINNER else "，未中标")
