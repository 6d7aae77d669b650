"""The evaluation of a whole rehearsal: read, reviewed, scored in secret and opened together, ranked, reported."""

from decimal import Decimal
from typing import Any

from frontend.cli.client import ApiError
from frontend.cli.rehearsal import sitting
from frontend.cli.rehearsal.model import Security
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.panel import SIZE, Panel
from frontend.cli.rehearsal.report import Stage
from frontend.cli.rehearsal.sitting import Marks
from frontend.cli.rehearsal.tender import K_SET

_DEPOSIT_CLAUSE, _DOUBTED_CLAUSE = "2.2", "2.1"
_JUDGED, _OBJECTIVE = "2", "3"
_ODD, _HARSH, _DISSENTER = 1, 2, 3  # the seats of who differs on a fact, who scores low, who dissents


def review(hall: Hall, panel: Panel) -> None:
    """Everyone reads and votes; the majority decides, on clauses of the document alone."""
    with hall.report.stage("评审 review") as stage:
        _read(hall, panel, stage)
        rows = {each["uscc"]: each for each in _desk(hall)["bids"]}
        short = [rows[each.uscc]["bid"] for each in hall.company.with_security(Security.SHORT)]
        doubted = next(each["bid"] for each in rows.values() if each["bid"] not in short)
        for place, judge in enumerate(panel.seated):
            against = {(bid, _DEPOSIT_CLAUSE): "投标保证金不足额" for bid in short if place != _ODD}
            if place == _ODD:
                against[doubted, _DOUBTED_CLAUSE] = "对该条的响应有疑问"
            panel.do(judge, sitting.review, hall.lot["id"], against)
        desk = _desk(hall)
        valid = {each["bid"]: each["valid"] for each in desk["bids"]}
        stage.need(desk["step"] == "scoring" and valid[doubted] is True,
                   f"{SIZE} 人逐份逐条独立评审；1 人的不同意见按多数 4∶1 未被采纳，理由留存")
        stage.prove({bid for bid, is_valid in valid.items() if not is_valid} == set(short),
                    f"被否决的恰为保证金不足额的 {len(short)} 家，依招标文件 2.2 款，4∶1" if short
                    else "各家投标均有效")
        _owners_see_counts_alone(hall, stage)


def _desk(hall: Hall) -> dict[str, Any]:
    """As the supervisor sees it, who may see what a member sees."""
    found: dict[str, Any] = hall.staff.supervisor.get(f"{hall.path}/evaluation")
    return found


def _read(hall: Hall, panel: Panel, stage: Stage) -> None:
    read = panel.all(sitting.read_pages, hall.lot["id"])
    stage.bytes = sum(read)
    stage.prove(min(read) > 0, f"{SIZE} 名评委各在自己的进程，按字节范围读取每份已开启的投标文件，边读边解密")
    bid = _desk(hall)["bids"][0]
    digest, size = panel.do(panel.seated[0], sitting.read_whole, hall.lot["id"], bid["bid"])
    stage.bytes += size
    author = next(each for each in hall.company.bidders if each.uscc == bid["uscc"])
    stage.prove(digest == hall.company.delivered[author.number].body_sha256,
                "一名评委分段读完整份，SHA-256 与投标人密封前的文件相同（B-023）")


def _owners_see_counts_alone(hall: Hall, stage: Stage) -> None:
    shown = [client.get(f"{hall.path}/evaluation") for client in
             (hall.staff.tenderee, hall.staff.agency, hall.staff.host)]
    stage.prove(not any({"bids", "reviews", "sheets", "members"} & set(each) for each in shown),
                "招标人、代理、中心只看到进度，看不到任何意见和评分（A-146）")


def score(hall: Hall, panel: Panel) -> None:
    """Committed before any is revealed; a fact that differs begins a new round; an odd score is explained."""
    with hall.report.stage("评分 scores") as stage:
        lot = hall.lot["id"]
        _commit_all(hall, panel, stage)
        steps = [panel.do(judge, sitting.reveal, lot)[0] for judge in panel.seated]
        desk = _desk(hall)
        stage.need(steps[-1] == "scoring" and desk["round"] == 2 and bool(desk["disputes"]),
                   f"客观项评分不一致 {len(desk['disputes'])} 处：全体揭示后自动另开一轮（R-330）")
        panel_marks = [_marks(desk, place) for place in range(SIZE)]
        for judge, marks in zip(panel.seated, panel_marks, strict=True):
            panel.do(judge, sitting.commit, lot, marks)
        steps = [panel.do(judge, sitting.reveal, lot)[0] for judge in panel.seated]
        stage.need(steps[-1] == "alerts", "第二轮一致：评委用自己的证书从平台保管的密件中取回评分并揭示")
        alerts = len(_desk(hall)["alerts"])
        count = sum(panel.all(sitting.explain, lot))
        desk = _desk(hall)
        stage.prove(count == alerts > 0, f"畸高畸低提示 {alerts} 处，由评委本人书面说明，评分不变（R-332）")
        stage.need(desk["step"] == ("technical" if hall.company.plan.two_envelopes else "ranked"), "评分汇总完成")


