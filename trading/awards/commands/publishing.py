"""The candidates and the result go out, here and to the public service platform, in one act (A-171, B-029)."""

from dataclasses import replace
from uuid import UUID

from msgspec import Struct

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, facts_of, hold
from trading.awards.model import Paperwork, TextKind
from trading.awards.notice_texts import with_times
from trading.awards.receiving import line
from trading.tenders.announcing import announce
from trading.tenders.forms import Line, Moment
from trading.tenders.model import Act, NoticeKind


class Publication(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of the candidates: ``until`` for a longer publicity than the law asks, None for the shortest lawful;
    ``late_reason``: see R-110. A result notice has neither."""

    until: Moment | None = None
    late_reason: Line = ""


async def publish_candidates(lot_id: UUID, command: Publication, actor: Actor, uow: Work) -> None:
    """The publicity begins now (R-110); EVALUATED becomes PUBLICISED."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        facts = facts_of(file)
        facts = replace(facts, until=command.until or facts.earliest_until, late_reason=command.late_reason)
        file.move(AwardAct.PUBLISH_CANDIDATES, Act.PUBLICISE, facts)
        award, until = file.award, facts.until or file.now
        award.publicised_at, award.publicity_until, award.late_reason = file.now, until, command.late_reason.strip()
        body = with_times(file.texts[TextKind.CANDIDATES].body, file.now, until)
        await _go_out(uow, file, TextKind.CANDIDATES, body, actor)
        uow.record("candidates.publicised", actor, stream=file.stream, subject=file.stream, payload={
            "lot": file.lot.code, "from": to_wire(file.now), "until": to_wire(until),
            "late_reason": award.late_reason, "candidates": [line(each) for each in file.candidates]})
        await uow.commit()


async def publish_result(lot_id: UUID, command: Publication, actor: Actor, uow: Work) -> None:
    """The result notice goes out (A-171); government procurement names the experts in it (R-163)."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.PUBLISH_RESULT)
        if command != Publication():
            raise Invalid("中标结果公告不设公示期", field="until")
        await _go_out(uow, file, TextKind.RESULT, file.texts[TextKind.RESULT].body, actor)
        winner = file.winner
        uow.record("result.published", actor, stream=file.stream, subject=file.stream, payload={
            "lot": file.lot.code, "winner": line(winner) if winner else None})
        await uow.commit()


async def _go_out(uow: Work, file: AwardFile, kind: TextKind, body: str, actor: Actor) -> None:
    text = file.texts[kind]
    notice_kind = NoticeKind.CANDIDATES if kind is TextKind.CANDIDATES else NoticeKind.RESULT
    notice = await announce(uow, file.lot, notice_kind, text.title, body, actor)
    await uow.session.flush()
    text.title, text.body, text.sha256, text.notice_id = notice.title, notice.body, notice.sha256, notice.id
    text.status, text.published_at = Paperwork.PUBLISHED, file.now
