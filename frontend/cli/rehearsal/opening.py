"""The hour of opening: by the clock, before everyone's eyes, to a signed and published record."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bidding.bids.model import PRICE, TECHNICAL, WHOLE
from frontend.cli.bid_release import release_when_open
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.rehearsal.company import Company
from frontend.cli.rehearsal.follower import Follower
from frontend.cli.rehearsal.model import Bidder, Fate
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.report import Report, Stage
from frontend.cli.rehearsal.tender import Staff, now_of
from storage.crypto.canonical import from_base64, to_base64
from storage.kernel.clock import from_wire

_PATIENCE = 30.0


@dataclass
class Hall:
    """One lot's opening, and everyone in it."""

    report: Report
    company: Company
    staff: Staff
    lot: dict[str, Any]
    viewer: Follower
    envelope: str = WHOLE

    def stage(self, name: str) -> AbstractContextManager[Stage]:
        """A stage of this opening."""
        return self.report.stage(f"第二次{name}" if self.envelope == PRICE else name)

    @property
    def path(self) -> str:
        """Of the lot's routes."""
        return f"/api/lots/{self.lot['id']}"

    def now(self, client: ApiClient | None = None) -> dict[str, Any]:
        """The hall as a client sees it."""
        found: dict[str, Any] = (client or self.staff.public).get(f"{self.path}/hall")
        return found

    def step(self, act: str, expected: str) -> None:
        """The host's next step."""
        self.staff.host.act(f"{self.path}/hall/{act}", {"expected": expected})


def wait_for_the_hour(hall: Hall) -> None:
    """Nobody does anything: the clock opens the lot, and what comes after is late."""
    company, lot = hall.company, hall.lot
    with hall.report.stage("到点 the hour") as stage:
        left = (from_wire(lot["deadline_at"]) - now_of(hall.staff.public)).total_seconds()
        stage.need(left > 0, f"全部递交在开标前 {left:.1f} 秒完成" if left > 0 else
                   "递交未能在截止前完成：请加大 --time-to-bid")
        frozen = hall.viewer.wait("lot.bids_frozen", left + _PATIENCE)[0]
        payload = frozen.payload or {}
        names = {each["uscc"] for each in payload["bids"]}
        stage.prove(frozen.actor.startswith("clock#"), f"到点由时钟自动截标，无人操作，迟 {payload['late_ms']} 毫秒")
        stage.need(names == {bidder.uscc for bidder in company.standing},
                   f"封存集合恰为 {len(company.standing)} 家，集合摘要记入账本；撤回的、逾期的不在其中")
        numbers = company.submit_late(lot["id"])
        stage.prove(numbers.count("R-141") >= 2, f"逾期一家：递交与重新上传均被拒（{'、'.join(numbers)}）")


def open_envelopes(hall: Hall, platform: Platform) -> None:
    """One opening, from the frozen set to the published record."""
    decrypt(hall, platform)
    announce(hall)
    hear(hall)
    record(hall)


def decrypt(hall: Hall, platform: Platform) -> None:
    """Custodians and bidders release; one never does, and holds nobody up."""
    company, viewer = hall.company, hall.viewer
    with hall.stage("解密 decryption") as stage:
        hall.step("begin-decryption", "frozen")
        for keeper in hall.staff.custodians[:2]:
            if keeper.identity:
                release_when_open(keeper, keeper.identity, hall.lot["id"], roots=platform.roots, patience=_PATIENCE)
        stage.prove(len(viewer.wait("custodian.released", _PATIENCE, 2)) == 2,
                    "2 名保管人核对开标通知的签名与时间戳后一次释放全部份额（3 份取 2）")
        last = company.release(hall.lot["id"], platform.roots)
        opened = viewer.wait("bid.decrypted", _PATIENCE, len(company.opening))
        at = max(from_wire((each.payload or {})["at"]).timestamp() for each in opened)
        stage.prove(len(opened) == len(company.opening),
                    f"{len(opened)} 家各自在本机释放密钥；最后一家释放后 {max(at - last, 0):.2f} 秒全部解开")
        shown = str([hall.now(client) for client in (hall.staff.public, *hall.staff.signed_in)])
        early = [bidder.name for bidder in company.bidders if bidder.values(bidder.versions)["price"] in shown]
        stage.prove(not early, "唱标之前任何人看不到任何报价")
        if hall.envelope != PRICE:
            _end_window(hall, stage)


