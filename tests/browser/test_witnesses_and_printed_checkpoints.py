"""Who witnesses the ledger, as its pages show it; and a checkpoint from a notice's code, held against the log."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from frontend.cli.packing import pack
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from tests.waiting import until
from tests.witness_world import WitnessProgram

NAME = "supervisor.example/1"


@pytest.fixture
def witness(stage: Stage, tmp_path: Path) -> Iterator[str]:
    """A witness at work that nobody has registered yet: its key."""
    pack("frontend.witness.__main__", tmp_path / "witness.pyz")
    witness = WitnessProgram(tmp_path / "witness.pyz", tmp_path / "witness")
    key = witness.init(NAME, _log(stage), stage.address)
    with witness.follow():
        yield key


def _log(stage: Stage) -> str:
    return str(stage.client("supervisor").get("/api/platform")["checkpoint_key"])


def _witnessed(stage: Stage) -> dict[str, Any]:
    """The newest checkpoint that was cosigned, as soon as there is one."""
    client = stage.client("supervisor")
    found: dict[str, Any] = until(lambda: client.get("/api/ledger/checkpoints", limit=1)["witnessed"])
    return found


def _page(browser: Browser, stage: Stage) -> Page:
    context = stage.context(browser)
    bring_axe(context)
    return context.new_page()


def test_an_owner_registers_its_witness_and_strangers_compare_what_was_printed(
        browser: Browser, stage: Stage, witness: str, tmp_path: Path) -> None:
    found = _register_and_see(browser, stage, witness)
    lot = stage.publish_lot(timedelta(hours=1), kind="rehearsal")["id"]
    printed = stage.client("supervisor").get(f"/api/lots/{lot}")["notices"][0]["checkpoint"]["size"]
    until(lambda: _witnessed(stage)["size"] >= printed)
    page = _page(browser, stage)
    page.goto(f"/lots/{lot}")
    found += _compare_a_notice(page)
    file = tmp_path / "checkpoint.txt"
    file.write_text(_witnessed(stage)["note"])
    page.goto("/verify")
    page.get_by_label("选择或拖入要验证的文件").set_input_files(file)
    expect(page.get_by_text("登记的见证人会签了这个检查点", exact=False)).to_be_visible()
    expect(page.get_by_text("核对通过")).to_be_visible()
    found += violations(page, "a checkpoint with its witness")
    page.goto(f"/lots/{lot}/hall")
    expect(page.get_by_role("group", name="账本检查点", exact=True).get_by_text(NAME)).to_be_visible()
    assert found == []


def _register_and_see(browser: Browser, stage: Stage, witness: str) -> list[str]:
    context = stage.context(browser)
    bring_axe(context)
    page = stage.sign_in(context, "supervisor", "/ledger")
    expect(page.get_by_text("还没有单位登记见证人")).to_be_visible()
    page.get_by_label("登记本单位的见证人公钥").fill(_log(stage))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("这不是见证人公钥")).to_be_visible()
    page.get_by_label("登记本单位的见证人公钥").fill(witness)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("region", name="见证人").get_by_role("cell", name=NAME, exact=True)).to_be_visible()
    _witnessed(stage)
    page.reload()
    expect(page.get_by_text(re.compile(rf"前 \d+ 条由 {NAME} 会签"))).to_be_visible()
    found = violations(page, "the ledger with a witness")
    page.goto("/status")
    expect(page.get_by_text("平台内置的演示时间戳服务")).to_be_visible()
    expect(page.get_by_text(NAME).first).to_be_visible()
    return found + violations(page, "the state of the platform")


def _compare_a_notice(page: Page) -> list[str]:
    seal = page.get_by_role("group", name="账本检查点", exact=True).first
    expect(seal.get_by_role("img", name="账本检查点二维码")).to_be_visible()
    found = violations(page, "a notice with its checkpoint")
    seal.get_by_role("link", name="在验证页比对").click()
    expect(page.get_by_text(re.compile("一致：根摘要相同，平台签名有效，到今天的"))).to_be_visible()
    expect(page.get_by_text(re.compile(rf"前 \d+ 条由 {NAME} 会签"))).to_be_visible()
    found += violations(page, "a printed checkpoint that holds")
    address = page.url
    page.goto("about:blank")
    page.goto(address[:-1] + ("0" if address[-1] != "0" else "1"))
    expect(page.get_by_text("不一致！账本与纸面不符")).to_be_visible()
    found += violations(page, "a printed checkpoint that does not hold")
    page.goto("about:blank")
    page.goto(re.sub(r"size=\d+", "size=999999", address))
    expect(page.get_by_text("平台没有这个条数的检查点")).to_be_visible()
    return found
