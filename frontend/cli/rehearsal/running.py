"""A rehearsal from beginning to end."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bidding.bids.model import TECHNICAL, WHOLE
from frontend.cli.rehearsal import bidding, opening, panel, security, whole
from frontend.cli.rehearsal.company import Company
from frontend.cli.rehearsal.evidence import Evidence, collect, verify_all
from frontend.cli.rehearsal.follower import Follower
from frontend.cli.rehearsal.model import Plan, cast
from frontend.cli.rehearsal.panel import Panel
from frontend.cli.rehearsal.platform import Platform, known_platform, own_platform
from frontend.cli.rehearsal.processes import make_ready
from frontend.cli.rehearsal.report import NotProved, Report
from frontend.cli.rehearsal.tender import Staff, gather, publish
from frontend.cli.rehearsal.witnesses import Witnesses
from storage.kernel.clock import process_now


def rehearse_on_own(plan: Plan, nodes: int, report: Report, keep: Path | None) -> None:
    """Starts a platform, rehearses, stops it, and verifies after it is gone."""
    with _workshop(keep) as (work, kept):
        try:
            with own_platform(work / "platform", nodes, report, has_partners=plan.whole) as platform:
                evidence = _rehearse(platform, plan, report, work, kept)
            verify_all(report, evidence, is_stopped=True)
        except NotProved:
            pass
        if not report.holds:
            _keep_logs(work, kept)
        _write_report(report, kept)


def rehearse_on(server: str, folder: Path, plan: Plan, report: Report, keep: Path | None) -> None:
    """Rehearses on a platform that runs; ``folder`` holds its demo's keys and identities."""
    with _workshop(keep) as (work, kept):
        try:
            with report.stage("平台 platform") as stage:
                platform = known_platform((server,), folder)
                stage.need(bool(platform.about["demo"]), f"已在运行的平台 {server}，为演示平台")
            evidence = _rehearse(platform, plan, report, work, kept)
            verify_all(report, evidence, is_stopped=False)
        except NotProved:
            pass
        _write_report(report, kept)


@contextmanager
def _workshop(keep: Path | None) -> Iterator[tuple[Path, Path]]:
    """A folder that goes away, and the one where evidence is kept."""
    with tempfile.TemporaryDirectory(prefix="yunkai-rehearsal-") as folder:
        kept = (keep or Path(folder) / "evidence").resolve()
        kept.mkdir(parents=True, exist_ok=True)
        make_ready()
        yield Path(folder), kept


def _rehearse(platform: Platform, plan: Plan, report: Report, work: Path, kept: Path) -> Evidence:
    mark = f"{process_now():%m%d%H%M%S}"
    evidence = Evidence(kept, platform, Witnesses(platform, work / "witnesses", mark))
    evidence.pin()
    bidders = cast(plan, platform.servers, work / "bidders", mark)
    first = (bidders[0].name, bidders[0].uscc)
    with (evidence.witnesses, Company(bidders, plan) as company,
          whole.seated(platform, work / "judges", mark, first, plan.whole) as invited):
        bidding.enrol(report, company, platform)
        company.plan = plan = plan.after_enrolment(report.stages[-1].seconds)
        bidding.write_bids(report, company)
        staff = gather(platform, plan.suite)
        if invited is not None:
            security.list_issuer(report, platform, staff)
            panel.enter(report, invited, staff)
        _trade(report, platform, company, staff, invited, evidence)
    return evidence


def _trade(report: Report, platform: Platform, company: Company, staff: Staff, invited: Panel | None,
           evidence: Evidence) -> None:
    """One lot, from its tender to the evidence of it."""
    with report.stage("招标 tender") as stage:
        lot = dict(publish(staff, company.plan, stage))
    for client in staff.signed_in:
        client.post(f"/api/lots/{lot['id']}/hall/sign-in", {})
    with Follower(platform.servers, lot["id"]) as viewer:
        viewer.wait("lot.published", 20)
        hall = opening.Hall(report, company, staff, lot, viewer,
                            TECHNICAL if company.plan.two_envelopes else WHOLE)
        if invited is not None:
            panel.request(report, invited, staff, lot)
        bidding.bid(hall, platform)
        _open(hall, platform)
        if invited is not None:
            whole.go_on(hall, platform, invited, evidence)
        collect(hall, evidence)


def _open(hall: opening.Hall, platform: Platform) -> None:
    opening.wait_for_the_hour(hall)
    opening.open_envelopes(hall, platform)
    opening.read_bodies(hall)


def _keep_logs(work: Path, kept: Path) -> None:
    for log in (*(work / "platform").glob("node*.log"), *(work / "partners").glob("*.log")):
        (kept / log.name).write_bytes(log.read_bytes())


def _write_report(report: Report, kept: Path) -> None:
    (kept / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
