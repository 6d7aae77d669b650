"""From votes and sheets to the ranking: majority, means, alerts, ties, methods."""

from dataclasses import replace
from decimal import Decimal

import pytest

from evaluation.scoring import rules
from evaluation.scoring.aggregation import alerts, disputes, item_score
from evaluation.scoring.method import LEGAL_GROUNDS, method_of
from evaluation.scoring.model import EvaluationAct, EvaluationStep, MethodKind, Vote
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import collate, competition_lacks, headline, is_known
from evaluation.scoring.sheets import judge_sheet
from evaluation.scoring.steps import admit
from storage.kernel.errors import RulesUnmet
from tests.evaluation_values import BASELINE, CREDIT, DESIGN, MEAN, PRICE, bids, method, name_of, sheet
from trading.tenders.content import PriceFormula, ScoringItem, Structure

ALIASES = {"m1": "甲", "m2": "乙", "m3": "丙", "m4": "丁", "m5": "戊", "m6": "己", "m7": "庚"}
ONE, TWO, THREE = name_of(1), name_of(2), name_of(3)


def run(held, found, sheets=(), votes=(), members=5, key=None):
    return evaluate(held, found, collate(held, found, votes, members), sheets, aliases=ALIASES,
                    key=key or draw_key("00" * 32, sheets))


def ranks(outcome) -> dict[str, int | None]:
    return {row["bid"]: row["rank"] for row in outcome["rows"]}


@pytest.mark.cts("A-137")
def test_a_baseline_alone_is_the_reasonable_low_price_method():
    only_price = replace(PRICE, highest=Decimal(100))
    assert method(items=()).kind is method(items=(only_price,)).kind is MethodKind.REASONABLE
    outcome = run(method(PriceFormula("R-310", **BASELINE), ()), bids("9000000", "8000000", "8500000"))
    assert ranks(outcome) == {ONE: 3, TWO: 2, THREE: 1}
    assert outcome["rows"][2]["total"]["value"] == "100.00"


@pytest.mark.cts("A-145")
def test_r316_the_worked_example_adds_price_technical_and_credit():
    held = method(PriceFormula("R-312", **BASELINE), drawn={"k": "97"})
    assert held.kind is MethodKind.COMPREHENSIVE
    prices = ("9500000", "9300000", "9200000", "9000000", "8800000", "8700000", "8000000")
    rows = [{"2": "20.00", "3": "8.00"}] * 5 + [{"2": "27.40", "3": "8.00"}, {"2": "20.00", "3": "8.00"}]
    outcome = run(held, bids(*prices), [sheet(name, *rows) for name in ("m1", "m2", "m3", "m4", "m5")])
    best = outcome["rows"][5]
    assert (best["price_score"]["value"], best["technical"], best["total"]["value"]) == ("59.80", "27.40", "95.20")
    assert best["rank"] == 1
    assert outcome["candidates"][0] == best["bid"]
    assert len(outcome["candidates"]) == 3


@pytest.mark.cts("A-145")
def test_r317_the_lowest_evaluated_price_wins():
    held = method(PriceFormula("R-317"), ())
    sheets = [sheet(name, {"adjustment": "150000.00"}, {"adjustment": "0.00"}) for name in ("m1", "m2", "m3")]
    outcome = run(held, bids("9100000", "9200000"), sheets)
    assert ranks(outcome) == {ONE: 2, TWO: 1}
    assert outcome["rows"][0]["total"]["value"] == "9250000.00"


def test_v3_r320_small_enterprises_are_deducted_in_scoring_only():
    technical = ScoringItem("2", "技术", Decimal(0), Decimal(70), "综合")
    held = method(PriceFormula("R-320", weight=Decimal(30)), (replace(PRICE, highest=Decimal(30)), technical),
                  trade_kind="government", limit="120")
    rows = [{"2": "50.00", "deduction": "10.00"}, {"2": "50.00", "deduction": "0.00"},
            {"2": "50.00", "deduction": "0.00"}]
    outcome = run(held, bids("95", "90", "100"), [sheet(name, *rows) for name in ("m1", "m2", "m3")])
    assert [row["price_score"]["value"] for row in outcome["rows"]] == ["30.00", "28.50", "25.65"]
    assert [row["price"] for row in outcome["rows"]] == ["95.00", "90.00", "100.00"]


def test_r320_a_deduction_outside_the_ministry_s_ranges_is_refused():
    held = method(PriceFormula("R-320", weight=Decimal(30)), (), trade_kind="government")
    for value in ("0.00", "3.00", "5.00", "10.00", "20.00"):
        judge_sheet(sheet("m1", {"deduction": value}), held, [ONE])
    for value in ("2.99", "7.00", "20.01"):
        with pytest.raises(RulesUnmet, match=r"R-320|R-168"):
            judge_sheet(sheet("m1", {"deduction": value}), held, [ONE])


