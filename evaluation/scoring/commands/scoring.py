"""Scores: committed by all, revealed after, compared, collated; a differing fact begins a new round (R-330, R-332)."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from evaluation.scoring.aggregation import alert_json, alerts, disputes
from evaluation.scoring.commands.concluding import conclude, kept_sheets
from evaluation.scoring.figures import text_of
from evaluation.scoring.holding import Desk, enter_desk, reasons_of, sheets_of
from evaluation.scoring.model import REASONS_TO_RESTART, EvaluationAct, EvaluationStep, Sheet
from evaluation.scoring.sheets import commitment, judge_sheet, read_sheet
from evaluation.scoring.tables import AlertReason, ScoreSheet
from evaluation.scoring.verification import COMMITTED, REVEALED
from storage.crypto.sealed_box import read_box
from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Refused

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class CommitScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The commitment to a sheet, and the sheet boxed to the member's own certificate."""

    round: Annotated[int, msgspec.Meta(ge=1)]
    commitment: Digest
    box: Annotated[dict[str, Any], msgspec.Meta(max_length=20)]


class RevealScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The committed sheet itself, byte for byte."""

    round: Annotated[int, msgspec.Meta(ge=1)]
    sheet: Annotated[str, msgspec.Meta(max_length=1 << 20)]


class RestartRound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the round is scored anew; a closed list (R-168)."""

    round: Annotated[int, msgspec.Meta(ge=1)]
    reason: Literal["sheet-lost", "sum-error", "out-of-range"]


class ExplainAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a score stands as it is."""

    text: Annotated[str, msgspec.Meta(min_length=4, max_length=2000)]


def _same_round(desk: Desk, number: int) -> None:
    if number != desk.evaluation.round:
        raise Conflict(f"现在是第 {desk.evaluation.round} 轮评分", round=desk.evaluation.round)


async def commit_scores(lot_id: UUID, command: CommitScores, actor: Actor, uow: Work) -> dict[str, Any]:
    """Once a round. Nothing of a score is known to the platform by it: a salted digest, and a box it cannot open."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.COMMIT_SCORES, actor)
        _same_round(desk, command.round)
        read_box(command.box)
        row = await uow.session.get(ScoreSheet, (lot_id, command.round, desk.own.member_id))
        if row is not None and row.commitment != command.commitment:
            raise Conflict("您本轮的评分已提交，不能再改", round=command.round)
        if row is None:
            uow.session.add(ScoreSheet(lot_id=lot_id, round=command.round, member_id=desk.own.member_id,
                                       commitment=command.commitment, box=dict(command.box), committed_at=desk.now))
            await uow.session.flush()
            desk.note(uow, COMMITTED, actor, {"round": command.round, "commitment": command.commitment})
        found = await sheets_of(uow.session, desk.evaluation, desk.members)
        if len(found) == len(desk.members):
            desk.move(EvaluationStep.REVEALING, desk.own.alias)
            desk.note(uow, "evaluation.all_committed", actor, {"round": command.round, "of": len(found)})
        await uow.commit()
        return {"committed": len(found), "of": len(desk.members), "step": desk.evaluation.step}


async def reveal_scores(lot_id: UUID, command: RevealScores, actor: Actor, uow: Work) -> dict[str, Any]:
    """A member opens what it committed to; shown to others when the last one has done so (R-330)."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.REVEAL_SCORES, actor)
        _same_round(desk, command.round)
        row = await uow.session.get_one(ScoreSheet, (lot_id, command.round, desk.own.member_id))
        text = command.sheet.encode()
        if commitment(text) != row.commitment:
            raise Invalid("评分表与您先前提交的承诺不一致", field="sheet")
        judge_sheet(_read(desk, row, text), desk.method, desk.valid)
        row.text, row.revealed_at = command.sheet, row.revealed_at or desk.now
        await uow.session.flush()
        desk.note(uow, REVEALED, actor, {"round": command.round, "commitment": row.commitment})
        rows = await sheets_of(uow.session, desk.evaluation, desk.members)
        if all(each.text is not None for each in rows):
            await _settle(uow, desk, rows, actor)
        await uow.commit()
        revealed = sum(each.text is not None for each in rows)
        return {"revealed": revealed, "of": len(desk.members), "step": desk.evaluation.step}


def _read(desk: Desk, row: ScoreSheet, text: bytes) -> Sheet:
    return read_sheet(text, lot=str(desk.lot.id), number=row.round, member=str(row.member_id))


async def _settle(uow: Work, desk: Desk, rows: list[ScoreSheet], actor: Actor) -> None:
    """All sheets are open: facts that differ are scored anew, oddities ask for a reason, else the ranking stands."""
    sheets, held = await kept_sheets(uow, desk), desk.evaluation
    desk.note(uow, "evaluation.scores_opened", actor, {"round": held.round, "sheets": {
        desk.aliases[str(row.member_id)]: row.text for row in rows}})
    found = disputes(desk.method, sheets, desk.aliases)
    if found:
        _new_round(uow, desk, "objective-differs", PLATFORM, [
            {"bid": each.bid, "item": each.item, "values": {
                name: text_of(value) for name, value in each.values.items()}} for each in found])
        return
    held.alerts = [alert_json(each) for each in alerts(desk.method, sheets, desk.aliases)]
    if held.alerts:
        desk.move(EvaluationStep.ALERTS, desk.own.alias)
        desk.note(uow, "evaluation.alerts_raised", actor, {"round": held.round, "alerts": held.alerts})
        return
    await conclude(uow, desk, actor, sheets)


def _new_round(uow: Work, desk: Desk, reason: str, actor: Actor, found: list[dict[str, Any]]) -> None:
    held = desk.evaluation
    held.restarts = [*held.restarts, {"round": held.round, "reason": reason, "title": REASONS_TO_RESTART[reason],
                                      "disputes": found}]
    held.round, held.alerts = held.round + 1, []
    desk.move(EvaluationStep.SCORING, actor.name if actor is PLATFORM else desk.own.alias)
    desk.note(uow, "evaluation.round_restarted", actor, {"round": held.round, "reason": reason, "disputes": found})


async def restart_round(lot_id: UUID, command: RestartRound, actor: Actor, uow: Work) -> int:
    """The leader has the round scored anew, from the closed list of R-168, before any score was shown."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.RESTART_ROUND, actor)
        _same_round(desk, command.round)
        _new_round(uow, desk, command.reason, actor, [])
        await uow.commit()
        return desk.evaluation.round


async def explain_alert(lot_id: UUID, alert: str, command: ExplainAlert, actor: Actor, uow: Work) -> str:
    """The member concerned writes its reason, once; no score changes (R-332). Answers the step."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.EXPLAIN_ALERT, actor)
        held = desk.evaluation
        found = next((each for each in held.alerts if each["id"] == alert), None)
        if found is None:
            raise NotFound("没有这条提示")
        if desk.own.alias not in {found["alias"], found["with"]}:
            raise NotAllowed("由评分的评委本人说明理由")
        if await uow.session.get(AlertReason, (lot_id, held.round, alert)) is not None:
            raise Refused("该提示已说明理由")
        uow.session.add(AlertReason(lot_id=lot_id, round=held.round, alert=alert, member_id=desk.own.member_id,
                                    text=command.text, at=desk.now))
        await uow.session.flush()
        desk.note(uow, "evaluation.alert_explained", actor, {"round": held.round, "alert": alert, "text": command.text})
        reasons = await reasons_of(uow.session, held)
        if all(each["id"] in reasons for each in held.alerts):
            await conclude(uow, desk, actor, await kept_sheets(uow, desk))
        await uow.commit()
        return desk.evaluation.step
