"""The report: edited, dissented from, signed by every member; afterwards nothing of the evaluation changes (R-341)."""

import io
import json

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from evaluation.reports.commands import (
    EditReport,
    LayOut,
    RecordRefusal,
    WriteDissent,
    edit_report,
    lay_out_report,
    record_refusal,
    write_dissent,
)
from evaluation.reports.model import OUTCOME_FILE
from evaluation.reports.queries import released_report, report_answer
from evaluation.scoring.commands.pricing import take_prices
from evaluation.scoring.commands.reviewing import SaveReview, save_review, submit_review
from evaluation.scoring.model import EvaluationAct
from evaluation.scoring.verification import verify_evaluation
from storage.crypto.canonical import canonical_sha256
from storage.crypto.errors import Malformed
from storage.kernel.errors import Conflict, DomainError, NotAllowed, NotFound, RulesUnmet
from tests.desk_world import Desk
from trading.awards.tables import AwardBidder
from trading.papers.queries import paper as paper_of
from trading.tenders.queries import lot as lot_of


async def stage(desk: Desk) -> str:
    async with desk.hall.world.sessions() as session:
        return (await lot_of(session, desk.lot_id)).stage


@pytest.mark.cts("A-151", "A-152")
async def test_the_report_is_signed_by_all_then_the_lot_is_evaluated_and_nothing_changes(desk: Desk) -> None:
    outcome = await desk.ranked()
    words = EditReport("评标过程无异常", "明确材料调差的基准期")
    with pytest.raises(NotAllowed):
        await edit_report(desk.lot_id, words, desk.actor(desk.members[1]), desk.work())
    await edit_report(desk.lot_id, words, desk.actor(desk.leader), desk.work())
    dissent = WriteDissent("认为第三名的工期安排更合理")
    await write_dissent(desk.lot_id, dissent, desk.actor(desk.members[2]), desk.work())
    paper = await desk.lay_out()
    for place in range(1, 6):
        assert await stage(desk) == "evaluating"
        await desk.sign(paper, place)
    assert await stage(desk) == "evaluated"
    async with desk.hall.world.sessions() as session:
        content = await desk.hall.store.get_range((await paper_of(session, paper)).pdf_key, 0, 64 << 20)
        bidders = (await session.scalars(select(AwardBidder).order_by(AwardBidder.rank))).all()
    reader = PdfReader(io.BytesIO(content))
    told = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    assert all(word in told for word in ("评标过程无异常", "明确材料调差的基准期", "认为第三名的工期安排更合理"))
    assert json.loads(reader.attachments[OUTCOME_FILE][0]) == outcome
    assert len(reader.get_fields() or {}) == 7  # five members, the platform, and the time stamp over all of it
    ranks = {row["bid"]: row["rank"] for row in outcome["rows"]}
    assert {str(each.bid_id): each.rank for each in bidders} == ranks
    await nothing_changes(desk)
    await names_stay_secret_until_the_result(desk)


async def names_stay_secret_until_the_result(desk: Desk) -> None:
    """The report names the members: tenderee and centre have it when the result is known (R-124)."""
    async with desk.hall.world.sessions() as session:
        for actor in (desk.board.tenderee.actor, desk.hall.host.actor):
            with pytest.raises(NotFound):
                await released_report(session, desk.lot_id, actor)
    await desk.hall.change_lot(stage="awarded")
    async with desk.hall.world.sessions() as session:
        for actor in (desk.board.tenderee.actor, desk.hall.host.actor):
            assert (await released_report(session, desk.lot_id, actor)).completed_at is not None
        with pytest.raises(NotFound):
            await released_report(session, desk.lot_id, desk.hall.world.bidders[0].actor)


async def nothing_changes(desk: Desk) -> None:
    before = await desk.row()
    actor, lot_id, work = desk.actor(desk.leader), desk.lot_id, desk.work
    acts = (
        lambda: save_review(lot_id, SaveReview([]), actor, work()), lambda: submit_review(lot_id, actor, work()),
        lambda: desk.reveal(desk.leader), lambda: edit_report(lot_id, EditReport("改"), actor, work()),
        lambda: write_dissent(lot_id, WriteDissent("另有不同意见"), actor, work()),
        lambda: record_refusal(lot_id, RecordRefusal("乙", "拒绝签字"), desk.hall.host.actor, work()),
        lambda: lay_out_report(lot_id, LayOut("finished"), actor, work(), desk.hall.store, desk.hall.settings),
        lambda: take_prices(lot_id, actor, work()))
    for act in acts:
        with pytest.raises(RulesUnmet) as refused:
            await act()
        assert {rule.number for rule in refused.value.rules} == {"R-341"}
    assert set((await desk.view(actor))["may"]) == set()
    assert (await desk.row()).version == before.version
    assert len(EvaluationAct) == 13  # an act that is new must be tried here as well


