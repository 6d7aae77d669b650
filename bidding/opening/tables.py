"""Rows of openings. What a bidder or custodian released stays sealed to the session key, here too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.tables import Base
from storage.kernel.identifiers import new_id


class HallPlan(Base):
    """What is set for a hall before its time (R-516)."""

    __tablename__ = "hall_plan"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    is_unattended: Mapped[bool] = mapped_column(default=False)
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("record_template.id"))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class RecordTemplate(Base):
    """The form of an opening record: words around the table, and which columns it has (A-115)."""

    __tablename__ = "record_template"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    discipline: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[str]]
    closing: Mapped[str] = mapped_column(Text)
    is_retired: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class CoefficientDraw(Base):
    """The seed of a lot's coefficient draw: committed when the lot is published, shown when prices are (R-319)."""

    __tablename__ = "coefficient_draw"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    commitment: Mapped[str] = mapped_column(String(64))
    seed_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class Opening(Base):
    """The opening of one envelope of a lot's bids, made at its hour; the session key is sealed under a platform key.

    The first opening of a lot bears the lot's own id. Only a lot of two envelopes has another, that of prices (R-318).
    """

    __tablename__ = "opening"
    __table_args__ = (UniqueConstraint("lot_id", "envelope"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    envelope: Mapped[str]  # whole | technical | price
    step: Mapped[str]
    step_at: Mapped[datetime]
    step_by: Mapped[str]
    opened_at: Mapped[datetime]
    set_sha256: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    host_id: Mapped[UUID | None] = mapped_column(ForeignKey("party.id"))
    recorder_id: Mapped[UUID | None] = mapped_column(ForeignKey("party.id"))
    session_public: Mapped[str | None]
    session_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    notice: Mapped[str | None] = mapped_column(Text)
    notice_signature: Mapped[dict[str, Any] | None]
    notice_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_unattended: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    announced_at: Mapped[datetime | None]
    announced: Mapped[list[Any] | None]
    coefficients: Mapped[dict[str, Any] | None]
    objections_until: Mapped[datetime | None]
    confirmations_until: Mapped[datetime | None]
    record: Mapped[str | None] = mapped_column(Text)
    record_sha256: Mapped[str | None] = mapped_column(String(64))
    record_act_id: Mapped[UUID | None]
    record_proof: Mapped[dict[str, Any] | None]
    record_pdf_key: Mapped[str | None]
    record_pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class PriceOpening(Base):
    """Who passed the technical review of a lot of two envelopes, fixed by its signed result; then the second hour.

    What is in no row of it is never released: the price envelope of whoever is not named here stays sealed (R-318).
    """

    __tablename__ = "price_opening"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id), primary_key=True)  # the first opening
    passed: Mapped[list[str]]  # ids of bids
    result_sha256: Mapped[str] = mapped_column(String(64))
    paper_sha256: Mapped[str] = mapped_column(String(64))  # the result on paper, signed by all members
    fixed_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None]
    scheduled_by: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class DecryptionPeriod(Base):
    """One stretch of the decryption window with its reason; rows are added, never changed (R-504)."""

    __tablename__ = "decryption_period"

    opening_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    reason: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class SignIn(Base):
    """A party signed in to the hall 签到; unseen by others until T (R-122, R-500)."""

    __tablename__ = "sign_in"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    envelope: Mapped[str] = mapped_column(primary_key=True)  # of the opening it is for, whose row T makes
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"), primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]


class OpenedBid(Base):
    """One frozen bid on its way to being open in one opening; ``place`` is its rank by submission, from 1.

    In the first opening it bears the bid's own id: whoever asks for a bid by that, means it as it was first opened.
    """

    __tablename__ = "opened_bid"
    __table_args__ = (
        UniqueConstraint("opening_id", "bid_id"),
        Index("ix_opened_bid_lot", "opening_id", "place"),
        Index("ix_opened_bid_work", "queued_at", postgresql_where=text("state in ('queued', 'decrypting')")),
        Index("ix_opened_bid_body", "body_due_at", postgresql_where=text("body_check in ('waiting', 'checking')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"))
    opening_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"))
    bid_version_id: Mapped[UUID] = mapped_column(ForeignKey("bid_version.id"))
    place: Mapped[int]
    number: Mapped[int]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    bidder_name: Mapped[str]
    bidder_uscc: Mapped[str]
    certificate: Mapped[str]
    submitted_at: Mapped[datetime]
    receipt_number: Mapped[str]
    sealed_act: Mapped[str]  # id of the sealed act of its submission
    # What people must be told of its certificate: "submitted" and "released" → cached-crl, revoked ….
    certificate_flags: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str]
    cause: Mapped[str | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    released_at: Mapped[datetime | None]
    releases: Mapped[dict[str, Any] | None]  # per envelope kind: {i, enc, ct}, sealed to the session key
    used_remedy: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]  # a node at work; past it, any node takes over
    decrypted_at: Mapped[datetime | None]
    statement: Mapped[dict[str, Any] | None]
    guarantee: Mapped[dict[str, Any] | None]
    body_check: Mapped[str] = mapped_column(default="none")
    body_due_at: Mapped[datetime | None]
    body_checked_at: Mapped[datetime | None]
    body_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def opens_alone(self) -> bool:
        """Whether its bidder gave S_P itself, in the place of the custodians (R-144)."""
        return any("custody" in each for each in (self.releases or {}).values())


class CustodianRelease(Base):
    """A custodian released its shares of all bids, in one act."""

    __tablename__ = "custodian_release"

    opening_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    at: Mapped[datetime]
    sound: Mapped[int]
    unsound: Mapped[int]


class ShareReleased(Base):
    """One share of one envelope, sealed to the session key; unsound ones are kept as evidence."""

    __tablename__ = "share_released"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enc: Mapped[bytes] = mapped_column(LargeBinary)
    ct: Mapped[bytes] = mapped_column(LargeBinary)
    is_sound: Mapped[bool]
    at: Mapped[datetime]


class CustodianComplaint(Base):
    """What a custodian found wrong with its share of one envelope; gone again once it gives a sound share.

    ``share`` is the commitment (hex) of what its wrap held, ``enc`` and ``ct`` that share itself, sealed to the session
    key: evidence for whoever has to judge later. The signed text stands in the ledger.
    """

    __tablename__ = "custodian_complaint"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    why: Mapped[str]
    share: Mapped[str | None] = mapped_column(String(64))
    enc: Mapped[bytes | None] = mapped_column(LargeBinary)
    ct: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class OpeningObjection(Base):
    """An objection 异议 raised in the hall and its answer on the spot (R-109)."""

    __tablename__ = "opening_objection"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    opening_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id), index=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class PriceConfirmation(Base):
    """A bidder's signature over its announced row (R-510); one for each opening its bid stands in."""

    __tablename__ = "price_confirmation"

    opened_id: Mapped[UUID] = mapped_column(ForeignKey(OpenedBid.id), primary_key=True)
    row_sha256: Mapped[str] = mapped_column(String(64))
    certificate: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class RecordSignature(Base):
    """A signature on the opening record being made (``signed_at`` empty) or made."""

    __tablename__ = "record_signature"

    opening_id: Mapped[UUID] = mapped_column(ForeignKey(Opening.id), primary_key=True)
    capacity: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    certificate: Mapped[str]
    prepared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prepared_key: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
