"""How rows are told to clients: plain JSON, with ``may`` and ``missing`` where there is something to do."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.rule import Rule
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.life import acts_from
from trading.tenders.model import (
    BEFORE_DEADLINE,
    NOTICE_IS_EDITABLE,
    Act,
    NoticeStatus,
    PlanStatus,
    Stage,
    bidding_is_open,
    deadline_has_passed,
    documents_are_on_offer,
    stage_now,
)
from trading.tenders.permissions import Right, may
from trading.tenders.tables import Lot, Notice, Project, TenderProject

Json = dict[str, Any]

_LOT_PUBLIC = (
    "id", "code", "title", "content", "region", "trade_kind", "edition", "rehearsal", "compulsory", "round",
    "price_limit", "deposit", "validity_days", "documents_from", "documents_until", "documents_issued_at",
    "deadline_at", "opens_at", "opening_place", "published_at", "failed_reason", "waiver_reason", "suspended", "k",
    "suite", "decryption_minutes", "objection_minutes", "sign_in_minutes", "remedy", "min_bidders", "requires_bill",
    "announced_fields", "bid_parts", "custodians", "deposit_forms", "award", "two_envelopes",
    "price_notice_minutes", "price_opens_at", "tender_project_id", "tenderee_id",
    "agency_id")
_LOT_INSIDE = ("estimate", "minimum_price", "host_id", "recorder_id", "review_items", "scoring_items",
               "price_formula", "created_at", "version")
_PLAN = ("id", "code", "name", "rehearsal", "tenderee_id", "agency_id", "status", "created_at", "version")


def pick(row: object, names: Iterable[str]) -> Json:
    """The named attributes of a row."""
    return {name: getattr(row, name) for name in names}


def rules_view(rules: Iterable[Rule[...]]) -> list[Json]:
    """Rules by number, title and source, as ``missing`` carries them."""
    return [{"number": each.number, "title": each.title, "cites": each.cites} for each in rules]


def _plan_acts(row: Project | TenderProject, actor: Actor) -> list[str]:
    if not may(actor, Right.MANAGE, row):
        return []
    return ["change", "delete", "submit"] if row.status == PlanStatus.DRAFT else ["add"]


def project_view(row: Project, actor: Actor) -> Json:
    """A project for its owners and the staff."""
    more = ("region", "approval", "funding", "in_scope")
    return {**pick(row, (*_PLAN, *more)), "may": _plan_acts(row, actor)}


def tender_project_view(row: TenderProject, actor: Actor) -> Json:
    """A tender project for its owners and the staff."""
    more = ("project_id", "content", "trade_kind")
    return {**pick(row, (*_PLAN, *more)), "trade_kind_title": TRADE_KINDS[row.trade_kind].title,
            "may": _plan_acts(row, actor)}


def lot_view(row: Lot, now: datetime) -> Json:
    """A lot as everyone may see it. Nothing here counts bids, downloads or sign-ins (R-122)."""
    return {**pick(row, _LOT_PUBLIC), "stage": stage_now(row, now),
            "trade_kind_title": TRADE_KINDS[row.trade_kind].title, "n": len(row.custodians),
            "bidding_is_open": bidding_is_open(row, now),
            "documents_are_on_offer": documents_are_on_offer(row, now), "server_time": now}


def _lot_acts(row: Lot, actor: Actor, now: datetime) -> list[str]:
    acts: list[str] = []
    if may(actor, Right.MANAGE, row):
        steps = {Act.SUBMIT_LOT, Act.REVISE_LOT} & acts_from(row.stage)
        acts += [*sorted(steps), *(["change_lot", "delete_lot"] if row.stage == Stage.DRAFT else [])]
        acts += ["create_notice", "edit_document"] if row.stage == Stage.PLANNED else []
        acts += ["extend_deadline"] if row.stage in BEFORE_DEADLINE and not deadline_has_passed(row, now) else []
    if may(actor, Right.DOWNLOAD) and documents_are_on_offer(row, now):
        acts.append("download_document")
    return acts


def lot_view_for(row: Lot, actor: Actor, now: datetime) -> Json:
    """A lot with what the actor may do to it; its owners and the staff see what is not public."""
    inside = pick(row, _LOT_INSIDE) if may(actor, Right.READ_DRAFT, row) else {}
    return {**lot_view(row, now), **inside, "may": _lot_acts(row, actor, now)}


def notice_view(row: Notice) -> Json:
    """A published notice."""
    return pick(row, ("id", "lot_id", "kind", "title", "body", "sha256", "published_at", "checkpoint", "status"))


def notice_line(row: Notice, lot: Lot, tenderee: str, now: datetime) -> Json:
    """One line of the public list."""
    return {**pick(row, ("id", "lot_id", "kind", "title", "published_at")), "tenderee": tenderee,
            "lot": {**pick(lot, ("code", "title", "region", "trade_kind", "rehearsal", "price_limit", "documents_until",
                                 "deadline_at", "suspended")), "stage": stage_now(lot, now)}}


_WAITING_FOR = {NoticeStatus.DECLARED: (Right.REVIEW, "review_notice"),
                NoticeStatus.REVIEWED: (Right.VERIFY, "verify_notice"),
                NoticeStatus.VERIFIED: (Right.MANAGE, "publish_notice")}


def notice_acts(row: Notice, lot: Lot, actor: Actor) -> list[str]:
    """What the actor may do to a notice now."""
    if row.status in NOTICE_IS_EDITABLE:
        return ["change_notice", "delete_notice", "declare_notice"] if may(actor, Right.MANAGE, lot) else []
    right, act = _WAITING_FOR.get(NoticeStatus(row.status), (None, ""))
    allowed = right is not None and (may(actor, right, lot) or (right is Right.MANAGE and may(actor, Right.VERIFY)))
    back = ["send_back"] if row.status == NoticeStatus.VERIFIED and may(actor, Right.VERIFY, lot) else []
    return [act, *back] if allowed else []


def notice_view_for(row: Notice, lot: Lot, actor: Actor, missing: Iterable[Rule[...]],
                    names: Mapping[UUID, str]) -> Json:
    """A notice for its owners and the staff, with every rule that stands against publishing it."""
    more = ("fields", "reason", "declared_by", "declared_at", "reviewer", "reviewed_at", "verifier", "verified_at",
            "created_at", "version")
    acted = {f"{who}_name": names.get(party) if party else None for who, party in (
        ("declared_by", row.declared_by), ("reviewer", row.reviewer), ("verifier", row.verifier))}
    return {**notice_view(row), **pick(row, more), **acted, "may": notice_acts(row, lot, actor),
            "missing": rules_view(missing)}
