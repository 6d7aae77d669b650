"""A lot's stages, acts and windows: values and pure decisions (domain.md §2.1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """Where a lot 标段 stands in its life."""

    DRAFT = "draft"
    PLANNED = "planned"
    PUBLISHED = "published"
    SELLING = "selling"
    PREPARING = "preparing"
    OPENING = "opening"
    OPENED = "opened"
    EVALUATING = "evaluating"
    PRICE_OPENING = "price_opening"  # the second opening of two envelopes; the evaluation goes on after it
    EVALUATED = "evaluated"
    PUBLICISED = "publicised"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    ARCHIVED = "archived"
    FAILED = "failed"
    TERMINATED = "terminated"


class Act(StrEnum):
    """What moves a lot from one stage to another."""

    SUBMIT_LOT = "submit_lot"
    REVISE_LOT = "revise_lot"
    PUBLISH_LOT = "publish_lot"
    BEGIN_SELLING = "begin_selling"
    END_SELLING = "end_selling"
    OPEN = "open"
    FAIL = "fail"
    CONCLUDE = "conclude"
    BEGIN_EVALUATION = "begin_evaluation"
    OPEN_PRICES = "open_prices"
    CONCLUDE_PRICES = "conclude_prices"
    END_EVALUATION = "end_evaluation"
    FAIL_EVALUATION = "fail_evaluation"
    PUBLICISE = "publicise"
    AWARD = "award"
    CONTRACT = "contract"
    ARCHIVE = "archive"
    TERMINATE = "terminate"


BEFORE_PUBLICATION = frozenset({Stage.DRAFT, Stage.PLANNED})
BEFORE_DEADLINE = frozenset({Stage.PUBLISHED, Stage.SELLING, Stage.PREPARING})
LIVE = BEFORE_DEADLINE | {Stage.OPENING}
AFTER_OPENING = frozenset({Stage.OPENED, Stage.EVALUATING, Stage.PRICE_OPENING, Stage.EVALUATED, Stage.PUBLICISED})
ENDED = frozenset({Stage.ARCHIVED, Stage.FAILED, Stage.TERMINATED})
RESULT_IS_KNOWN = frozenset({Stage.AWARDED, Stage.CONTRACTED, Stage.ARCHIVED})


class PlanStatus(StrEnum):
    """A project or tender project is edited freely as a draft, and stands once submitted (A-36, A-37)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class NoticeKind(StrEnum):
    """What a notice 公告 says; the first two open a tender (A-50)."""

    TENDER = "tender"
    PREQUALIFICATION = "prequalification"
    CLARIFICATION = "clarification"
    CHANGE = "change"
    OPENING_RECORD = "opening_record"
    PRICE_OPENING = "price_opening"
    CANDIDATES = "candidates"
    RESULT = "result"
    FAILED = "failed"
    TERMINATED = "terminated"


OPENING_KINDS = frozenset({NoticeKind.TENDER, NoticeKind.PREQUALIFICATION})


class NoticeStatus(StrEnum):
    """A notice waits twice: for the tenderee's review (A-52) and the centre's verification (A-53)."""

    DRAFT = "draft"
    DECLARED = "declared"
    REVIEWED = "reviewed"
    VERIFIED = "verified"
    REFUSED = "refused"
    PUBLISHED = "published"


NOTICE_IS_EDITABLE = frozenset({NoticeStatus.DRAFT, NoticeStatus.REFUSED})
NOTICE_IS_WAITING = frozenset({NoticeStatus.DECLARED, NoticeStatus.REVIEWED, NoticeStatus.VERIFIED})


class DocumentStatus(StrEnum):
    """A tender document is written, laid out, signed by the tenderee, and issued with the notice."""

    DRAFT = "draft"
    RENDERED = "rendered"
    SIGNED = "signed"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time; the moment is an argument, never the clock."""

    opens_at: datetime
    closes_at: datetime

    def admits(self, moment: datetime) -> bool:
        """True from the first instant up to, and without, the last (R-221)."""
        return self.opens_at <= moment < self.closes_at


class OpenToBids(Protocol):
    """What the question "may one bid now?" needs to know of a lot."""

    @property
    def stage(self) -> str: ...
    @property
    def suspended(self) -> bool: ...
    @property
    def documents_from(self) -> datetime | None: ...
    @property
    def documents_until(self) -> datetime | None: ...
    @property
    def deadline_at(self) -> datetime | None: ...


def bidding_window(lot: OpenToBids) -> Window | None:
    """From the issue of the documents to the deadline, which is the opening time (R-107)."""
    if lot.documents_from is None or lot.deadline_at is None:
        return None
    return Window(lot.documents_from, lot.deadline_at)


def bidding_is_open(lot: OpenToBids, now: datetime) -> bool:
    """True while bids are admitted. Time decides, not the stage a timer last wrote (R-141, R-221)."""
    window = bidding_window(lot)
    return window is not None and lot.stage in BEFORE_DEADLINE and not lot.suspended and window.admits(now)


def documents_are_on_offer(lot: OpenToBids, now: datetime) -> bool:
    """True while the tender document may be fetched for the first time (R-102, R-123)."""
    if lot.documents_from is None or lot.documents_until is None or lot.stage not in BEFORE_DEADLINE:
        return False
    return Window(lot.documents_from, lot.documents_until).admits(now)


def deadline_has_passed(lot: OpenToBids, now: datetime) -> bool:
    """True at the deadline itself and after it (R-221)."""
    return lot.deadline_at is not None and lot.stage not in BEFORE_PUBLICATION and now >= lot.deadline_at


def stage_now(lot: OpenToBids, now: datetime) -> Stage:
    """The stage that time has reached, also when the timers are behind; never moves past the deadline."""
    stage = Stage(lot.stage)
    if stage not in BEFORE_DEADLINE or lot.documents_from is None or lot.documents_until is None:
        return stage
    if now >= lot.documents_until:
        return Stage.PREPARING
    return Stage.SELLING if now >= lot.documents_from else Stage.PUBLISHED
