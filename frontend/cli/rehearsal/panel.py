"""The experts of a rehearsal: entered by two persons, drawn, seated; each acts in a process of its own."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from frontend.cli.client import ApiError
from frontend.cli.rehearsal import sitting
from frontend.cli.rehearsal.model import PASSWORD
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.processes import CONTEXT
from frontend.cli.rehearsal.report import Report, Stage
from frontend.cli.rehearsal.sitting import Judge
from frontend.cli.rehearsal.tender import Staff
from storage.crypto.canonical import to_base64
from storage.crypto.demo_pki import demo_uscc
from storage.crypto.drawing import commitment
from storage.kernel.clock import from_wire, process_now, to_wire

SIZE = 5
SPECIALTY = "A0899"  # a class of its own, so that nobody whose key the rehearsal does not hold is drawn
_HERE, _ELSEWHERE = "320700", "320500"
_STRATA = ({"region": _HERE, "count": 3}, {"region": _ELSEWHERE, "count": 1})
_HOME, _AWAY = 5, 3  # experts of each region; the first works for a bidder
_HOURS = timedelta(hours=2)


@dataclass
class Panel:
    """Everyone who may be called; ``seated`` are the committee, once it sits."""

    judges: tuple[Judge, ...]
    seated: list[Judge] = field(default_factory=list)
    leader: Judge | None = None
    commitment: str = ""
    _rooms: dict[int, ProcessPoolExecutor] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for room in self._rooms.values():
            room.shutdown(cancel_futures=True)

    def send(self, judge: Judge, act: Callable[..., Any], *what: object) -> Future[Any]:
        """Begins an act in the judge's own process."""
        if judge.number not in self._rooms:
            self._rooms[judge.number] = ProcessPoolExecutor(1, CONTEXT)
        return self._rooms[judge.number].submit(act, judge, *what)

    def do(self, judge: Judge, act: Callable[..., Any], *what: object) -> Any:
        """One act of one judge."""
        return self.send(judge, act, *what).result()

    def all(self, act: Callable[..., Any], *what: object, of: Sequence[Judge] = ()) -> list[Any]:
        """The act of every seated judge (or of these) at the same time; results in order."""
        waiting = [self.send(judge, act, *what) for judge in (of or self.seated)]
        return [each.result() for each in waiting]


def invite_panel(platform: Platform, folder: Path, mark: str, bidder: tuple[str, str]) -> Panel:
    """Fresh identities of the demo's CA; the first expert works for a bidder (``bidder``: name and code)."""
    pki, judges = platform.pki(), []
    folder.mkdir(mode=0o700, parents=True)
    units = [bidder, *[("演练勘察设计院", demo_uscc("演练勘察设计院"))] * (_HOME + _AWAY - 1)]
    tenderee = platform.signed_in("tenderee").get("/api/me")["party"]
    people = [("expert", unit, _HERE if place < _HOME else _ELSEWHERE) for place, unit in enumerate(units)]
    people.append(("representative", (tenderee["name"], tenderee["uscc"]), _HERE))
    for number, (kind, unit, region) in enumerate(people, start=1):
        word = "专家" if kind == "expert" else "招标人代表"
        judge = Judge(number, f"演练{word}{number}号{mark}", "expert" if kind == "expert" else "representative", region,
                      *unit, platform.servers[number % len(platform.servers)], folder / f"judge-{number}.p12")
        issued = pki.issue(organisation=judge.name, uscc=judge.uscc, kind="ec-p256", now=process_now())
        judge.p12.write_bytes(issued.to_pkcs12(PASSWORD))
        judges.append(judge)
    return Panel(tuple(judges))


def enter(report: Report, panel: Panel, staff: Staff) -> None:
    """One person of the centre enters each, another verifies (A-217, R-612)."""
    with report.stage("专家入库 experts") as stage:
        refused: list[str] = []
        for judge in panel.judges:
            entry = staff.host.act("/api/experts", _entry(judge))
            refused = refused or _refusal(staff, entry["id"])
            staff.recorder.act(f"/api/experts/{entry['id']}/verify", {})
        stage.prove("R-612/2" in refused, f"录入人自己核验被拒（{'、'.join(refused)}）")
        active = staff.supervisor.get("/api/experts", status="active", text="演练")["total"]
        stage.need(active >= len(panel.judges),
                   f"{len(panel.judges)} 人的证书由演示机构签发，经中心一人录入、另一人核验入库，"
                   "其中 1 人任职于一家投标人")


def _entry(judge: Judge) -> dict[str, Any]:
    certificate = sitting.certificate_of(judge)
    expert = {"specialties": [SPECIALTY], "title": "高级工程师", "is_senior": True, "years": 12}
    return {"kind": judge.kind, "certificate": certificate, "name": judge.name, "region": judge.region,
            "units": [{"name": judge.unit, "uscc": judge.unit_uscc, "relation": "employer", "reason": ""}],
            **(expert if judge.kind == "expert" else {})}


