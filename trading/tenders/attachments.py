"""Files that belong to the tender document: streamed to the store, checked, then named by a row (A-65)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from uuid import UUID

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, DomainError, Invalid, NotFound, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from storage.objects.archives import examine_archive
from storage.objects.multipart import StoredPart
from storage.objects.seeking import in_thread
from storage.objects.store import ObjectStore
from trading.tenders import queries
from trading.tenders.file_names import KINDS, LARGEST_FILE, is_packed, media_type, must_begin_like, safe_name
from trading.tenders.model import Stage
from trading.tenders.permissions import Right, insiders, permit
from trading.tenders.tables import DocumentFile, Lot

_PART = 8 << 20
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Received:
    """What came through: size in bytes and SHA-256 (hex)."""

    size: int
    sha256: str


async def _in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) >= _PART:
            yield bytes(held[:_PART])
            del held[:_PART]
    if held:
        yield bytes(held)


async def receive(store: ObjectStore, key: str, name: str, chunks: AsyncIterator[bytes]) -> Received:
    """Streams a file into the store, eight mebibytes at a time; nothing stays behind when it is refused."""
    upload = await store.start_multipart(key)
    digest, size, parts = sha256(), 0, list[StoredPart]()
    try:
        async for part in _in_parts(chunks):
            if not parts:
                must_begin_like(name, part)
            size += len(part)
            if size > LARGEST_FILE:
                raise Invalid("文件超过 200 MB", field="file")
            digest.update(part)
            parts.append(await store.put_part(key, upload, len(parts) + 1, part))
        if not parts:
            raise Invalid("文件为空", field="file")
        await store.complete_multipart(key, upload, parts)
    except BaseException:
        with suppress(DomainError):
            await store.abort_multipart(key, upload)
        raise
    await _examine(store, key, name, size)
    return Received(size, digest.hexdigest())


async def _examine(store: ObjectStore, key: str, name: str, size: int) -> None:
    """What is packed is judged by its directory before anyone may fetch it (fault 38); a refused object goes."""
    if not is_packed(name):
        return
    try:
        await in_thread(partial(store.get_range, key), size, examine_archive)
    except Invalid:
        with suppress(DomainError):
            await store.remove(key)
        raise


def _must_be_planned(lot: Lot) -> None:
    if lot.stage != Stage.PLANNED:
        raise Refused("标段提交后、发布前方可增减附件", stage=lot.stage)


def _note(uow: Work, action: str, actor: Actor, lot: Lot, held: DocumentFile) -> None:
    uow.record(action, actor, stream=f"lot:{lot.id}", subject=f"file:{held.id}", audience=insiders(lot), payload={
        "lot": lot.code, "name": held.name, "kind": held.kind, "size": held.size, "sha256": held.sha256,
        "by": actor.id})


async def attach_file(lot_id: UUID, name: str, kind: str, chunks: AsyncIterator[bytes], actor: Actor, uow: Work,
                      store: ObjectStore) -> DocumentFile:
    """Adds a file. The right is asked before the bytes come, and again before the row is written."""
    shown = safe_name(name)
    if kind not in KINDS:
        raise Invalid("附件类别须为 attachment、bill 或 drawing", field="kind")
    async with uow:
        lot = await queries.lot(uow.session, lot_id)
        permit(actor, Right.MANAGE, lot)
        _must_be_planned(lot)
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    key = f"documents/{lot_id}/{new_id()}"
    received = await receive(store, key, shown, chunks)
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        _must_be_planned(lot)
        others = await queries.files_of(uow.session, lot_id)
        if len(others) >= _MOST_FILES:
            raise Refused("附件不超过 200 个")
        if shown in {each.name for each in others}:
            raise Conflict("已有同名附件", name=shown)
        made = DocumentFile(id=new_id(), lot_id=lot_id, name=shown, kind=kind, media_type=media_type(shown),
                            size=received.size, sha256=received.sha256, object_key=key, uploaded_by=actor.party_id,
                            uploaded_at=await uow.now())
        uow.session.add(made)
        _note(uow, "document.file_attached", actor, lot, made)
        await uow.commit()
        return made


async def remove_file(file_id: UUID, actor: Actor, uow: Work) -> None:
    """Takes a file away; its object is swept later."""
    async with uow:
        held = await uow.session.get(DocumentFile, file_id)
        if held is None:
            raise NotFound("没有这个附件")
        lot = await queries.lock_lot(uow, held.lot_id)
        permit(actor, Right.MANAGE, lot)
        _must_be_planned(lot)
        _note(uow, "document.file_removed", actor, lot, held)
        await uow.session.delete(held)
        await uow.commit()