def test_r300_more_than_half_reject_and_the_ground_is_told_with_votes_reasons_and_pages():
    held, found = method(), bids("9000000", "8000000")
    votes = [Vote(name, ONE, "2.1", passes=False, reason="资质为三级", page="12") for name in ("m1", "m2", "m3")]
    votes += [Vote(name, TWO, "2.1", passes=False, reason="资质为三级") for name in ("m1", "m2")]
    rejections = collate(held, found, votes, 5)
    assert rejections[TWO] == ()
    assert rejections[ONE][0].to_json() == {"clause": "2.1", "title": "资质等级", "reasons": ["资质为三级"],
                                            "pages": ["12"], "for": 2, "against": 3}


def test_r300_grounds_are_told_in_the_order_of_work():
    votes = [Vote(name, ONE, item, passes=False, reason="无") for name in ("m1", "m2", "m3")
             for item in ("F7", "3.1", "2.1", "1.1")]
    grounds = collate(method(), bids("9000000"), votes, 5)[ONE]
    assert [each.clause for each in grounds] == ["1.1", "2.1", "3.1", "F7"]
    assert headline(grounds) == "1.1 投标人名称：无"


def test_r126_a_price_above_the_limit_is_rejected_and_exactly_the_limit_is_not():
    found = collate(method(), bids("10000000.01", "10000000.00", None), [], 5)
    assert [len(found[each]) for each in (ONE, TWO, THREE)] == [1, 0, 1]
    assert "高于最高投标限价" in found[ONE][0].reasons[0]


def test_r126_a_rejected_price_never_enters_the_mean():
    outcome = run(method(items=()), bids("9000000", "8000000", "10000001"))
    assert outcome["baseline"]["value"] == "8500000.00"
    assert outcome["rows"][2]["rank"] is None
    assert outcome["rows"][2]["rejected"].startswith("F5")


def test_r126_nothing_outside_law_and_document_rejects():
    assert is_known("2.1", method())
    assert is_known("F7", method())
    assert not is_known("Z9", method())
    assert len(LEGAL_GROUNDS) == 7


def test_r300_a_review_is_complete_when_every_clause_is_answered_and_every_no_has_its_reason():
    asked = {(ONE, "1.1"), (ONE, "2.1")}
    full = {(ONE, "1.1"): (True, ""), (ONE, "2.1"): (False, "无资质证书")}
    assert rules.review_is_complete(full, asked)
    assert rules.review_is_complete(full | {(ONE, "F7"): (False, "两份投标文件由同一电脑编制")}, asked)
    assert not rules.review_is_complete({(ONE, "1.1"): (True, "")}, asked)
    assert not rules.review_is_complete(full | {(ONE, "2.1"): (False, " ")}, asked)
    assert not rules.review_is_complete(full | {(ONE, "F7"): (True, "")}, asked)


def test_em27_competition_lacks_when_more_than_half_find_so():
    assert competition_lacks({"m1": True, "m2": True, "m3": True, "m4": False, "m5": False})
    assert not competition_lacks({"m1": True, "m2": True, "m3": False, "m4": False, "m5": False})
    assert not rules.enough_bids_are_valid(2, method())
    assert rules.enough_bids_are_valid(3, method())


V4 = {f"专家{number}": Decimal(text) for number, text in enumerate(("82", "85", "88", "90", "91", "93", "99"))}
JUDGED = method().sheet_items[0]
TRIMMED = replace(JUDGED, drops_extremes=True)


@pytest.mark.cts("A-144")
def test_v4_r331_the_mean_and_the_trimmed_mean():
    assert item_score(JUDGED, V4).value == Decimal("89.71")
    assert item_score(TRIMMED, V4).value == Decimal("89.40")


def test_r331_six_scores_are_all_kept():
    six = dict(list(V4.items())[:6])
    assert item_score(TRIMMED, six).value == item_score(JUDGED, six).value


def test_r331_the_document_asks_for_the_trimmed_mean_item_by_item():
    items = [ScoringItem("1", "报价", Decimal(0), Decimal(60), "见公式", "price", objective=True),
             ScoringItem("2", "设计", Decimal(0), Decimal(30), "综合评价", drops_extremes=True),
             ScoringItem("3", "管理", Decimal(0), Decimal(10), "综合评价")]
    asked = method_of(Structure(scoring_items=items, price_formula=PriceFormula("R-310", above=Decimal(2),
                                                                                below=Decimal(1))),
                      trade_kind="works", limit=None, fewest_valid=3, drawn={})
    assert {each.number: item_score(each, V4).value for each in asked.sheet_items} == {
        "2": Decimal("89.40"), "3": Decimal("89.71")}


