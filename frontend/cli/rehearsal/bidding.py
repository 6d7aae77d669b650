"""From enrolment to the last second before the opening."""

import time
from collections.abc import Mapping
from typing import Any

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.rehearsal import security
from frontend.cli.rehearsal.company import Company
from frontend.cli.rehearsal.model import Fate
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.papers import open_library
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.report import Report, sized
from frontend.cli.rehearsal.tender import Staff, now_of
from storage.kernel.clock import from_wire

# What passes with time alone, or says who is asking.
_PASSING = frozenset({"now", "server_time", "position", "stage", "documents_are_on_offer", "may"})
_TELLING = ("bid.", "document.downloaded", "hall.signed_in", "session.", "deposit.", "guarantee.")


def enrol(report: Report, company: Company, platform: Platform) -> None:
    """Fresh enterprises enrol by themselves (R-224)."""
    with report.stage("入库 enrolment") as stage:
        company.receive_identities(platform)
        states = company.enrol()
        words = {"rsa": "RSA", "ec-p256": "EC", "sm2": "SM2 双"}
        kinds = "、".join(words[kind] for kind in sorted({bidder.key_kind for bidder in company.bidders}))
        stage.need(set(states) == {"verified"},
                   f"{len(states)} 家新企业自行注册，证书与信用代码一致，当场自动核验（{kinds}证书）")


def write_bids(report: Report, company: Company) -> None:
    """Real documents, about as large as asked."""
    with report.stage("编制 composing") as stage:
        library = open_library()
        stage.bytes = company.compose(library)
        kinds = f"{len(library.documents)} 份文档、{len(library.drawings)} 张图、{len(library.texts)} 篇文本"
        stage.need(bool(library.texts),
                   f"取自本机 {len(library.files)} 个互不相同的真实文件（{kinds}，共 {sized(library.size)}）")


def shown_of(staff: Staff, lot: str) -> dict[str, Any]:
    """All that anyone who is no bidder is shown of a lot, without what passes with time alone."""
    named = {"public": staff.public, "tenderee": staff.tenderee, "agency": staff.agency, "host": staff.host,
             "recorder": staff.recorder, "supervisor": staff.supervisor}
    return {f"{name} {path}": _lasting(client.get(f"/api/lots/{lot}{path}"))
            for name, client in named.items() for path in ("", "/hall")}


def _lasting(value: Any) -> Any:
    match value:
        case dict():
            return {key: _lasting(item) for key, item in value.items() if key not in _PASSING}
        case list():
            return [_lasting(item) for item in value]
    return value


def _is_same(key: str, before: Any, after: Any) -> bool:
    """Two timers move a lot's stage before T, each with a version of its row; nothing else may."""
    return before <= after <= before + 2 if key == "version" else bool(before == after)


def _wait_for_the_documents(staff: Staff, lot: Mapping[str, Any]) -> None:
    """That bidding has begun passes with time; only what bidders change is compared."""
    time.sleep(max((from_wire(lot["documents_from"]) - now_of(staff.public)).total_seconds() + 0.05, 0))


def _is_refused(client: ApiClient, path: str) -> bool:
    try:
        client.get(path)
    except ApiError:
        return True
    return False


def bid(hall: Hall, platform: Platform) -> None:
    """Downloads, deposits where they are asked for, sealed bids, and that nobody saw any of it."""
    report, company, staff, lot = hall.report, hall.company, hall.staff, hall.lot
    _wait_for_the_documents(staff, lot)
    before = shown_of(staff, lot["id"])
    with report.stage("下载 download") as stage:
        stage.bytes = company.download(lot["id"])
        stage.prove(True, f"{len(company.bidders)} 家凭证书下载招标文件包，逐个文件核对摘要；下载即时密封存证")
    if company.plan.whole:
        security.secure(hall, platform)
    _deliver(report, company, lot)
    with report.stage("保密 secrecy") as stage:
        after = shown_of(staff, lot["id"])
        different = [f"{where} {key}" for where, value in before.items() for key in value
                     if not _is_same(key, value[key], after[where][key])]
        stage.prove(not different, "投标前后，公众、招标人、代理、主持人、记录人、监督所见 "
                    f"{len(before)} 页除时间外逐项相同（R-122）" + "".join(f"；不同：{where}" for where in different))
        told = [each.action for each in hall.viewer.seen if each.action.startswith(_TELLING)]
        stage.prove(not told, "截标前账本流中没有一条下载、保证金、投标、签到记录"
                    + "".join(f"；{action}" for action in told))
        sealed = all(_is_refused(client, f"/api/lots/{lot['id']}/release-work") for client in staff.custodians)
        stage.prove(sealed and now_of(staff.public) < from_wire(lot["deadline_at"]),
                    "开标时间前，保管人取不到任何待解密的内容")


def _deliver(report: Report, company: Company, lot: dict[str, Any]) -> None:
    with report.stage("投标 sealed bids") as stage:
        sent = company.deliver(lot["id"])
        stage.bytes = sum(each.bytes for each in sent)
        receipts = sum(len(each.receipts) for each in sent)
        uploads = sum(bidder.versions for bidder in company.bidders)
        standing, withdrawn = len(company.standing), len(company.with_fate(Fate.WITHDRAWS))
        stage.prove(receipts == standing + len(company.with_fate(Fate.REPLACES)) + 2 * withdrawn,
                    f"{uploads} 份在本机加密、直传存储、试解密成功；平台逐片读回核对后发 {receipts} 张回执")
        stage.prove(True, f"{standing} 家按时递交（其中 1 家替换为第 2 版），另 1 家撤回，1 家上传而未递交")
