"""Objects that no document names: files taken away, layouts drawn anew, signatures prepared and given up."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from storage.objects.sweeper import sweep_orphans
from trading.tenders.tables import DocumentFile, TenderDocument

PREFIX = "documents/"
# Longer than any upload lasts: a row may still come to an object younger than this.
_AGE = timedelta(days=1)


async def sweep_documents(sessions: Sessions, store: ObjectStore, *, age: timedelta = _AGE) -> list[str]:
    """Removes objects of documents that no row names and that are older than ``age``; returns their keys."""

    async def named(keys: Collection[str]) -> set[str]:
        waiting = TenderDocument.signing["key"].as_string()
        async with sessions() as session:
            return {
                *await session.scalars(select(DocumentFile.object_key).where(DocumentFile.object_key.in_(keys))),
                *await session.scalars(select(TenderDocument.pdf_key).where(TenderDocument.pdf_key.in_(keys))),
                *await session.scalars(select(TenderDocument.signed_pdf_key).where(
                    TenderDocument.signed_pdf_key.in_(keys))),
                *await session.scalars(select(waiting).where(waiting.in_(keys)))} - {None}
    return await sweep_orphans(store, PREFIX, before=process_now() - age, named=named)