def test_r330_objective_items_that_differ_are_named():
    held = method()
    sheets = [sheet("m1", {"2": "20", "3": "8"}, {"2": "20", "3": "8"}),
              sheet("m2", {"2": "30", "3": "8"}, {"2": "10", "3": "7"})]
    found = disputes(held, sheets, ALIASES)
    assert [(each.bid, each.item, each.values) for each in found] == [
        (TWO, "3", {"甲": Decimal(8), "乙": Decimal(7)})]


def sheets_of(*values: str):
    return [sheet(f"m{number}", {"2": value, "3": "8"}) for number, value in enumerate(values, 1)]


@pytest.mark.cts("A-150")
def test_r332_more_than_thirty_per_cent_from_the_others_asks_for_a_reason():
    found = alerts(method(), sheets_of("20", "20", "20", "20", "26.01"), ALIASES)
    assert [(each.kind, each.member, each.mean, each.percent) for each in found] == [
        ("deviation", "戊", Decimal("20.00"), Decimal("30.05"))]


@pytest.mark.cts("A-150")
def test_r332_exactly_thirty_per_cent_does_not():
    assert alerts(method(), sheets_of("20", "20", "20", "20", "26"), ALIASES) == []


@pytest.mark.cts("A-150")
def test_r332_two_sheets_alike_in_every_judged_item_ask_for_a_reason():
    more = ScoringItem("4", "项目班子", Decimal(0), Decimal(10), "综合")
    held = method(items=(PRICE, replace(DESIGN, highest=Decimal(20)), more, CREDIT))
    rows = [{"2": "18", "3": "8", "4": "7"}, {"2": "15", "3": "8", "4": "6"}]
    other = [{"2": "17", "3": "8", "4": "7"}, {"2": "16", "3": "8", "4": "6"}]
    found = alerts(held, [sheet("m1", *rows), sheet("m2", *rows), sheet("m3", *other)], ALIASES)
    assert [(each.kind, {each.member, each.other}) for each in found] == [("pattern", {"甲", "乙"})]


def test_r332_an_alert_is_explained_before_the_ranking_stands():
    assert not rules.alerts_are_explained(rules.DeskFacts(members=5, alerts_open=1))
    assert rules.alerts_are_explained(rules.DeskFacts(members=5))


def test_r330_scores_are_shown_after_the_last_member_committed():
    assert not rules.all_have_committed(rules.DeskFacts(members=5, committed=4))
    assert rules.all_have_committed(rules.DeskFacts(members=5, committed=5))
    assert not rules.all_have_committed(rules.DeskFacts(members=0))


@pytest.mark.cts("B-023")
def test_b023_a_bid_that_is_not_the_one_decrypted_is_not_evaluated():
    assert rules.bids_are_those_decrypted(rules.DeskFacts(members=5))
    assert not rules.bids_are_those_decrypted(rules.DeskFacts(members=5, altered=[ONE]))
    assert not rules.bodies_are_checked(rules.DeskFacts(members=5, bodies_unchecked=1))


def test_r340_everyone_signs_or_has_its_refusal_on_record():
    assert rules.everyone_is_accounted_for({"甲", "乙"}, {"甲"}, {"乙"})
    assert not rules.everyone_is_accounted_for({"甲", "乙"}, {"甲"}, set())
    assert not rules.everyone_is_accounted_for({"甲"}, {"甲"}, {"甲"})


def tied(*prices: str, designs: tuple[str, ...] = ()):
    designs = designs or ("20",) * len(prices)
    return [sheet(name, *({"2": value, "3": "8"} for value in designs)) for name in ("m1", "m2", "m3")]


def test_r321_an_equal_score_is_parted_by_the_lower_price():
    # Both lie 5.88 % from the baseline, and lose the same to the cent.
    held = method(PriceFormula("R-310", above=Decimal(1), below=Decimal("0.999999999")))
    outcome = run(held, bids("9000000", "8000000"), tied("9000000", "8000000"))
    assert {row["total"]["value"] for row in outcome["rows"]} == {outcome["rows"][0]["total"]["value"]}
    assert ranks(outcome) == {ONE: 2, TWO: 1}
    assert {row["tie"] for row in outcome["rows"]} == {"price"}


