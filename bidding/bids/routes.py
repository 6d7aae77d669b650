"""The HTTP face of sealed bids. Answers to anyone but the bidder do not depend on what is bid (R-122)."""

from typing import Any
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids import answers, queries
from bidding.bids.commands import drafting, submitting, uploading
from bidding.bids.model import TAKES_PARTS
from bidding.bids.permissions import bidder_of
from bidding.bids.receipt_pdf import LARGEST, pdf_key, receipt_pdf
from bidding.bids.tables import Receipt
from bidding.deposits.warning import warnings_for, warnings_of_version
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.ledger.checkpoints import verifier_key
from storage.ledger.proofs import sealed_proof
from storage.objects.store import ObjectStore
from trading.papers.queries import newest_key
from trading.tenders.queries import now_of
from trading.trust.queries import trust_at

Answer = dict[str, Any]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_REFUSALS = {"record_refusal": "bid.refused"}
_PRIVATE = {"Cache-Control": "no-store"}


@get("/api/lots/{lot_id:uuid}/bid", operation_id="readOwnBid", response_headers=_PRIVATE)
async def read_own_bid(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                       reader: NamedDependency[AsyncSession]) -> Answer:
    """The asking bidder's own bid, what the lot demands of it (A-87), and whether money secures it (R-120)."""
    desk = await queries.desk_of(reader, lot_id, actor)
    return answers.desk_answer(desk, await warnings_for(reader, desk.lot, bidder_of(actor)))


