"""Writing, signing and clarifying the tender document over HTTP."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import to_base64
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from trading.tenders import attachments, clarifying, commands_documents, commands_signing, queries
from trading.tenders.document_text import FIELDS
from trading.tenders.document_view import document_view, file_view
from trading.tenders.file_names import LARGEST_FILE
from trading.tenders.forms import (
    ClarificationDraft,
    ClarificationIssue,
    DocumentDraft,
    SignatureAnswer,
    SignatureRequest,
)
from trading.tenders.permissions import Right, permit
from trading.tenders.surroundings import look_around
from trading.tenders.views import Json, notice_view

Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_NO_STORE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


async def _told(lot_id: UUID, actor: Actor, reader: AsyncSession, settings: Settings) -> Json:
    around = await look_around(reader, await queries.lot(reader, lot_id))
    return document_view(around, actor, settings)


@get("/api/document-fields", operation_id="listDocumentFields")
async def list_fields() -> list[dict[str, Any]]:
    """The fields of the chapters (A-60), with what stands there while nothing is filled in."""
    return [{"key": key, "chapter": chapter, "label": label, "default": default}
            for key, (chapter, label, default) in FIELDS.items()]


@get("/api/lots/{lot_id:uuid}/document", operation_id="readDocument")
async def read_document(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """The document being written: chapters, fields, known data, attachments, state."""
    permit(actor, Right.READ_DRAFT, await queries.lot(reader, lot_id))
    return await _told(lot_id, actor, reader, settings)


@put("/api/lots/{lot_id:uuid}/document", operation_id="writeDocument")
async def write_document(lot_id: FromPath[UUID], data: JSONBody[DocumentDraft], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                         settings: NamedDependency[Settings]) -> Json:
    """Fills in fields; the first call generates the chapters from the template."""
    await commands_documents.write_document(lot_id, data, actor, work())
    return await _told(lot_id, actor, reader, settings)


@post("/api/lots/{lot_id:uuid}/document/render", operation_id="renderDocument", status_code=200)
async def render_document(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                          reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                          settings: NamedDependency[Settings]) -> Json:
    """Lays the document out as PDF/A."""
    await commands_documents.render_document(lot_id, actor, work(), store, settings)
    return await _told(lot_id, actor, reader, settings)


@get("/api/lots/{lot_id:uuid}/document/preview", operation_id="previewDocument", media_type="application/pdf")
async def preview_document(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                           reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Stream:
    """The newest PDF, signed or not, for owners and staff."""
    permit(actor, Right.READ_DRAFT, await queries.lot(reader, lot_id))
    held = await queries.newest_document(reader, lot_id)
    key = (held.signed_pdf_key or held.pdf_key) if held else None
    if key is None:
        raise NotFound("招标文件尚未生成")
    return Stream(store.stream(key), media_type="application/pdf", headers=_NO_STORE)


@post("/api/lots/{lot_id:uuid}/document/signature/prepare", operation_id="prepareDocumentSignature", status_code=200)
async def prepare_signature(lot_id: FromPath[UUID], data: JSONBody[SignatureRequest], actor: NamedDependency[Actor],
                            work: NamedDependency[Works], store: NamedDependency[ObjectStore]) -> Json:
    """The bytes the tenderee's client signs: ECDSA-SHA256 in DER, or RSA PKCS #1 v1.5 with SHA-256."""
    prepared = await commands_signing.prepare_signature(lot_id, data, actor, work(), store)
    return {"to_sign": to_base64(prepared.to_sign)}


@post("/api/lots/{lot_id:uuid}/document/signature/complete", operation_id="completeDocumentSignature",
      status_code=200)
async def complete_signature(lot_id: FromPath[UUID], data: JSONBody[SignatureAnswer], actor: NamedDependency[Actor],
                             work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                             store: NamedDependency[ObjectStore], authority: NamedDependency[TimestampAuthority],
                             keys: NamedDependency[Keys], settings: NamedDependency[Settings]) -> Json:
    """Puts the signature, what proves it valid and time stamps into the document (A-66)."""
    await commands_signing.complete_signature(lot_id, data, actor, work(), store, authority, keys)
    return await _told(lot_id, actor, reader, settings)


@post("/api/lots/{lot_id:uuid}/document/files", operation_id="attachFile", request_max_body_size=LARGEST_FILE + 1)
async def attach_file(request: Request[Any, Any, Any], lot_id: FromPath[UUID], name: FromQuery[str],
                      actor: NamedDependency[Actor], work: NamedDependency[Works],
                      store: NamedDependency[ObjectStore], kind: FromQuery[str] = "attachment") -> Json:
    """A file as the raw body of the request, streamed into the store (A-65)."""
    chunks: AsyncIterator[bytes] = request.stream()
    return file_view(await attachments.attach_file(lot_id, name, kind, chunks, actor, work(), store))


@delete("/api/document-files/{file_id:uuid}", operation_id="removeFile")
async def remove_file(file_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> None:
    """Takes an attachment away (A-65)."""
    await attachments.remove_file(file_id, actor, work())


@post("/api/lots/{lot_id:uuid}/clarifications", operation_id="draftClarification")
async def draft_clarification(lot_id: FromPath[UUID], data: JSONBody[ClarificationDraft],
                              actor: NamedDependency[Actor], work: NamedDependency[Works],
                              reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """Adds a clarification to the next version; render, sign and issue follow (B-015)."""
    await clarifying.draft_clarification(lot_id, data, actor, work())
    return await _told(lot_id, actor, reader, settings)


@delete("/api/lots/{lot_id:uuid}/clarifications", operation_id="dropClarification")
async def drop_clarification(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                             work: NamedDependency[Works]) -> None:
    """Takes the next version back before it is issued."""
    await clarifying.drop_clarification(lot_id, actor, work())


@post("/api/lots/{lot_id:uuid}/clarifications/issue", operation_id="issueClarification", status_code=200)
async def issue_clarification(lot_id: FromPath[UUID], data: JSONBody[ClarificationIssue],
                              actor: NamedDependency[Actor], work: NamedDependency[Works],
                              settings: NamedDependency[Settings]) -> Json:
    """Issues the signed next version and announces it; where R-105 asks for it, with the deadline it extends."""
    return notice_view(await clarifying.issue_clarification(lot_id, data, actor, work(), settings))


HANDLERS: list[ControllerRouterHandler] = [
    list_fields, read_document, write_document, render_document, preview_document, prepare_signature,
    complete_signature, attach_file, remove_file, draft_clarification, drop_clarification, issue_clarification,
]
