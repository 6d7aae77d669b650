"""The HTTP face of committees: the tenderee asks and draws, members answer and sign in, the centre begins."""

from typing import Any
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.answers import committee_answer, draw_evidence
from evaluation.committees.commands import attending, chairing, drawing, leading, representing, requesting
from evaluation.committees.permissions import names_are_shown
from evaluation.committees.queries import view_committee
from evaluation.experts.queries import representatives_of
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from trading.parties.queries import party
from trading.tenders.permissions import manages
from trading.tenders.queries import lot as lot_of

Answer = dict[str, Any]
Keys = SkipValidation[PlatformKeys]
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "committee.refused"}


@get("/api/lots/{lot_id:uuid}/committee", operation_id="readCommittee", response_headers=_PRIVATE)
async def read_committee(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                         reader: NamedDependency[AsyncSession]) -> Answer:
    """The committee as the asker may see it; names only as R-124 allows."""
    return committee_answer(await view_committee(reader, lot_id, actor))


@get("/api/lots/{lot_id:uuid}/committee/draw", operation_id="readDraw", response_headers=_PRIVATE)
async def read_draw(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                    reader: NamedDependency[AsyncSession]) -> Answer:
    """The inputs of the draw: to the supervisor at once, to everyone after the result."""
    view = await view_committee(reader, lot_id, actor)
    if view.committee is None or not names_are_shown(view.lot, view.now, view.roles):
        raise NotFound("没有可以查看的抽取记录")
    return draw_evidence(view, requesting.request_statement(view.lot, view.committee))


@get("/api/committee/representatives", operation_id="listRepresentatives", response_headers=_PRIVATE)
async def list_representatives(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                               lot_id: FromQuery[UUID | None] = None) -> Answer:
    """Who may be named for the asking tenderee, or for the tenderee of a lot its agency manages."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    tenderee_id = actor.party_id
    if lot_id is not None:
        lot = await lot_of(reader, lot_id)
        if not manages(actor, lot):
            raise NotFound("没有这个标段")
        tenderee_id = lot.tenderee_id
    elif not actor.has("tenderee"):
        raise NotAllowed("您没有权限进行此操作", act="list_representatives")
    found = await representatives_of(reader, (await party(reader, tenderee_id)).uscc)
    return {"items": [{"id": str(each.id), "name": each.name} for each in found]}


@put("/api/lots/{lot_id:uuid}/committee", operation_id="requestCommittee", opt=_REFUSALS)
async def request(lot_id: FromPath[UUID], data: JSONBody[requesting.RequestCommittee], actor: NamedDependency[Actor],
                  work: NamedDependency[Works], keys: NamedDependency[Keys],
                  reader: NamedDependency[AsyncSession]) -> Answer:
    """Asks for a committee (A-129)."""
    await requesting.request_committee(lot_id, data, actor, work(), keys)
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/draw", operation_id="drawCommittee", opt=_REFUSALS, status_code=200)
async def draw(lot_id: FromPath[UUID], data: JSONBody[drawing.DrawCommittee], actor: NamedDependency[Actor],
               work: NamedDependency[Works], keys: NamedDependency[Keys],
               reader: NamedDependency[AsyncSession]) -> Answer:
    """Draws (A-130, A-220)."""
    await drawing.draw_committee(lot_id, data, actor, work(), keys)
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/representative", operation_id="nameRepresentative", opt=_REFUSALS,
      status_code=200)
async def name_representative(lot_id: FromPath[UUID], data: JSONBody[representing.NameRepresentative],
                              actor: NamedDependency[Actor], work: NamedDependency[Works],
                              reader: NamedDependency[AsyncSession]) -> Answer:
    """Names another representative for a vacant seat."""
    await representing.name_representative(lot_id, data, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/invitation", operation_id="answerInvitation", opt=_REFUSALS, status_code=200)
async def answer(lot_id: FromPath[UUID], data: JSONBody[attending.Answer], actor: NamedDependency[Actor],
                 work: NamedDependency[Works], keys: NamedDependency[Keys],
                 reader: NamedDependency[AsyncSession]) -> Answer:
    """A called member accepts or declines."""
    await attending.answer_invitation(lot_id, data, actor, work(), keys)
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/sign-in", operation_id="signInToCommittee", opt=_REFUSALS, status_code=200)
async def sign_in(lot_id: FromPath[UUID], data: JSONBody[attending.SignIn], actor: NamedDependency[Actor],
                  work: NamedDependency[Works], keys: NamedDependency[Keys],
                  reader: NamedDependency[AsyncSession]) -> Answer:
    """A member signs in, confirming identity and recusal (A-133)."""
    await attending.sign_in(lot_id, data, actor, work(), keys)
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/leader", operation_id="voteLeader", opt=_REFUSALS, status_code=200)
async def vote(lot_id: FromPath[UUID], data: JSONBody[leading.Vote], actor: NamedDependency[Actor],
               work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Answer:
    """A member votes for a leader (R-607)."""
    await leading.vote_leader(lot_id, data, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


@put("/api/lots/{lot_id:uuid}/committee/members/{member_id:uuid}/duties", operation_id="setDuties", opt=_REFUSALS)
async def set_duties(lot_id: FromPath[UUID], member_id: FromPath[UUID], data: JSONBody[leading.SetDuties],
                     actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> Answer:
    """The leader gives out duties (A-132)."""
    await leading.set_duties(lot_id, member_id, data, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/more-time", operation_id="askMoreTime", opt=_REFUSALS, status_code=200)
async def more_time(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                    reader: NamedDependency[AsyncSession]) -> Answer:
    """A member finds the time too short (R-125)."""
    await attending.ask_time(lot_id, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/extend", operation_id="extendHours", opt=_REFUSALS, status_code=200)
async def extend(lot_id: FromPath[UUID], data: JSONBody[chairing.Extend], actor: NamedDependency[Actor],
                 work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Answer:
    """The centre lengthens the hours (R-125)."""
    await chairing.extend_hours(lot_id, data, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/members/{member_id:uuid}/replace", operation_id="replaceMember",
      opt=_REFUSALS, status_code=200)
async def replace(lot_id: FromPath[UUID], member_id: FromPath[UUID], data: JSONBody[chairing.Replace],
                  actor: NamedDependency[Actor], work: NamedDependency[Works], keys: NamedDependency[Keys],
                  reader: NamedDependency[AsyncSession]) -> Answer:
    """The centre replaces a member with a cause of the closed list."""
    await chairing.replace_member(lot_id, member_id, data, actor, work(), keys)
    return committee_answer(await view_committee(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/committee/begin-evaluation", operation_id="beginEvaluation", opt=_REFUSALS,
      status_code=200)
async def begin_evaluation(lot_id: FromPath[UUID], data: JSONBody[chairing.Begin], actor: NamedDependency[Actor],
                           work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Answer:
    """The centre begins the evaluation."""
    await chairing.begin_evaluation(lot_id, data, actor, work())
    return committee_answer(await view_committee(reader, lot_id, actor))


ROUTES: list[ControllerRouterHandler] = [
    read_committee, read_draw, list_representatives, request, draw, name_representative, answer, sign_in, vote,
    set_duties, more_time, extend, replace, begin_evaluation]
