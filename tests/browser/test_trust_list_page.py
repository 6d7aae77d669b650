"""The trust list's page: anyone reads it, one person proposes a CA, another approves, editions show what changed."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.kernel.clock import process_now
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from tests.pki.authorities import found_authority

NAME = "苏州电子认证中心"


def _propose(page: Page, chain: Path) -> None:
    now = process_now() + timedelta(hours=8)
    page.get_by_label("代码").fill("suzhou-ca")
    page.get_by_label("机构名称").fill(NAME)
    page.get_by_label("许可地区").fill("320500")
    page.get_by_label("承认起始").fill(f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.get_by_label("承认截止").fill(f"{now + timedelta(days=900):%Y-%m-%dT%H:%M}")
    page.get_by_label("吊销列表地址").fill("http://127.0.0.1:9/root.crl\nhttp://127.0.0.1:9/issuing.crl")
    page.get_by_label("机构证书文件").set_input_files(chain)
    page.get_by_label("理由").fill("长三角互认")
    page.get_by_role("button", name="提出变更").click()


def _shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody asks for it."""
    if folder := os.environ.get("YUNKAI_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.cts("A-12")
def test_a_ca_is_proposed_by_one_approved_by_another_and_seen_by_all(browser: Browser, stage: Stage,
                                                                     tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_text(found_authority(tmp_path / "suzhou", "ec-p256", process_now()).chain_pem)
    found: list[str] = []
    contexts = [stage.context(browser) for _ in range(3)]
    for context in contexts:
        bring_axe(context)
    one = stage.sign_in(contexts[0], "security", "/trust")
    expect(one.get_by_role("heading", name="现行列表（第 1 版")).to_be_visible()
    _propose(one, chain)
    waiting = one.get_by_role("article", name="长三角互认")
    expect(waiting.get_by_text("等待批准")).to_be_visible()
    expect(waiting.get_by_role("button", name="撤回申请")).to_be_visible()
    expect(waiting.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    found += violations(one, "the keeper's page")
    _shot(one, "trust-keeper")

    public = contexts[2].new_page()
    public.goto("/trust")
    expect(public.get_by_role("heading", name="信任列表")).to_be_visible()
    expect(public.get_by_text(NAME)).to_have_count(0)
    expect(public.get_by_role("heading", name="变更申请")).to_have_count(0)

    other = stage.sign_in(contexts[1], "supervisor", "/trust")
    proposal = other.get_by_role("article", name="长三角互认")
    expect(proposal.get_by_role("table", name=NAME)).to_contain_text("320500")
    expect(proposal.get_by_role("button", name="不予批准")).to_be_disabled()
    found += violations(other, "the decider's page")
    proposal.get_by_role("button", name="批准", exact=True).click()
    expect(proposal.get_by_text("已批准")).to_be_visible()
    _shot(other, "trust-decider")

    public.reload()
    expect(public.get_by_role("article", name=NAME).get_by_text("承认", exact=True)).to_be_visible()
    found += violations(public, "the public page")
    _shot(public, "trust-public")
    public.get_by_role("link", name="第 2 版").click()
    expect(public.get_by_role("table", name=NAME)).to_contain_text("issuing.crl")
    found += violations(public, "an edition")
    _shot(public, "trust-edition")
    assert found == []
