"""The report: edited, dissented from, laid out, signed by all; after that nothing of the evaluation changes (R-341)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import delete

from evaluation.committees.queries import DeskSeat, sitting
from evaluation.reports.model import KIND, TECHNICAL_KIND, TECHNICAL_TITLE, TITLE, StatementKind, capacity
from evaluation.reports.queries import report_of, statements_of
from evaluation.reports.report_facts import gather
from evaluation.reports.report_pdf import render_report, render_technical
from evaluation.reports.tables import EvaluationReport, ReportStatement
from evaluation.scoring.commands.handing_over import ranked_bids
from evaluation.scoring.commands.pricing import fix_technical
from evaluation.scoring.holding import AUDIENCE, Desk, enter_desk, hold_evaluation
from evaluation.scoring.model import EvaluationAct, EvaluationStep
from evaluation.scoring.rules import everyone_is_accounted_for
from evaluation.scoring.verification import REPORT_SIGNED
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.errors import Conflict, NotFound, Refused
from storage.kernel.rule import require
from storage.objects.store import ObjectStore
from trading.awards.receiving import receive_ranking
from trading.awards.terms import terms_of
from trading.papers.commands import Completions, lay_out
from trading.papers.model import PaperDraft
from trading.papers.tables import Paper
from trading.tenders.life import Passage, advance
from trading.tenders.mine import names_of
from trading.tenders.model import Act
from trading.tenders.queries import lock_lot
from trading.tenders.tables import Lot

_TECHNICAL = frozenset({EvaluationStep.TECHNICAL, EvaluationStep.TECHNICAL_SIGNING})
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Statement = Annotated[str, msgspec.Meta(min_length=4, max_length=5000)]


class EditReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the leader adds to what the platform knows (A-151)."""

    remarks: Text = ""
    to_settle: Text = ""


class WriteDissent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member's different opinion with its reasons."""

    text: Statement


class RecordRefusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member, by alias, refuses both to sign and to write: that counts as agreement (IR 53)."""

    member: Annotated[str, msgspec.Meta(max_length=10)]
    reason: Statement


class LayOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The report is complete; ``expected`` is the step the leader saw."""

    expected: Annotated[str, msgspec.Meta(max_length=40)] = EvaluationStep.RANKED.value


async def edit_report(lot_id: UUID, command: EditReport, actor: Actor, uow: Work) -> None:
    """The leader's words, as long as nobody signs."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.EDIT_REPORT, actor)
        row = await report_of(uow.session, lot_id)
        if row is None:
            row = EvaluationReport(lot_id=lot_id)
            uow.session.add(row)
        row.remarks, row.to_settle, row.edited_at = command.remarks, command.to_settle, desk.now
        desk.note(uow, "evaluation.report_edited", actor, {"remarks": command.remarks, "to_settle": command.to_settle})
        await uow.commit()


async def write_dissent(lot_id: UUID, command: WriteDissent, actor: Actor, uow: Work) -> None:
    """Written into the report; one that is being signed is taken back and laid out anew."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.WRITE_DISSENT, actor)
        await _state(uow, desk, desk.own.member_id, StatementKind.DISSENT, command.text)
        _take_back(desk, desk.own.alias)
        desk.note(uow, "evaluation.dissent_written", actor, {"text": command.text})
        await uow.commit()


