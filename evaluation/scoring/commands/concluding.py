"""What follows by itself when the last member has done its part: scoring, ranking, or a failed lot (A-144)."""

from collections.abc import Mapping, Sequence
from typing import Any

from bidding.opening.tables import Opening
from evaluation.scoring.gathering import altered, bid_facts, open_bids
from evaluation.scoring.holding import Desk
from evaluation.scoring.model import EvaluationStep, Sheet
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import Rejection
from evaluation.scoring.rules import DeskFacts, bids_are_those_decrypted
from evaluation.scoring.verification import RANKED
from storage.crypto.canonical import canonical_sha256
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import RulesUnmet
from trading.tenders.announcing import announce
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, NoticeKind


async def begin_scoring(uow: Work, desk: Desk, actor: Actor) -> None:
    """To the score sheets, or straight to the ranking where the method asks for none (R-315)."""
    if desk.method.sheet_items:
        desk.move(EvaluationStep.SCORING, desk.own.alias)
        desk.note(uow, "evaluation.scoring_begun", actor, {"round": desk.evaluation.round, "valid": desk.valid})
        return
    await rank(uow, desk, actor, ())


async def rank(uow: Work, desk: Desk, actor: Actor, sheets: Sequence[Sheet]) -> None:
    """The outcome from plain values, kept whole with its digest, and recorded (A-145, R-321)."""
    await _require_same_bids(uow, desk)
    held = desk.evaluation
    held.outcome = evaluate(
        desk.method, open_bids(held.bids), read_rejections(held.rejections or {}), sheets, aliases=desk.aliases,
        key=draw_key(held.set_sha256, sheets))
    held.outcome_sha256, held.ranked_at = canonical_sha256(held.outcome), desk.now
    desk.move(EvaluationStep.RANKED, desk.own.alias)
    desk.note(uow, RANKED, actor, {
        "round": held.round, "outcome_sha256": held.outcome_sha256, "candidates": held.outcome["candidates"],
        "ranks": {row["bid"]: row["rank"] for row in held.outcome["rows"]}})


async def _require_same_bids(uow: Work, desk: Desk) -> None:
    """What is ranked is what was decrypted and announced, asked once more at the last moment (B-023)."""
    opening = await uow.session.get_one(Opening, desk.lot.id)
    changed = altered(desk.evaluation.bids, await bid_facts(uow.session, desk.lot), opening.announced or [])
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
