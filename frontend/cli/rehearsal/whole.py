"""A whole rehearsal: the same lot from the signed opening record on to its archive, with everyone outside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from frontend.cli.client import ApiClient
from frontend.cli.rehearsal import awarding, judging, panel, prices, security
from frontend.cli.rehearsal.evidence import ARCHIVE, Evidence
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.panel import Panel
from frontend.cli.rehearsal.platform import Platform

_ARCHIVING_SECONDS = 300.0


@contextmanager
def seated(platform: Platform, folder: Path, mark: str, bidder: tuple[str, str],
           wanted: bool) -> Iterator[Panel | None]:
    """The people who may be drawn, with their processes; None for a rehearsal that ends with the opening."""
    if not wanted:
        yield None
        return
    with panel.invite_panel(platform, folder, mark, bidder) as invited:
        yield invited


def go_on(hall: Hall, platform: Platform, invited: Panel, evidence: Evidence) -> None:
    """From the opened lot to the archived one."""
    security.show_verdicts(hall)
    panel.draw(hall, invited)
    panel.seat(hall, invited)
    judging.review(hall, invited)
    judging.score(hall, invited)
    if hall.company.plan.two_envelopes:
        prices.go_second(hall, platform, invited)
    ranked = judging.rank_and_report(hall, invited)
    awarding.publicise(hall, ranked)
    awarding.object_and_answer(hall, ranked)
    awarding.choose(hall, ranked)
    awarding.send_letters(hall, ranked)
    awarding.contract(hall, ranked)
    security.give_back(hall, platform)
    archive(hall, evidence)


def _made(hall: Hall) -> dict[str, Any]:
    """The centre has the package made; all of it is verified meanwhile, which takes its time."""
    host = hall.staff.host
    with ApiClient(host.base_url, host.identity, http=httpx.Client(timeout=_ARCHIVING_SECONDS)) as patient:
        patient.login()
        made: dict[str, Any] = patient.act(f"{hall.path}/archive", {})
        return made


def archive(hall: Hall, evidence: Evidence) -> None:
    """The centre closes the file; whoever may have it takes the package home."""
    with hall.report.stage("归档 archive") as stage:
        made = _made(hall)
        content = hall.staff.tenderee.get_bytes(f"{hall.path}/archive")
        evidence.file(ARCHIVE).write_bytes(content)
        stage.bytes = len(content)
        tests = made.get("tests", {})
        stage.need(bool(tests) and all(tests.values()), "四性检测（真实、完整、可用、安全）逐项执行并通过（R-811）")
        package = json.loads(content)
        stage.prove(package["kind"] == "lot-archive" and len(content) == made["size"],
                    f"归档包一份：开标、抽取、评标、定标、保证金的数据与 {len(package['files'])} 份签署文件（R-810）")
        lot = hall.staff.public.get(hall.path)
        stage.prove(lot["stage"] == "archived", "标段状态为已归档")
