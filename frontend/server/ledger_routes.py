"""The public face of the ledger: checkpoints, entries, proofs. Whoever holds these needs no word of ours."""

from typing import Annotated

from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from frontend.server.dependencies import parts_of
from storage.crypto.canonical import to_base64
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from storage.ledger.documents import EntryDocument, FeedItem
from storage.ledger.notes import NOT_SO_LONG
from storage.ledger.proofs import consistency_proof, entry_document
from storage.ledger.queries import (
    StoredCheckpoint,
    checkpoints,
    checkpoints_before,
    feed,
    history,
    latest_checkpoint,
    log_size,
    witnessed_checkpoint,
)
from storage.ledger.stamping import Stamped, last_stamp, stamp_over

_LARGEST = 2**53
From = Annotated[int, QueryParameter(name="from", ge=0, le=_LARGEST)]
Limit = Annotated[int, QueryParameter(ge=1, le=500)]
Size = Annotated[int, QueryParameter(ge=0, le=_LARGEST)]


class NotSoLong(NotFound):
    """The log has fewer entries than it was asked to prove."""

    code = NOT_SO_LONG


def _shown(checkpoint: StoredCheckpoint) -> dict[str, object]:
    return {"size": checkpoint.size, "root": checkpoint.root.hex(), "note": checkpoint.note,
            "signed_at": to_wire(checkpoint.signed_at), "witnesses": list(checkpoint.witnesses)}


def _stamp(stamped: Stamped | None) -> dict[str, object] | None:
    return {"size": stamped.size, "authority": stamped.authority, "at": to_wire(stamped.at)} if stamped else None


@get("/api/ledger/checkpoint", operation_id="latestCheckpoint")
async def newest(reader: NamedDependency[AsyncSession]) -> Response[str]:
    """The newest signed checkpoint, as a C2SP note (text)."""
    found = await latest_checkpoint(reader)
    if found is None:
        raise NotFound("尚无检查点")
    return Response(found.note, media_type="text/plain; charset=utf-8")


@get("/api/ledger/checkpoints", operation_id="listCheckpoints")
async def list_checkpoints(reader: NamedDependency[AsyncSession], state: State,
                           first: From = 0, limit: Limit = 100,
                           before: FromQuery[int | None] = None) -> dict[str, object]:
    """Checkpoints from a size on, or with ``before`` the smaller ones newest first; the key, the newest, the newest
    that was cosigned, and the last time stamp."""
    found = await latest_checkpoint(reader)
    listed = await (checkpoints(reader, from_size=first, limit=limit) if before is None
                    else checkpoints_before(reader, min(max(before, 0), _LARGEST), limit=limit))
    witnessed, stamped = await witnessed_checkpoint(reader), await last_stamp(reader)
    return {"key": parts_of(state).log_key, "newest": _shown(found) if found else None,
            "witnessed": _shown(witnessed) if witnessed else None, "stamped": _stamp(stamped),
            "checkpoints": [_shown(item) for item in listed]}


@get("/api/ledger/checkpoints/{size:int}", operation_id="readCheckpoint")
async def read_checkpoint(size: FromPath[int], reader: NamedDependency[AsyncSession],
                          state: State) -> dict[str, object]:
    """The checkpoint of ``size`` entries as evidence, with its hourly time stamp where it has one."""
    found = await checkpoints(reader, from_size=size, limit=1) if 0 <= size <= _LARGEST else []
    if not found or found[0].size != size:
        raise NotFound("没有这个检查点")
    stamped = await stamp_over(reader, size)
    token = {"token": to_base64(stamped.token)} if stamped else {}
    shown = _stamp(stamped)
    return {"v": 1, "kind": "checkpoint", "key": parts_of(state).log_key, **_shown(found[0]),
            "stamp": {**shown, **token} if shown else None}


@get("/api/ledger/entries", operation_id="listEntries")
async def list_entries(reader: NamedDependency[AsyncSession], actor: NamedDependency[Actor],
                       first: From = 0, limit: Limit = 100, stream: FromQuery[str | None] = None,
                       before: FromQuery[int | None] = None) -> list[FeedItem]:
    """Entries from a number on, or with ``before`` the acts below it newest first; payloads for their audience."""
    if before is not None:
        return await history(reader, actor.audiences, before=min(max(before, 0), _LARGEST), limit=limit)
    return await feed(reader, actor.audiences, stream=stream, from_seq=first, limit=limit)


@get("/api/ledger/entries/{seq:int}/proof", operation_id="proveEntry")
async def prove(seq: FromPath[int], reader: NamedDependency[AsyncSession], actor: NamedDependency[Actor],
                state: State) -> EntryDocument:
    """An entry with its inclusion proof and a checkpoint that covers it; 404 until there is one (≤ 1 s)."""
    found = await entry_document(reader, seq, actor.audiences, parts_of(state).log_key) if seq >= 0 else None
    if found is None:
        raise NotFound("没有这一条，或检查点尚未覆盖它")
    return found


@get("/api/ledger/consistency", operation_id="proveGrowth")
async def growth(reader: NamedDependency[AsyncSession], old: Size, new: Size) -> dict[str, object]:
    """The proof that the log of ``new`` entries continues the log of ``old`` entries (RFC 6962)."""
    if not old <= new <= await log_size(reader):
        raise NotSoLong("账本还没有这么多条，或两个数的先后不对")
    return {"old": old, "new": new, "proof": [node.hex() for node in await consistency_proof(reader, old, new)]}


ROUTES = [newest, list_checkpoints, read_checkpoint, list_entries, prove, growth]
