"""The upload: an envelope is opened, its parts are announced and sent to the store, and it is closed for checking."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from bidding.bids.commands.drafting import note
from bidding.bids.holding import Held, hold_version, require_open
from bidding.bids.model import (
    AT_WORK,
    ENVELOPES,
    TAKES_PARTS,
    EnvelopeState,
    VersionStatus,
    envelope_of,
    kinds_asked,
    require_status,
    statement_size,
)
from bidding.bids.permissions import bidder_of, no_such_bid
from bidding.bids.sealed_to import asking_once, judge_recipients, recipients_of
from bidding.bids.sealing import (
    Recipients,
    check_header,
    check_recovery,
    check_signed_manifest,
    check_size,
    check_statement_size,
    refuse_seal,
)
from bidding.bids.tables import BidVersion, Envelope, EnvelopePart
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.header import Header
from storage.crypto.manifest import Manifest
from storage.crypto.reader import Layout
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, Refused
from storage.kernel.identifiers import new_id
from storage.objects.multipart import StoredPart
from storage.objects.store import ObjectStore
from trading.parties.queries import certificates
from trading.parties.tables import BoundCertificate

_ADDRESS_LIFE = timedelta(hours=1)
_Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class OpenEnvelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sealed object to come: its header (JCS text), plaintext bytes and number of parts."""

    kind: Literal["whole", "whole/statement", "technical", "technical/statement", "price", "price/statement"]
    header: Annotated[str, msgspec.Meta(max_length=1 << 20)]
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 42)]
    parts: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class PartDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number (from 1) and SHA-256 of a part about to be sent."""

    number: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    sha256: _Hex


class AnnounceParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 64 parts at once."""

    parts: Annotated[list[PartDigest], msgspec.Meta(min_length=1, max_length=64)]


class PartAddress(msgspec.Struct, frozen=True):
    """Where a part goes: PUT to ``url`` with exactly these headers, straight to the store."""

    number: int
    url: str
    headers: dict[str, str]


class CompleteEnvelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed manifest: M (JCS text) and the signature over it, base64."""

    manifest: Annotated[str, msgspec.Meta(max_length=1 << 20)]
    signature: Annotated[str, msgspec.Meta(max_length=2048)]


async def open_envelope(version_id: UUID, command: OpenEnvelope, actor: Actor, uow: Work,
                        store: ObjectStore) -> Envelope:
    """Admits a header that fits the slot exactly, and opens a multipart upload for it.

    The same header again gives the same envelope (a resumed upload); another one replaces what was there.
    Raises ``RulesUnmet`` R-140, R-141, R-701/3, R-704; ``Unavailable`` when the store is away.
    """
    return await asking_once(lambda: _open(version_id, command, actor, uow, store), uow)


async def _open(version_id: UUID, command: OpenEnvelope, actor: Actor, uow: Work, store: ObjectStore) -> Envelope:
    async with uow:
        held, header, _ = await _admit(version_id, command, actor, uow)
        await judge_recipients(uow, recipients_of(header), await uow.now())
        found = await _envelope_of_kind(uow, held.version, command.kind)
        if found is not None and found.header_sha256 == header.sha256 and found.state != EnvelopeState.FAILED:
            return found
    # The upload exists before the row that names it; between the two nobody holds a lock (sweeper removes orphans).
    object_key = f"sealed/{new_id()}"
    upload_id = await store.start_multipart(object_key)
    reach("envelope-upload-started")
    async with uow:
        held, header, layout = await _admit(version_id, command, actor, uow)
        sealed_to = await judge_recipients(uow, recipients_of(header), await uow.now())
        old = await _envelope_of_kind(uow, held.version, command.kind)
        if old is not None:
            await _remove(uow, old)
        held.version.status = VersionStatus.DRAFT
        envelope = Envelope(
            id=new_id(), bid_version_id=version_id, kind=command.kind, header=command.header,
            header_sha256=header.sha256, context_sha256=header.ctx.ch.hex(), object_key=object_key,
            sealed_to=recipients_of(header), upload_id=upload_id, size=command.size, part_count=layout.count,
            state=EnvelopeState.OPEN, checked_parts=0, created_at=await uow.now())
        uow.session.add(envelope)
        note(uow, "bid.envelope_opened", actor, held, kind=command.kind, header_sha256=header.sha256,
             size=command.size, sealed_to=sealed_to)
        await uow.commit()
    return envelope


async def _admit(version_id: UUID, command: OpenEnvelope, actor: Actor, uow: Work) -> tuple[Held, Header, Layout]:
    held = await hold_version(uow, bidder_of(actor), version_id)
    now = await uow.now()
    require_open(held.lot, now)
    require_status(held.version.status, *AT_WORK)
    if command.kind not in kinds_asked(held.lot.two_envelopes):
        raise refuse_seal("envelope", reason="本标段的投标文件没有这种信封")
    layout = check_size(command.size, command.parts, command.kind, held.slot)
    if command.kind not in ENVELOPES:
        check_statement_size(command.size, statement_size(held.lot.deposit, envelope_of(command.kind)))
    header = check_header(command.header, command.kind, held.slot, await _recipients(uow, held, now))
    check_recovery(header, held.lot.remedy)
    return held, header, layout


async def _recipients(uow: Work, held: Held, now: datetime) -> Recipients:
    own = await certificates(uow.session, held.bid.party_id, now)
    takers = [each for each in own if each.takes_seals]
    query = select(BoundCertificate).where(BoundCertificate.fingerprint.in_(held.slot.custodians))
    custodians = (await uow.session.execute(query)).scalars()
    return Recipients(own={each.fingerprint: each.key_kind for each in takers},
                      custodians={each.fingerprint: each.key_kind for each in custodians},
                      pairs={each.signing: {half.fingerprint for half in takers if half.signing == each.signing}
                             for each in takers if each.signing})


async def _envelope_of_kind(uow: Work, version: BidVersion, kind: str) -> Envelope | None:
    query = select(Envelope).where(Envelope.bid_version_id == version.id, Envelope.kind == kind).with_for_update()
    return (await uow.session.execute(query)).scalar_one_or_none()


async def _remove(uow: Work, envelope: Envelope) -> None:
    await uow.session.execute(delete(EnvelopePart).where(EnvelopePart.envelope_id == envelope.id))
    await uow.session.delete(envelope)
    await uow.session.flush()


async def hold_envelope(uow: Work, actor: Actor, envelope_id: UUID) -> tuple[Held, Envelope]:
    """Locks a bidder's own envelope, after its lot, bid and version."""
    party_id = bidder_of(actor)
    query = select(Envelope.bid_version_id).where(Envelope.id == envelope_id)
    version_id = (await uow.session.execute(query)).scalar_one_or_none()
    if version_id is None:
        raise no_such_bid()
    held = await hold_version(uow, party_id, version_id)
    return held, await uow.session.get_one(Envelope, envelope_id, with_for_update=True)


async def announce_parts(envelope_id: UUID, command: AnnounceParts, actor: Actor, uow: Work,
                         store: ObjectStore) -> list[PartAddress]:
    """Addresses to which these parts may be sent, each with its digest bound in; none lives past the deadline."""
    async with uow:
        held, envelope = await hold_envelope(uow, actor, envelope_id)
        now = await uow.now()
        require_open(held.lot, now)
        require_status(held.version.status, *AT_WORK)
        if envelope.state not in TAKES_PARTS:
            raise Refused("这个信封已不再接收分片", state=envelope.state)
        layout = check_size(envelope.size, envelope.part_count, envelope.kind, held.slot)
        if any(part.number > layout.count for part in command.parts):
            raise Invalid(f"分片号须为 1 至 {layout.count}", field="number")
        await _keep_digests(uow, envelope, command.parts, now)
        if envelope.state == EnvelopeState.OPEN:
            envelope.state, envelope.first_byte_at = EnvelopeState.UPLOADING, now
            note(uow, "bid.upload_started", actor, held, kind=envelope.kind)
        await uow.commit()
    left = (held.lot.deadline_at or now) - now
    seconds = max(1, int(min(_ADDRESS_LIFE, left).total_seconds()))
    return [_address(store, envelope, part, seconds) for part in command.parts]