def _end_window(hall: Hall, stage: Stage) -> None:
    refused = _rules_against(hall.staff.host, f"{hall.path}/hall/announce", {"expected": "decrypting"})
    stage.prove("R-506" in refused, "尚有一家未出结果时不能唱标（R-506）")
    revoked = hall.viewer.wait("bid.revoked", hall.company.plan.window + _PATIENCE)
    causes = [(each.payload or {})["cause"] for each in revoked]
    silent = hall.company.with_fate(Fate.SILENT)[0]
    row = next(each for each in hall.now()["bids"] if each["bidder"]["uscc"] == silent.uscc)
    stage.prove(causes == ["not-released"] and row["state"] == "revoked",
                "始终不解密的一家在解密时间结束时视为撤销，原因记入账本，没有拖住别人（R-144）")


def _rules_against(client: ApiClient, path: str, body: dict[str, Any]) -> list[str]:
    try:
        client.act(path, body)
    except ApiError as error:
        return [rule["number"] for rule in error.rules]
    return []


def announce(hall: Hall) -> None:
    """All prices at once, each the one that was sealed; of the technical envelopes all but the prices."""
    with hall.stage("唱标 announcing") as stage:
        hall.step("announce", "decrypting")
        rows = (hall.viewer.wait("opening.announced", _PATIENCE)[0].payload or {})["rows"]
        by_code = {row["uscc"]: row for row in rows}
        right = all(_is_as_sealed(by_code[each.uscc], each, hall.envelope) for each in hall.company.opening)
        if hall.envelope == PRICE:
            stage.prove(right and len(rows) == len(hall.company.opening),
                        f"通过评审的 {len(rows)} 家的报价、大写一次公布，与各家密封前所填逐一相同")
            return
        silent = by_code[hall.company.with_fate(Fate.SILENT)[0].uscc]
        told = "工期、项目经理（没有任何报价）" if hall.envelope == TECHNICAL else "报价、大写"
        stage.prove(right, f"{len(hall.company.opening)} 家的{told}一次公布，与各家密封前所填逐一相同；"
                    "替换的一家以第 2 版为准")
        stage.prove(silent["price"] is None and len(rows) == len(hall.company.standing),
                    "未解密的一家列名而无报价；撤回的、逾期的不出现")


def _is_as_sealed(row: dict[str, Any], bidder: Bidder, envelope: str) -> bool:
    """Everything of this envelope that was sealed, and nothing of the other."""
    sealed = bidder.values(bidder.versions)
    price, told = sealed.pop("price"), {each["key"]: each["value"] for each in row["fields"] if each["key"] != "price"}
    priced = row["price"] == price and bool(row["words"])
    if envelope == TECHNICAL:
        priced = row["price"] is None and not row["words"]
    return bool(priced and row["version"] == bidder.versions and told == ({} if envelope == PRICE else sealed))


def hear(hall: Hall) -> None:
    """One objects, the host answers, all confirm."""
    with hall.stage("异议确认 objections") as stage:
        hall.step("open-objections", "announced")
        objection = hall.company.object_to(hall.lot["id"], "请说明：未解密的投标文件是否退还？（演练异议）")
        refused = _rules_against(hall.staff.host, f"{hall.path}/hall/close-objections", {"expected": "objections"})
        stage.prove("R-109" in refused, f"异议未答复、时间未满时不能结束（{'、'.join(refused)}）")
        hall.staff.host.act(f"{hall.path}/hall/objections/{objection}/answer",
                            {"text": "未解密的视为撤销其投标文件，仍保持密封，不予开启。（演练答复）"})
        until = from_wire(hall.now()["objections_until"])
        time.sleep(max((until - now_of(hall.staff.public)).total_seconds() + 0.05, 0))
        hall.step("close-objections", "objections")
        count = hall.company.confirm(hall.lot["id"])
        seen = hall.viewer.wait("price.confirmed", _PATIENCE, count)
        stage.prove(len(seen) == count, f"异议与答复记录在案；{count} 家以私钥签名确认唱标内容")


