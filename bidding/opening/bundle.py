"""The exported lot: everything with which a stranger re-checks an opening, offline (`yunkai verify`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import BODY, STATEMENT
from bidding.bids.tables import Receipt
from bidding.opening.holding import bids_of
from bidding.opening.model import BidState
from bidding.opening.queries import signatures_of
from bidding.opening.release_work import notice_answer
from bidding.opening.sealed_objects import SealedObject, released_shares, sealed_keys, sealed_objects, session_key
from bidding.opening.secrets_in_hall import SealedShare, reveal
from bidding.opening.tables import OpenedBid, Opening, PriceConfirmation, RecordSignature
from storage.crypto.canonical import to_base64
from storage.crypto.platform_keys import PlatformKeys
from storage.database.settings import Settings
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound, Unavailable
from storage.ledger.checkpoints import verifier_key
from storage.ledger.export import export_stream
from storage.ledger.proofs import sealed_proof
from storage.objects.store import ObjectStore
from trading.parties.tables import BoundCertificate
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot

BUNDLE_KIND = "lot-bundle"
Shares = Mapping[tuple[UUID, str], Sequence[SealedShare]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What an export is taken from."""

    session: AsyncSession
    store: ObjectStore
    keys: PlatformKeys
    settings: Settings

    @property
    def vkey(self) -> str:
        """The note verifier key of the log."""
        return verifier_key(f"yunkai/{self.settings.platform_id}", self.keys.checkpoint.public_key())


async def lot_bundle(shelf: Shelf, lot_id: UUID, *, audiences: Sequence[str] = ("public",)) -> dict[str, Any]:
    """The bundle of a lot whose record is published; raises ``NotFound`` before, ``Unavailable`` for a moment after.

    Statements come with the secrets that open them, for anyone may re-decrypt what was announced. Of bodies only
    headers and manifests: their keys stay with those who may read them (R-145: save secrets). ``audiences``: whose
    payloads the ledger's part carries.
    """
    session = shelf.session
    lot, opening = await lot_of(session, lot_id), await session.get(Opening, lot_id)
    if opening is None or opening.published_at is None:
        raise NotFound("开标记录尚未公布")
    export = await export_stream(session, f"lot:{lot_id}", audiences, shelf.vkey, readable_from=lot.deadline_at)
    if export is None:
        raise Unavailable("账本检查点正在生成，请稍候")
    bids = await bids_of(session, lot_id)
    return {
        "v": 1, "kind": BUNDLE_KIND, "platform": {"id": shelf.settings.platform_id,
                                                  "name": shelf.settings.platform_name},
        "lot": _lot(lot), "ledger": export, "notice": notice_answer(opening),
        "bids": await _bids(shelf, opening, bids), "announced": opening.announced,
        "certificates": await _certificates(session, opening, bids),
        "record": {"text": opening.record, "sha256": opening.record_sha256, "proof": opening.record_proof,
                   "pdf_sha256": opening.record_pdf_sha256, "published_at": to_wire(opening.published_at),
                   "signatures": [{"capacity": each.capacity, "name": each.name, "certificate": each.certificate,
                                   "signed_at": to_wire(each.signed_at) if each.signed_at else None}
                                  for each in await signatures_of(session, lot_id)]}}


async def _certificates(session: AsyncSession, opening: Opening, bids: Sequence[OpenedBid]) -> dict[str, str]:
    """PEM by fingerprint: of the bids, of the confirmations, of those who signed the record."""
    confirmed = select(PriceConfirmation.certificate).where(
        PriceConfirmation.bid_id.in_([bid.bid_id for bid in bids]))
    signed = select(RecordSignature.certificate).where(RecordSignature.lot_id == opening.lot_id)
    named = {bid.certificate for bid in bids} | {*await session.scalars(confirmed), *await session.scalars(signed)}
    rows = await session.scalars(select(BoundCertificate).where(BoundCertificate.fingerprint.in_(named)))
    return {row.fingerprint: row.pem for row in rows}


def _lot(lot: Lot) -> dict[str, Any]:
    return {"id": str(lot.id), "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal, "k": lot.k,
            "opens_at": to_wire(lot.deadline_at) if lot.deadline_at else None,
            "price_limit": f"{lot.price_limit:.2f}" if lot.price_limit is not None else None,
            "announced_fields": lot.announced_fields, "custodians": lot.custodians}


async def _bids(shelf: Shelf, opening: Opening, bids: Sequence[OpenedBid]) -> list[dict[str, Any]]:
    session = shelf.session
    objects = await sealed_objects(session, bids)
    shares = await released_shares(session, [bid.bid_id for bid in bids])
    pems = {row.fingerprint: row.pem for row in await session.scalars(select(BoundCertificate).where(
        BoundCertificate.fingerprint.in_({bid.certificate for bid in bids})))}
    receipts = {row.number: row for row in await session.scalars(select(Receipt).where(
        Receipt.number.in_({bid.receipt_number for bid in bids})))}
    key = session_key(shelf.keys, opening)
    return [{
        "bid": str(bid.bid_id), "place": bid.place, "version": bid.number, "name": bid.bidder_name,
        "uscc": bid.bidder_uscc, "certificate": pems[bid.certificate], "state": bid.state, "cause": bid.cause,
        "evidence": bid.evidence, "receipt": _receipt(receipts[bid.receipt_number]),
        "submission": await _submission(shelf, bid),
        "envelopes": await _envelopes(shelf, bid, objects[bid.bid_id]),
        "secrets": _secrets(bid, objects[bid.bid_id][STATEMENT], shares, key),
    } for bid in bids]


async def _submission(shelf: Shelf, bid: OpenedBid) -> dict[str, Any] | None:
    """The sealed act of the submission with its proof; its payload holds a network address and stays inside."""
    found = await sealed_proof(shelf.session, UUID(bid.sealed_act), shelf.vkey)
    if found is None:
        return None
    act = {name: value for name, value in found["act"].items() if name not in ("payload", "salt")}
    return {**found, "act": act}


def _receipt(row: Receipt) -> dict[str, Any]:
    return {"body": row.body, "signature": row.signature}


async def _envelopes(shelf: Shelf, bid: OpenedBid, objects: Mapping[str, SealedObject]) -> list[dict[str, Any]]:
    found = []
    for kind in (BODY, STATEMENT):
        sealed = objects[kind]
        item = {"kind": kind, "header": sealed.header_text, "manifest": sealed.manifest_text,
                "signature": to_base64(sealed.signature), "timestamp_token": to_base64(sealed.timestamp_token)}
        if kind == STATEMENT and bid.state == BidState.DECRYPTED:
            chunks = [chunk async for chunk in shelf.store.stream(sealed.object_key)]
            item["object"] = to_base64(b"".join(chunks))
        found.append(item)
    return found


def _secrets(bid: OpenedBid, sealed: SealedObject, shares: Shares, key: ec.EllipticCurvePrivateKey,
             ) -> dict[str, Any] | None:
    """S_B and the shares of the statement alone; nothing of a bid that was not opened."""
    if bid.state != BidState.DECRYPTED:
        return None
    bidder, opened = reveal(sealed_keys(bid, sealed, shares), key)
    return {"kind": sealed.kind, "s_b": bidder.hex(), "shares": {str(index): opened[index].hex() for index in opened}}