def _address(store: ObjectStore, envelope: Envelope, part: PartDigest, seconds: int) -> PartAddress:
    digest = to_base64(bytes.fromhex(part.sha256))
    url, headers = store.presign_part(envelope.object_key, envelope.upload_id, part.number, digest, seconds)
    return PartAddress(part.number, url, headers)


async def _keep_digests(uow: Work, envelope: Envelope, parts: Sequence[PartDigest], now: datetime) -> None:
    rows = [{"envelope_id": envelope.id, "number": part.number, "sha256": part.sha256, "announced_at": now}
            for part in {part.number: part for part in parts}.values()]
    statement = insert(EnvelopePart).values(rows)
    again = {"sha256": statement.excluded.sha256, "announced_at": statement.excluded.announced_at}
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["envelope_id", "number"], set_=again))


async def complete_envelope(envelope_id: UUID, command: CompleteEnvelope, actor: Actor, uow: Work,
                            store: ObjectStore) -> Envelope:
    """Takes the signed manifest and hands the object over to be read back and checked (R-222).

    The same manifest again gives the same answer. Raises ``Refused`` with the missing parts, ``RulesUnmet``
    R-140 or R-141, ``SignatureRefused``, ``Unavailable``.
    """
    signature = from_base64(command.signature, "signature")
    async with uow:
        _, envelope, manifest = await _closing(envelope_id, command, signature, actor, uow)
        if manifest is None:
            return envelope
    stored = await store.list_parts(envelope.object_key, envelope.upload_id)
    async with uow:
        held, envelope, manifest = await _closing(envelope_id, command, signature, actor, uow)
        if manifest is None:
            return envelope
        _require_all_parts(stored, check_size(envelope.size, envelope.part_count, envelope.kind, held.slot))
        envelope.state, envelope.last_byte_at = EnvelopeState.CHECKING, await uow.now()
        envelope.manifest, envelope.signature = command.manifest, signature
        envelope.manifest_sha256, envelope.parts_root = manifest.sha256, manifest.parts_root
        envelope.checked_parts, envelope.lease_until, envelope.reason = 0, None, None
        note(uow, "bid.upload_completed", actor, held, kind=envelope.kind, manifest_sha256=manifest.sha256)
        await uow.commit()
    reach("envelope-completed")
    return envelope


async def _closing(envelope_id: UUID, command: CompleteEnvelope, signature: bytes, actor: Actor,
                   uow: Work) -> tuple[Held, Envelope, Manifest | None]:
    """The envelope with its verified manifest; None for the manifest when it was handed over before."""
    held, envelope = await hold_envelope(uow, actor, envelope_id)
    if envelope.state not in TAKES_PARTS:
        if envelope.manifest == command.manifest:
            return held, envelope, None
        raise Conflict("这个信封已按另一份清单完成上传", state=envelope.state)
    now = await uow.now()
    require_open(held.lot, now)
    require_status(held.version.status, *AT_WORK)
    bound = await uow.session.get_one(BoundCertificate, held.version.certificate)
    key = parse_certificate(bound.pem).public_key
    return held, envelope, check_signed_manifest(command.manifest, signature, envelope.header, envelope.size, key)


def _require_all_parts(stored: Sequence[StoredPart], layout: Layout) -> None:
    found = {part.number: part.size for part in stored}
    missing = [number for number in range(1, layout.count + 1)
               if found.get(number) != layout.segment_range(number - 1)[1]]
    if missing:
        raise Refused(f"还有 {len(missing)} 个分片没有完整到达，请续传", missing=missing[:100], count=len(missing))