def record(hall: Hall) -> None:
    """Drawn up, signed by host and recorder with their own keys, published."""
    with hall.stage("记录 record") as stage:
        hall.step("conclude", "confirming")
        for client, capacity in ((hall.staff.host, "host"), (hall.staff.recorder, "recorder")):
            _sign(hall, client, capacity)
        hall.viewer.wait("opening.published", _PATIENCE)
        shown = hall.staff.public.get(f"{hall.path}/opening-record")
        stage.bytes = len(hall.staff.public.get_bytes(f"{hall.path}/opening-record/pdf"))
        signed = {each["capacity"] for each in shown["signatures"] if each["signed_at"]}
        stage.prove(signed == {"host", "recorder"} and shown["published_at"] is not None,
                    "开标记录由主持人、记录人在本机签名（PAdES），平台盖章公布，附账本证明")
        lot = hall.staff.public.get(hall.path)
        notices = sum(each["kind"] == "opening_record" for each in lot["notices"])
        after, count, told = ("evaluating", 2, "回到评标") if hall.envelope == PRICE else ("opened", 1, "为已开标")
        stage.prove((lot["stage"], notices) == (after, count), f"标段状态{told}；开标记录公示对公众可见")


def _sign(hall: Hall, client: ApiClient, capacity: str) -> None:
    if client.identity is None:
        raise ValueError("whoever signs is signed in with a certificate")
    prepared = client.act(f"{hall.path}/opening-record/prepare",
                          {"capacity": capacity, "certificate": client.identity.certificate.pem})
    signature = client.identity.sign(from_base64(prepared["to_sign"], "to_sign"))
    client.act(f"{hall.path}/opening-record/sign", {"capacity": capacity, "signature": to_base64(signature)})


def read_bodies(hall: Hall) -> None:
    """What the platform decrypts of the bodies is what was sealed; what was not released stays sealed."""
    with hall.report.stage("全文 bodies") as stage:
        rows = _checked_bodies(hall)
        opened = [row for row in rows if row["state"] == "decrypted"]
        stage.prove(all(row["body_check"] == "sound" for row in opened),
                    f"后台对 {len(opened)} 份正文全文解密校验，全部完好")
        stage.bytes, others = hall.company.read_back({row["bidder"]["uscc"]: row["bid"] for row in opened})
        stage.prove(not others, "各家读回开启的正文（边读边解密），SHA-256 与密封前的文件相同"
                    + "".join(f"；不同：{name}" for name in others))
        sealed = [row["bid"] for row in rows if row["state"] != "decrypted"]
        stage.prove(len(sealed) == 1 and all(_stays_sealed(hall.staff.supervisor, bid) for bid in sealed),
                    "未解密的一份，监督部门也读不到")


def _checked_bodies(hall: Hall) -> list[dict[str, Any]]:
    until = time.monotonic() + _PATIENCE + hall.company.plan.bidders * hall.company.plan.size / 5e6
    while True:
        rows: list[dict[str, Any]] = hall.now(hall.staff.supervisor)["bids"]
        waiting = [row for row in rows if row["state"] == "decrypted" and row["body_check"] not in ("sound", "failed")]
        if not waiting or time.monotonic() > until:
            return rows
        time.sleep(0.3)


def _stays_sealed(client: ApiClient, bid: str) -> bool:
    try:
        client.get_bytes(f"/api/bids/{bid}/body", first=0, last=99)
    except ApiError:
        return True
    return False
