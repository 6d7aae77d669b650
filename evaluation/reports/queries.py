"""Reads of reports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.reports.model import StatementKind
from evaluation.reports.tables import EvaluationReport, ReportStatement
from evaluation.scoring.queries import WORK, view_desk
from evaluation.scoring.tables import Evaluation
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotFound
from trading.papers.queries import paper, paper_answer
from trading.papers.tables import Paper
from trading.tenders.disclosure import Subject, shows
from trading.tenders.permissions import viewers
from trading.tenders.queries import lot as lot_of
from trading.tenders.queries import now_of


async def report_of(session: AsyncSession, lot_id: UUID) -> EvaluationReport | None:
    """What the leader wrote, if anything."""
    return await session.get(EvaluationReport, lot_id)


async def statements_of(session: AsyncSession, lot_id: UUID) -> Sequence[ReportStatement]:
    """Dissents and refusals, in order."""
    query = select(ReportStatement).where(ReportStatement.lot_id == lot_id).order_by(ReportStatement.at)
    return (await session.scalars(query)).all()


async def released_report(session: AsyncSession, lot_id: UUID, actor: Actor) -> Paper:
    """The signed report for tenderee, agency and centre: it names the members, so not before the result (R-124)."""
    lot, held = await lot_of(session, lot_id), await session.get(Evaluation, lot_id)
    is_due = shows(Subject.REPORT, lot, await now_of(session), viewers(actor, lot))
    if held is None or held.paper_id is None or held.finished_at is None or not is_due:
        raise NotFound("没有可以查看的评标报告")
    return await paper(session, held.paper_id)


async def report_answer(session: AsyncSession, lot_id: UUID, actor: Actor) -> dict[str, Any]:
    """The report as the desk sees it; ``paper`` once it is laid out. Raises ``NotFound`` for anyone else."""
    view = await view_desk(session, lot_id, actor)
    if view.role not in WORK:
        raise NotFound("没有可以查看的评标报告")
    report, statements = await report_of(session, lot_id), await statements_of(session, lot_id)
    aliases = {each.member_id: each.alias for each in view.seats}
    told: dict[str, list[dict[str, Any]]] = {kind: [] for kind in StatementKind}
    for each in statements:
        if each.member_id in aliases:
            told[each.kind].append({"alias": aliases[each.member_id], "text": each.text, "at": to_wire(each.at)})
    held = view.evaluation
    laid_out = await paper(session, held.paper_id) if held.paper_id else None
    return {
        "step": held.step, "outcome_sha256": held.outcome_sha256,
        "report": {"remarks": report.remarks if report else "", "to_settle": report.to_settle if report else "",
                   "dissents": told[StatementKind.DISSENT], "refusals": told[StatementKind.REFUSAL]},
        "paper": await paper_answer(session, laid_out, actor) if laid_out else None,
        "finished_at": to_wire(held.finished_at) if held.finished_at else None}
