"""Papers signed one after the other by their holders' own keys, then sealed by the platform (R-009, R-147).

The private key stays with the client: it is given the bytes to sign, and sends the signature. Store and time-stamp
authority are spoken to outside the locks. Who signs last, has the platform's seal made over the signature before the
lock as well: under it nothing can have come between, or the file would be another.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec

from storage.crypto.canonical import from_base64
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.pdf_signing import PreparedPdf, finish_pdf, prepare_pdf
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority
from storage.database.fault_points import reach
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.clock import process_now
from storage.kernel.errors import Conflict, NotAllowed, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from trading.papers.model import PLATFORM_FIELD, PaperDraft
from trading.papers.queries import paper, readable_paper, signatures_of
from trading.papers.tables import Paper, PaperSignature
from trading.parties.queries import certificate as bound_certificate
from trading.trust.model import Purpose
from trading.trust.validating import grounds, list_about

_PDF = "application/pdf"
_LARGEST = 64 << 20
Completion = Callable[[Work, Paper, datetime], Awaitable[None]]
Completions = Mapping[str, Completion]


@dataclass(frozen=True, slots=True)
class Bureau:
    """What signing needs beside the database; ``completions`` say what follows when a kind of paper is complete."""

    store: ObjectStore
    keys: PlatformKeys
    authority: TimestampAuthority
    completions: Completions


class PreparePaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is about to sign; ``certificate`` is PEM, empty for the session's."""

    capacity: Annotated[str, msgspec.Meta(max_length=60)]
    certificate: Annotated[str, msgspec.Meta(max_length=65536)] = ""


class SignPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signature (base64) over the bytes that ``prepare`` gave."""

    capacity: Annotated[str, msgspec.Meta(max_length=60)]
    signature: Annotated[str, msgspec.Meta(max_length=4096)]


async def lay_out(uow: Work, draft: PaperDraft, actor: Actor, store: ObjectStore) -> Paper:
    """A paper to be signed, inside an entered unit of work; the file is in the store before the row that names it."""
    key = f"papers/{new_id()}.pdf"
    await store.put(key, draft.content, _PDF)
    made = Paper(id=new_id(), kind=draft.kind, stream=draft.stream, subject=draft.subject, title=draft.title,
                 pdf_key=key, pdf_sha256=sha256(draft.content).hexdigest(),
                 seats={capacity: str(party) for capacity, party in draft.seats.items()},
                 audience=list(draft.audience), created_at=await uow.now())
    uow.session.add(made)
    uow.record("paper.laid_out", actor, stream=draft.stream, subject=draft.subject, audience=draft.audience, payload={
        "paper": str(made.id), "kind": draft.kind, "title": draft.title, "sha256": made.pdf_sha256,
        "capacities": sorted(draft.seats)})
    return made


def _require_seat(held: Paper, capacity: str, actor: Actor) -> UUID:
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if held.seats.get(capacity) != str(actor.party_id):
        raise NotAllowed("您不是这份文件的签署人", capacity=capacity)
    return actor.party_id


def _must_wait(held: Paper, row: PaperSignature | None) -> None:
    if held.completed_at is not None or (row is not None and row.signed_at is not None):
        raise Refused("该签署已完成")


async def prepare_paper(paper_id: UUID, command: PreparePaper, actor: Actor, works: Works,
                        bureau: Bureau) -> PreparedPdf:
    """Lays out the actor's signature; preparing anew replaces what was prepared."""
    async with works() as uow:
        seen = await readable_paper(uow.session, paper_id, actor)
        _require_seat(seen, command.capacity, actor)
        base, shown = seen.pdf_key, await own_certificate(uow, command.certificate, actor)
    pdf = await bureau.store.get_range(base, 0, _LARGEST)
    prepared = await prepare_pdf(pdf, shown, field_name=command.capacity, reason=seen.title)
    key = f"papers/{paper_id}/{new_id()}.prepared.pdf"
    await bureau.store.put(key, prepared.pdf, _PDF)
    async with works() as uow:
        held = await paper(uow.session, paper_id, lock=True)
        row = await uow.session.get(PaperSignature, (paper_id, command.capacity), with_for_update=True)
        _must_wait(held, row)
        if row is None:
            row = PaperSignature(paper_id=paper_id, capacity=command.capacity)
            uow.session.add(row)
        row.party_id, row.name = _require_seat(held, command.capacity, actor), actor.name
        row.certificate, row.prepared_key = shown.fingerprint, key
        row.prepared = {"state": prepared.state.decode(), "to_sign": prepared.to_sign.hex(), "base": base,
                        "pem": shown.pem}
        _note(uow, "paper.signature_prepared", held, row, actor)
        await uow.commit()
    return prepared


@dataclass(frozen=True, slots=True)
class _Seen:
    """A prepared signature as it was before the lock; ``is_last``: with it the paper is complete."""

    row: PaperSignature
    title: str
    is_last: bool
    others: TrustList


@dataclass(frozen=True, slots=True)
class _Made:
    """A file in the store that no row names yet."""

    key: str
    sha256: str


