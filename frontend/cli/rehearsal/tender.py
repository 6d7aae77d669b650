"""The tender of a rehearsal: project, tender project, lot, document, signature, notice, publication."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.rehearsal.model import LIMIT, Plan
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.report import Stage
from storage.crypto.canonical import from_base64, to_base64
from storage.kernel.clock import from_wire, to_wire

KIND = "rehearsal-quick"
PAPERWORK_SECONDS = 5  # from the draft of the lot to its publication
_CUSTODIANS = ("tenderee", "agency", "supervisor")
_NOTICE = {"location": "连云港市海州区", "duration": "365日历天", "quality": "合格", "scope": "演练工程的全部施工内容",
           "qualification": "市政公用工程施工总承包三级及以上资质（演练）", "consortium": "不接受",
           "contact": "演练联系人，0518-00000000，连云港市海州区演练路1号"}
K_SET = ("95", "96", "97")
_METHOD: dict[str, Any] = {
    "announced_fields": [
        {"key": "price", "label": "投标总价", "kind": "money", "required": True},
        {"key": "duration", "label": "工期", "kind": "days", "required": True},
        {"key": "manager", "label": "项目经理", "kind": "text", "required": True}],
    "bid_parts": [{"number": "1", "title": "投标函", "required": True},
                  {"number": "2", "title": "施工组织设计", "required": True},
                  {"number": "3", "title": "图纸", "required": True}],
    "review_items": [{"number": "1.1", "title": "投标人名称", "stage": "form", "standard": "与营业执照一致"},
                     {"number": "2.1", "title": "投标报价", "stage": "response", "standard": "不高于最高投标限价"}],
    "scoring_items": [
        {"number": "1", "title": "投标报价", "lowest": "0", "highest": "60", "standard": "见价格公式", "group": "price",
         "objective": True},
        {"number": "2", "title": "施工组织设计", "lowest": "20", "highest": "40", "standard": "综合评价"}],
    "price_formula": {"number": "R-312", "above": "2", "below": "1", "weight": "60", "k_set": list(K_SET),
                      "drops_extremes": True}}
# Of a rehearsal that goes on to the archive: a deposit in any form, and an objective item beside the judged one.
_WHOLE: dict[str, Any] = {
    "deposit": "200000", "deposit_forms": ["cash", "bank", "insurer", "guarantor"],
    "award": {"candidates": 3, "names_winner": False, "first_ranked_wins": True},
    "review_items": [*_METHOD["review_items"], {"number": "2.2", "title": "投标保证金", "stage": "response",
                                                "standard": "按招标文件规定的金额和形式提交"}],
    "scoring_items": [
        _METHOD["scoring_items"][0],
        {"number": "2", "title": "施工组织设计", "lowest": "10", "highest": "30", "standard": "综合评价"},
        {"number": "3", "title": "类似工程业绩", "lowest": "0", "highest": "10", "standard": "每项两分，最多五项",
         "group": "business", "objective": True}]}
# Whatever names a price goes into an envelope of its own.
_PRICED = ("price", "1")
_TWO: dict[str, Any] = {
    "two_envelopes": True, "price_notice_minutes": 30,
    **{name: [{**each, "priced": each[key] in _PRICED} for each in _METHOD[name]]
       for name, key in (("announced_fields", "key"), ("bid_parts", "number"))}}
_TERM = {"number": "2.1", "title": "工期", "stage": "response", "standard": "不超过招标文件规定"}


@dataclass(frozen=True, slots=True)
class Staff:
    """Everyone who is no bidder, signed in."""

    tenderee: ApiClient
    agency: ApiClient
    host: ApiClient
    recorder: ApiClient
    supervisor: ApiClient
    public: ApiClient
    keepers: tuple[ApiClient, ...] = ()

    @property
    def custodians(self) -> tuple[ApiClient, ...]:
        """Who keep a share, by index: with other certificates of theirs in a lot of suite 2."""
        return self.keepers or tuple(getattr(self, name) for name in _CUSTODIANS)

    @property
    def signed_in(self) -> tuple[ApiClient, ...]:
        """All but the public."""
        return (self.tenderee, self.agency, self.host, self.recorder, self.supervisor)


def gather(platform: Platform, suite: int = 1) -> Staff:
    """Signs the demo's bodies in, spread over the nodes; papers are written on one node, whose address they bear."""
    return Staff(
        tenderee=platform.signed_in("tenderee"), agency=platform.signed_in("agency"),
        host=platform.signed_in("host", 1), recorder=platform.signed_in("deputy"),
        supervisor=platform.signed_in("supervisor", 1), public=ApiClient(platform.servers[-1]),
        keepers=tuple(platform.signed_in(f"{name}-sm") for name in _CUSTODIANS) if suite == 2 else ())


def party_of(client: ApiClient) -> str:
    """The party a client is signed in as."""
    return str(client.get("/api/me")["party"]["id"])


def now_of(client: ApiClient) -> datetime:
    """The platform's clock, the only one that decides."""
    return from_wire(client.get("/api/time")["now"])