def _commit_all(hall: Hall, panel: Panel, stage: Stage) -> None:
    lot, desk = hall.lot["id"], _desk(hall)
    for place, judge in enumerate(panel.seated[:-1]):
        panel.do(judge, sitting.commit, lot, _marks(desk, place, odd=place == _ODD))
    _, numbers = panel.do(panel.seated[0], sitting.reveal, lot)
    shown = _desk(hall)["sheets"]
    seen = [*panel.all(sitting.sheets_seen, lot), sum(each["sheet"] is not None for each in shown)]
    stage.prove("R-330" in numbers and not any(seen),
                f"{SIZE - 1} 人提交后仍无人（监督在内）能看到任何评分，揭示被拒（{'、'.join(numbers)}）")
    panel.do(panel.seated[-1], sitting.commit, lot, _marks(desk, SIZE - 1))


def _marks(desk: dict[str, Any], place: int, *, odd: bool = False) -> Marks:
    """One member's sheet: facts as they are, unless ``odd``; opinions near each other, but for one that is harsh."""
    lowest = {each["number"]: Decimal(each["lowest"]) for each in desk["method"]["scoring_items"]}
    valid = [each["bid"] for each in desk["bids"] if each["valid"]]
    found = {}
    for number, bid in enumerate(valid):
        opinion = lowest[_JUDGED] + 12 + number % 5 + Decimal(place) / 4
        is_harsh = place == _HARSH and number == 0
        fact = lowest[_OBJECTIVE] + 2 * (number % 5) + (1 if odd and number == 0 else 0)
        found[bid] = {_JUDGED: f"{lowest[_JUDGED] if is_harsh else opinion:.2f}", _OBJECTIVE: f"{fact:.2f}"}
    return found


def rank_and_report(hall: Hall, panel: Panel) -> list[dict[str, Any]]:
    """Every number explains itself; one PDF bears everyone's signature; the rows as they were ranked."""
    with hall.report.stage("排名与报告 report") as stage:
        lot, outcome = hall.lot["id"], hall.staff.supervisor.get(f"{hall.path}/evaluation/ranking")["outcome"]
        ranked: list[dict[str, Any]] = sorted((row for row in outcome["rows"] if row["rank"]),
                                              key=lambda row: row["rank"])
        _explains_itself(hall, outcome, ranked, stage)
        panel.do(panel.seated[_DISSENTER], sitting.dissent, lot, "对第一名的施工组织设计评分持不同意见。（演练）")
        leader = panel.leader or panel.seated[0]
        paper = panel.do(leader, sitting.lay_out, lot)
        for judge in panel.seated:
            panel.do(judge, sitting.sign_report, paper)
        shown = hall.staff.supervisor.get(f"{hall.path}/evaluation/report")
        stage.bytes = len(hall.staff.supervisor.get_bytes(f"/api/papers/{paper}/pdf"))
        signed = [seat for seat in shown["paper"]["seats"] if seat["signed_at"]]
        stage.need(shown["step"] == "finished" and len(signed) == SIZE,
                   f"评标报告一份 PDF，{len(signed)} 人依次以各自私钥签名（PAdES），最后由平台盖章（R-340）")
        stage.prove([each["text"] for each in shown["report"]["dissents"]] != [], "1 人的不同意见写入报告")
        stage.prove(_is_closed(panel, lot), "签署后任何修改被拒（R-341）")
        return ranked


def _explains_itself(hall: Hall, outcome: dict[str, Any], ranked: list[dict[str, Any]], stage: Stage) -> None:
    rules = sorted(_rules_in(outcome))
    k = _desk(hall)["method"]["coefficients"]["k"]
    stage.prove(Decimal(k) in set(map(Decimal, K_SET)),
                f"评标基准价用唱标时从公布集合中可验证抽取的 K＝{k}（R-319）")
    stage.prove({"R-312", "R-315", "R-316"} <= set(rules),
                f"排名 {len(ranked)} 家，每个数字都带公式、代入值和规则（{'、'.join(rules)}）")


def _rules_in(value: Any) -> set[str]:
    """Every rule that a tree of figures names."""
    match value:
        case dict():
            own = {value["rule"]} if isinstance(value.get("rule"), str) else set()
            return own.union(*(_rules_in(each) for each in value.values()))
        case list():
            return set().union(*(_rules_in(each) for each in value))
    return set()


def _is_closed(panel: Panel, lot: str) -> bool:
    try:
        panel.do(panel.seated[_DISSENTER], sitting.dissent, lot, "再补充一点意见。")
    except ApiError:
        return True
    return False
