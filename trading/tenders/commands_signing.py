"""The tenderee signs the document with its own key: prepared here, signed by the client, completed here (A-66).

Store and time-stamp authority are spoken to between units of work, never under a lock.
"""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from storage.crypto.canonical import from_base64
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.pdf_lasting import make_lasting, own_trust
from storage.crypto.pdf_signing import Evidence, PreparedPdf, finish_pdf, prepare_pdf
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import process_now
from storage.kernel.errors import Conflict, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from trading.parties.queries import certificates
from trading.tenders import queries
from trading.tenders.commands_documents import lock_document, note
from trading.tenders.forms import SignatureAnswer, SignatureRequest
from trading.tenders.model import DocumentStatus
from trading.tenders.permissions import Right, permit
from trading.tenders.tables import Lot, TenderDocument
from trading.trust.model import Purpose
from trading.trust.validating import grounds, list_about

_LARGEST_PDF = 64 << 20


@dataclass(frozen=True)
class _Waiting:
    """A laid-out document as it stood when the signature was asked for or answered."""

    pdf_key: str
    signing: dict[str, str]


def _waiting(held: TenderDocument) -> _Waiting:
    if held.status != DocumentStatus.RENDERED or held.pdf_key is None:
        raise Refused("招标文件生成后、签名前方可进行此操作", status_now=held.status)
    return _Waiting(held.pdf_key, dict(held.signing))


async def _own_certificate(uow: Work, actor: Actor, shown: Certificate) -> None:
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    held = await certificates(uow.session, actor.party_id, await uow.now())
    if shown.fingerprint not in {each.fingerprint for each in held}:
        raise Refused("签名证书不是本单位当前有效的证书", certificate=shown.fingerprint)
    await grounds(uow.session, shown, await uow.now(), Purpose.SIGN)


async def _look(lot_id: UUID, actor: Actor, uow: Work, certificate: str | None) -> tuple[_Waiting, Certificate]:
    async with uow:
        # The right first: whether a document is being written is the owners' to know.
        permit(actor, Right.SIGN, await queries.lock_lot(uow, lot_id))
        _, held = await lock_document(uow, lot_id)
        waiting = _waiting(held)
        if certificate is None and not waiting.signing:
            raise Refused("请先准备签名", status_now=held.status)
        shown = parse_certificate(certificate or waiting.signing["certificate"])
        await _own_certificate(uow, actor, shown)
        return waiting, shown


async def _again(uow: Work, lot_id: UUID, seen: _Waiting) -> tuple[Lot, TenderDocument]:
    lot, held = await lock_document(uow, lot_id)
    if _waiting(held) != seen:
        raise Conflict("签名期间文件已变化，请重新准备签名")
    return lot, held


async def prepare_signature(lot_id: UUID, request: SignatureRequest, actor: Actor, uow: Work,
                            store: ObjectStore) -> PreparedPdf:
    """Lays out the signature; the client signs ``to_sign`` (deferred PAdES). Preparing anew replaces it."""
    seen, shown = await _look(lot_id, actor, uow, request.certificate)
    pdf = await store.get_range(seen.pdf_key, 0, _LARGEST_PDF)
    prepared = await prepare_pdf(pdf, shown, field_name="TendereeSignature", reason="招标文件签发")
    key = f"documents/{lot_id}/{new_id()}-prepared.pdf"
    await store.put(key, prepared.pdf, "application/pdf")
    async with uow:
        lot, held = await _again(uow, lot_id, seen)
        held.signing = {"key": key, "state": prepared.state.decode(), "certificate": request.certificate}
        note(uow, "document.signature_prepared", actor, lot, held)
        await uow.commit()
    return prepared


async def _lasting(signed: bytes, shown: Certificate, uow: Work, keys: PlatformKeys,
                   authority: TimestampAuthority) -> bytes:
    """With what the CAs say of the signer behind its signature, under the platform's time stamp (PAdES B-LTA)."""
    async with uow:
        others = await list_about(uow.session, [shown], await uow.now())
    now = process_now()
    return await make_lasting(signed, Evidence(own_trust(keys, now).joined(others), now), authority)


async def complete_signature(lot_id: UUID, answer: SignatureAnswer, actor: Actor, uow: Work, store: ObjectStore,
                             authority: TimestampAuthority, keys: PlatformKeys) -> TenderDocument:
    """Puts the client's signature into the document and makes it last; the digest kept is of the file as it then is."""
    signature = from_base64(answer.signature, "signature")
    seen, shown = await _look(lot_id, actor, uow, None)
    pdf = await store.get_range(seen.signing["key"], 0, _LARGEST_PDF)
    prepared = PreparedPdf(pdf, seen.signing["state"].encode(), b"")
    signed = await _lasting(await finish_pdf(prepared, shown, signature, authority=authority), shown, uow, keys,
                            authority)
    key = f"documents/{lot_id}/{new_id()}-signed.pdf"
    await store.put(key, signed, "application/pdf")
    async with uow:
        lot, held = await _again(uow, lot_id, seen)
        signer = await grounds(uow.session, shown, await uow.now(), Purpose.SIGN)
        held.status, held.signed_pdf_key, held.signing = DocumentStatus.SIGNED, key, {}
        held.sha256, held.size = sha256(signed).hexdigest(), len(signed)
        held.signed_by, held.signed_certificate, held.signed_at = actor.party_id, shown.fingerprint, await uow.now()
        note(uow, "document.signed", actor, lot, held, **signer.facts)
        await uow.commit()
        return held