def test_r321_an_equal_price_is_parted_by_the_technical_score():
    held = method(items=(PRICE, DESIGN, ScoringItem("3", "信用", Decimal(0), Decimal(10), "信用等级", "credit")))
    sheets = [sheet(name, {"2": "20", "3": "8"}, {"2": "21", "3": "7"}) for name in ("m1", "m2", "m3")]
    outcome = run(held, bids("9000000", "9000000"), sheets)
    assert ranks(outcome) == {ONE: 2, TWO: 1}
    assert {row["tie"] for row in outcome["rows"]} == {"technical"}


def test_r321_what_is_equal_in_all_is_drawn_and_the_draw_can_be_replayed():
    sheets = tied("9000000", "9000000")
    first, again = (run(method(), bids("9000000", "9000000"), sheets) for _ in range(2))
    assert first == again
    assert sorted(ranks(first).values()) == [1, 2]
    assert {row["tie"] for row in first["rows"]} == {"draw"}
    drawn = {tuple(ranks(run(method(), bids("9000000", "9000000"), sheets, key=f"{key:064x}")).values())
             for key in range(40)}
    assert drawn == {(1, 2), (2, 1)}


def test_r321_government_purchases_remain_tied_after_the_price():
    held = method(PriceFormula("R-320", weight=Decimal(60)), (PRICE, replace(DESIGN, highest=Decimal(40))),
                  trade_kind="government")
    rows = [{"2": "20", "deduction": "0"}] * 2 + [{"2": "20", "deduction": "0"}]
    outcome = run(held, bids("9000000", "9000000", "9500000"), [sheet(name, *rows) for name in ("m1", "m2", "m3")])
    assert ranks(outcome) == {ONE: 1, TWO: 1, THREE: 3}
    assert [row["tie"] for row in outcome["rows"]] == ["equal", "equal", None]


def test_r168_a_score_out_of_range_or_missing_is_refused():
    held = method()
    judge_sheet(sheet("m1", {"2": "10.00", "3": "0.00"}), held, [ONE])
    for row in ({"2": "9.99", "3": "8"}, {"2": "30.01", "3": "8"}, {"2": "20"}, {"2": "20", "3": "8", "9": "1"}):
        with pytest.raises(RulesUnmet, match="R-168"):
            judge_sheet(sheet("m1", row), held, [ONE])
    with pytest.raises(RulesUnmet, match="R-168"):
        judge_sheet(sheet("m1", {"2": "20", "3": "8"}), held, [ONE, TWO])


def test_r316_items_that_make_a_hundred_beside_a_weighed_price_count_for_the_rest():
    full = replace(DESIGN, lowest=Decimal(0), highest=Decimal(100))
    held = method(replace(MEAN, weight=Decimal(60)), (full,))
    outcome = run(held, bids("9000000"), [sheet(name, {"2": "90"}) for name in ("m1", "m2", "m3")])
    assert outcome["rows"][0]["total"]["value"] == "96.00"


def test_r341_a_signed_report_is_closed_for_every_act():
    signed = rules.DeskFacts(members=5, is_signed=True)
    assert not rules.report_is_open(signed)
    for act in EvaluationAct:
        with pytest.raises(RulesUnmet, match="R-341"):
            admit(act, EvaluationStep.FINISHED, signed)


def test_r210_a_suspended_lot_is_not_evaluated_further():
    assert rules.lot_goes_on(rules.DeskFacts(members=5))
    with pytest.raises(RulesUnmet, match="R-210/6"):
        admit(EvaluationAct.SAVE_REVIEW, EvaluationStep.REVIEWING, rules.DeskFacts(members=5, is_suspended=True))


def test_r125_nothing_is_concluded_while_a_seat_is_vacant():
    vacant = rules.DeskFacts(members=4, size=5, committed=4)
    assert not rules.every_seat_is_filled(vacant)
    assert rules.every_seat_is_filled(rules.DeskFacts(members=5, size=5))
    for act, step in ((EvaluationAct.SUBMIT_REVIEW, EvaluationStep.REVIEWING),
                      (EvaluationAct.COMMIT_SCORES, EvaluationStep.SCORING),
                      (EvaluationAct.REVEAL_SCORES, EvaluationStep.REVEALING),
                      (EvaluationAct.LAY_OUT_REPORT, EvaluationStep.RANKED)):
        with pytest.raises(RulesUnmet, match="R-125/2"):
            admit(act, step, vacant)
    admit(EvaluationAct.SAVE_REVIEW, EvaluationStep.REVIEWING, vacant)


def test_r330_a_fact_scores_the_same_with_every_member():
    assert rules.objective_scores_agree([Decimal(8), Decimal("8.00")])
    assert not rules.objective_scores_agree([Decimal(8), Decimal("8.01")])
