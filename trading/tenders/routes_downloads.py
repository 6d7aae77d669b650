"""Handing the tender document out over HTTP. No count of downloads before the deadline (R-122)."""

from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from trading.papers.queries import newest_key
from trading.tenders import downloads, package
from trading.tenders.document_view import file_view
from trading.tenders.file_names import content_disposition
from trading.tenders.views import Json, pick

_REFUSED = {"record_refusal": "document.download_refused"}


def _headers(name: str, receipt: str | None, **more: str) -> dict[str, str]:
    shown = {"Content-Disposition": content_disposition(name), "Cache-Control": "private, no-store",
             "X-Content-Type-Options": "nosniff", **more}
    return {**shown, "X-Receipt": receipt} if receipt else shown


@get("/api/lots/{lot_id:uuid}/document/download", operation_id="downloadDocument", media_type="application/pdf",
     opt=_REFUSED)
async def download_document(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                            reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                            renewed: FromQuery[bool] = False) -> Stream:
    """The signed document; ``X-Receipt`` carries the number of the download. ``renewed``: with its further stamps."""
    handed = await downloads.hand_out(lot_id, actor, work())
    main = package.members(handed.document, ())[0]
    name = f"{handed.lot.code}-{main.name}"
    digest = {} if renewed else {"X-Content-SHA256": main.sha256}
    return Stream(store.stream(await newest_key(reader, main.key, renewed=renewed)), media_type="application/pdf",
                  headers=_headers(name, handed.receipt, **digest))


@get("/api/lots/{lot_id:uuid}/package", operation_id="downloadPackage", media_type="application/zip", opt=_REFUSED)
async def download_package(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                           reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                           settings: NamedDependency[Settings]) -> Stream:
    """Structured part, signed document and attachments in one file that a bidder's client imports (A-67, A-87)."""
    handed = await downloads.hand_out(lot_id, actor, work())
    lot, document = handed.lot, handed.document
    structured = await package.structured_part(reader, lot, document, handed.files, settings)
    packed = package.members(document, handed.files)
    chunks = package.pack(structured, packed, store, document.issued_at or lot.created_at)
    return Stream(chunks, media_type="application/zip",
                  headers=_headers(package.package_name(lot, document), handed.receipt))


@get("/api/lots/{lot_id:uuid}/tender.json", operation_id="readStructuredPart", opt=_REFUSED)
async def read_structured_part(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                               reader: NamedDependency[AsyncSession],
                               settings: NamedDependency[Settings]) -> Json:
    """The structured part alone, for a client that shows what a bid must hold."""
    handed = await downloads.hand_out(lot_id, actor, work())
    return await package.structured_part(reader, handed.lot, handed.document, handed.files, settings)


@get("/api/lots/{lot_id:uuid}/document/files", operation_id="listFiles")
async def list_files(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                     work: NamedDependency[Works]) -> list[dict[str, Any]]:
    """The attachments, for whoever may have the document."""
    return [file_view(each) for each in (await downloads.hand_out(lot_id, actor, work(), keep=False)).files]


@get("/api/lots/{lot_id:uuid}/document/files/{file_id:uuid}", operation_id="downloadFile",
     media_type="application/octet-stream", opt=_REFUSED)
async def download_file(lot_id: FromPath[UUID], file_id: FromPath[UUID], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], store: NamedDependency[ObjectStore]) -> Stream:
    """One attachment."""
    handed = await downloads.hand_out(lot_id, actor, work())
    found = next((each for each in handed.files if each.id == file_id), None)
    if found is None:
        raise NotFound("没有这个附件")
    return Stream(store.stream(found.object_key), media_type=found.media_type,
                  headers=_headers(found.name, handed.receipt, **{"X-Content-SHA256": found.sha256}))


@get("/api/lots/{lot_id:uuid}/downloads/mine", operation_id="listOwnDownloads")
async def list_own_downloads(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                             reader: NamedDependency[AsyncSession]) -> list[dict[str, Any]]:
    """One's own downloads with their receipts."""
    names = ("receipt", "document_number", "at")
    return [pick(each, names) for each in await downloads.own_downloads(reader, lot_id, actor)]


@get("/api/lots/{lot_id:uuid}/downloads", operation_id="listDownloads")
async def list_downloads(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                         reader: NamedDependency[AsyncSession]) -> list[dict[str, Any]]:
    """Who fetched the document: refused to everyone until the deadline (A-68, R-122)."""
    rows = await downloads.all_downloads(reader, lot_id, actor)
    return [{"party": party.name, "uscc": party.uscc, **pick(each, ("receipt", "document_number", "at"))}
            for each, party in rows]


HANDLERS: list[ControllerRouterHandler] = [
    download_document, download_package, read_structured_part, list_files, download_file, list_own_downloads,
    list_downloads,
]
