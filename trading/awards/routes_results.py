"""Candidates, objections, winner and notices over HTTP."""

from typing import Any
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from trading.awards import answers
from trading.awards.acts import AwardAct
from trading.awards.award_file import facts_of, look
from trading.awards.commands import choosing, objecting, publishing, texts
from trading.awards.model import Paperwork, TextKind
from trading.awards.permissions import is_inside
from trading.awards.queries import delivery_of
from trading.tenders.forms import Judgement

Json = dict[str, Any]
_REFUSALS = {"record_refusal": "award.refused"}
_ON_CANDIDATES = (AwardAct.OBJECT, AwardAct.WRITE_CANDIDATES, AwardAct.SUBMIT_CANDIDATES, AwardAct.REVIEW_CANDIDATES,
                  AwardAct.PUBLISH_CANDIDATES)
_ON_RESULT = (AwardAct.CONFIRM_WINNER, AwardAct.WRITE_RESULT, AwardAct.SUBMIT_RESULT, AwardAct.REVIEW_RESULT,
              AwardAct.PUBLISH_RESULT)


async def told(lot_id: UUID, actor: Actor, reader: AsyncSession) -> Json:
    """The award as the actor may know it, after an act or at its asking."""
    file = await look(reader, lot_id, actor)
    return answers.award_answer(file, actor, await delivery_of(reader, file.letters))


@get("/api/lots/{lot_id:uuid}/award", operation_id="readAward")
async def read_award(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                     reader: NamedDependency[AsyncSession]) -> Json:
    """The whole state from the report to the archive, for everyone, as far as each may know it."""
    return await told(lot_id, actor, reader)


@get("/api/lots/{lot_id:uuid}/candidates", operation_id="readCandidates")
async def read_candidates(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                          reader: NamedDependency[AsyncSession]) -> Json:
    """The candidates while and after they are publicised (B-029)."""
    file = await look(reader, lot_id, actor)
    facts, text = facts_of(file), file.texts.get(TextKind.CANDIDATES)
    is_shown = text is not None and (is_inside(file.roles) or text.status == Paperwork.PUBLISHED)
    return {"lot": answers.lot_line(file),
            **answers.candidates_part(file, facts, is_shown=is_inside(file.roles)),
            "text": answers.text_line(text) if text is not None and is_shown else None,
            **answers.rights(file, facts, _ON_CANDIDATES), "server_time": to_wire(file.now)}


@get("/api/lots/{lot_id:uuid}/result", operation_id="readResult")
async def read_result(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession]) -> Json:
    """The winner and the result notice (B-029)."""
    file = await look(reader, lot_id, actor)
    text = file.texts.get(TextKind.RESULT)
    is_shown = text is not None and (is_inside(file.roles) or text.status == Paperwork.PUBLISHED)
    return {"lot": answers.lot_line(file), "winner": answers.winner_line(file),
            "text": answers.text_line(text) if text is not None and is_shown else None,
            **answers.rights(file, facts_of(file), _ON_RESULT), "server_time": to_wire(file.now)}


@get("/api/lots/{lot_id:uuid}/award-notices", operation_id="listAwardNotices")
async def list_award_notices(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                             reader: NamedDependency[AsyncSession]) -> list[Json]:
    """What was published of the award, the earliest first."""
    file = await look(reader, lot_id, actor)
    public = [each for each in file.texts.values() if each.status == Paperwork.PUBLISHED]
    return [answers.text_line(each) for each in sorted(public, key=lambda each: each.published_at or file.now)]


@put("/api/lots/{lot_id:uuid}/award-texts/{kind:str}", operation_id="writeAwardText")
async def write_text(lot_id: FromPath[UUID], kind: FromPath[str], data: JSONBody[texts.WriteText],
                     actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """The publicity or the result notice, written (A-163, A-169)."""
    await texts.write_text(lot_id, texts.text_kind(kind), data, actor, work(), settings)
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/award-texts/{kind:str}/submit", operation_id="submitAwardText", status_code=200,
      opt=_REFUSALS)
