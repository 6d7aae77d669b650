"""The opening record: drawn, signed by host and recorder with their own keys, sealed by the platform, published."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from bidding.bids.model import PRICE
from bidding.opening import rules
from bidding.opening.commands.periods import NextStep
from bidding.opening.holding import Hall, enter_hall, facts_of, opening_of
from bidding.opening.model import CAPACITIES, HallAct
from bidding.opening.permissions import require_host, require_identity
from bidding.opening.queries import signatures_of
from bidding.opening.record import record_text
from bidding.opening.record_facts import gather_record
from bidding.opening.record_pdf import render_record
from bidding.opening.steps import admit
from bidding.opening.tables import Opening, RecordSignature
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.pdf_signing import PreparedPdf, finish_pdf, prepare_pdf
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority
from storage.database.fault_points import reach
from storage.database.settings import Settings
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.clock import process_now, to_wire
from storage.kernel.errors import Conflict, NotAllowed, Refused, RulesUnmet, Unavailable
from storage.kernel.identifiers import new_id
from storage.ledger.checkpoints import verifier_key
from storage.ledger.proofs import entry_document
from storage.ledger.queries import seq_of_act
from storage.objects.store import ObjectStore
from trading.papers.commands import own_certificate
from trading.tenders.announcing import announce as announce_notice
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, NoticeKind
from trading.tenders.queries import lock_lot
from trading.trust.model import Purpose
from trading.trust.validating import grounds, list_about

Capacity = Literal["host", "recorder"]
_TITLES = {"host": "主持人签署开标记录", "recorder": "记录人签署开标记录"}
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Desk:
    """What making a record needs beside the database."""

    settings: Settings
    store: ObjectStore
    keys: PlatformKeys
    authority: TimestampAuthority


class PrepareSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is about to sign; ``certificate`` is PEM, empty for the session's."""

    capacity: Capacity
    certificate: Annotated[str, msgspec.Meta(max_length=65536)] = ""


class SignRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signature (base64) over the bytes that ``prepare`` gave."""

    capacity: Capacity
    signature: Annotated[str, msgspec.Meta(max_length=2048)]


async def conclude(lot_id: UUID, command: NextStep, actor: Actor, uow: Work, settings: Settings) -> None:
    """The hall is closed and the record drawn up (R-145)."""
    async with uow:
        hall = await enter_hall(uow, lot_id, actor)
        require_host(hall.seat)
        hall.expect(command.expected)
        await draw_record(uow, hall, actor, settings)
        await uow.commit()


async def draw_record(uow: Work, hall: Hall, actor: Actor, settings: Settings) -> None:
    """The act itself, inside an entered unit of work: from here on nothing in the record changes."""
    hall.move(HallAct.CONCLUDE, actor)
    text = record_text(await gather_record(uow.session, hall, settings))
    digest = sha256(text.encode()).hexdigest()
    hall.opening.record, hall.opening.record_sha256 = text, digest
    hall.opening.record_act_id = uow.record(
        "opening.concluded", actor, stream=hall.stream, subject=hall.stream,
        payload={"record_sha256": digest, "by": actor.name})


async def prepare_signature(lot_id: UUID, command: PrepareSignature, actor: Actor, works: Works,
                            desk: Desk) -> PreparedPdf:
    """Lays out the actor's signature in the record; the private key stays with the client (R-147).

    Raises ``Unavailable`` until a checkpoint covers the record's entry (a second at most).
    """
    async with works() as uow:  # whoever may not sign is not told how far the record is
        _require_capacity(await enter_hall(uow, lot_id, actor), command.capacity)
    pdf = await _current_pdf(lot_id, works, desk)
    async with works() as uow:
        hall = await enter_hall(uow, lot_id, actor)
        _require_capacity(hall, command.capacity)
        admit(HallAct.SIGN_RECORD, hall.facts)
        shown = await own_certificate(uow, command.certificate, actor)
        row = await uow.session.get(RecordSignature, (hall.opening.id, command.capacity), with_for_update=True)
        if row is not None and row.signed_at is not None:
            raise Refused("该签署已完成", capacity=command.capacity)
        prepared = await prepare_pdf(pdf.content, shown, field_name=command.capacity, reason=_TITLES[command.capacity])
        if row is None:
            row = RecordSignature(opening_id=hall.opening.id, capacity=command.capacity)
            uow.session.add(row)
        row.party_id, row.name, row.certificate = require_identity(actor), actor.name, shown.fingerprint
        row.prepared = {"state": prepared.state.decode(), "to_sign": prepared.to_sign.hex(), "base": pdf.key,
                        "pem": shown.pem}
        row.prepared_key = f"records/{lot_id}/{new_id()}.prepared.pdf"
        await desk.store.put(row.prepared_key, prepared.pdf, _PDF)
        uow.record("record.signature_prepared", actor, stream=hall.stream, subject=hall.stream,
                   payload={"capacity": command.capacity, "name": actor.name, "certificate": shown.fingerprint},
                   audience=("centre", "supervisor"))
        await uow.commit()
        return prepared


@dataclass(frozen=True, slots=True)
class _Pdf:
    key: str
    content: bytes


async def _current_pdf(lot_id: UUID, works: Works, desk: Desk) -> _Pdf:
    """The record as it is signed so far; laid out when first asked for, once its ledger proof is there."""
    async with works() as uow:
        opening = await opening_of(uow.session, lot_id)
        if opening is None or opening.record is None or opening.record_act_id is None:
            raise RulesUnmet((rules.hall_is_at_the_acts_step,), step=opening.step if opening else None)
        if opening.record_pdf_key is not None:
            return _Pdf(opening.record_pdf_key, await read_pdf(desk.store, opening.record_pdf_key))
        origin = f"yunkai/{desk.settings.platform_id}"
        key = verifier_key(origin, desk.keys.checkpoint.public_key())
        seq = await seq_of_act(uow.session, opening.record_act_id)
        proof = await entry_document(uow.session, seq, {"public"}, key) if seq is not None else None
        record, opening_id = opening.record, opening.id
    if proof is None:
        raise Unavailable("开标记录的账本证明正在生成，请稍候")
    content = await asyncio.to_thread(render_record, record, proof, is_demo=desk.settings.demo)
    made = _Pdf(f"records/{lot_id}/{new_id()}.pdf", content)
    await desk.store.put(made.key, content, _PDF)
    return await _keep_first(works(), opening_id, made, dict(proof), desk)


async def _keep_first(uow: Work, opening_id: UUID, made: _Pdf, proof: dict[str, object], desk: Desk) -> _Pdf:
    async with uow:
        opening = await uow.session.get_one(Opening, opening_id, with_for_update=True)
        if opening.record_pdf_key is not None:
            return _Pdf(opening.record_pdf_key, await read_pdf(desk.store, opening.record_pdf_key))
        _put(opening, made)
        opening.record_proof = proof
        stream = f"lot:{opening.lot_id}"
        uow.record("record.laid_out", PLATFORM, stream=stream, subject=stream, payload={
            "record_sha256": opening.record_sha256, "pdf_sha256": opening.record_pdf_sha256})
        await uow.commit()
        return made


def _put(opening: Opening, pdf: _Pdf) -> None:
    opening.record_pdf_key, opening.record_pdf_sha256 = pdf.key, sha256(pdf.content).hexdigest()


async def read_pdf(store: ObjectStore, key: str) -> bytes:
    """The whole object; records are small."""
    return b"".join([chunk async for chunk in store.stream(key)])


def _require_capacity(hall: Hall, capacity: str) -> None:
    if capacity not in hall.seat.roles:
        raise NotAllowed("只有本场主持人、记录人可以签署开标记录")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A prepared signature as it was before the lock; ``is_last``: with it the record is published."""

    row: RecordSignature
    is_last: bool
    others: TrustList