async def record_refusal(lot_id: UUID, command: RecordRefusal, actor: Actor, uow: Work) -> None:
    """The centre puts on record that a member refuses to sign and to write (R-340)."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.RECORD_REFUSAL, actor)
        member = next((each.member_id for each in desk.seats if each.alias == command.member), None)
        if member is None:
            raise NotFound("没有这名在任的评标委员会成员")
        if await uow.session.get(ReportStatement, (lot_id, member)) is not None:
            raise Refused("该成员已有书面意见或者记录", member=command.member)
        await _state(uow, desk, member, StatementKind.REFUSAL, command.reason)
        _take_back(desk, actor.name)
        desk.note(uow, "evaluation.refusal_recorded", actor, {"member": command.member, "reason": command.reason})
        await uow.commit()


async def _state(uow: Work, desk: Desk, member: UUID, kind: StatementKind, text: str) -> None:
    row = await uow.session.get(ReportStatement, (desk.lot.id, member))
    if row is None:
        row = ReportStatement(lot_id=desk.lot.id, member_id=member)
        uow.session.add(row)
    row.kind, row.text, row.at = kind, text, desk.now


def _take_back(desk: Desk, by: str) -> None:
    """A paper that no longer says everything is no report; what was signed on it binds nobody."""
    desk.evaluation.paper_id = None
    desk.move(EvaluationStep.TECHNICAL if desk.evaluation.step in _TECHNICAL else EvaluationStep.RANKED, by)


async def lay_out_report(lot_id: UUID, command: LayOut, actor: Actor, uow: Work, store: ObjectStore,
                         settings: Settings) -> UUID:
    """The leader has the report laid out for everyone's signature (A-152)."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.LAY_OUT_REPORT, actor, expected=command.expected)
        refused = [each.member_id for each in await statements_of(uow.session, lot_id)
                   if each.kind == StatementKind.REFUSAL]
        seats = seats_of(desk.seats, refused)
        signing = {each.alias for each in desk.seats if each.member_id not in refused}
        require((everyone_is_accounted_for, everyone_is_accounted_for(
            set(desk.aliases.values()), signing, set(desk.aliases.values()) - signing)))
        if not seats:
            raise Refused("评标委员会成员均拒绝签字，不能形成评标报告")
        is_technical = desk.evaluation.step == EvaluationStep.TECHNICAL
        facts = await gather(uow.session, desk, settings, is_demo=settings.demo)
        content = await asyncio.to_thread(render_technical if is_technical else render_report, facts)
        kind, title = (TECHNICAL_KIND, TECHNICAL_TITLE) if is_technical else (KIND, TITLE)
        paper = await lay_out(uow, PaperDraft(kind=kind, stream=desk.stream, subject=desk.stream, title=title,
                                              content=content, seats=seats, audience=AUDIENCE), actor, store)
        await uow.session.flush()
        desk.evaluation.paper_id = paper.id
        desk.move(EvaluationStep.TECHNICAL_SIGNING if is_technical else EvaluationStep.SIGNING, desk.own.alias)
        desk.note(uow, "evaluation.report_laid_out", actor, {
            "paper": str(paper.id), "outcome_sha256": facts.outcome_sha256})
        await uow.commit()
        return paper.id


def seats_of(seats: Sequence[DeskSeat], refused: Sequence[UUID]) -> dict[str, UUID]:
    """Capacity → party for everyone who signs, by place at the desk."""
    return {capacity(place): each.party_id for place, each in enumerate(seats, 1) if each.member_id not in refused}


async def finish_evaluation(uow: Work, paper: Paper, now: datetime) -> None:
    """The last signature stands: the lot is evaluated, the ranking goes to the award, the desk is closed (R-341)."""
    lot = await lock_lot(uow, UUID(paper.stream.removeprefix("lot:")))
    held = await hold_evaluation(uow, lot.id)
    if held is None or held.paper_id != paper.id or held.step != EvaluationStep.SIGNING:
        raise Conflict("评标报告已重新形成，请签署新的报告", paper=paper.id)
    lot.stage = advance(lot.stage, Act.END_EVALUATION, Passage(now=now, suspended=lot.suspended))
    held.step, held.step_at, held.step_by, held.finished_at = EvaluationStep.FINISHED, now, PLATFORM.name, now
    told: dict[str, Any] = {"paper": str(paper.id), "pdf_sha256": paper.pdf_sha256,
                            "outcome_sha256": held.outcome_sha256}
    uow.record(REPORT_SIGNED, PLATFORM, stream=paper.stream, subject=paper.subject, audience=AUDIENCE, payload=told)
    experts = await _experts(uow, lot) if terms_of(lot.trade_kind).names_experts else []
    await receive_ranking(uow, lot, ranked_bids(held), PLATFORM, experts=experts)


async def finish_technical(uow: Work, paper: Paper, now: datetime) -> None:
    """The technical result is signed; the report on the ranking begins with no word of it.

    What was written and put on record is in the signed paper and in the ledger: a refusal of the one is no refusal of
    the other, and neither is a dissent (R-340).
    """
    await fix_technical(uow, paper, now)
    lot_id = UUID(paper.stream.removeprefix("lot:"))
    for table in (ReportStatement, EvaluationReport):
        await uow.session.execute(delete(table).where(table.lot_id == lot_id))


async def _experts(uow: Work, lot: Lot) -> list[str]:
    """The names that the result of a government procurement announces (R-163); the tenderee's own people are none."""
    seats = [each for each in await sitting(uow.session, lot.id) if not each.is_representative]
    names = await names_of(uow.session, (each.party_id for each in seats))
    return [names[each.party_id] for each in seats]


COMPLETIONS: Completions = {KIND: finish_evaluation, TECHNICAL_KIND: finish_technical}
