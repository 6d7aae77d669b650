"""The HTTP face of the expert bank: the centre keeps it, supervisors read it, an expert reads its own entry."""

from typing import Any, Literal
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.experts import commands
from evaluation.experts.model import ExpertAct
from evaluation.experts.permissions import may_read, permit_reading
from evaluation.experts.queries import PAGE, expert, expert_of_party, find_experts
from evaluation.experts.views import expert_line, expert_view
from storage.crypto.trust import TrustList
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, NotSignedIn

Answer = dict[str, Any]
Standing = Literal["suspend", "resume", "leave"]
_PRIVATE = {"Cache-Control": "no-store"}


@get("/api/experts", operation_id="listExperts", response_headers=_PRIVATE)
async def list_experts(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                       status: FromQuery[str | None] = None, kind: FromQuery[str | None] = None,
                       text: FromQuery[str] = "", page: FromQuery[int] = 1) -> Answer:
    """A page of the bank."""
    permit_reading(actor)
    found, total = await find_experts(reader, status=status, kind=kind, text=text, page=max(1, page))
    return {"items": [expert_line(each) for each in found], "total": total, "page": page, "page_size": PAGE}


@post("/api/experts", operation_id="enterExpert")
async def enter_expert(data: JSONBody[commands.EnterExpert], actor: NamedDependency[Actor],
                       work: NamedDependency[Works], trust: NamedDependency[TrustList],
                       reader: NamedDependency[AsyncSession]) -> Answer:
    """Enters a person with its certificate (A-217)."""
    held = await commands.enter_expert(data, actor, work(), trust)
    return await expert_view(reader, held, actor)


@get("/api/experts/{expert_id:uuid}", operation_id="readExpert", response_headers=_PRIVATE)
async def read_expert(expert_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession]) -> Answer:
    """One entry with its record; the person itself reads it too."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    held = await expert(reader, expert_id)
    if not may_read(actor) and not actor.is_party(held.party_id):
        raise NotFound("没有这名专家")
    return await expert_view(reader, held, actor)


@get("/api/me/expert", operation_id="readOwnExpert", response_headers=_PRIVATE)
async def read_own(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Answer:
    """The asker's own entry."""
    held = await expert_of_party(reader, actor.party_id) if actor.party_id else None
    if held is None:
        raise NotFound("您不在专家库中")
    return await expert_view(reader, held, actor)


@put("/api/experts/{expert_id:uuid}", operation_id="changeExpert")
async def change_expert(expert_id: FromPath[UUID], data: JSONBody[commands.ChangeExpert],
                        actor: NamedDependency[Actor], work: NamedDependency[Works],
                        reader: NamedDependency[AsyncSession]) -> Answer:
    """Changes an entry (A-218)."""
    return await expert_view(reader, await commands.change_expert(expert_id, data, actor, work()), actor)


@post("/api/experts/{expert_id:uuid}/verify", operation_id="verifyExpert", status_code=200)
async def verify_expert(expert_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                        reader: NamedDependency[AsyncSession]) -> Answer:
    """A second person verifies (A-218)."""
    return await expert_view(reader, await commands.verify_expert(expert_id, actor, work()), actor)


@post("/api/experts/{expert_id:uuid}/{act:str}", operation_id="setExpertStatus", status_code=200)
async def set_status(expert_id: FromPath[UUID], act: FromPath[Standing],
                     data: JSONBody[commands.Why], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> Answer:
    """Suspend, resume, leave (A-222)."""
    held = await commands.set_status(expert_id, ExpertAct(act), data, actor, work())
    return await expert_view(reader, held, actor)


@post("/api/experts/{expert_id:uuid}/records", operation_id="noteExpert", status_code=200)
async def note_expert(expert_id: FromPath[UUID], data: JSONBody[commands.Note], actor: NamedDependency[Actor],
                      work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Answer:
    """Reward, penalty, training (A-221)."""
    return await expert_view(reader, await commands.note_expert(expert_id, data, actor, work()), actor)


ROUTES: list[ControllerRouterHandler] = [list_experts, enter_expert, read_expert, read_own, change_expert,
                                         verify_expert, set_status, note_expert]
