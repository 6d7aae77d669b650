"""Projects, tender projects and lots over HTTP."""

from typing import Any
from uuid import UUID

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.tenders import commands_lots, commands_plan, mine, queries
from trading.tenders.forms import LotDraft, ProjectDraft, TenderProjectDraft
from trading.tenders.permissions import Right, permit
from trading.tenders.views import lot_view_for, project_view, tender_project_view

Json = dict[str, Any]


@get("/api/projects", operation_id="listProjects")
async def list_projects(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                        page: FromQuery[int] = 1, q: FromQuery[str] = "") -> Json:
    """Projects of the signed-in owner, or all for staff."""
    rows, total = await mine.projects(reader, actor, q, page)
    return {"items": [project_view(each, actor) for each in rows], "total": total, "page": page}


@post("/api/projects", operation_id="createProject")
async def create_project(data: JSONBody[ProjectDraft], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], settings: NamedDependency[Settings]) -> Json:
    """A new draft under a new code (R-802)."""
    made = await commands_plan.create_project(data, actor, work(), settings.platform_id)
    return project_view(made, actor)


@get("/api/projects/{project_id:uuid}", operation_id="readProject")
async def read_project(project_id: FromPath[UUID], actor: NamedDependency[Actor],
                       reader: NamedDependency[AsyncSession]) -> Json:
    """A project with its tender projects and their lots."""
    held = await queries.project(reader, project_id)
    permit(actor, Right.READ_DRAFT, held)
    now = await queries.now_of(reader)
    below = [{**tender_project_view(each, actor), "lots": [lot_view_for(lot, actor, now) for lot in lots]}
             for each, lots in await mine.below(reader, project_id)]
    return {**project_view(held, actor), "tender_projects": below}


@put("/api/projects/{project_id:uuid}", operation_id="changeProject")
async def change_project(project_id: FromPath[UUID], data: JSONBody[ProjectDraft], actor: NamedDependency[Actor],
                         work: NamedDependency[Works]) -> Json:
    """New data for a draft."""
    return project_view(await commands_plan.change_project(project_id, data, actor, work()), actor)


@delete("/api/projects/{project_id:uuid}", operation_id="deleteProject")
async def delete_project(project_id: FromPath[UUID], actor: NamedDependency[Actor],
                         work: NamedDependency[Works]) -> None:
    """Deletes a draft."""
    await commands_plan.delete_project(project_id, actor, work())


@post("/api/projects/{project_id:uuid}/submit", operation_id="submitProject", status_code=200)
async def submit_project(project_id: FromPath[UUID], actor: NamedDependency[Actor],
                         work: NamedDependency[Works]) -> Json:
    """Submits a draft."""
    return project_view(await commands_plan.submit_project(project_id, actor, work()), actor)


@post("/api/projects/{project_id:uuid}/tender-projects", operation_id="createTenderProject")
async def create_tender_project(project_id: FromPath[UUID], data: JSONBody[TenderProjectDraft],
                                actor: NamedDependency[Actor], work: NamedDependency[Works],
                                settings: NamedDependency[Settings]) -> Json:
    """A new draft tender project of a project."""
    made = await commands_plan.create_tender_project(project_id, data, actor, work(), settings.platform_id)
    return tender_project_view(made, actor)


@get("/api/tender-projects/{tender_project_id:uuid}", operation_id="readTenderProject")
async def read_tender_project(tender_project_id: FromPath[UUID], actor: NamedDependency[Actor],
                              reader: NamedDependency[AsyncSession]) -> Json:
    """A tender project with its lots."""
    held = await queries.tender_project(reader, tender_project_id)
    permit(actor, Right.READ_DRAFT, held)
    now = await queries.now_of(reader)
    lots = await mine.lots_of(reader, tender_project_id)
    return {**tender_project_view(held, actor), "lots": [lot_view_for(each, actor, now) for each in lots]}


@put("/api/tender-projects/{tender_project_id:uuid}", operation_id="changeTenderProject")
async def change_tender_project(tender_project_id: FromPath[UUID], data: JSONBody[TenderProjectDraft],
                                actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Json:
    """New data for a draft."""
    held = await commands_plan.change_tender_project(tender_project_id, data, actor, work())
    return tender_project_view(held, actor)


@delete("/api/tender-projects/{tender_project_id:uuid}", operation_id="deleteTenderProject")
async def delete_tender_project(tender_project_id: FromPath[UUID], actor: NamedDependency[Actor],
                                work: NamedDependency[Works]) -> None:
    """Deletes a draft."""
    await commands_plan.delete_tender_project(tender_project_id, actor, work())


@post("/api/tender-projects/{tender_project_id:uuid}/submit", operation_id="submitTenderProject", status_code=200)
async def submit_tender_project(tender_project_id: FromPath[UUID], actor: NamedDependency[Actor],
                                work: NamedDependency[Works]) -> Json:
    """Submits a draft."""
    return tender_project_view(await commands_plan.submit_tender_project(tender_project_id, actor, work()), actor)


@post("/api/tender-projects/{tender_project_id:uuid}/lots", operation_id="createLot")
async def create_lot(tender_project_id: FromPath[UUID], data: JSONBody[LotDraft], actor: NamedDependency[Actor],
                     work: NamedDependency[Works]) -> Json:
    """A new draft lot of a tender project."""
    made = await commands_lots.create_lot(tender_project_id, data, actor, work())
    return lot_view_for(made, actor, made.created_at)


@put("/api/lots/{lot_id:uuid}", operation_id="changeLot")
async def change_lot(lot_id: FromPath[UUID], data: JSONBody[LotDraft], actor: NamedDependency[Actor],
                     work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """New data for a draft."""
    held = await commands_lots.change_lot(lot_id, data, actor, work())
    return lot_view_for(held, actor, await queries.now_of(reader))


@delete("/api/lots/{lot_id:uuid}", operation_id="deleteLot")
async def delete_lot(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> None:
    """Deletes a draft."""
    await commands_lots.delete_lot(lot_id, actor, work())


@post("/api/lots/{lot_id:uuid}/submit", operation_id="submitLot", status_code=200)
async def submit_lot(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> Json:
    """Submits a draft."""
    held = await commands_lots.submit_lot(lot_id, actor, work())
    return lot_view_for(held, actor, await queries.now_of(reader))


@post("/api/lots/{lot_id:uuid}/revise", operation_id="reviseLot", status_code=200)
async def revise_lot(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> Json:
    """Takes a submitted lot back to be changed."""
    held = await commands_lots.revise_lot(lot_id, actor, work())
    return lot_view_for(held, actor, await queries.now_of(reader))


@get("/api/lots", operation_id="listLots")
async def list_lots(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                    page: FromQuery[int] = 1, stage: FromQuery[str] = "", q: FromQuery[str] = "") -> Json:
    """Lots of the signed-in owner, or all but drafts for staff."""
    rows, total = await mine.lots(reader, actor, stage, q, page)
    now = await queries.now_of(reader)
    return {"items": [lot_view_for(each, actor, now) for each in rows], "total": total, "page": page}


HANDLERS: list[ControllerRouterHandler] = [
    list_projects, create_project, read_project, change_project, delete_project, submit_project,
    create_tender_project, read_tender_project, change_tender_project, delete_tender_project, submit_tender_project,
    create_lot, change_lot, delete_lot, submit_lot, revise_lot, list_lots,
]
