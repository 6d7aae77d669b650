"""Commands as they arrive: frozen, every length bounded, unknown fields refused."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from trading.tenders.content import AnnouncedField, AwardRule, BidPart, PriceFormula, ReviewItem, ScoringItem
from trading.tenders.price_words import PRICED_KINDS, names_price

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=500)]
Prose = Annotated[str, Meta(max_length=20_000)]
Region = Annotated[str, Meta(pattern=r"^\d{6}$")]
Minutes = Annotated[int, Meta(ge=1, le=1440)]
Moment = Annotated[datetime, Meta(tz=True)]
FieldKey = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ProjectDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A project as its owner writes it. An agency names the tenderee it acts for."""

    name: Title
    region: Region = "320700"
    approval: Line = ""
    funding: Line = ""
    in_scope: bool = True
    rehearsal: bool = False
    tenderee_id: UUID | None = None
    agency_id: UUID | None = None


class TenderProjectDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tender project of a project; its kind of trade decides all clocks and never changes."""

    name: Title
    trade_kind: Annotated[str, Meta(max_length=20)]
    content: Prose = ""
    agency_id: UUID | None = None


class CustodianChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """A keeper of a share: a party, and one of its certificates (its newest when none is named)."""

    party_id: UUID
    certificate: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None


class FieldDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the opening statement; ``priced`` left out: of two envelopes, money and percentages are."""

    key: str
    label: str
    kind: str
    required: bool = True
    priced: bool | None = None

    def __post_init__(self) -> None:
        """Its shape is that of the content."""
        self.placed(two_envelopes=False)

    def placed(self, *, two_envelopes: bool) -> AnnouncedField:
        """In the envelope it says, or in that of its kind (R-318)."""
        usual = two_envelopes and self.kind in PRICED_KINDS
        return AnnouncedField(self.key, self.label, self.kind, self.required,
                              usual if self.priced is None else self.priced)


class PartDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a bid; ``priced`` left out: of two envelopes, what by its title names a price is."""

    number: str
    title: str
    required: bool = True
    priced: bool | None = None

    def __post_init__(self) -> None:
        """Its shape is that of the content."""
        self.placed(two_envelopes=False)

    def placed(self, *, two_envelopes: bool) -> BidPart:
        """In the envelope it says, or in that of its title (R-318)."""
        usual = two_envelopes and names_price(self.title)
        return BidPart(self.number, self.title, self.required, usual if self.priced is None else self.priced)


class LotDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lot with the structured part of its tender document. Money in yuan, instants with a zone."""

    title: Title
    content: Prose = ""
    compulsory: bool = True
    estimate: Decimal | None = None
    price_limit: Decimal | None = None
    minimum_price: Decimal | None = None
    deposit: Decimal | None = None
    validity_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    documents_from: Moment | None = None
    documents_until: Moment | None = None
    deadline_at: Moment | None = None
    opening_place: Line = ""
    host_id: UUID | None = None
    recorder_id: UUID | None = None
    custodians: Annotated[list[CustodianChoice], Meta(max_length=20)] = []
    k: Annotated[int, Meta(ge=1, le=20)] = 1
    suite: Literal[1, 2] = 1
    decryption_minutes: Minutes = 30
    objection_minutes: Minutes = 10
    sign_in_minutes: Minutes = 60
    remedy: Annotated[str, Meta(max_length=20)] = "none"
    requires_bill: bool = False
    announced_fields: Annotated[list[FieldDraft], Meta(max_length=30)] = []
    bid_parts: Annotated[list[PartDraft], Meta(max_length=100)] = []
    review_items: Annotated[list[ReviewItem], Meta(max_length=200)] = []
    scoring_items: Annotated[list[ScoringItem], Meta(max_length=200)] = []
    price_formula: PriceFormula | None = None
    deposit_forms: Annotated[list[Literal["cash", "bank", "insurer", "guarantor"]], Meta(max_length=4)] = []
    award: AwardRule = AwardRule()
    two_envelopes: bool = False
    price_notice_minutes: Minutes = 60


class NoticeDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notice: its kind (A-50) and the fields of its standard text (B-005)."""

    kind: Annotated[str, Meta(max_length=30)] = "tender"
    title: Annotated[str, Meta(max_length=200)] = ""
    fields: Annotated[dict[FieldKey, Prose], Meta(max_length=100)] = {}


class Judgement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A review or verification: accepted, or sent back with a reason."""

    accepted: bool
    reason: Line = ""


class Publication(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Publishing; the reason serves only lots that need not be tendered (R-102, R-103 warn then)."""

    waiver_reason: Line = ""


class DayMark(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day that is not what its weekday says; ``kind`` None takes the mark away."""

    day: date
    kind: Annotated[str, Meta(pattern="^(holiday|workday)$")] | None
    name: Annotated[str, Meta(max_length=40)] = ""


class DocumentDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fields of the chapters, filled in by hand (A-60); known data need no field (A-61)."""

    fields: Annotated[dict[FieldKey, Prose], Meta(max_length=100)] = {}


class SignatureRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The certificate that will sign, PEM."""

    certificate: Annotated[str, Meta(max_length=20_000)]


class SignatureAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The signature over the prepared bytes, base64."""

    signature: Annotated[str, Meta(max_length=20_000)]


class ClarificationDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A clarification or amendment; ``affects_bids`` asks for the fifteen days of R-105."""

    title: Title
    body: Annotated[str, Meta(min_length=1, max_length=20_000)]
    affects_bids: bool = True


class ClarificationIssue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Issuing; ``deadline_at`` extends the deadline in the same act, where fewer than fifteen days are left (R-105)."""

    deadline_at: Moment | None = None
