"""Everything a report tells (R-340; EM 42), gathered from the rows of the evaluation in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.tables import Opening
from evaluation.reports.model import StatementKind
from evaluation.reports.queries import report_of, statements_of
from evaluation.scoring.gathering import opened_prices
from evaluation.scoring.holding import Desk, reasons_of
from evaluation.scoring.model import EvaluationStep
from storage.database.settings import Settings
from storage.kernel.errors import Refused
from trading.parties.queries import party
from trading.tenders.queries import issued_document

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the paper is laid out from."""

    platform: str
    is_demo: bool
    lot: Document
    times: Document
    members: Sequence[Document]
    method: Document
    bids: Sequence[Document]
    outcome: Document
    outcome_sha256: str
    alerts: Sequence[Document]
    restarts: Sequence[Document]
    clarifications: Sequence[Document]
    remarks: str
    to_settle: str
    dissents: Sequence[Document]
    refusals: Sequence[Document]


async def gather(session: AsyncSession, desk: Desk, settings: Settings, *, is_demo: bool) -> ReportFacts:
    """The facts at this moment; raises ``Refused`` while there is no ranking."""
    held, lot = desk.evaluation, desk.lot
    is_technical = held.step == EvaluationStep.TECHNICAL
    outcome, digest, made_at = (held.technical, held.technical_sha256, held.technical_at) if is_technical else (
        held.outcome, held.outcome_sha256, held.ranked_at)
    if outcome is None or digest is None or made_at is None:
        raise Refused("排序尚未形成", step=held.step)
    prices = await opened_prices(session, lot)
    opening, document = await session.get_one(Opening, lot.id), await issued_document(session, lot.id)
    report, reasons = await report_of(session, lot.id), await reasons_of(session, held)
    statements = await _statements(session, desk)
    return ReportFacts(
        platform=settings.platform_name, is_demo=is_demo,
        lot={"id": str(lot.id), "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal,
             "tenderee": await _name(session, lot.tenderee_id), "agency": await _name(session, lot.agency_id),
             "limit": f"{lot.price_limit:.2f}" if lot.price_limit is not None else None},
        times={"opened_at": opening.opened_at, "record_at": opening.published_at, "begun_at": held.begun_at,
               "ranked_at": made_at, "record_sha256": opening.record_sha256, "technical_at": held.technical_at,
               "prices_opened_at": prices[0].opened_at if prices else None,
               "prices_record_at": prices[0].published_at if prices else None},
        members=[{"alias": each.alias, "name": await _name(session, each.party_id), "is_leader": each.is_leader,
                  "is_representative": each.is_representative} for each in desk.seats],
        method=held.method, bids=held.bids, outcome=outcome, outcome_sha256=digest,
        alerts=[{**each, "reason": reasons.get(each["id"], "")} for each in held.alerts], restarts=held.restarts,
        clarifications=document.clarifications if document else [], remarks=report.remarks if report else "",
        to_settle=report.to_settle if report else "", dissents=statements[StatementKind.DISSENT],
        refusals=statements[StatementKind.REFUSAL])


async def _name(session: AsyncSession, party_id: UUID | None) -> str:
    found = await party(session, party_id) if party_id else None
    return found.name if found else ""


async def _statements(session: AsyncSession, desk: Desk) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {kind: [] for kind in StatementKind}
    for each in await statements_of(session, desk.lot.id):
        if str(each.member_id) in desk.aliases:
            found[each.kind].append({"alias": desk.aliases[str(each.member_id)], "text": each.text, "at": each.at})
    return found
