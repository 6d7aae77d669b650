"""Kinds of trade: what differs between them is a row here, never a branch elsewhere."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from storage.kernel.calendar import Span

EDITION = "2026.1"


@dataclass(frozen=True, slots=True)
class Spans:
    """Statutory lengths of one kind of trade, each with its R-number."""

    documents: Span  # the document is available for at least this long
    bidding: Span  # from its issue to the deadline
    change: Span  # a change that affects bids comes at least this long before the deadline
    prequalification: Span  # from the end of the file's availability to the deadline of applications
    objection: Span  # an objection to the document, likewise
    publicity: Span  # the candidates are publicised for at least this long


@dataclass(frozen=True, slots=True)
class TradeKind:
    """One row: name, clocks, thresholds (yuan), the fewest bids that may be opened."""

    code: str
    title: str
    edition: str
    spans: Spans
    min_bidders: int
    compulsory_from: Decimal | None  # None = never compulsory
    deposit_rate: Decimal  # part of the estimate
    deposit_cap: Decimal | None  # sector orders
    limit_is_needed: bool  # the document must carry a maximum price
    limit_within_estimate: bool  # a budget is never exceeded
    rehearsal: bool = False
    minute: timedelta = timedelta(minutes=1)  # how long a minute of its hall lasts; shorter in quick rehearsals alone

    @property
    def letter(self) -> str:
        """The platform type letter of its codes (R-802): E for real, X for rehearsal."""
        return "X" if self.rehearsal else "E"


_TENDERING = Spans(documents=Span(5), bidding=Span(20), change=Span(15),
                   prequalification=Span(5), objection=Span(10), publicity=Span(3))
_PROCUREMENT = Spans(documents=Span(5, "working-days"), bidding=Span(20), change=Span(15),
                   prequalification=Span(5), objection=Span(10), publicity=Span(3))
_REHEARSAL = Spans(documents=Span(1, "seconds"), bidding=Span(2, "seconds"),
                   change=Span(1, "seconds"), prequalification=Span(1, "seconds"),
                   objection=Span(1, "seconds"), publicity=Span(3, "seconds"))
_TWO_PERCENT = Decimal("0.02")
_SECTOR_CAP = Decimal(800_000)

TRADE_KINDS: dict[str, TradeKind] = {kind.code: kind for kind in (
    TradeKind("works", "工程施工招标", EDITION, _TENDERING, 3, Decimal(4_000_000), _TWO_PERCENT, _SECTOR_CAP,
              limit_is_needed=True, limit_within_estimate=False),
    TradeKind("goods", "工程货物招标", EDITION, _TENDERING, 3, Decimal(2_000_000), _TWO_PERCENT, _SECTOR_CAP,
              limit_is_needed=False, limit_within_estimate=False),
    TradeKind("services", "工程服务招标", EDITION, _TENDERING, 3, Decimal(1_000_000), _TWO_PERCENT, Decimal(100_000),
              limit_is_needed=False, limit_within_estimate=False),
    TradeKind("government", "政府采购公开招标", EDITION, _PROCUREMENT, 3, Decimal(4_000_000), _TWO_PERCENT, None,
              limit_is_needed=True, limit_within_estimate=True),
    TradeKind("rehearsal", "演练（不是真实交易）", EDITION, _REHEARSAL, 3, None, _TWO_PERCENT, _SECTOR_CAP,
              limit_is_needed=False, limit_within_estimate=False, rehearsal=True),
    TradeKind("rehearsal-quick", "快速演练（不是真实交易，大厅内一分钟按一秒计）", EDITION, _REHEARSAL, 3, None,
              _TWO_PERCENT, _SECTOR_CAP, limit_is_needed=False, limit_within_estimate=False, rehearsal=True,
              minute=timedelta(seconds=1)),
)}


def hall_minutes(trade_kind: str, count: int) -> timedelta:
    """How long so many minutes last in the halls of a kind of trade: sixty seconds each for everything real."""
    return TRADE_KINDS[trade_kind].minute * count
