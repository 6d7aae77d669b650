"""How the tender document is told to those who write it."""

from typing import Any

from storage.database.settings import Settings
from storage.kernel.actor import Actor
from trading.tenders.document_paper import standing_clauses
from trading.tenders.document_text import FIELDS
from trading.tenders.model import DocumentStatus
from trading.tenders.permissions import Right, may
from trading.tenders.surroundings import Surroundings, digest_now, document_data
from trading.tenders.tables import DocumentFile
from trading.tenders.views import Json, pick

_KNOWN = ("project", "project_code", "tender_project", "tender_code", "tenderee", "agency", "lot", "lot_code",
          "trade_kind", "edition", "price_limit", "deposit", "validity_days", "documents_from", "documents_until",
          "deadline_at", "opening_place", "decryption_minutes", "objection_minutes", "sign_in_minutes", "min_bidders")
_STATE = ("id", "number", "status", "sha256", "size", "signed_by", "signed_certificate", "signed_at", "issued_at",
          "clarifications", "version")


def file_view(row: DocumentFile) -> Json:
    """An attachment."""
    return pick(row, ("id", "lot_id", "name", "kind", "media_type", "size", "sha256", "uploaded_at"))


def _chapters(values: dict[str, Any]) -> list[Json]:
    """Chapters in the order of the document, each with its fields (A-59, A-60)."""
    names = dict.fromkeys(chapter for chapter, _, _ in FIELDS.values())
    return [{"title": name, "fields": [
        {"key": key, "label": label, "default": default, "value": values.get(key, "")}
        for key, (chapter, label, default) in FIELDS.items() if chapter == name]} for name in names]


def _acts(around: Surroundings, actor: Actor, *, agrees: bool) -> list[str]:
    held, lot = around.document, around.lot
    if not may(actor, Right.MANAGE, lot):
        return []
    if held is None:
        return ["write_document"]
    if held.issued_at is not None:
        return ["draft_clarification"]
    first = held.number == 1
    acts = ["write_document", "attach_file"] if first else ["drop_clarification", "draft_clarification"]
    acts.append("render_document")
    if held.status == DocumentStatus.RENDERED and agrees and may(actor, Right.SIGN, lot):
        acts.append("sign_document")
    if held.status == DocumentStatus.SIGNED and agrees and not first:
        acts.append("issue_clarification")
    return acts


def document_view(around: Surroundings, actor: Actor, settings: Settings) -> Json:
    """Chapters, fields, known data, attachments and state; ``agrees`` says whether the PDF is of today's data."""
    held = around.document
    agrees = held is not None and held.facts_sha256 == digest_now(around, settings)
    data = document_data(around, settings)
    state = pick(held, _STATE) if held else {"status": None, "number": 0}
    return {"lot_id": around.lot.id, **state, "agrees": agrees, "chapters": _chapters(held.fields if held else {}),
            "known": pick(data, _KNOWN), "clauses": standing_clauses(data),
            "files": [file_view(each) for each in around.files], "may": _acts(around, actor, agrees=agrees)}