async def submit_text(lot_id: FromPath[UUID], kind: FromPath[str], actor: NamedDependency[Actor],
                      work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                      settings: NamedDependency[Settings]) -> Json:
    """Handed in for the tenderee's review."""
    await texts.submit_text(lot_id, texts.text_kind(kind), actor, work(), settings)
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/award-texts/{kind:str}/review", operation_id="reviewAwardText", status_code=200,
      opt=_REFUSALS)
async def review_text(lot_id: FromPath[UUID], kind: FromPath[str], data: JSONBody[Judgement],
                      actor: NamedDependency[Actor], work: NamedDependency[Works],
                      reader: NamedDependency[AsyncSession]) -> Json:
    """The tenderee's review (A-164, A-170)."""
    await texts.review_text(lot_id, texts.text_kind(kind), data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/award-texts/{kind:str}/publish", operation_id="publishAwardText", status_code=200,
      opt=_REFUSALS)
async def publish_text(lot_id: FromPath[UUID], kind: FromPath[str], data: JSONBody[publishing.Publication],
                       actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession]) -> Json:
    """The publicity begins (R-110), or the result notice goes out (A-171); or 422 with every unmet rule."""
    if texts.text_kind(kind) is TextKind.CANDIDATES:
        await publishing.publish_candidates(lot_id, data, actor, work())
    else:
        await publishing.publish_result(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/result-objections", operation_id="objectToResult", opt=_REFUSALS)
async def object_to_result(lot_id: FromPath[UUID], data: JSONBody[objecting.Objection], actor: NamedDependency[Actor],
                           work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """An objection within the publicity (A-195); out of it the number of the rule is the prompt."""
    made = await objecting.object_to_result(lot_id, data, actor, work())
    return await _objection(lot_id, made, actor, reader)


@post("/api/result-objections/{objection_id:uuid}/answer", operation_id="answerResultObjection", status_code=200,
      opt=_REFUSALS)
async def answer_objection(objection_id: FromPath[UUID], data: JSONBody[objecting.Answer],
                           actor: NamedDependency[Actor], work: NamedDependency[Works],
                           reader: NamedDependency[AsyncSession]) -> Json:
    """The answer, once (A-196)."""
    lot_id = await objecting.answer_result_objection(objection_id, data, actor, work())
    return await _objection(lot_id, objection_id, actor, reader)


async def _objection(lot_id: UUID, objection_id: UUID, actor: Actor, reader: AsyncSession) -> Json:
    file = await look(reader, lot_id, actor)
    return next(answers.objection_line(each) for each in file.objections if each.id == objection_id)


@post("/api/lots/{lot_id:uuid}/complaint-hold", operation_id="holdForComplaint", status_code=200, opt=_REFUSALS)
async def hold_for_complaint(lot_id: FromPath[UUID], data: JSONBody[objecting.Hold], actor: NamedDependency[Actor],
                             work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """The supervisor lets the award wait, or go on (R-112)."""
    await objecting.hold_for_complaint(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/winner", operation_id="confirmWinner", status_code=200, opt=_REFUSALS)
async def confirm_winner(lot_id: FromPath[UUID], data: JSONBody[choosing.ConfirmWinner], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """The tenderee confirms the winner (A-168)."""
    await choosing.confirm_winner(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/award-report", operation_id="fileAwardReport", status_code=200, opt=_REFUSALS)
async def file_report(lot_id: FromPath[UUID], data: JSONBody[choosing.FileReport], actor: NamedDependency[Actor],
                      work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """The written report to the regulator (R-115)."""
    await choosing.file_report(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


ROUTES: list[ControllerRouterHandler] = [
    read_award, read_candidates, read_result, list_award_notices, write_text, submit_text, review_text,
    publish_text, object_to_result, answer_objection, hold_for_complaint, confirm_winner,
    file_report,
]
