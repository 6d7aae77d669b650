"""What the rules of publication are asked about: one value, gathered once, under the lock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from storage.kernel.calendar import Calendar
from trading.tenders.content import Structure
from trading.tenders.kinds import TradeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """The notice as it stands: its text, its filled fields, and the text its template gives today."""

    body: str = ""
    template_body: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    empty_fields: tuple[str, ...] = ()
    reviewed_sha256: str = ""
    sha256: str = ""
    platform_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """The tender document as it stands; ``agrees`` when it was laid out from today's data of the lot."""

    signed: bool = False
    agrees: bool = False
    attachment_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LotFacts:
    """A lot before publication, with all that decides whether it may be published.

    ``issued_at`` is when bidders can first have the document: the announced time, or now if that is past.
    ``share_roles`` are the roles of the custodians' parties (R-200).
    """

    kind: TradeKind
    calendar: Calendar
    structure: Structure
    plan_is_submitted: bool = True
    prequalification: bool = False
    approval: str = ""
    funding: str = ""
    in_scope: bool = True
    compulsory: bool = True
    estimate: Decimal | None = None
    price_limit: Decimal | None = None
    minimum_price: Decimal | None = None
    deposit: Decimal | None = None
    issued_at: datetime | None = None
    documents_until: datetime | None = None
    deadline_at: datetime | None = None
    opening_place: str = ""
    requires_bill: bool = False
    share_roles: frozenset[str] = frozenset()
    notice: NoticeFacts = field(default_factory=NoticeFacts)
    document: DocumentFacts = field(default_factory=DocumentFacts)
