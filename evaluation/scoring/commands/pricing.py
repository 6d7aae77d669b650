"""Of two envelopes: the technical result is signed, and later the prices of those who passed come in (R-318)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from bidding.opening.commands.prices import fix_passers
from evaluation.scoring.commands.concluding import begin_scoring, fail_lot
from evaluation.scoring.gathering import bid_facts, open_bids, opened_prices, stated_method
from evaluation.scoring.holding import AUDIENCE, Desk, enter_desk, hold_evaluation
from evaluation.scoring.model import EvaluationAct, EvaluationStep
from evaluation.scoring.reviewing import by_price
from evaluation.scoring.rules import enough_bids_are_valid
from evaluation.scoring.tables import CompetitionVote
from evaluation.scoring.verification import TECHNICAL_SIGNED
from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.errors import Conflict, Refused
from trading.papers.tables import Paper
from trading.tenders.queries import lock_lot


async def fix_technical(uow: Work, paper: Paper, now: datetime) -> None:
    """The last signature under the technical result stands: who passed is fixed, the second opening may be set.

    What was judged of the competition was judged without prices: once they are known it is asked anew (EM 27).
    """
    lot = await lock_lot(uow, UUID(paper.stream.removeprefix("lot:")))
    held = await hold_evaluation(uow, lot.id)
    is_this = held is not None and held.paper_id == paper.id and held.step == EvaluationStep.TECHNICAL_SIGNING
    if held is None or held.technical is None or held.technical_sha256 is None or not is_this:
        raise Conflict("技术商务评审结果已重新形成，请签署新的结果", paper=paper.id)
    held.technical_paper_id, held.paper_id = paper.id, None
    held.step, held.step_at, held.step_by = EvaluationStep.PRICES, now, PLATFORM.name
    await uow.session.execute(delete(CompetitionVote).where(CompetitionVote.lot_id == lot.id))
    uow.record(TECHNICAL_SIGNED, PLATFORM, stream=paper.stream, subject=paper.subject, audience=AUDIENCE, payload={
        "paper": str(paper.id), "pdf_sha256": paper.pdf_sha256, "result_sha256": held.technical_sha256})
    await fix_passers(uow, lot, held.technical["passed"], result_sha256=held.technical_sha256,
                      paper_sha256=paper.pdf_sha256, now=now)


async def take_prices(lot_id: UUID, actor: Actor, uow: Work) -> str:
    """The leader takes the published prices: who is above the limit or was not opened is rejected, the rest ranked.

    Answers the step. What was judged before stands as it was signed.
    """
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.TAKE_PRICES, actor)
        found = await opened_prices(uow.session, desk.lot)
        if found is None:
            raise Refused("第二次开标记录尚未公布")
        held = desk.evaluation
        held.bids, held.method = await bid_facts(uow.session, desk.lot), stated_method(desk.lot, found[0])
        _reject_by_price(desk)
        desk.note(uow, "evaluation.prices_taken", actor, {
            "set_sha256": found[0].set_sha256, "prices": {each["bid"]: each["price"] for each in held.bids},
            "bodies": {each["bid"]: each["price_body"]["sha256"] for each in held.bids if "price_body" in each},
            "valid": desk.valid})
        if not desk.valid:
            await fail_lot(uow, desk, "通过技术商务评审的投标，报价被否决或者第二信封未能开启，没有有效投标")
        elif enough_bids_are_valid(len(desk.valid), desk.method):
            await begin_scoring(uow, desk, actor)
        else:
            desk.move(EvaluationStep.COMPETITION, desk.own.alias)
        await uow.commit()
        return desk.evaluation.step


def _reject_by_price(desk: Desk) -> None:
    held, members = desk.evaluation, len(desk.judges)
    before = held.rejections or {}
    held.rejections = {
        each.bid: [*(ground.to_json() for ground in by_price(each, desk.method.limit, members)), *before[each.bid]]
        for each in open_bids(held.bids)}