def publish(staff: Staff, plan: Plan, stage: Stage) -> Mapping[str, Any]:
    """The whole way to the publication; answers the lot as the public reads it."""
    lot = _plan_lot(staff, plan)
    notice = _verified_notice(staff, lot["id"])
    numbers = _refused(staff.agency, notice)
    stage.prove("A-66" in numbers, f"招标文件未签名时发布被拒，逐条列出未满足规则：{'、'.join(numbers)}")
    document = _sign_document(staff, lot["id"])
    stage.prove(document["status"] == "signed" and document["agrees"],
                "招标文件 PDF 由招标人私钥在本机签名（延迟签名）")
    stage.bytes += int(document["size"])
    staff.agency.act(f"/api/notices/{notice}/publish", {})
    shown: dict[str, Any] = staff.public.get(f"/api/lots/{lot['id']}")
    marks = (shown["rehearsal"], shown["code"].startswith("X"), shown["notices"][0]["title"].startswith("【演练】"))
    stage.prove(all(marks), f"标段 {shown['code']} 处处标明演练：类别、编号字母 X、公告标题")
    suite = {1: "FLOE", 2: "国密 FLOE-SM（SM2、SM3、SM4）"}[shown["suite"]]
    stage.prove(shown["k"] == 2 and shown["n"] == len(_CUSTODIANS) and shown["suite"] == plan.suite,
                f"密钥 2/3：招标人、代理、监督各持一份；密码套件 {suite}")
    return shown


def _plan_lot(staff: Staff, plan: Plan) -> dict[str, Any]:
    by = staff.tenderee
    project = by.act("/api/projects", {
        "name": "演练：海州区排水管网改造工程", "rehearsal": True, "agency_id": party_of(staff.agency)})
    tender = by.act(f"/api/projects/{project['id']}/tender-projects",
                    {"name": "演练：排水管网施工", "trade_kind": KIND})
    lot: dict[str, Any] = by.act(f"/api/tender-projects/{tender['id']}/lots", _lot(staff, plan))
    for path in (f"projects/{project['id']}", f"tender-projects/{tender['id']}", f"lots/{lot['id']}"):
        lot = by.act(f"/api/{path}/submit")
    return lot


def _lot(staff: Staff, plan: Plan) -> dict[str, Any]:
    now = now_of(staff.tenderee)
    opens = (now + timedelta(seconds=PAPERWORK_SECONDS + plan.seconds_to_bid)).replace(microsecond=0)
    half = now + timedelta(seconds=PAPERWORK_SECONDS + plan.seconds_to_bid / 2)
    return {"title": "演练：排水管网施工一标段", "content": "雨污分流管道 3.2 公里", "estimate": "10000000",
            "price_limit": f"{LIMIT:.2f}", "documents_from": to_wire(now + timedelta(seconds=1)),
            "documents_until": to_wire(half), "deadline_at": to_wire(opens),
            "opening_place": "云开网上开标大厅（演练）",
            "host_id": party_of(staff.host), "recorder_id": party_of(staff.recorder), "k": 2, "suite": plan.suite,
            "custodians": [{"party_id": party_of(each)} for each in staff.custodians],
            "decryption_minutes": plan.window, "objection_minutes": 3, "sign_in_minutes": 1440,
            **_asked(plan)}


def _asked(plan: Plan) -> dict[str, Any]:
    """What the document asks for and how it is judged; before prices are opened, no clause asks about them."""
    asked = _METHOD | (_WHOLE if plan.whole else {})
    if not plan.two_envelopes:
        return asked
    clauses = [_TERM if each["number"] == _TERM["number"] else each for each in asked["review_items"]]
    return asked | _TWO | {"review_items": clauses}


def _verified_notice(staff: Staff, lot: str) -> str:
    notice = str(staff.agency.act(f"/api/lots/{lot}/notices", {"fields": _NOTICE})["id"])
    staff.agency.act(f"/api/notices/{notice}/submit")
    staff.tenderee.act(f"/api/notices/{notice}/review", {"accepted": True})
    staff.host.act(f"/api/notices/{notice}/verify", {"accepted": True})
    return notice


def _refused(agency: ApiClient, notice: str) -> list[str]:
    """The numbers of the rules that stand against publishing now."""
    try:
        agency.act(f"/api/notices/{notice}/publish", {})
    except ApiError as error:
        return [rule["number"] for rule in error.rules]
    return []


def _sign_document(staff: Staff, lot: str) -> dict[str, Any]:
    signer = staff.tenderee.identity
    if signer is None:
        raise ValueError("the tenderee is signed in with a certificate")
    staff.agency.put(f"/api/lots/{lot}/document", {"fields": {}})
    staff.agency.act(f"/api/lots/{lot}/document/render")
    path = f"/api/lots/{lot}/document/signature"
    prepared = staff.tenderee.act(f"{path}/prepare", {"certificate": signer.certificate.pem})
    signature = signer.sign(from_base64(prepared["to_sign"], "to_sign"))
    signed: dict[str, Any] = staff.tenderee.act(f"{path}/complete", {"signature": to_base64(signature)})
    return signed
