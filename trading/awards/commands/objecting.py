"""Objections to the result within its publicity, their answers, and a supervisor's hold (R-111, R-112)."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Conflict, Invalid, NotFound, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from trading.awards.acts import AwardAct, permit
from trading.awards.award_file import AwardFile, facts_of, hold
from trading.awards.model import term_end
from trading.awards.tables import ResultObjection
from trading.tenders.forms import Line
from trading.tenders.permissions import insiders

_MOST = 20


class Objection(Struct, frozen=True, forbid_unknown_fields=True):
    """What is objected to, and why."""

    text: Annotated[str, Meta(min_length=2, max_length=4000)]


class Answer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answer; after three days it carries the reason of its lateness (B-031)."""

    text: Annotated[str, Meta(min_length=2, max_length=4000)]
    late_reason: Line = ""


class Hold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint is being handled: the award waits, or goes on."""

    held: bool
    reason: Annotated[str, Meta(min_length=2, max_length=500)]


def _readers(file: AwardFile, party_id: UUID) -> tuple[str, ...]:
    return (*insiders(file.lot), f"party:{party_id}")


async def object_to_result(lot_id: UUID, command: Objection, actor: Actor, uow: Work) -> UUID:
    """A bidder or other interested party objects (A-195); from here the award waits for the answer (R-111).

    Too late, or before the publicity: refused with the number of the rule, which is the prompt.
    """
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.OBJECT)
        if actor.party_id is None:
            raise NotSignedIn("请先登录")
        if sum(each.party_id == actor.party_id for each in file.objections) >= _MOST:
            raise Refused("每家主体对同一结果的异议不超过 20 条")
        row = ResultObjection(
            id=new_id(), lot_id=lot_id, party_id=actor.party_id, name=actor.name, text=command.text, at=file.now,
            due_at=term_end(file.now, file.terms.answer, file.calendar))
        uow.session.add(row)
        uow.record("result_objection.raised", actor, stream=file.stream, subject=f"result-objection:{row.id}",
                   audience=_readers(file, actor.party_id), payload={
                       "lot": file.lot.code, "id": str(row.id), "name": row.name, "text": row.text,
                       "due_at": to_wire(row.due_at)})
        await uow.commit()
        return row.id


async def answer_result_objection(objection_id: UUID, command: Answer, actor: Actor, uow: Work) -> UUID:
    """The tenderee answers, once; the freeze ends with the last answer. Gives the lot's id."""
    async with uow:
        find = select(ResultObjection.lot_id).where(ResultObjection.id == objection_id)
        lot_id = (await uow.session.scalars(find)).one_or_none()
        if lot_id is None:
            raise NotFound("没有这条异议")
        file = await hold(uow, lot_id, actor)
        permit(AwardAct.ANSWER_OBJECTION, file.roles)
        row = next(each for each in file.objections if each.id == objection_id)
        if row.answered_at is not None:
            raise Conflict("该异议已答复")
        file.admit(AwardAct.ANSWER_OBJECTION,
                   replace(facts_of(file), answer_due_at=row.due_at, late_reason=command.late_reason))
        row.answer, row.answered_by, row.answered_at = command.text, actor.name, file.now
        row.late_reason = command.late_reason.strip() if file.now >= row.due_at else ""
        uow.record("result_objection.answered", actor, stream=file.stream, subject=f"result-objection:{row.id}",
                   audience=_readers(file, row.party_id), payload={
                       "lot": file.lot.code, "id": str(row.id), "text": row.answer, "by": actor.name,
                       "is_late": file.now >= row.due_at, "late_reason": row.late_reason})
        await uow.commit()
        return lot_id


async def hold_for_complaint(lot_id: UUID, command: Hold, actor: Actor, uow: Work) -> None:
    """The supervisor orders the award to wait while a complaint is handled, or lets it go on (R-112)."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.HOLD if command.held else AwardAct.LIFT_HOLD)
        if not command.reason.strip():
            raise Invalid("须写明理由", field="reason")
        file.award.holds_complaint, file.award.hold_reason = command.held, command.reason.strip()
        uow.record("complaint.hold_set" if command.held else "complaint.hold_lifted", actor, stream=file.stream,
                   subject=file.stream, payload={"lot": file.lot.code, "reason": file.award.hold_reason,
                                                 "by": actor.name})
        await uow.commit()
