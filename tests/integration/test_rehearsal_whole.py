"""The same acceptance test on to the archive: bank, issuer, courier, bidders and experts as processes of their own."""

import ast
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import psutil
import pytest

from frontend.cli.rehearsal.model import Fate, Plan, Security, cast
from storage.crypto.canonical import from_base64, to_base64
from tests.integration.test_rehearsal import COMMAND, STAGES, environment
from tests.nodes import ROOT

BEFORE = ["启动", "入库", "编制", "保函机构", "专家入库", "招标", "组建", "下载", "保证金与保函", "投标", "保密",
          "到点", "解密", "唱标", "异议确认", "记录", "全文"]
AFTER = ["开标保函核验", "抽取专家", "签到", "评审", "评分", "技术商务结果", "第二次到点", "第二次解密", "第二次唱标",
         "第二次异议确认", "第二次记录", "报价入评", "排名与报告", "公示", "异议与答复", "定标",
         "中标与结果通知书", "合同", "退还", "归档", "取证", "独立验证"]

_SHORT, _AT_THE_DESK = "test_rehearsal.py", "browser/test_whole_tender.py"
ONE_ENVELOPE = {
    "acting.confirm": _SHORT, "model.cast": _SHORT, "model._is_priced": _SHORT, "running._trade": _SHORT,
    "tender._asked": _SHORT,  # what "whole" adds to it is added before
    "judging.score": _AT_THE_DESK,  # the last score ranks
    "whole.go_on": _AT_THE_DESK}  # nothing lies between scores and ranking


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Outside of pytest's folders, to which another run of it closes the way for PostgreSQL's own user."""
    with tempfile.TemporaryDirectory(prefix="yunkai-test-") as folder:
        yield Path(folder)


# Of two envelopes here. A whole rehearsal of one would cost four minutes more: it runs through the same functions, and
# goes other ways only in those of ONE_ENVELOPE, where the other way is tried as said there. What a platform makes of
# one envelope after its opening (ranked at once; a stranger computes all of it again from the archive) is tried in
# tests/browser/test_whole_tender.py.
@pytest.mark.cts("A-102", "A-103", "A-129", "A-130", "A-140", "A-144", "A-145", "A-150", "A-152", "A-163", "A-166",
                 "A-168", "A-172", "A-180", "A-195", "B-020", "B-021", "B-026", "B-027", "B-047")
def test_a_tender_goes_from_enrolment_to_its_archive_and_a_stranger_recomputes_it(tmp_path, temporary):
    kept = tmp_path / "kept"
    done = subprocess.run(
        [COMMAND, "rehearse", "--whole", "--two-envelopes", "--bidders", "5", "--size", "200kB", "--keep", str(kept),
         "--seed", "7"],
        cwd=ROOT, env=environment(tmp_path, temporary), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    stages = json.loads((kept / "report.json").read_text())
    assert [stage["name"].split(" ")[0] for stage in stages] == BEFORE + AFTER
    assert all(stage["proved"] and not stage["failed"] for stage in stages)
    package = json.loads((kept / "archive.json").read_text())
    assert package["kind"] == "lot-archive"
    assert sorted(each["verdict"] for each in package["security"]) == ["MATCHED", "NONE", "SHORT", "VALID", "VALID"]
    rows = package["evaluation"]["outcome"]["rows"]
    assert [row["price"] for row in rows if row["rank"] is None] == [None], "who failed: its price was never opened"
    _the_page_judges(kept, package, tmp_path / "page")
    assert [str(path) for path in temporary.rglob("*")] == []
    assert [process for process in psutil.process_iter() if str(temporary) in " ".join(_command(process))] == []


def _the_page_judges(kept: Path, package: dict[str, Any], folder: Path) -> None:
    """The verification page finds nothing wrong with the archive, says what it leaves to the program, and sees what
    was changed."""
    files = folder / "files"
    files.mkdir(parents=True)
    roots = [each.read_text() for each in [kept / "roots.pem", *sorted((kept / "trust").glob("*.pem"))]]
    pems = [each for text in roots for each in re.findall(r"-----BEGIN[^-]+-----[^-]+-----END[^-]+-----", text)]
    anchor = {"key": package["opening"]["ledger"]["key"], "roots": pems}
    (folder / "anchor.json").write_text(json.dumps(anchor), encoding="utf-8")
    paper = deepcopy(package)
    content = from_base64(paper["files"][1]["content"], "content")
    paper["files"][1]["content"] = to_base64(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    less = {**package, "files": package["files"][:-1]}
    for name, each in (("honest", package), ("paper", paper), ("less", less)):
        (files / name).write_text(json.dumps(each, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run([ROOT / ".ci/npm", "run", "--silent", "agree"], capture_output=True, text=True, check=False,
                          env={**os.environ, "EVIDENCE": str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr
    points = json.loads((folder / "points.json").read_text())
    assert points["honest"] == ["archive-scores"], "all else holds"
    assert {"archive-papers", "archive-paper", "archive-seal"} <= set(points["paper"])
    assert points["less"] == ["archive-papers", "archive-scores", "archive-seal"]


def test_a_rehearsal_of_one_envelope_differs_only_where_it_is_tried_elsewhere():
    found = {f"{path.stem}.{each.name}" for path in (ROOT / "frontend/cli/rehearsal").rglob("*.py")
             for each in ast.walk(ast.parse(path.read_text()))
             if isinstance(each, ast.FunctionDef) and any(_asks_for_two(node) for node in ast.walk(each))}
    assert found == set(ONE_ENVELOPE)


def _asks_for_two(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "two_envelopes") or (
        isinstance(node, ast.Constant) and node.value == "two_envelopes")


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_the_stages_before_are_those_of_the_shorter_rehearsal():
    more = {"保函机构", "专家入库", "组建", "保证金与保函"}
    assert [name for name in BEFORE if name not in more] + AFTER[-2:] == STAGES


def test_everyone_outside_has_a_part_and_three_can_still_be_ranked(tmp_path):
    few, many = (cast(Plan(count, 1000, 3, 2, whole=True), ("http://a",), tmp_path, "x") for count in (4, 9))
    assert {each.security for each in many} == set(Security)
    for bidders in (few, many):
        opened = [each for each in bidders if each.fate in {Fate.PLAIN, Fate.REPLACES}]
        assert sum(each.security is not Security.SHORT for each in opened) >= 3
        assert sum(each.security is Security.SHORT for each in bidders) <= 1
    assert {each.security for each in cast(Plan(4, 1000, 3, 2), ("http://a",), tmp_path, "x")} == {Security.NONE}


def test_a_platform_that_runs_already_knows_none_of_the_rehearsals_partners(tmp_path):
    done = subprocess.run(
        [COMMAND, "rehearse", "--whole", "--server", "http://127.0.0.1:9", "--demo-keys", str(tmp_path)], cwd=ROOT,
        capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--whole" in done.stderr
