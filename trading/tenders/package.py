"""The packed tender document (A-67): structured part, signed PDF, attachments and digests in one ZIP, streamed.

A bidder's client imports it (A-87). ``tender.json`` is RFC 8785 text; ``digests.json`` lists every other member.
"""

import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import canonical_bytes
from storage.database.settings import Settings
from storage.kernel.clock import shanghai, to_wire
from storage.objects.store import ObjectStore
from trading.parties.tables import BoundCertificate
from trading.tenders import queries
from trading.tenders.document_text import plain
from trading.tenders.tables import DocumentFile, Lot, TenderDocument

MAIN = "招标文件.pdf"
FOLDER = "附件/"


@dataclass(frozen=True)
class Member:
    """One stored object of the package under its name there."""

    name: str
    key: str
    size: int
    sha256: str
    kind: str


def members(document: TenderDocument, files: Sequence[DocumentFile]) -> list[Member]:
    """The signed main document first, then the attachments."""
    main = Member(MAIN, document.signed_pdf_key or "", document.size or 0, document.sha256 or "", "main")
    return [main, *(Member(FOLDER + each.name, each.object_key, each.size, each.sha256, each.kind) for each in files)]


async def structured_part(session: AsyncSession, lot: Lot, document: TenderDocument, files: Sequence[DocumentFile],
                          settings: Settings) -> dict[str, Any]:
    """What a bidder's client needs to prepare, check and seal a bid; custodians with their certificates."""
    wanted = [each["certificate"] for each in lot.custodians]
    rows = await session.scalars(select(BoundCertificate).where(BoundCertificate.fingerprint.in_(wanted)))
    pems = {each.fingerprint: each.pem for each in rows}
    told = {
        "v": 1, "kind": "tender", "platform": settings.platform_id, "address": settings.public_origin,
        "tender": await queries.tender_code(session, lot), "lot": lot.code, "lot_id": str(lot.id),
        "round": lot.round, "title": lot.title, "content": lot.content, "trade_kind": lot.trade_kind,
        "edition": lot.edition, "rehearsal": lot.rehearsal, "price_limit": lot.price_limit, "deposit": lot.deposit,
        "validity_days": lot.validity_days, "documents_from": lot.documents_from,
        "documents_until": lot.documents_until, "opens_at": lot.deadline_at, "opening_place": lot.opening_place,
        "decryption_minutes": lot.decryption_minutes, "remedy": lot.remedy, "requires_bill": lot.requires_bill,
        "announced_fields": lot.announced_fields, "bid_parts": lot.bid_parts, "review_items": lot.review_items,
        "scoring_items": lot.scoring_items, "price_formula": lot.price_formula, "k": lot.k,
        "deposit_forms": lot.deposit_forms, "award": lot.award,
        "two_envelopes": lot.two_envelopes, "price_notice_minutes": lot.price_notice_minutes,
        "n": len(lot.custodians), "suite": lot.suite,
        "custodians": [{**each, "pem": pems.get(each["certificate"], "")} for each in lot.custodians],
        "document": {"number": document.number, "sha256": document.sha256, "size": document.size,
                     "clarifications": document.clarifications},
        "files": [{"name": each.name, "kind": each.kind, "size": each.size, "sha256": each.sha256}
                  for each in members(document, files)],
    }
    made: dict[str, Any] = plain(told)
    return made


class _Sink:
    """A file that only remembers what was written since the last look; never seeks."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: what is written is taken by ``take``."""

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    local = shanghai(at)
    return zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, local.minute, local.second))


def _digests(structured: bytes, packed: Sequence[Member]) -> bytes:
    lines: list[Any] = [{"name": "tender.json", "size": len(structured), "sha256": sha256(structured).hexdigest()},
                        *({"name": each.name, "size": each.size, "sha256": each.sha256} for each in packed)]
    return canonical_bytes({"v": 1, "files": lines})


async def pack(structured: dict[str, Any], packed: Sequence[Member], store: ObjectStore,
               at: datetime) -> AsyncIterator[bytes]:
    """The ZIP, stored without compression, as it comes from the store; the same input gives the same bytes."""
    sink = _Sink()
    text = canonical_bytes(structured)
    with zipfile.ZipFile(_as_file(sink), "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_info("tender.json", at), text)
        archive.writestr(_info("digests.json", at), _digests(text, packed))
        for each in packed:
            with archive.open(_info(each.name, at), "w", force_zip64=True) as entry:
                async for chunk in store.stream(each.key):
                    entry.write(chunk)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def _as_file(sink: Any) -> IO[bytes]:
    file: IO[bytes] = sink
    return file


def package_name(lot: Lot, document: TenderDocument) -> str:
    """The package's name on the bidder's disk."""
    issued = f"-{to_wire(document.issued_at)[:10]}" if document.issued_at else ""
    return f"{lot.code}-招标文件-第{document.number}版{issued}.zip"
