"""The report on paper, laid out from data, with the outcome carried inside for machines to recompute."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from evaluation.reports.model import OUTCOME_FILE, RESULT_FILE, TECHNICAL_TITLE, TITLE
from evaluation.reports.report_facts import ReportFacts
from evaluation.scoring.model import KINDS, MethodKind
from storage.crypto.canonical import canonical_bytes
from storage.documents.render import render
from storage.kernel.clock import shanghai

_TEMPLATE = Path(__file__).parent / "report.typ"
_TECHNICAL = Path(__file__).parent / "technical.typ"
_STAGES = {"form": "形式", "qualification": "资格", "response": "响应性"}
_TIES = {"price": "报价较低", "technical": "技术得分较高", "draw": "公开抽取", "equal": "并列"}
Row = Mapping[str, Any]


def render_report(facts: ReportFacts) -> bytes:
    """The unsigned PDF/A-3 of a report."""
    return render(_TEMPLATE, _view(facts), created_at=facts.times["ranked_at"],
                  attachments={OUTCOME_FILE: canonical_bytes(dict(facts.outcome)).decode()})


def render_technical(facts: ReportFacts) -> bytes:
    """The unsigned PDF/A-3 of a technical result: no price is in it, for nobody knows one (R-318)."""
    return render(_TECHNICAL, _technical(facts), created_at=facts.times["ranked_at"],
                  attachments={RESULT_FILE: canonical_bytes(dict(facts.outcome)).decode()})


def _technical(facts: ReportFacts) -> dict[str, Any]:
    rows = facts.outcome["rows"]
    items = list(facts.method["sheet_items"])
    return {
        "platform": facts.platform, "demo": facts.is_demo, "number": facts.lot["code"], "title": TECHNICAL_TITLE,
        "rehearsal": facts.lot["rehearsal"], "facts": _facts(facts), "members": _members(facts),
        "bids": [[str(row["place"]), f"{row['name']} {row['uscc']}", "通过" if row["passed"] else "未通过"]
                 for row in rows],
        "rejections": _rejections(rows), "clauses": _clauses(facts.method), "items": _items(facts.method),
        "score_head": ["投标人", *(each["title"] for each in items), "合计"] if items else [],
        "scores": [[row["name"], *(each["score"]["value"] for each in row["items"]), row["technical"]]
                   for row in rows if row["items"]],
        "details": [[row["name"], each["title"], each["score"]["inputs"][0]["value"], each["score"]["value"]]
                    for row in rows for each in row["items"]],
        "alerts": [_alert(each, facts.bids) for each in facts.alerts],
        "restarts": [f"第 {each['round']} 轮重新评分：{each['title']}" for each in facts.restarts],
        "remarks": facts.remarks or "无。", "dissents": [f"{each['alias']}：{each['text']}" for each in facts.dissents],
        "refusals": [f"{each['alias']}拒绝签字：{each['text']}。依法视为同意评审结论。" for each in facts.refusals],
        "signing": _signing(facts), "digest": f"评审结果 SHA-256 {facts.outcome_sha256}"}


def _view(facts: ReportFacts) -> dict[str, Any]:
    rows = sorted(facts.outcome["rows"], key=lambda row: (row["rank"] is None, row["rank"] or 0, row["place"]))
    return {
        "platform": facts.platform, "demo": facts.is_demo, "number": facts.lot["code"], "title": TITLE,
        "rehearsal": facts.lot["rehearsal"], "facts": _facts(facts), "members": _members(facts),
        "bids": [[str(row["place"]), f"{row['name']} {row['uscc']}", _money(row["price"]),
                  "否决" if row["rejected"] else "有效"] for row in sorted(rows, key=lambda row: int(row["place"]))],
        "rejections": _rejections(rows), "clauses": _clauses(facts.method), "items": _items(facts.method),
        "baseline": _baseline(facts.outcome["baseline"]), **_scores(facts, rows), "ties": _ties(rows),
        "candidates": _candidates(facts, rows), "alerts": [_alert(each, facts.bids) for each in facts.alerts],
        "restarts": [f"第 {each['round']} 轮重新评分：{each['title']}" for each in facts.restarts],
        "clarifications": [f"{each['title']}（{each['at']}）" for each in facts.clarifications],
        "to_settle": facts.to_settle or "无。", "remarks": facts.remarks or "无。",
        "dissents": [f"{each['alias']}：{each['text']}" for each in facts.dissents],
        "refusals": [f"{each['alias']}拒绝签字：{each['text']}。依法视为同意评标结论。" for each in facts.refusals],
        "signing": _signing(facts), "digest": f"评标结果 SHA-256 {facts.outcome_sha256}"}


def _at(moment: datetime | None) -> str:
    return shanghai(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _money(text: str | None) -> str:
    return f"{Decimal(text):,.2f}" if text is not None else "—"


def _facts(facts: ReportFacts) -> list[tuple[str, str]]:
    lot, times, kind = facts.lot, facts.times, KINDS[MethodKind(facts.method["kind"])]
    return [("标段编号", lot["code"]), ("标段名称", lot["title"]), ("招标人", lot["tenderee"]),
            ("招标代理", lot["agency"] or "无"), ("开标时间", _at(times["opened_at"])),
            ("开标记录", f"{_at(times['record_at'])} 公布"), ("评标开始", _at(times["begun_at"])),
            *_second(times),
            ("结果形成", _at(times["ranked_at"])), ("评标办法", f"{kind.title}（{kind.rule}）"),
            ("最高投标限价", f"{_money(lot['limit'])} 元" if lot["limit"] else "不设")]


def _second(times: Row) -> list[tuple[str, str]]:
    """Of two envelopes: when the technical result stood, and the second opening with its record."""
    if times["technical_at"] is None:
        return []
    told = [("技术商务评审结果", _at(times["technical_at"]))]
    if times["prices_opened_at"] is None:
        return [*told, ("第二信封（报价）", "密封，尚未开启")]
    return [*told, ("第二次开标（报价）", _at(times["prices_opened_at"])),
            ("第二次开标记录", f"{_at(times['prices_record_at'])} 公布")]


def _members(facts: ReportFacts) -> list[list[str]]:
    return [[each["alias"], each["name"], "招标人代表" if each["is_representative"] else "评标专家",
             "负责人" if each["is_leader"] else ""] for each in facts.members]


def _rejections(rows: Sequence[Row]) -> list[list[str]]:
    return [[row["name"], f"{each['clause']} {each['title']}", "；".join(each["reasons"]),
             "、".join(each["pages"]) or "—",
             f"{each['against']} : {each['for']}" if each["against"] else "—"]
            for row in rows for each in row["grounds"]]


def _clauses(method: Row) -> list[list[str]]:
    return [[each["number"], _STAGES[each["stage"]], each["title"], each["standard"]]
            for each in method["review_items"]]


def _items(method: Row) -> list[list[str]]:
    return [[each["number"], each["title"], f"{each['lowest']}—{each['highest']}" if each["unit"] == "points" else "—",
             "客观" if each["objective"] else "主观", each["standard"]] for each in method["sheet_items"]]


def _baseline(figure: Row | None) -> list[str]:
    if figure is None:
        return []
    inputs = "；".join(f"{each['name']}：{each['value']}" for each in figure["inputs"])
    return [f"D = {_money(figure['value'])} 元（{figure['rule']}）", figure["formula"], inputs]


def _scores(facts: ReportFacts, rows: Sequence[Row]) -> dict[str, Any]:
    """The table of totals, and under it what every member gave."""
    ranked = [row for row in rows if row["rank"] is not None]
    items = list(facts.method["sheet_items"])
    is_price = facts.method["kind"] == MethodKind.LOWEST
    head = ["名次", "投标人", "报价（元）", *([] if is_price else ["价格分"]), *(each["title"] for each in items),
            "评审价（元）" if is_price else "总分"]
    body = [[str(row["rank"]), row["name"], _money(row["price"]),
             *([] if is_price else [row["price_score"]["value"] if row["price_score"] else "—"]),
             *(each["score"]["value"] for each in row["items"]), _money(row["total"]["value"])] for row in ranked]
    details = [[row["name"], each["title"], each["score"]["inputs"][0]["value"], each["score"]["value"]]
               for row in ranked for each in row["items"]]
    return {"score_head": head, "scores": body, "details": details}


def _ties(rows: Sequence[Row]) -> list[str]:
    return [f"{row['name']}与其他投标人总分相同，依次按{_TIES[row['tie']]}确定名次。" for row in rows if row["tie"]]


def _candidates(facts: ReportFacts, rows: Sequence[Row]) -> list[list[str]]:
    names = {row["bid"]: row for row in rows}
    return [[f"第 {place} 中标候选人", names[bid]["name"], f"{_money(names[bid]['price'])} 元",
             _money(names[bid]["total"]["value"])] for place, bid in enumerate(facts.outcome["candidates"], 1)]


def _alert(alert: Row, bids: Sequence[Row]) -> list[str]:
    name = next((each["name"] for each in bids if each["bid"] == alert["bid"]), "")
    told = f"对{name}评分 {alert['value']}，其他评委平均 {alert['mean']}，相差 {alert['percent']}%" \
        if alert["kind"] == "deviation" else f"与{alert['with']}的评分逐项相同"
    return [alert["alias"], told, alert["reason"]]


def _signing(facts: ReportFacts) -> list[str]:
    refused = {each["alias"] for each in facts.refusals}
    return [f"{each['alias']}　{each['name']}" for each in facts.members if each["alias"] not in refused]
