"""The publicity and the result notice: written, handed in, reviewed by the tenderee (A-163, A-164, A-169, A-170)."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from trading.awards import notice_texts
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, award_rule, hold
from trading.awards.model import Paperwork, TextKind
from trading.awards.notice_texts import Line, NoticeSource
from trading.awards.tables import AwardBidder, AwardText
from trading.tenders.forms import Judgement, Prose
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.permissions import insiders
from trading.tenders.surroundings import look_around, notice_digest

_WRITE = {TextKind.CANDIDATES: AwardAct.WRITE_CANDIDATES, TextKind.RESULT: AwardAct.WRITE_RESULT}
_SUBMIT = {TextKind.CANDIDATES: AwardAct.SUBMIT_CANDIDATES, TextKind.RESULT: AwardAct.SUBMIT_RESULT}
_REVIEW = {TextKind.CANDIDATES: AwardAct.REVIEW_CANDIDATES, TextKind.RESULT: AwardAct.REVIEW_RESULT}
_UNITS = {"days": "日（自发布次日起算，最后一日为法定休假日的顺延）", "working-days": "个工作日（自发布次日起算）",
          "seconds": "秒（快速演练）"}


class WriteText(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people add to the standard text: where objections go, and anything else."""

    objection_channel: Annotated[str, Meta(max_length=500)] = ""
    remarks: Prose = ""


def text_kind(name: str) -> TextKind:
    """The kind by its name; raises ``Invalid``."""
    if name not in set(TextKind):
        raise Invalid("文本类别须为 candidates 或 result", field="kind")
    return TextKind(name)


async def write_text(lot_id: UUID, kind: TextKind, command: WriteText, actor: Actor, uow: Work,
                     settings: Settings) -> None:
    """A draft, or new words for one that was sent back."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(_WRITE[kind])
        text = file.texts.get(kind) or AwardText(lot_id=lot_id, kind=kind, sha256="")
        text.fields = {"objection_channel": command.objection_channel.strip(), "remarks": command.remarks.strip()}
        text.status = Paperwork.DRAFT
        await _compose(uow, file, text, settings)
        uow.session.add(text)
        _note(uow, f"award_text.{kind}_written", actor, file, text)
        await uow.commit()


async def submit_text(lot_id: UUID, kind: TextKind, actor: Actor, uow: Work, settings: Settings) -> None:
    """Fixes the text and hands it in; from here it is not editable."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(_SUBMIT[kind])
        text = file.texts.get(kind)
        if text is None:
            raise Refused("请先编制公示或公告")
        await _compose(uow, file, text, settings)
        text.sha256 = notice_digest(text.title, text.body)
        text.status, text.reason = Paperwork.SUBMITTED, ""
        text.submitted_by, text.submitted_at = actor.name, file.now
        text.reviewer, text.reviewed_at = "", None
        _note(uow, f"award_text.{kind}_submitted", actor, file, text)
        await uow.commit()


async def review_text(lot_id: UUID, kind: TextKind, judgement: Judgement, actor: Actor, uow: Work) -> None:
    """The tenderee accepts the text or sends it back; person and time are recorded (A-164, A-170)."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(_REVIEW[kind])
        text = file.texts[kind]
        if not judgement.accepted and not judgement.reason.strip():
            raise Invalid("退回须写明理由", field="reason")
        text.status = Paperwork.REVIEWED if judgement.accepted else Paperwork.REFUSED
        text.reason, text.reviewer, text.reviewed_at = judgement.reason.strip(), actor.name, file.now
        _note(uow, f"award_text.{kind}_reviewed", actor, file, text, accepted=judgement.accepted, reason=text.reason)
        await uow.commit()


async def _compose(uow: Work, file: AwardFile, text: AwardText, settings: Settings) -> None:
    source = await source_of(uow, file, text, settings)
    is_publicity = text.kind == TextKind.CANDIDATES
    text.title = notice_texts.candidates_title(source) if is_publicity else notice_texts.result_title(source)
    text.body = notice_texts.candidates_body(source) if is_publicity else notice_texts.result_body(source)


async def source_of(uow: Work, file: AwardFile, text: AwardText, settings: Settings) -> NoticeSource:
    """What a notice of this award is made of today."""
    around, span = await look_around(uow.session, file.lot), TRADE_KINDS[file.lot.trade_kind].spans.publicity
    winner = file.winner
    shown = file.candidates if text.kind == TextKind.CANDIDATES or winner is None else [winner]
    return NoticeSource(
        lot=file.lot.title, code=file.lot.code, tenderee=around.tenderee.name, agency=around.agency_name,
        names_winner=award_rule(file.lot).names_winner, opened_at=file.lot.deadline_at,
        lines=[line_of(each) for each in shown], channel=text.fields["objection_channel"],
        remarks=text.fields["remarks"], publicity=f"公示期不少于 {span.length} {_UNITS[span.unit]}，起止时间见文末。",
        address=settings.public_origin, experts=file.award.experts if file.terms.names_experts else ())


def line_of(bidder: AwardBidder) -> Line:
    """A candidate as a notice shows it."""
    return Line(bidder.rank or 0, bidder.name, bidder.uscc, bidder.price, bidder.score,
                [(label, str(value)) for label, value in bidder.values.items()])


def _note(uow: Work, action: str, actor: Actor, file: AwardFile, text: AwardText, **more: str | bool) -> None:
    uow.record(action, actor, stream=file.stream, subject=file.stream, audience=insiders(file.lot), payload={
        "lot": file.lot.code, "title": text.title, "sha256": text.sha256, "by": actor.id, **more})