async def sign_record(lot_id: UUID, command: SignRecord, actor: Actor, uow: Work, desk: Desk) -> None:
    """Puts a signature into the record; the second one publishes it (R-145, R-510, A-114, B-017).

    Time stamps and seal are made before the lot is locked: under the lock nothing can have come between, or the file
    would be another.
    """
    async with uow:
        seen = await _look(uow, await enter_hall(uow, lot_id, actor), command.capacity, actor)
    if seen is None:
        return
    content = await _finish(seen.row, from_base64(command.signature, "signature"), desk)
    signed = await _store(desk, lot_id, content)
    sealed = await _seal(lot_id, seen, content, desk) if seen.is_last else None
    async with uow:
        lot = await lock_lot(uow, lot_id)
        hall = await enter_hall(uow, lot_id, actor)
        again = await _look(uow, hall, command.capacity, actor, lock=True)
        if again is None:
            return
        if again.row.prepared_key != seen.row.prepared_key:
            raise Conflict("签署已重新准备，请以最后一次为准", capacity=command.capacity)
        row = again.row
        signer = await grounds(uow.session, parse_certificate(row.prepared["pem"]), hall.now, Purpose.SIGN)
        _put(hall.opening, signed)
        row.signed_at = hall.now
        uow.record("record.signed", actor, stream=hall.stream, subject=hall.stream, payload={
            "capacity": row.capacity, "name": row.name, "certificate": row.certificate,
            "pdf_sha256": hall.opening.record_pdf_sha256, **signer.facts})
        await uow.session.flush()
        if sealed is not None:
            facts = await facts_of(uow.session, lot, hall.opening, hall.now)
            await _publish(uow, Hall(lot, hall.opening, facts, hall.seat, hall.now), sealed)
        reach("opening.signing_record")
        await uow.commit()


async def _look(uow: Work, hall: Hall, capacity: Capacity, actor: Actor, *, lock: bool = False) -> _Seen | None:
    """The prepared signature; None when it stands already."""
    _require_capacity(hall, capacity)
    row = await uow.session.get(RecordSignature, (hall.opening.id, capacity), with_for_update=lock or None,
                                populate_existing=lock)
    if row is not None and row.signed_at is not None:
        return None
    admit(HallAct.SIGN_RECORD, hall.facts)
    if row is None or row.prepared_key is None or not actor.is_party(row.party_id):
        raise Refused("请先准备签署")
    if row.prepared["base"] != hall.opening.record_pdf_key:
        raise Conflict("另一位签署人已先完成签署，请重新准备", capacity=capacity)
    rows = await signatures_of(uow.session, hall.opening.id)
    signers = [parse_certificate(each.prepared["pem"]) for each in (*rows, row)]
    return _Seen(row, {each.capacity for each in rows} | {capacity} >= set(CAPACITIES),
                 await list_about(uow.session, signers, hall.now))


async def _finish(row: RecordSignature, signature: bytes, desk: Desk) -> bytes:
    waiting = await read_pdf(desk.store, row.prepared_key or "")
    prepared = PreparedPdf(waiting, row.prepared["state"].encode(), bytes.fromhex(row.prepared["to_sign"]))
    return await finish_pdf(prepared, parse_certificate(row.prepared["pem"]), signature, authority=desk.authority)


async def _store(desk: Desk, lot_id: UUID, content: bytes) -> _Pdf:
    made = _Pdf(f"records/{lot_id}/{new_id()}.pdf", content)
    await desk.store.put(made.key, content, _PDF)
    return made


async def _seal(lot_id: UUID, seen: _Seen, content: bytes, desk: Desk) -> _Pdf:
    """The platform's seal over both signatures, with what proves them valid (PAdES B-LTA)."""
    sealed = await seal_paper(content, desk.keys, desk.authority, field_name="platform", reason="平台公布开标记录",
                              now=process_now(), others=seen.others)
    return await _store(desk, lot_id, sealed)


async def _publish(uow: Work, hall: Hall, sealed: _Pdf) -> None:
    """The lot is opened and the sealed record goes out."""
    _put(hall.opening, sealed)
    hall.move(HallAct.PUBLISH, PLATFORM)
    lot, opening = hall.lot, hall.opening
    is_second = opening.envelope == PRICE
    lot.stage = advance(lot.stage, Act.CONCLUDE_PRICES if is_second else Act.CONCLUDE, Passage(
        now=hall.now, deadline_at=lot.deadline_at, suspended=lot.suspended))
    opening.published_at = hall.now
    uow.record("opening.published", PLATFORM, stream=hall.stream, subject=hall.stream, payload={
        "record_sha256": opening.record_sha256, "pdf_sha256": opening.record_pdf_sha256})
    which = "第二次开标（报价）" if is_second else "开标"
    body = (f"{lot.title}（{lot.code}）{which}记录已由主持人、记录人签署。记录摘要 SHA-256：{opening.record_sha256}；"
            f"文件摘要：{opening.record_pdf_sha256}。记录、账本证明与验证方法见本标段开标记录页面。"
            f"公布时间：{to_wire(hall.now)}。")
    await announce_notice(uow, lot, NoticeKind.OPENING_RECORD, f"{lot.title}{which}记录公示", body, PLATFORM)
