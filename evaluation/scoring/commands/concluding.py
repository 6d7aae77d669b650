"""What follows by itself when the last member has done its part: scoring, ranking, or a failed lot (A-144)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from evaluation.scoring.gathering import altered, announced_of, bid_facts, open_bids
from evaluation.scoring.holding import Desk, sheets_of
from evaluation.scoring.model import EvaluationStep, Sheet
from evaluation.scoring.passing import technical_result
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import Rejection
from evaluation.scoring.rules import DeskFacts, bids_are_those_decrypted
from evaluation.scoring.sheets import read_sheet
from evaluation.scoring.verification import RANKED, TECHNICAL
from storage.crypto.canonical import canonical_sha256
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import RulesUnmet
from trading.tenders.announcing import announce
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, NoticeKind


async def begin_scoring(uow: Work, desk: Desk, actor: Actor) -> None:
    """To the score sheets, or straight to the result where the method asks for none (R-315) or they are filled."""
    if desk.evaluation.technical_paper_id is not None:
        await rank(uow, desk, actor, await kept_sheets(uow, desk))
        return
    if desk.method.sheet_items:
        desk.move(EvaluationStep.SCORING, desk.own.alias)
        desk.note(uow, "evaluation.scoring_begun", actor, {"round": desk.evaluation.round, "valid": desk.valid})
        return
    await conclude(uow, desk, actor, ())


async def kept_sheets(uow: Work, desk: Desk) -> list[Sheet]:
    """The revealed sheets of the round, of those who judged."""
    rows = await sheets_of(uow.session, desk.evaluation, [UUID(member) for member in desk.judges])
    return [read_sheet((row.text or "").encode(), lot=str(desk.lot.id), number=row.round, member=str(row.member_id))
            for row in rows]


async def conclude(uow: Work, desk: Desk, actor: Actor, sheets: Sequence[Sheet]) -> None:
    """What follows when everything but the prices is judged: the ranking, or of two envelopes the technical result."""
    if not desk.lot.two_envelopes:
        await rank(uow, desk, actor, sheets)
        return
    await _require_same_bids(uow, desk)
    held = desk.evaluation
    held.technical = technical_result(desk.method, open_bids(held.bids), read_rejections(held.rejections or {}), sheets,
                                      desk.aliases)
    held.technical_sha256, held.technical_at = canonical_sha256(held.technical), desk.now
    desk.move(EvaluationStep.TECHNICAL, desk.own.alias)
    desk.note(uow, TECHNICAL, actor, {
        "round": held.round, "result_sha256": held.technical_sha256, "passed": held.technical["passed"]})


async def rank(uow: Work, desk: Desk, actor: Actor, sheets: Sequence[Sheet]) -> None:
    """The outcome from plain values, kept whole with its digest, and recorded (A-145, R-321)."""
    await _require_same_bids(uow, desk)
    held = desk.evaluation
    held.outcome = evaluate(
        desk.method, open_bids(held.bids), read_rejections(held.rejections or {}), sheets, aliases=desk.judges,
        key=draw_key(held.set_sha256, sheets))
    held.outcome_sha256, held.ranked_at = canonical_sha256(held.outcome), desk.now
    desk.move(EvaluationStep.RANKED, desk.own.alias)
    desk.note(uow, RANKED, actor, {
        "round": held.round, "outcome_sha256": held.outcome_sha256, "candidates": held.outcome["candidates"],
        "ranks": {row["bid"]: row["rank"] for row in held.outcome["rows"]}})


async def _require_same_bids(uow: Work, desk: Desk) -> None:
    """What is ranked is what was decrypted and announced, asked once more at the last moment (B-023)."""
    changed = altered(desk.evaluation.bids, await bid_facts(uow.session, desk.lot),
                      await announced_of(uow.session, desk.lot))
    if not bids_are_those_decrypted(DeskFacts(members=len(desk.members), altered=changed)):
        raise RulesUnmet((bids_are_those_decrypted,), bids="、".join(changed))


def read_rejections(kept: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[Rejection, ...]]:
    """The collated grounds as values."""
    return {bid: tuple(Rejection(each["clause"], each["title"], tuple(each["reasons"]), tuple(each["pages"]),
                                 each["against"], each["against"] + each["for"]) for each in grounds)
            for bid, grounds in kept.items()}


async def fail_lot(uow: Work, desk: Desk, reason: str) -> None:
    """The lot fails in evaluation: stage, reason, ledger, public notice (R-210)."""
    lot = desk.lot
    lot.stage = advance(lot.stage, Act.FAIL_EVALUATION, Passage(now=desk.now, suspended=lot.suspended))
    lot.failed_reason, desk.evaluation.failed_reason = reason, reason
    desk.move(EvaluationStep.FAILED, desk.own.alias)
    committee = Actor(id="platform", name="评标委员会")
    uow.record("lot.failed", committee, stream=desk.stream, subject=desk.stream, payload={
        "code": lot.code, "reason": reason, "rule": "R-210/5"})
    await announce(uow, lot, NoticeKind.FAILED, f"{lot.title}流标公告", reason, committee)
