"""A lot with what stands around it, and from that the facts its rules and its papers are made of."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from trading.parties.tables import Party
from trading.tenders import notice_text, queries
from trading.tenders.document_text import DocumentData, document_digest
from trading.tenders.facts import DocumentFacts, LotFacts, NoticeFacts
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.model import NOTICE_IS_EDITABLE, DocumentStatus, NoticeKind, PlanStatus
from trading.tenders.notice_text import NoticeData
from trading.tenders.tables import DocumentFile, Lot, Notice, Project, TenderDocument, TenderProject


@dataclass(frozen=True)
class Surroundings:
    """The rows one must know to judge or to describe a lot."""

    lot: Lot
    project: Project
    tender_project: TenderProject
    tenderee: Party
    agency: Party | None
    document: TenderDocument | None
    files: tuple[DocumentFile, ...]
    share_roles: frozenset[str]

    @property
    def agency_name(self) -> str:
        """The agency's name, or nothing."""
        return self.agency.name if self.agency else ""


async def look_around(session: AsyncSession, lot: Lot) -> Surroundings:
    """Reads the rows around a lot."""
    tender_project = await queries.tender_project(session, lot.tender_project_id)
    project = await queries.project(session, tender_project.project_id)
    wanted = {lot.tenderee_id, lot.agency_id, *(UUID(each["party_id"]) for each in lot.custodians)} - {None}
    parties = {each.id: each for each in await session.scalars(select(Party).where(Party.id.in_(wanted)))}
    keepers = [parties[UUID(each["party_id"])] for each in lot.custodians]
    return Surroundings(
        lot=lot, project=project, tender_project=tender_project, tenderee=parties[lot.tenderee_id],
        agency=parties[lot.agency_id] if lot.agency_id else None,
        document=await queries.newest_document(session, lot.id), files=tuple(await queries.files_of(session, lot.id)),
        share_roles=frozenset(role for keeper in keepers for role in keeper.staff_roles))


def notice_digest(title: str, body: str) -> str:
    """SHA-256 (hex) of title, newline, body: what every medium shows (B-003)."""
    return sha256(f"{title}\n{body}".encode()).hexdigest()


def notice_data(around: Surroundings, notice: Notice, settings: Settings) -> NoticeData:
    """What the notice's standard text is made of."""
    lot = around.lot
    return NoticeData(
        kind=notice.kind, project=around.project.name, approval=around.project.approval,
        funding=around.project.funding, tenderee=around.tenderee.name, agency=around.agency_name, lot=lot.title,
        lot_code=lot.code, content=lot.content, price_limit=lot.price_limit, deposit=lot.deposit,
        documents_from=lot.documents_from, documents_until=lot.documents_until, deadline_at=lot.deadline_at,
        opening_place=lot.opening_place, decryption_minutes=lot.decryption_minutes, remedy=lot.remedy,
        rehearsal=lot.rehearsal, platform=settings.platform_name, address=settings.public_origin,
        fields=notice.fields)


def document_data(around: Surroundings, settings: Settings) -> DocumentData:
    """What the tender document's chapters are made of; its digest tells whether it still agrees (A-69)."""
    lot = around.lot
    return DocumentData(
        project=around.project.name, project_code=around.project.code, approval=around.project.approval,
        funding=around.project.funding, tender_project=around.tender_project.name,
        tender_code=around.tender_project.code, tenderee=around.tenderee.name, agency=around.agency_name,
        lot=lot.title, lot_code=lot.code, content=lot.content, trade_kind=TRADE_KINDS[lot.trade_kind].title,
        edition=lot.edition, rehearsal=lot.rehearsal, price_limit=lot.price_limit, deposit=lot.deposit,
        validity_days=lot.validity_days, documents_from=lot.documents_from, documents_until=lot.documents_until,
        deadline_at=lot.deadline_at, opening_place=lot.opening_place, decryption_minutes=lot.decryption_minutes,
        objection_minutes=lot.objection_minutes, sign_in_minutes=lot.sign_in_minutes,
        min_bidders=lot.min_bidders, requires_bill=lot.requires_bill, structure=queries.structure_of(lot),
        platform=settings.platform_name, address=settings.public_origin,
        fields=around.document.fields if around.document else {},
        clarifications=tuple(around.document.clarifications) if around.document else (),
        number=around.document.number if around.document else 1)


def _notice_facts(around: Surroundings, notice: Notice, settings: Settings) -> NoticeFacts:
    data = notice_data(around, notice, settings)
    template = notice_text.compose(data)
    drafted = notice.status in NOTICE_IS_EDITABLE
    body = template if drafted else notice.body
    digest = notice_digest(notice.title, body)
    fields = {key: notice_text.filled(data, key) for key in notice_text.FIELDS}
    return NoticeFacts(body=body, template_body=template, fields=fields,
                       empty_fields=notice_text.empty_fields(data), sha256=digest,
                       reviewed_sha256=digest if drafted else notice.sha256, platform_address=settings.public_origin)


def _document_facts(around: Surroundings, settings: Settings) -> DocumentFacts:
    held = around.document
    if held is None:
        return DocumentFacts(attachment_kinds=frozenset(each.kind for each in around.files))
    return DocumentFacts(
        signed=held.status in {DocumentStatus.SIGNED, DocumentStatus.ISSUED},
        agrees=held.facts_sha256 == document_digest(document_data(around, settings), file_digests(around)),
        attachment_kinds=frozenset(each.kind for each in around.files))


def file_digests(around: Surroundings) -> list[str]:
    """Digests of the attached files: a file added after the signature makes the document disagree."""
    return sorted(each.sha256 for each in around.files)


def digest_now(around: Surroundings, settings: Settings) -> str:
    """The digest of what the document would be laid out from now."""
    return document_digest(document_data(around, settings), file_digests(around))


async def lot_facts(session: AsyncSession, around: Surroundings, notice: Notice, settings: Settings,
                    now: datetime) -> LotFacts:
    """Everything the rules of publication ask about, as it stands."""
    lot = around.lot
    plans = {around.project.status, around.tender_project.status}
    return LotFacts(
        kind=TRADE_KINDS[lot.trade_kind], calendar=await queries.calendar(session),
        structure=queries.structure_of(lot), plan_is_submitted=plans == {PlanStatus.SUBMITTED},
        prequalification=notice.kind == NoticeKind.PREQUALIFICATION, approval=around.project.approval,
        funding=around.project.funding, in_scope=around.project.in_scope, compulsory=lot.compulsory,
        estimate=lot.estimate, price_limit=lot.price_limit, minimum_price=lot.minimum_price, deposit=lot.deposit,
        issued_at=max(lot.documents_from, now) if lot.documents_from else None,
        documents_until=lot.documents_until, deadline_at=lot.deadline_at, opening_place=lot.opening_place,
        requires_bill=lot.requires_bill, share_roles=around.share_roles,
        notice=_notice_facts(around, notice, settings), document=_document_facts(around, settings))