@get("/api/me/bids", operation_id="listOwnBids", response_headers=_PRIVATE)
async def list_own_bids(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Answer:
    """The asking bidder's own bids, nobody else's (A-87, R-122)."""
    now = await now_of(reader)
    own = await queries.own_bids(reader, bidder_of(actor))
    return {"now": to_wire(now), "items": [answers.own_bid_line(each, now) for each in own]}


@post("/api/lots/{lot_id:uuid}/bid/versions", operation_id="startVersion", opt=_REFUSALS)
async def start_version(lot_id: FromPath[UUID], data: JSONBody[drafting.StartVersion], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Answer:
    """A new draft, with the contexts its seals must carry."""
    version = await drafting.start_version(lot_id, data, actor, work())
    return await _version(reader, version.id, actor)


@get("/api/bid-versions/{version_id:uuid}", operation_id="readVersion", response_headers=_PRIVATE)
async def read_version(version_id: FromPath[UUID], actor: NamedDependency[Actor],
                       reader: NamedDependency[AsyncSession]) -> Answer:
    """One own version."""
    return await _version(reader, version_id, actor)


@delete("/api/bid-versions/{version_id:uuid}", operation_id="discardVersion", opt=_REFUSALS)
async def discard_version(version_id: FromPath[UUID], actor: NamedDependency[Actor],
                          work: NamedDependency[Works]) -> None:
    """Gives up a draft or an upload that was not submitted (A-88)."""
    await drafting.discard_version(version_id, actor, work())


@post("/api/bid-versions/{version_id:uuid}/envelopes", operation_id="openEnvelope", opt=_REFUSALS)
async def open_envelope(version_id: FromPath[UUID], data: JSONBody[uploading.OpenEnvelope],
                        actor: NamedDependency[Actor], work: NamedDependency[Works],
                        store: NamedDependency[ObjectStore]) -> Answer:
    """Admits a header and opens its upload; the same header again resumes."""
    return answers.envelope_answer(await uploading.open_envelope(version_id, data, actor, work(), store))


@post("/api/envelopes/{envelope_id:uuid}/parts", operation_id="announceParts", status_code=200, opt=_REFUSALS)
async def announce_parts(envelope_id: FromPath[UUID], data: JSONBody[uploading.AnnounceParts],
                         actor: NamedDependency[Actor], work: NamedDependency[Works],
                         store: NamedDependency[ObjectStore]) -> list[uploading.PartAddress]:
    """Addresses for these parts, straight to the store."""
    return await uploading.announce_parts(envelope_id, data, actor, work(), store)


@get("/api/envelopes/{envelope_id:uuid}", operation_id="readEnvelope", response_headers=_PRIVATE)
async def read_envelope(envelope_id: FromPath[UUID], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Answer:
    """How far it is; while it takes parts, the ones the store holds, so that an upload can be resumed."""
    envelope = await queries.envelope_of(reader, envelope_id, bidder_of(actor))
    answer = answers.envelope_answer(envelope)
    if envelope.state in TAKES_PARTS:
        digests = await queries.announced_digests(reader, envelope_id)
        stored = await store.list_parts(envelope.object_key, envelope.upload_id)
        answer["uploaded"] = [{"number": part.number, "size": part.size, "sha256": digests.get(part.number)}
                              for part in stored]
    return answer


@post("/api/envelopes/{envelope_id:uuid}/complete", operation_id="completeEnvelope", status_code=202, opt=_REFUSALS)
async def complete_envelope(envelope_id: FromPath[UUID], data: JSONBody[uploading.CompleteEnvelope],
                            actor: NamedDependency[Actor], work: NamedDependency[Works],
                            store: NamedDependency[ObjectStore]) -> Answer:
    """Takes the signed manifest; the platform reads the object back and checks it."""
    return answers.envelope_answer(await uploading.complete_envelope(envelope_id, data, actor, work(), store))


@get("/api/envelopes/{envelope_id:uuid}/sealed", operation_id="readSealed", response_headers=_PRIVATE)
async def read_sealed(envelope_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Answer:
    """The own sealed object: header, manifest, signature, and an address to read its bytes (trial decryption)."""
    envelope = await queries.envelope_of(reader, envelope_id, bidder_of(actor))
    return answers.sealed_answer(envelope, store.presign_get(envelope.object_key))


@post("/api/bid-versions/{version_id:uuid}/trial", operation_id="recordTrial", status_code=200, opt=_REFUSALS)
async def record_trial(version_id: FromPath[UUID], data: JSONBody[drafting.RecordTrial],
                       actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession]) -> Answer:
    """Notes the outcome of a trial decryption."""
    await drafting.record_trial(version_id, data, actor, work())
    return await _version(reader, version_id, actor)


@post("/api/bid-versions/{version_id:uuid}/submit", operation_id="submitBid", status_code=201, opt=_REFUSALS)
async def submit_bid(version_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession], keys: NamedDependency[Keys],
                     settings: NamedDependency[Settings]) -> Answer:
    """Makes the version the bid that counts; the receipt comes at once (R-142), with what the bidder is warned of."""
    receipt = await submitting.submit_bid(version_id, actor, work(), submitting.Seal(keys, settings))
    warnings = await warnings_of_version(reader, version_id, receipt.party_id)
    return answers.receipt_answer(receipt, None) | {"warnings": warnings}


@post("/api/bids/{bid_id:uuid}/withdraw", operation_id="withdrawBid", status_code=201, opt=_REFUSALS)
async def withdraw_bid(bid_id: FromPath[UUID], data: JSONBody[submitting.WithdrawBid], actor: NamedDependency[Actor],
                       work: NamedDependency[Works], keys: NamedDependency[Keys],
                       settings: NamedDependency[Settings]) -> Answer:
    """Takes the bid back before the deadline (R-223)."""
    receipt = await submitting.withdraw_bid(bid_id, data, actor, work(), submitting.Seal(keys, settings))
    return answers.receipt_answer(receipt, None)


@get("/api/receipts/{number:str}", operation_id="readReceipt", response_headers=_PRIVATE)
async def read_receipt(number: FromPath[str], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                       keys: NamedDependency[Keys], settings: NamedDependency[Settings]) -> Answer:
    """An own receipt; its ledger proof comes within seconds of the act."""
    receipt = await queries.receipt_of(reader, number, bidder_of(actor))
    return answers.receipt_answer(receipt, await _proof(reader, receipt, keys, settings))


@get("/api/receipts/{number:str}/pdf", operation_id="readReceiptPdf", media_type="application/pdf")
async def read_receipt_pdf(number: FromPath[str], actor: NamedDependency[Actor],
                           reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                           keys: NamedDependency[Keys], settings: NamedDependency[Settings],
                           authority: NamedDependency[TimestampAuthority],
                           renewed: FromQuery[bool] = False) -> Response[bytes]:
    """The same receipt for people: signed PDF with a QR code (A-101); ``renewed``: with its further time stamps."""
    receipt = await queries.receipt_of(reader, number, bidder_of(actor))
    listed = await trust_at(reader, await now_of(reader))
    content = await receipt_pdf(receipt, store, keys, settings, authority, listed)
    if renewed:
        content = await store.get_range(await newest_key(reader, pdf_key(receipt)), 0, LARGEST)
    name = {"Content-Disposition": f'attachment; filename="{receipt.number}.pdf"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/pdf", headers=_PRIVATE | name)


async def _version(reader: AsyncSession, version_id: UUID, actor: Actor) -> Answer:
    lot, view = await queries.version_of(reader, version_id, bidder_of(actor))
    return answers.version_answer(lot, view, await now_of(reader))


async def _proof(reader: AsyncSession, receipt: Receipt, keys: PlatformKeys, settings: Settings) -> Any:
    key = verifier_key(f"yunkai/{settings.platform_id}", keys.checkpoint.public_key())
    return await sealed_proof(reader, receipt.act_id, key)


ROUTES: list[ControllerRouterHandler] = [
    read_own_bid, list_own_bids, start_version, read_version, discard_version, open_envelope, announce_parts,
    read_envelope, complete_envelope, read_sealed, record_trial, submit_bid, withdraw_bid, read_receipt,
    read_receipt_pdf,
]