@pytest.mark.cts("A-152")
async def test_a_dissent_takes_a_report_back_and_what_was_signed_on_the_old_one_binds_nobody(desk: Desk) -> None:
    await desk.ranked()
    old = await desk.lay_out()
    for place in range(1, 5):
        await desk.sign(old, place)
    text = WriteDissent("第二名的业绩证明应再核实")
    await write_dissent(desk.lot_id, text, desk.actor(desk.members[4]), desk.work())
    assert (await desk.row()).step == "ranked"
    with pytest.raises(Conflict):
        await desk.sign(old, 5)
    assert await stage(desk) == "evaluating"
    new = await desk.lay_out()
    async with desk.hall.world.sessions() as session:
        told = await report_answer(session, desk.lot_id, desk.actor(desk.leader))
        with pytest.raises(NotFound):
            await report_answer(session, desk.lot_id, desk.board.tenderee.actor)
    assert told["report"]["dissents"][0]["alias"] == desk.members[4].alias
    assert (told["paper"]["id"], [seat["signed_at"] for seat in told["paper"]["seats"]]) == (str(new), [None] * 5)


@pytest.mark.cts("A-152")
async def test_who_neither_signs_nor_writes_has_agreed_and_the_centre_puts_it_on_record(desk: Desk) -> None:
    await desk.ranked()
    refusal = RecordRefusal(desk.members[3].alias, "当场拒绝签字，也不写明理由")
    with pytest.raises(NotAllowed):
        await record_refusal(desk.lot_id, refusal, desk.actor(desk.leader), desk.work())
    await record_refusal(desk.lot_id, refusal, desk.hall.host.actor, desk.work())
    paper = await desk.lay_out()
    async with desk.hall.world.sessions() as session:
        seats = (await paper_of(session, paper)).seats
    assert str(desk.members[3].party_id) not in seats.values()
    places = [place for place, each in enumerate(await desk.sitting(), 1) if str(each.party_id) in seats.values()]
    assert len(places) == 4
    for place in places:
        await desk.sign(paper, place)
    assert await stage(desk) == "evaluated"


@pytest.mark.cts("A-145", "B-023")
async def test_a_stranger_recomputes_the_ranking_and_finds_every_change(desk: Desk) -> None:
    await desk.ranked()
    announced = (await desk.hall.snapshot())["announced"]["rows"]
    acts = await desk.acts()
    honest = await desk.document()
    assert len(list(verify_evaluation(honest, announced=announced, acts=acts))) == 5

    def refused(change: object, **known: object) -> bool:
        document = json.loads(json.dumps(honest))
        change(document)  # type: ignore[operator]
        try:
            list(verify_evaluation(document, announced=announced, acts=acts, **known))
        except DomainError:
            return True
        return False

    def swap(document: dict) -> None:
        rows = document["outcome"]["rows"]
        rows[0]["rank"], rows[1]["rank"] = rows[1]["rank"], rows[0]["rank"]
        document["outcome_sha256"] = canonical_sha256(document["outcome"])

    def reprice(document: dict) -> None:
        document["bids"][0]["price"] = "1.00"

    def rescore(document: dict) -> None:
        sheet = document["sheets"][0]
        sheet["text"] = sheet["text"].replace('"24.00"', '"29.00"')

    def outvote(document: dict) -> None:
        for vote in document["votes"]:
            if vote["bid"] == document["bids"][0]["bid"] and vote["item"] == "2.1":
                vote["passes"], vote["reason"] = False, "资质不符"

    def forget(document: dict) -> None:
        document["votes"].pop()

    def drop(document: dict) -> None:
        document["sheets"].pop()

    def other_method(document: dict) -> None:
        document["method"]["formula"]["below"] = "1.5"

    changes = (swap, reprice, rescore, outvote, forget, drop, other_method)
    assert [change.__name__ for change in changes if not refused(change)] == []
    early = [act for act in acts if act[0] == "evaluation.scores_revealed"] + acts
    with pytest.raises(Malformed, match="R-330"):
        list(verify_evaluation(honest, announced=announced, acts=early))
