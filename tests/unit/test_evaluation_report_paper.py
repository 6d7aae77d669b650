"""The report on paper says everything the law lists, and carries the outcome inside for machines (R-340; EM 42)."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

from evaluation.reports.model import OUTCOME_FILE
from evaluation.reports.report_facts import ReportFacts
from evaluation.reports.report_pdf import render_report
from evaluation.scoring.aggregation import alert_json, alerts
from evaluation.scoring.model import Vote
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import collate
from storage.crypto.canonical import canonical_sha256
from tests.evaluation_values import BASELINE, bids, method, name_of, sheet
from trading.tenders.content import PriceFormula

ALIASES = {"m1": "甲", "m2": "乙", "m3": "丙", "m4": "丁", "m5": "戊"}
AT = datetime(2026, 3, 24, 2, 30, tzinfo=UTC)


def report(formula: PriceFormula | None = None) -> ReportFacts:
    """A report over six bids, one rejected, one expert far from the others, one dissent."""
    held = method(formula or PriceFormula("R-312", **BASELINE), drawn={"k": "97"})
    found = bids("9500000", "9300000", "9200000", "9000000", "8800000", "8700000")
    votes = [Vote(member, name_of(1), "2.1", passes=False, reason="资质等级为三级，不符合公告要求", page="12")
             for member in ("m1", "m2", "m3", "m4")]
    rejections = collate(held, found, votes, 5)
    sheets = [sheet(member, {}, *({"2": f"{18 + place + 9 * (member == 'm5')}.50", "3": "8.00"} for place in range(5)))
              for member in ALIASES]
    for each in sheets:
        each.scores.pop(name_of(1))  # type: ignore[attr-defined]
    outcome = evaluate(held, found, rejections, sheets, aliases=ALIASES, key=draw_key("00" * 32, sheets))
    kept: dict[str, Any] = msgspec.to_builtins(held)
    return ReportFacts(
        platform="云开公共资源交易平台", is_demo=True,
        lot={"id": name_of(99), "code": "E3207000001000001001", "title": "河道整治一标段", "rehearsal": False,
             "tenderee": "江苏某水利局", "agency": "江苏某招标代理", "limit": "10000000.00"},
        times={"opened_at": AT, "record_at": AT, "begun_at": AT, "ranked_at": AT, "technical_at": None,
               "record_sha256": "00" * 32},
        members=[{"alias": alias, "name": f"专家{alias}", "is_leader": alias == "甲",
                  "is_representative": alias == "戊"} for alias in ALIASES.values()],
        method=kept, bids=[{"bid": each.bid, "name": each.name} for each in found], outcome=outcome,
        outcome_sha256=canonical_sha256(outcome),
        alerts=[{**alert_json(each), "reason": "该投标人的施工组织设计明显优于其他"} for each in
                alerts(held, sheets, ALIASES)],
        restarts=[{"round": 1, "title": "客观评审因素评分不一致"}], clarifications=[],
        remarks="评标过程无异常。", to_settle="明确材料调差的基准期。",
        dissents=[{"alias": "丁", "text": "认为第三名的工期安排更合理。", "at": AT}],
        refusals=[{"alias": "戊", "text": "当场拒绝签字，也不写明理由", "at": AT}])


@pytest.mark.cts("A-152")
def test_the_report_says_everything_the_law_lists(tmp_path: Path) -> None:
    facts = report()
    content = render_report(facts)
    (tmp_path / "report.pdf").write_bytes(content)
    reader = PdfReader(io.BytesIO(content))
    told = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    for word in ("E3207000001000001001", "江苏某水利局", "专家甲", "综合评估法", "资质等级为三级", "4 : 1",
                 "8,730,000.00", "第 1 中标候选人", "明确材料调差的基准期", "认为第三名的工期安排更合理",
                 "依法视为同意评标结论",
                 "客观评审因素评分不一致", "施工组织设计明显优于其他"):
        assert word in told, word
    assert json.loads(reader.attachments[OUTCOME_FILE][0]) == facts.outcome


def test_the_same_report_is_the_same_bytes() -> None:
    assert render_report(report()) == render_report(report())
