"""Of two envelopes in a whole rehearsal: the technical result is signed, and prices of those who passed are opened."""

from datetime import timedelta

from bidding.bids.model import PRICE
from frontend.cli.client import ApiError
from frontend.cli.rehearsal import opening, sitting
from frontend.cli.rehearsal.acting import digest_of
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.panel import SIZE, Panel
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.tender import now_of
from storage.kernel.clock import from_wire, to_wire

_NOTICE = timedelta(seconds=33)  # the document's thirty minutes, a second each, and what the request itself takes
_PATIENCE = 30.0


def go_second(hall: Hall, platform: Platform, panel: Panel) -> None:
    """From the technical scores to the ranking."""
    _sign_technical(hall, panel)
    _wait_for_the_second_hour(hall)
    hall.envelope = PRICE
    opening.open_envelopes(hall, platform)
    _take(hall, panel)


def _sign_technical(hall: Hall, panel: Panel) -> None:
    """All sign who passed, before any price is known to anyone."""
    with hall.report.stage("技术商务结果 technical") as stage:
        desk = hall.staff.supervisor.get(f"{hall.path}/evaluation")
        rows = desk["technical"]["rows"]
        hall.company.passed = frozenset(row["uscc"] for row in rows if row["passed"])
        paper = panel.do(panel.leader or panel.seated[0], sitting.lay_out, hall.lot["id"], "technical")
        for judge in panel.seated:
            panel.do(judge, sitting.sign_report, paper)
        told = hall.staff.supervisor.get(f"{hall.path}/evaluation")
        stage.need(told["step"] == "prices", f"{SIZE} 人在任何报价开启之前签署技术商务评审结果："
                   f"{len(hall.company.passed)} 家通过，{len(rows) - len(hall.company.passed)} 家未通过（R-318）")
        prices = [each.values(each.versions)["price"] for each in hall.company.bidders]
        stage.prove(not any(price in str(told) for price in prices), "评标席上没有任何报价")


def _wait_for_the_second_hour(hall: Hall) -> None:
    """The tenderee sets it in time and publicly; the clock opens."""
    with hall.report.stage("第二次到点 the second hour") as stage:
        tenderee, path = hall.staff.tenderee, f"{hall.path}/price-opening"
        hour = (now_of(tenderee) + _NOTICE).replace(microsecond=0)
        numbers = []
        try:
            tenderee.post(path, {"opens_at": to_wire(hour - _NOTICE / 2)})
        except ApiError as error:
            numbers = [rule["number"] for rule in error.rules]
        stage.prove("R-318/5" in numbers, f"未按招标文件提前告知的开标时间被拒（{'、'.join(numbers)}）")
        tenderee.post(path, {"opens_at": to_wire(hour)})
        hall.viewer.turn_page()
        frozen = hall.viewer.wait("prices.frozen", _NOTICE.total_seconds() + _PATIENCE)[0]
        told = frozen.payload or {}
        names = {each["bidder"]["uscc"] for each in hall.now()["bids"]}
        stage.prove(frozen.actor.startswith("clock#") and from_wire(told["opened_at"]) >= hour,
                    "第二次开标由时钟到点自动开始，无人操作")
        stage.need(names == (hall.company.passed or set()) and len(told["bids"]) == len(names),
                   f"只封存 {len(names)} 家通过者的报价信封；未通过、未解密的不在其中")


def _take(hall: Hall, panel: Panel) -> None:
    """Prices join the signed scores; whoever failed has none anywhere."""
    with hall.report.stage("报价入评 prices") as stage:
        lot = hall.lot["id"]
        step = panel.do(panel.leader or panel.seated[0], sitting.take_prices, lot)
        stage.need(step == "ranked", "第二次开标记录公布后，报价进入评审，已签署的技术得分不变")
        bid = next(each for each in hall.staff.supervisor.get(f"{hall.path}/evaluation")["bids"] if each["price_body"])
        author = next(each for each in hall.company.bidders if each.uscc == bid["uscc"])
        digest, stage.bytes = panel.do(panel.seated[0], sitting.read_whole, lot, bid["bid"], "price_body")
        stage.prove(digest == digest_of(author.price_files(author.versions))[0],
                    "一名评委读完一份报价文件，SHA-256 与投标人密封前的文件相同")
        shut = [each.values(each.versions)["price"] for each in hall.company.standing
                if each not in hall.company.opening]
        seen = str([client.get(f"{hall.path}/hall") for client in (hall.staff.public, *hall.staff.signed_in)]
                   + [hall.staff.supervisor.get(f"{hall.path}/evaluation")])
        stage.prove(not any(price in seen for price in shut),
                    f"其余 {len(shut)} 家的报价信封始终密封：大厅、评标席都没有它们的报价")
