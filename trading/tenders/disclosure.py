"""What may be seen of a lot, at which stage, by whom: the one place that decides it (R-108, R-122, R-124).

Before the hour nobody may learn who bids, or how many; the log, whose heads are public, must not tell it either. Each
subject has one row here. Every reading, list, task, export and record asks this table; no other module compares a
lot's stage to decide what to show (``tests/architecture/test_disclosure.py``). What a row grants is a ceiling: whose a
thing is, and which acts there are, the rooms decide below it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.tenders.model import (
    BEFORE_DEADLINE,
    BEFORE_PUBLICATION,
    RESULT_IS_KNOWN,
    OpenToBids,
    Stage,
    deadline_has_passed,
)


class Viewer(StrEnum):
    """What somebody is to the thing that it wants to see."""

    ANYONE = "anyone"
    OWN = "own"  # whose bid, money, letter or download it is
    OWNER = "owner"  # the lot's tenderee and agency
    CENTRE = "centre"
    SUPERVISOR = "supervisor"
    MEMBER = "member"  # of the lot's committee


class Subject(StrEnum):
    """What there is to see."""

    LOT = "lot"  # the lot itself, its notices and its hall
    DOWNLOADS = "downloads"  # who fetched the document, and how many did
    BIDS = "bids"  # who bids, how many, how large, when
    SIGN_INS = "sign-ins"  # who signed in to the hall
    SECURITIES = "securities"  # each bid's deposit or letter, with its verdict
    MONEY = "money"  # who paid, from where, what went back
    STRAY_MONEY = "stray-money"  # payments to a number that is none of ours
    BALANCES = "balances"  # whether the bank holds what our books say, and what of it is missing
    LETTERS = "letters"  # guarantee letters
    LETTER_ORDERS = "letter-orders"  # that one was applied for
    COMMITTEE = "committee"  # that one is being formed, its hours, its aliases
    EXPERTS = "experts"  # the members' names
    BODIES = "bodies"  # opened bids on the committee's desk
    OPENED_BODIES = "opened-bodies"  # the same beside the desk, to whose they are
    REPORT = "report"  # the signed evaluation report
    SESSIONS = "sessions"  # who signed in to the platform
    REFUSALS = "refusals"  # that somebody tried


@dataclass(frozen=True, slots=True)
class Row:
    """``shown``: viewer → the stages at which it sees the subject; ``ANYONE`` grants everybody. ``told``: the stages
    at which an act on the subject is an entry of its own in the log; at all others it is recorded under seal.
    ``waits``: neither holds before the deadline's instant, whatever the stage says."""

    shown: Mapping[Viewer, frozenset[Stage]]
    told: frozenset[Stage] = frozenset()
    waits: bool = False


_ALL = frozenset(Stage)
_PUBLISHED = _ALL - BEFORE_PUBLICATION
_AFTER_THE_HOUR = _PUBLISHED - BEFORE_DEADLINE
# Too few bids: the seals stay whole, and who bid stays unsaid for ever.
_OPENED = _AFTER_THE_HOUR - {Stage.FAILED}
_EVALUATING = frozenset({Stage.EVALUATING})


def _to(stages: frozenset[Stage], *viewers: Viewer) -> dict[Viewer, frozenset[Stage]]:
    return dict.fromkeys(viewers, stages)


_INSIDE = (Viewer.OWNER, Viewer.CENTRE, Viewer.SUPERVISOR)
TABLE: Mapping[Subject, Row] = {
    Subject.LOT: Row(_to(_PUBLISHED, Viewer.ANYONE) | _to(_ALL, *_INSIDE), told=_ALL),
    Subject.DOWNLOADS: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_AFTER_THE_HOUR, Viewer.OWNER, Viewer.SUPERVISOR),
                           waits=True),
    Subject.BIDS: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_OPENED, Viewer.ANYONE), waits=True),
    Subject.SIGN_INS: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_OPENED, Viewer.ANYONE), told=_OPENED, waits=True),
    Subject.SECURITIES: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_AFTER_THE_HOUR, *_INSIDE), waits=True),
    Subject.MONEY: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_AFTER_THE_HOUR, Viewer.CENTRE, Viewer.SUPERVISOR),
                       told=_OPENED, waits=True),
    Subject.STRAY_MONEY: Row(_to(_AFTER_THE_HOUR, Viewer.CENTRE, Viewer.SUPERVISOR), waits=True),
    # What the bank booked and has not told yet differs by one deposit, and so by one bidder.
    Subject.BALANCES: Row(_to(_AFTER_THE_HOUR, Viewer.CENTRE, Viewer.SUPERVISOR), waits=True),
    Subject.LETTERS: Row(_to(_PUBLISHED, Viewer.OWN) | _to(_OPENED, Viewer.ANYONE), told=_OPENED, waits=True),
    Subject.LETTER_ORDERS: Row(_to(_PUBLISHED, Viewer.OWN)),
    Subject.COMMITTEE: Row(_to(_ALL, *_INSIDE, Viewer.MEMBER) | _to(RESULT_IS_KNOWN, Viewer.ANYONE)),
    Subject.EXPERTS: Row(_to(_ALL, Viewer.SUPERVISOR) | _to(RESULT_IS_KNOWN, Viewer.ANYONE), told=RESULT_IS_KNOWN),
    Subject.BODIES: Row(_to(_EVALUATING, Viewer.MEMBER, Viewer.SUPERVISOR)),
    Subject.OPENED_BODIES: Row(_to(_OPENED, Viewer.OWN, Viewer.SUPERVISOR)),
    Subject.REPORT: Row(_to(RESULT_IS_KNOWN, *_INSIDE)),
    Subject.SESSIONS: Row({}),
    Subject.REFUSALS: Row({}),
}


def stages_showing(subject: Subject, *viewers: Viewer) -> frozenset[Stage]:
    """The stages at which one of these viewers sees the subject: for lists over many lots."""
    row = TABLE[subject].shown
    return frozenset().union(*(row.get(viewer, frozenset()) for viewer in (Viewer.ANYONE, *viewers)))


def shows(subject: Subject, lot: OpenToBids, now: datetime, viewers: Iterable[Viewer] = (), *,
          opened: bool = False) -> bool:
    """True when somebody who is all of these to the thing may see the subject at this instant.

    ``opened``: the bids were opened before everybody; a lot that fails after that, in evaluation, unsays none of it.
    """
    stage = Stage.OPENED if opened and lot.stage == Stage.FAILED else lot.stage
    own = Viewer.OWN in (held := frozenset(viewers))
    is_due = own or not TABLE[subject].waits or deadline_has_passed(lot, now)
    return is_due and stage in stages_showing(subject, *held)


def is_public(lot: OpenToBids) -> bool:
    """True once the lot was published: its hall, notices and document are everybody's."""
    return lot.stage in stages_showing(Subject.LOT)


def is_sealed(subject: Subject, lot: OpenToBids | None = None, now: datetime | None = None) -> bool:
    """True while an act on the subject must be recorded under seal, for the heads of the log are everybody's.

    Without a lot: for subjects whose acts are never entries of their own, and for acts that belong to no lot.
    """
    row = TABLE[subject]
    if lot is None or now is None or lot.stage not in row.told:
        return True
    return row.waits and not deadline_has_passed(lot, now)
