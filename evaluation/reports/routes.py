"""The HTTP face of reports; signing goes by the generic paper routes."""

from typing import Any
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.permissions import require_identity
from evaluation.reports import commands
from evaluation.reports.queries import released_report, report_answer
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.objects.store import ObjectStore
from trading.papers.queries import newest_key

Answer = dict[str, Any]
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "evaluation.refused"}
_REPORT = "/api/lots/{lot_id:uuid}/evaluation/report"
_DONE: Answer = {"done": True}


@get(_REPORT, operation_id="readEvaluationReport", response_headers=_PRIVATE)
async def read_report(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession]) -> Answer:
    """The report's words, its statements, and the paper with its signatures."""
    require_identity(actor)
    return await report_answer(reader, lot_id, actor)


@put(_REPORT, operation_id="editEvaluationReport", opt=_REFUSALS)
async def edit_report(lot_id: FromPath[UUID], data: JSONBody[commands.EditReport], actor: NamedDependency[Actor],
                      work: NamedDependency[Works]) -> Answer:
    """The leader's part (A-151)."""
    await commands.edit_report(lot_id, data, actor, work())
    return _DONE


@post(_REPORT + "/dissent", operation_id="writeDissent", opt=_REFUSALS)
async def write_dissent(lot_id: FromPath[UUID], data: JSONBody[commands.WriteDissent],
                        actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """A member's different opinion (R-340)."""
    await commands.write_dissent(lot_id, data, actor, work())
    return _DONE


@post(_REPORT + "/refusals", operation_id="recordRefusal", opt=_REFUSALS)
async def record_refusal(lot_id: FromPath[UUID], data: JSONBody[commands.RecordRefusal],
                         actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """A member neither signs nor writes (R-340)."""
    await commands.record_refusal(lot_id, data, actor, work())
    return _DONE


@post(_REPORT + "/lay-out", operation_id="layOutReport", opt=_REFUSALS)
async def lay_out_report(lot_id: FromPath[UUID], data: JSONBody[commands.LayOut], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], store: NamedDependency[ObjectStore],
                         settings: NamedDependency[Settings]) -> Answer:
    """Lays the report out for signature (A-152)."""
    return {"paper": str(await commands.lay_out_report(lot_id, data, actor, work(), store, settings))}


@get(_REPORT + "/pdf", operation_id="readReleasedReport", response_headers=_PRIVATE)
async def read_released_report(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                               reader: NamedDependency[AsyncSession],
                               store: NamedDependency[ObjectStore],
                               renewed: FromQuery[bool] = False) -> Stream:
    """The signed report for those who tender and the centre, once the result is known; members have it as a paper.
    ``renewed``: with the further time stamps it got."""
    require_identity(actor)
    paper = await released_report(reader, lot_id, actor)
    key = await newest_key(reader, paper.pdf_key, renewed=renewed)
    return Stream(store.stream(key), media_type="application/pdf", headers={
        "X-Content-Type-Options": "nosniff", **({} if renewed else {"X-Content-SHA256": paper.pdf_sha256})})


ROUTES: list[ControllerRouterHandler] = [
    read_report, read_released_report, edit_report, write_dissent, record_refusal, lay_out_report,
]
