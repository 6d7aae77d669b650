"""From the report to the signed contract: publicity, objection, winner, letters, contract."""

import json
import time
from datetime import timedelta
from typing import Any

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.rehearsal import receiving
from frontend.cli.rehearsal.model import Bidder
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.report import Stage
from frontend.cli.rehearsal.security import PATIENCE
from frontend.cli.rehearsal.signing import sign_paper
from frontend.cli.rehearsal.tender import now_of
from storage.crypto.statements import check_statement
from storage.kernel.clock import from_wire, to_wire

_PUBLICITY_SECONDS = 12  # on a quiet machine: long enough to object and to be refused within it
_PAUSE_SECONDS = 0.3
_CHANNEL = "演练联系人，0518-00000000"
Row = dict[str, Any]


def _award(hall: Hall) -> dict[str, Any]:
    found: dict[str, Any] = hall.staff.tenderee.get(f"{hall.path}/award")
    return found


def _text_goes_out(hall: Hall, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Written and handed in by the agency, reviewed by the tenderee, published."""
    path, agency = f"{hall.path}/award-texts/{kind}", hall.staff.agency
    agency.put(path, {"objection_channel": _CHANNEL, "remarks": ""})
    agency.act(f"{path}/submit", {})
    hall.staff.tenderee.act(f"{path}/review", {"accepted": True})
    shown: dict[str, Any] = agency.act(f"{path}/publish", body)
    return shown


def _rules_against(client: ApiClient, path: str, body: dict[str, Any]) -> list[str]:
    try:
        client.act(path, body)
    except ApiError as error:
        return [rule["number"] for rule in error.rules]
    return []


def _bidder(hall: Hall, row: Row) -> Bidder:
    return next(each for each in hall.company.bidders if each.uscc == row["uscc"])


def publicise(hall: Hall, ranked: list[Row]) -> None:
    """At most three candidates, ranked; nobody else's place is public."""
    with hall.report.stage("公示 publicity") as stage:
        pace = hall.company.plan.pace
        until = (now_of(hall.staff.public) + timedelta(seconds=_PUBLICITY_SECONDS * pace)).replace(microsecond=0)
        _text_goes_out(hall, "candidates", {"until": to_wire(until)})
        shown = hall.staff.public.get(f"{hall.path}/candidates")
        names = [each["name"] for each in shown["candidates"]]
        stage.need(names == [row["name"] for row in ranked[:3]],
                   f"中标候选人 {len(names)} 名，排序与评标报告一致，经招标人审核后公示（R-110、R-128）")
        public = hall.staff.public.get(f"{hall.path}/award")
        last = _bidder(hall, ranked[-1])
        own = hall.company.each(receiving.own_ranking, [last], hall.lot["id"])[0]
        stage.prove(public["ranking"] is None and own == [last.uscc],
                    "公众只见候选人；其余各家的名次与得分，投标人只见自己的一行")


def object_and_answer(hall: Hall, ranked: list[Row]) -> None:
    """An objection within the publicity freezes the award until it is answered."""
    with hall.report.stage("异议与答复 result objection") as stage:
        second = _bidder(hall, ranked[1])
        objection = hall.company.each(receiving.object_to_result, [second], hall.lot["id"],
                                      "请说明第一名业绩评分的依据。（演练异议）")[0]
        first = _award(hall)["candidates"][0]["id"]
        numbers = _rules_against(hall.staff.tenderee, f"{hall.path}/winner", {"bidder": first})
        stage.prove({"R-110/2", "R-111/2"} <= set(numbers),
                    f"公示未满、异议未答复时定标被拒（{'、'.join(numbers)}）")
        hall.staff.agency.act(f"/api/result-objections/{objection}/answer",
                              {"text": "业绩为客观评分项，全体评委一致，详见评标报告。（演练答复）"})
        stage.prove(_award(hall)["objections"]["open"] == 0, "异议已在期限内答复，答复记入账本")
        until = from_wire(_award(hall)["publicity"]["until"])
        time.sleep(max((until - now_of(hall.staff.public)).total_seconds() + 0.05, 0))


def choose(hall: Hall, ranked: list[Row]) -> None:
    """The first-ranked wins; the result goes out, and the regulator has its report."""
    with hall.report.stage("定标 winner") as stage:
        candidates, path = _award(hall)["candidates"], f"{hall.path}/winner"
        numbers = _rules_against(hall.staff.tenderee, path, {"bidder": candidates[1]["id"], "reason": "更合适"})
        stage.prove("B-027" in numbers, "排名第一的不中标、又无法定情形的，被拒（B-027）")
        shown = hall.staff.tenderee.act(path, {"bidder": candidates[0]["id"]})
        stage.need(shown["winner"]["name"] == ranked[0]["name"] and shown["lot"]["stage"] == "awarded",
                   f"排名第一的中标：报价 {shown['winner']['price']} 元，得分 {shown['winner']['score']}")
        _text_goes_out(hall, "result", {})
        notices = [each["kind"] for each in hall.staff.public.get(f"{hall.path}/award-notices")]
        stage.prove(notices == ["candidates", "result"], "中标结果公告经审核后公布")
        hall.staff.tenderee.act(f"{hall.path}/award-report", {"text": "招标投标情况书面报告（演练）"})
        told = hall.staff.supervisor.get(f"{hall.path}/award")["report"]
        stage.prove(told["filed_at"] is not None and not told["is_late"], "向监督部门提交书面报告（R-115）")
        names = [each["name"] for each in hall.staff.public.get(f"{hall.path}/committee")["members"]]
        drawn = hall.staff.public.get(f"{hall.path}/committee/draw")["drawn"]
        stage.prove(all(names) and bool(drawn["seed"]), "定标后评标委员会名单与抽取的全部输入公开")


def send_letters(hall: Hall, ranked: list[Row]) -> None:
    """Signed, verified by another, sent to everyone who was opened; read receipts, and the courier to the door."""
    with hall.report.stage("中标与结果通知书 letters") as stage:
        staff, path = hall.staff, f"{hall.path}/letters"
        staff.agency.act(path, {"reply_by": None, "remarks": "请按期签订合同。（演练）"})
        items = staff.agency.act(f"{path}/submit", {})["letters"]["items"]
        paper = next(each["paper_id"] for each in items if each["kind"] == "award")
        refused = _rules_against(staff.host, f"{path}/verify", {"accepted": True})
        sign_paper(staff.tenderee, paper, "tenderee")
        staff.host.act(f"{path}/verify", {"accepted": True})
        sent = staff.agency.act(f"{path}/send", {})["letters"]
        stage.prove(bool(refused) and sent["status"] == "sent",
                    f"中标通知书由招标人私钥签名、中心核验后发出（未签名时核验被拒：{'、'.join(refused)}）")
        got = hall.company.each(receiving.read_letter, hall.company.standing, hall.lot["id"])
        stage.bytes = sum(size for _, size in got)
        kinds = sorted(kind for kind, _ in got if kind)
        stage.prove(kinds == sorted(each["kind"] for each in items),
                    f"{len(kinds)} 份通知书（中标 1 份、结果 {len(kinds) - 1} 份）各由收件人取回 PDF，留下已读回执")
        _deliver(hall, _bidder(hall, ranked[0]), stage)


def _deliver(hall: Hall, winner: Bidder, stage: Stage) -> None:
    letter = hall.company.each(receiving.give_address, [winner], hall.lot["id"])[0]
    path, until = f"/api/award-letters/{letter}", time.monotonic() + PATIENCE
    hall.staff.agency.act(f"{path}/courier", {})
    while not (told := hall.staff.agency.get(path))["has_service_record"] and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
    stops = [each["status"] for each in (told["courier"] or {"events": []})["events"]]
    stage.need(bool(told["has_service_record"]),
               f"快递程序接单后逐站以签名报文回报：{'、'.join(stops)}")
    record = hall.company.each(receiving.service_record, [winner], letter)[0]
    said = json.loads(record["text"])
    check_statement("service-record", record["text"].encode(), record["signature"], at=from_wire(said["at"]))
    stage.prove(said["courier"]["waybill"] == told["courier"]["waybill"] and bool(said["letter"]["read_at"]),
                "电子送达（已读时间）与快递签收合为一份由平台签名的送达记录（R-225）")


def contract(hall: Hall, ranked: list[Row]) -> None:
    """Of the bid's own figures, verified by the centre, signed by both."""
    with hall.report.stage("合同 contract") as stage:
        staff, path = hall.staff, f"{hall.path}/contract"
        staff.agency.put(path, {"fields": {"quality": "合格", "payment": "按月支付进度款"}, "performance_bond": None})
        staff.agency.act(f"{path}/submit", {})
        paper = staff.host.act(f"{path}/verify", {"accepted": True})["contract"]["paper_id"]
        sign_paper(staff.tenderee, paper, "tenderee")
        hall.company.each(receiving.sign_contract, [_bidder(hall, ranked[0])], paper)
        shown = _award(hall)
        stage.bytes = len(staff.tenderee.get_bytes(f"/api/papers/{paper}/pdf"))
        stage.need(shown["contract"]["status"] == "signed" and shown["lot"]["stage"] == "contracted",
                   "合同由招标人与中标人各以私钥签署，平台盖章，签署前经中心核验")
        stage.prove(shown["contract"]["price"] == ranked[0]["price"],
                    f"合同价 {shown['contract']['price']} 元取自开标时公布的报价，不能另填")
        outsider = _bidder(hall, ranked[-1])
        seen = hall.company.each(receiving.is_shown, [outsider], f"/api/papers/{paper}")[0]
        stage.prove(not seen, "合同文本只有双方、代理、中心和监督可见")