async def sign_paper(paper_id: UUID, command: SignPaper, actor: Actor, works: Works, bureau: Bureau) -> None:
    """Puts the signature in; the last one completes the paper, and what follows from it happens in the same act.

    A second request with a signature that stands changes nothing (fault 21).
    """
    seen = await _look(paper_id, command.capacity, actor, works)
    if seen is None:
        return
    content = await _finish(seen.row, from_base64(command.signature, "signature"), bureau)
    signed = await _put(paper_id, content, bureau.store)
    sealed = await _seal(seen, content, bureau) if seen.is_last else None
    async with works() as uow:
        held = await paper(uow.session, paper_id, lock=True)
        row = await uow.session.get_one(PaperSignature, (paper_id, command.capacity), with_for_update=True)
        _must_wait(held, row)
        if row.prepared_key != seen.row.prepared_key or row.prepared["base"] != held.pdf_key:
            raise Conflict("另一位签署人已先完成签署，请重新准备", capacity=command.capacity)
        signer = await grounds(uow.session, parse_certificate(row.prepared["pem"]), await uow.now(), Purpose.SIGN)
        held.pdf_key, held.pdf_sha256 = signed.key, signed.sha256
        row.signed_at = await uow.now()
        _note(uow, "paper.signed", held, row, actor, **signer.facts)
        await uow.session.flush()
        if sealed is not None:
            await _complete(uow, held, sealed, bureau)
        reach("paper.signing")
        await uow.commit()


async def _look(paper_id: UUID, capacity: str, actor: Actor, works: Works) -> _Seen | None:
    """The prepared signature; None when it stands already."""
    async with works() as uow:
        held = await readable_paper(uow.session, paper_id, actor)
        _require_seat(held, capacity, actor)
        row = await uow.session.get(PaperSignature, (paper_id, capacity))
        if row is not None and row.signed_at is not None:
            return None
        if row is None or row.prepared_key is None:
            raise Refused("请先准备签署", capacity=capacity)
        if row.prepared["base"] != held.pdf_key:
            raise Conflict("另一位签署人已先完成签署，请重新准备", capacity=capacity)
        rows = [*await signatures_of(uow.session, paper_id), row]
        signers = [parse_certificate(each.prepared["pem"]) for each in rows]
        return _Seen(row, held.title, {each.capacity for each in rows} >= set(held.seats),
                     await list_about(uow.session, signers, await uow.now()))


async def _seal(seen: _Seen, content: bytes, bureau: Bureau) -> _Made:
    """The platform's seal over all signatures, with what proves every one of them valid (PAdES B-LTA)."""
    sealed = await seal_paper(content, bureau.keys, bureau.authority, field_name=PLATFORM_FIELD, reason=seen.title,
                              now=process_now(), others=seen.others)
    return await _put(seen.row.paper_id, sealed, bureau.store)


async def _complete(uow: Work, held: Paper, sealed: _Made, bureau: Bureau) -> None:
    """The sealed file counts, and what follows; inside an entered unit of work, the row locked."""
    now = await uow.now()
    held.pdf_key, held.pdf_sha256, held.completed_at = sealed.key, sealed.sha256, now
    uow.record("paper.completed", PLATFORM, stream=held.stream, subject=held.subject, audience=held.audience, payload={
        "paper": str(held.id), "kind": held.kind, "title": held.title, "sha256": held.pdf_sha256})
    follow = bureau.completions.get(held.kind)
    if follow is not None:
        await follow(uow, held, now)


async def _put(paper_id: UUID, content: bytes, store: ObjectStore) -> _Made:
    key = f"papers/{paper_id}/{new_id()}.pdf"
    await store.put(key, content, _PDF)
    return _Made(key, sha256(content).hexdigest())


async def _finish(row: PaperSignature, signature: bytes, bureau: Bureau) -> bytes:
    waiting = await bureau.store.get_range(row.prepared_key or "", 0, _LARGEST)
    prepared = PreparedPdf(waiting, row.prepared["state"].encode(), bytes.fromhex(row.prepared["to_sign"]))
    return await finish_pdf(prepared, parse_certificate(row.prepared["pem"]), signature, authority=bureau.authority)


async def own_certificate(uow: Work, pem: str, actor: Actor) -> Certificate:
    """The certificate to sign a PDF with: the given one or that of the session, bound to the actor and valid now.

    Raises ``Refused`` when it is bound to nobody or somebody else, ``CertificateRefused`` by R-701.
    """
    fingerprint = parse_certificate(pem).fingerprint if pem else actor.certificate or ""
    bound = await bound_certificate(uow.session, fingerprint)
    if bound is None or not actor.is_party(bound.party_id):
        raise Refused("该证书未绑定到您的单位", certificate=fingerprint)
    shown = parse_certificate(bound.pem)
    await grounds(uow.session, shown, await uow.now(), Purpose.SIGN)
    return shown


def _note(uow: Work, action: str, held: Paper, row: PaperSignature, actor: Actor, **facts: object) -> None:
    uow.record(action, actor, stream=held.stream, subject=held.subject, audience=held.audience, payload={
        "paper": str(held.id), "kind": held.kind, "capacity": row.capacity, "sha256": held.pdf_sha256, **facts})
