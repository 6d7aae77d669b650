"""The HTTP face of records, bodies, bundles and record forms."""

import json
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening import ranges
from bidding.opening.body_answer import body_answer, file_answer
from bidding.opening.bundle import Shelf, lot_bundle
from bidding.opening.commands import recording, templates
from bidding.opening.holding import seat_of
from bidding.opening.own_bodies import own_bodies
from bidding.opening.permissions import require_identity
from bidding.opening.queries import recorded_opening, signatures_of
from bidding.opening.reading import Bodies, OpenBody, may_read
from bidding.opening.record import COLUMNS
from bidding.opening.tables import RecordTemplate
from storage.crypto.canonical import to_base64
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from trading.papers.queries import newest_key
from trading.tenders.queries import lot as lot_of

Answer = dict[str, Any]
Envelope = Literal["", "whole", "technical", "price"]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "hall.refused"}
_BODIES = Bodies()


@post("/api/lots/{lot_id:uuid}/opening-record/prepare", operation_id="prepareRecordSignature", opt=_REFUSALS)
async def prepare(lot_id: FromPath[UUID], data: JSONBody[recording.PrepareSignature], actor: NamedDependency[Actor],
                  work: NamedDependency[Works], settings: NamedDependency[Settings],
                  store: NamedDependency[ObjectStore], keys: NamedDependency[Keys],
                  authority: NamedDependency[TimestampAuthority]) -> Answer:
    """What host or recorder has to sign; the private key stays with the client."""
    desk = recording.Desk(settings, store, keys, authority)
    prepared = await recording.prepare_signature(lot_id, data, actor, work, desk)
    return {"to_sign": to_base64(prepared.to_sign), "digest": sha256(prepared.to_sign).hexdigest(),
            "algorithm": "sha256"}


@post("/api/lots/{lot_id:uuid}/opening-record/sign", operation_id="signRecord", opt=_REFUSALS)
async def sign(lot_id: FromPath[UUID], data: JSONBody[recording.SignRecord], actor: NamedDependency[Actor],
               work: NamedDependency[Works], settings: NamedDependency[Settings], store: NamedDependency[ObjectStore],
               keys: NamedDependency[Keys], authority: NamedDependency[TimestampAuthority]) -> Answer:
    """Puts the signature in; the second publishes the record."""
    await recording.sign_record(lot_id, data, actor, work(), recording.Desk(settings, store, keys, authority))
    async with work() as uow:
        return await _record(uow.session, lot_id)


@get("/api/lots/{lot_id:uuid}/opening-record", operation_id="readOpeningRecord", response_headers=_PRIVATE)
async def read_record(lot_id: FromPath[UUID], reader: NamedDependency[AsyncSession],
                      envelope: FromQuery[Envelope] = "") -> Answer:
    """The record with its signatures and its ledger proof, public once drawn up (A-114).

    Of two envelopes ``envelope`` says of which opening; without it the last record that was drawn up.
    """
    return await _record(reader, lot_id, envelope)


async def _record(session: AsyncSession, lot_id: UUID, envelope: str = "") -> Answer:
    opening = await recorded_opening(session, lot_id, envelope)
    if opening is None or opening.record is None:
        raise NotFound("开标记录尚未形成")
    return {
        "record": json.loads(opening.record), "record_text": opening.record, "sha256": opening.record_sha256,
        "proof": opening.record_proof, "pdf_sha256": opening.record_pdf_sha256,
        "signatures": [{"capacity": each.capacity, "name": each.name, "certificate": each.certificate,
                        "signed_at": to_wire(each.signed_at) if each.signed_at else None}
                       for each in await signatures_of(session, opening.id)],
        "published_at": to_wire(opening.published_at) if opening.published_at else None}


@get("/api/lots/{lot_id:uuid}/opening-record/pdf", operation_id="readOpeningRecordPdf", response_headers=_PRIVATE)
async def read_record_pdf(lot_id: FromPath[UUID], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                          store: NamedDependency[ObjectStore], envelope: FromQuery[Envelope] = "",
                          renewed: FromQuery[bool] = False) -> Response[bytes]:
    """The PDF: to everyone once published, before that to who sits in this hall; ``renewed``: with the further time
    stamps it got."""
    opening = await recorded_opening(reader, lot_id, envelope)
    if opening is None or opening.record_pdf_key is None:
        raise NotFound("开标记录尚未形成")
    lot = await lot_of(reader, lot_id)
    if opening.published_at is None and not (await seat_of(reader, actor, lot, opening)).roles:
        raise NotFound("开标记录尚未公布")
    content = await recording.read_pdf(store, await newest_key(reader, opening.record_pdf_key, renewed=renewed))
    named = f"{opening.envelope}-" if lot.two_envelopes else ""
    return Response(content, media_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="opening-record-{named}{lot.code}.pdf"',
        "X-Content-Type-Options": "nosniff"})


