"""The exported lot: everything with which a stranger re-checks an opening, offline (`yunkai verify`)."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.bids.model import PRICE, kinds_asked, kinds_in, statement_in
from bidding.bids.tables import Receipt
from bidding.opening.holding import bids_of, opening_of
from bidding.opening.kept_grounds import kept_grounds
from bidding.opening.model import BidState
from bidding.opening.queries import signatures_of
from bidding.opening.release_work import notice_answer
from bidding.opening.sealed_objects import SealedObject, released_shares, sealed_keys, session_key, sound_objects
from bidding.opening.secrets_in_hall import SealedShare, reveal, reveal_custody
from bidding.opening.tables import OpenedBid, Opening, PriceConfirmation, RecordSignature
from storage.crypto.canonical import to_base64
from storage.crypto.errors import ObjectAltered
from storage.crypto.export_seal import seal_export
from storage.crypto.manifest import check_parts
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.reader import Layout
from storage.crypto.wraps import SessionPrivateKey
from storage.database.settings import Settings
from storage.kernel.clock import process_now, to_wire
from storage.kernel.errors import NotFound, Unavailable
from storage.ledger.checkpoints import verifier_key
from storage.ledger.documents import EntryProof, Export
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
    releasers = _releasers(export) if export else set[str]()
    prices = await _prices(shelf, lot, releasers) if lot.two_envelopes else None
    published = [each for each in export["entries"] if _action(each) == "opening.published"] if export else []
    if export is None or len(published) < 1 + (prices is not None):
        raise Unavailable("账本检查点正在生成，请稍候")  # one that does not cover the record would not hold
    bundle = {
        "v": 1, "kind": BUNDLE_KIND, "platform": {"id": shelf.settings.platform_id,
                                                  "name": shelf.settings.platform_name},
        "lot": _lot(lot), "ledger": export, "grounds": await kept_grounds(session, export),
        **await _opening(shelf, lot, opening, kinds_asked(lot.two_envelopes), releasers),
        **({"prices": prices} if lot.two_envelopes else {})}
    return seal_export(bundle, shelf.keys.document, process_now())


def _action(entry: EntryProof) -> str:
    return str(json.loads(entry["entry"])["action"])


def _releasers(export: Export) -> set[str]:
    """Certificates that signed releases, as the ledger names them."""
    told = [entry["payload"] for entry in export["entries"] if _action(entry) == "bid.released"]
    return {str(payload["certificate"]) for payload in told
            if isinstance(payload, Mapping) and "certificate" in payload}


async def _prices(shelf: Shelf, lot: Lot, releasers: Collection[str]) -> dict[str, Any] | None:
    """The second opening of two envelopes, as the first; None before its record is published (R-318).

    It holds those who passed. Of whoever failed there is header and manifest of the price envelope, and no secret.
    """
    opening = await opening_of(shelf.session, lot.id, PRICE)
    published = opening is not None and opening.published_at is not None
    if opening is None or not published:
        return None
    return await _opening(shelf, lot, opening, kinds_in(PRICE), releasers)


async def _opening(shelf: Shelf, lot: Lot, opening: Opening, kinds: Sequence[str],
                   releasers: Collection[str]) -> dict[str, Any]:
    bids = await bids_of(shelf.session, opening.id)
    return {
        "notice": notice_answer(opening), "bids": await _bids(shelf, opening, bids, kinds),
        "announced": opening.announced,
        "certificates": await _certificates(shelf.session, lot, opening, bids, releasers),
        "record": {"text": opening.record, "sha256": opening.record_sha256, "proof": opening.record_proof,
                   "pdf_sha256": opening.record_pdf_sha256,
                   "published_at": to_wire(opening.published_at) if opening.published_at else None,
                   "signatures": [{"capacity": each.capacity, "name": each.name, "certificate": each.certificate,
                                   "signed_at": to_wire(each.signed_at) if each.signed_at else None}
                                  for each in await signatures_of(shelf.session, opening.id)]}}


async def _certificates(session: AsyncSession, lot: Lot, opening: Opening,
                        bids: Sequence[OpenedBid], releasers: Collection[str]) -> dict[str, str]:
    """PEM by fingerprint: of bids, releases, confirmations, who signed the record, and custodians."""
    confirmed = select(PriceConfirmation.certificate).where(
        PriceConfirmation.opened_id.in_([bid.id for bid in bids]))
    signed = select(RecordSignature.certificate).where(RecordSignature.opening_id == opening.id)
    named = {bid.certificate for bid in bids} | {str(each["certificate"]) for each in lot.custodians}
    named |= {*await session.scalars(confirmed), *await session.scalars(signed)}
    named |= {*releasers}
    rows = (await session.scalars(select(BoundCertificate).where(  # with every half that a releaser signs for
        BoundCertificate.fingerprint.in_(named) | BoundCertificate.signing.in_(releasers)))).all()
    halves = {row.signing for row in rows} - named  # of dual pairs, the signing halves too
    rows = [*rows, *await session.scalars(select(BoundCertificate).where(BoundCertificate.fingerprint.in_(halves)))]
    return {row.fingerprint: row.pem for row in rows}


def _lot(lot: Lot) -> dict[str, Any]:
    return {"id": str(lot.id), "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal, "k": lot.k,
            "opens_at": to_wire(lot.deadline_at) if lot.deadline_at else None,
            "price_limit": f"{lot.price_limit:.2f}" if lot.price_limit is not None else None,
            "announced_fields": lot.announced_fields, "custodians": lot.custodians, "remedy": lot.remedy,
            **({"two_envelopes": True} if lot.two_envelopes else {})}


async def _bids(shelf: Shelf, opening: Opening, bids: Sequence[OpenedBid],
                kinds: Sequence[str]) -> list[dict[str, Any]]:
    session = shelf.session
    objects = await sound_objects(session, opening, bids, kinds)
    shares = await released_shares(session, [bid.bid_id for bid in bids])
    pems = {row.fingerprint: row.pem for row in await session.scalars(select(BoundCertificate).where(
        BoundCertificate.fingerprint.in_({bid.certificate for bid in bids})))}
    receipts = {row.number: row for row in await session.scalars(select(Receipt).where(
        Receipt.number.in_({bid.receipt_number for bid in bids})))}
    key, statement = session_key(shelf.keys, opening), statement_in(opening.envelope)
    return [{
        "bid": str(bid.bid_id), "place": bid.place, "version": bid.number, "name": bid.bidder_name,
        "uscc": bid.bidder_uscc, "certificate": pems[bid.certificate], "state": bid.state, "cause": bid.cause,
        "evidence": bid.evidence, "receipt": _receipt(receipts[bid.receipt_number]),
        "submission": await _submission(shelf, bid),
        **await _sealed(shelf, bid, objects[bid.bid_id], kinds, (statement, shares, key)),
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


async def _sealed(shelf: Shelf, bid: OpenedBid, objects: Mapping[str, SealedObject], kinds: Sequence[str],
                  opening: tuple[str, Shares, SessionPrivateKey]) -> dict[str, Any]:
    """What was sealed, and what opens its statement. ``spoilt``: the kinds of which rows or object are no longer what
    was signed at the hour, where there are such; of them stands here what still is (fault 11)."""
    statement, shares, key = opening
    spoilt, envelopes, secrets = [kind for kind in kinds if kind not in objects], [], None
    for kind, sealed in objects.items():
        item = {"kind": kind, "header": sealed.header_text, "manifest": sealed.manifest_text,
                "signature": to_base64(sealed.signature), "timestamp_token": to_base64(sealed.timestamp_token)}
        if kind == statement and bid.state == BidState.DECRYPTED:
            try:
                item["object"] = to_base64(await _stored(shelf.store, sealed))
                secrets = _secrets(bid, sealed, shares, key)
            except (NotFound, ObjectAltered):
                spoilt.append(kind)
        envelopes.append(item)
    return {"envelopes": envelopes, "secrets": secrets, **({"spoilt": spoilt} if spoilt else {})}


async def _stored(store: ObjectStore, sealed: SealedObject) -> bytes:
    """A stored statement; raises ``NotFound``, and ``ObjectAltered`` unless it is what its bidder signed."""
    layout = Layout(sealed.manifest.size, sealed.header.ctx.seg)
    stored = await store.get_range(sealed.object_key, 0, layout.stored_size + 1)
    parts = [stored[at:at + layout.seg] for at in range(0, len(stored), layout.seg)]
    check_parts(sealed.manifest, [sha256(part).hexdigest() for part in parts])
    return stored


def _secrets(bid: OpenedBid, sealed: SealedObject, shares: Shares, key: SessionPrivateKey) -> dict[str, Any]:
    """S_B and the shares of an opened statement alone."""
    released = sealed_keys(bid, sealed, shares)
    bidder, opened = reveal(released, key)
    custody = reveal_custody(released, key)
    return {"kind": sealed.kind, "s_b": bidder.hex(), "shares": {str(index): opened[index].hex() for index in opened},
            **({} if custody is None else {"s_p": custody.hex()})}
