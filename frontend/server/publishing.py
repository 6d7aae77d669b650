"""The web client told in the ledger: who doubts the pages compares them with the entry (``yunkai verify --pages``)."""

import asyncio

from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from frontend.server.dependencies import parts_of
from frontend.server.parts import Parts
from frontend.verifier.published import ACTION, STREAM, digest_of, files_of
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import NotFound
from storage.ledger.documents import EntryDocument
from storage.ledger.proofs import entry_document
from storage.ledger.queries import newest_of

_EVERYONE = frozenset({"public"})


async def publish_client(parts: Parts) -> None:
    """Tells of the files that this node serves, unless the newest entry does. Two nodes that start at once both may."""
    files = await asyncio.to_thread(files_of, parts.settings.web_dist)
    digest = digest_of(files)
    async with parts.work() as uow:
        newest = await newest_of(uow.session, STREAM)
        if files and (newest is None or newest["payload"] != {"digest": digest, "files": files}):
            uow.record(ACTION, PLATFORM, stream=STREAM, subject=f"client:{digest[:16]}",
                       payload={"digest": digest, "files": files})
            await uow.commit()


@get("/api/ledger/client", operation_id="readPublishedClient")
async def read_published(reader: NamedDependency[AsyncSession], state: State) -> EntryDocument:
    """The newest entry that tells of the web client, payload included, with its proof; 404 until there is one."""
    newest = await newest_of(reader, STREAM)
    found = await entry_document(reader, newest["seq"], _EVERYONE, parts_of(state).log_key) if newest else None
    if found is None:
        raise NotFound("账本尚未记有网页程序")
    return found