@get("/api/lots/{lot_id:uuid}/bundle", operation_id="readLotBundle", response_headers=_PRIVATE)
async def read_bundle(lot_id: FromPath[UUID], reader: NamedDependency[AsyncSession],
                      store: NamedDependency[ObjectStore], keys: NamedDependency[Keys],
                      settings: NamedDependency[Settings]) -> Response[Answer]:
    """Everything with which a stranger re-checks the opening; public once the record is."""
    bundle = await lot_bundle(Shelf(reader, store, keys, settings), lot_id)
    name = f"yunkai-{bundle['lot']['code']}.json"
    return Response(bundle, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@get("/api/bids/{bid_id:uuid}/body", operation_id="readBidBody")
async def read_body(bid_id: FromPath[UUID], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                    store: NamedDependency[ObjectStore], keys: NamedDependency[Keys],
                    wanted: Annotated[str, HeaderParameter(name="Range")] = "") -> Response[Any]:
    """The opened body, decrypted on the fly by range; for its bidder and the supervisor (deny by default)."""
    return body_answer(await _opened(bid_id, actor, reader, keys), store, wanted)


@get("/api/bids/{bid_id:uuid}/file", operation_id="readBidFile")
async def read_file(bid_id: FromPath[UUID], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                    store: NamedDependency[ObjectStore], keys: NamedDependency[Keys], name: FromQuery[str],
                    offset: FromQuery[int], length: FromQuery[int],
                    wanted: Annotated[str, HeaderParameter(name="Range")] = "") -> Response[Any]:
    """One file within the opened body, for the same; a browser's viewer turns its pages by range."""
    body = await _opened(bid_id, actor, reader, keys)
    return file_answer(body, store, wanted, ranges.Span(offset, length, is_partial=True), name)


async def _opened(bid_id: UUID, actor: Actor, reader: AsyncSession, keys: PlatformKeys) -> OpenBody:
    require_identity(actor)
    if not await may_read(reader, bid_id, actor):
        raise NotFound("没有这份投标文件")
    body = await _BODIES.get(reader, keys, bid_id)
    await reader.close()  # a slow reader must not hold a connection of the pool
    return body


@get("/api/lots/{lot_id:uuid}/opened-bid", operation_id="readOwnOpenedBid", response_headers=_PRIVATE)
async def read_own_opened(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                          reader: NamedDependency[AsyncSession]) -> Answer:
    """What became of the asking bidder's envelopes, and where the opened ones are read."""
    return {"envelopes": await own_bodies(reader, lot_id, actor)}


@get("/api/record-templates", operation_id="listRecordTemplates")
async def list_templates(reader: NamedDependency[AsyncSession]) -> Answer:
    """The forms in use, and the columns a form may have."""
    return {"templates": [_template(row) for row in await templates.templates(reader)], "columns": COLUMNS}


@post("/api/record-templates", operation_id="addRecordTemplate", opt=_REFUSALS)
async def add_template(data: JSONBody[templates.SaveTemplate], actor: NamedDependency[Actor],
                       work: NamedDependency[Works]) -> Answer:
    """A new form (A-115)."""
    return _template(await templates.save_template(None, data, actor, work()))


@put("/api/record-templates/{template_id:uuid}", operation_id="changeRecordTemplate", opt=_REFUSALS)
async def change_template(template_id: FromPath[UUID], data: JSONBody[templates.SaveTemplate],
                          actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Changes a form (A-115)."""
    return _template(await templates.save_template(template_id, data, actor, work()))


@delete("/api/record-templates/{template_id:uuid}", operation_id="retireRecordTemplate", opt=_REFUSALS)
async def remove_template(template_id: FromPath[UUID], actor: NamedDependency[Actor],
                          work: NamedDependency[Works]) -> None:
    """Takes a form out of use (A-115)."""
    await templates.retire_template(template_id, actor, work())


def _template(row: RecordTemplate) -> Answer:
    return {"id": str(row.id), "name": row.name, "title": row.title, "discipline": row.discipline,
            "columns": row.columns, "closing": row.closing, "changed_at": to_wire(row.changed_at)}


RECORD_ROUTES: list[ControllerRouterHandler] = [
    prepare, sign, read_record, read_record_pdf, read_bundle, read_body, read_file, read_own_opened,
    list_templates, add_template, change_template, remove_template,
]