def _refusal(staff: Staff, entry: str) -> list[str]:
    try:
        staff.host.act(f"/api/experts/{entry}/verify", {})
    except ApiError as error:
        return [rule["number"] for rule in error.rules]
    return []


def request(report: Report, panel: Panel, staff: Staff, lot: dict[str, Any]) -> None:
    """The tenderee asks for a committee before anyone knows who bids; the platform commits itself to a seed."""
    with report.stage("组建 committee") as stage:
        named = next(each["id"] for each in staff.tenderee.get("/api/committee/representatives")["items"]
                     if each["name"] == panel.judges[-1].name)
        opens = from_wire(lot["deadline_at"])
        shown = staff.tenderee.put(f"/api/lots/{lot['id']}/committee", {
            "size": SIZE, "specialty": SPECIALTY, "strata": list(_STRATA), "representatives": [named],
            "starts_at": to_wire(opens), "ends_at": to_wire(opens + _HOURS)})
        panel.commitment = shown["request"]["commitment"]
        stage.need(shown["step"] == "requested" and bool(panel.commitment),
                   "截标前申请组建 5 人评标委员会（专家 4、招标人代表 1，R-124）；平台当时即承诺随机种子，写入账本")


def draw(hall: Hall, panel: Panel) -> None:
    """Drawn from three parties' chance; one declines, the next of the same stratum is called."""
    with hall.report.stage("抽取专家 draw") as stage:
        path = f"{hall.path}/committee"
        hall.staff.tenderee.act(f"{path}/draw", {"nonce": to_base64(secrets.token_bytes(32))})
        first = _called(hall, panel)
        stage.need(len(first) == SIZE, f"抽中 {len(first)} 人，各由本人进程凭证书查到邀请；其余的人查不到评标委员会")
        gone = next(each for each in first if each.kind == "expert" and each.region == _HERE)
        panel.do(gone, sitting.answer, hall.lot["id"], False)
        panel.seated = _called(hall, panel)
        new = set(panel.seated) - set(first)
        stage.need(len(panel.seated) == SIZE and len(new) == 1 and new.pop().region == gone.region,
                   "1 人谢绝，由同一随机流在同一层次中递补 1 人")
        stage.prove(panel.judges[0] not in {*first, *panel.seated}, "任职于投标人的专家被自动回避，从未被抽中")
        _is_honest(hall, panel, stage)
        _stays_secret(hall, panel, stage)


def _called(hall: Hall, panel: Panel) -> list[Judge]:
    seats = panel.all(sitting.called, hall.lot["id"], of=panel.judges)
    return [judge for judge, seat in zip(panel.judges, seats, strict=True)
            if seat and seat["status"] in {"invited", "accepted", "signed_in"}]


def _is_honest(hall: Hall, panel: Panel, stage: Stage) -> None:
    drawn = hall.staff.supervisor.get(f"{hall.path}/committee/draw")["drawn"]
    frozen = (hall.viewer.of("lot.bids_frozen")[0].payload or {})["set_sha256"]
    holds = commitment(bytes.fromhex(drawn["seed"])) == panel.commitment and drawn["set_sha256"] == frozen
    stage.prove(holds, "种子与截标前的承诺相符，混入封存集合摘要与招标人的随机数，谁也不能单独左右（R-601）")


def _stays_secret(hall: Hall, panel: Panel, stage: Stage) -> None:
    shown = str([client.get(f"{hall.path}/committee") for client in
                 (hall.staff.tenderee, hall.staff.agency, hall.staff.host)])
    try:
        hall.staff.public.get(f"{hall.path}/committee")
        is_public = True
    except ApiError:
        is_public = False
    stage.prove(not is_public and not any(judge.name in shown for judge in panel.seated),
                "招标人、代理、中心只见代号甲乙丙，公众什么也看不到；名单至定标前保密")


def seat(hall: Hall, panel: Panel) -> None:
    """All come, sign in, and elect their leader; the centre begins the evaluation."""
    with hall.report.stage("签到 sitting") as stage:
        lot, path = hall.lot["id"], f"{hall.path}/committee"
        panel.all(sitting.answer, lot, True)
        panel.all(sitting.sign_in, lot)
        seats = panel.all(sitting.called, lot)
        chief = next(place for place, judge in enumerate(panel.seated) if judge.kind == "expert")
        for judge in panel.seated[:SIZE // 2 + 1]:
            panel.do(judge, sitting.elect, lot, seats[chief]["member_id"])
        panel.leader = panel.seated[chief]
        begun = hall.staff.host.act(f"{path}/begin-evaluation", {"expected": "drawn"})
        stage.prove(begun["figures"]["signed_in"] == SIZE,
                    f"{SIZE} 人各在自己的进程凭证书签到，确认身份与回避（R-603）")
        stage.prove(begun["leader"] == seats[chief]["alias"], "以过半数票推选评标委员会负责人，由专家担任（R-607）")
        stage.need(begun["lot"]["stage"] == "evaluating", "中心开始评标")
