"""From a guarantee letter to a contract, by hand and eye: each page for each who works on it, without one violation."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.database.settings import Settings
from tests.browser.accessibility import bring_axe, violations
from tests.browser.award_stage import issuer_on_the_list, receive
from tests.browser.hall_stage import Stage
from tests.stage import PASSWORD

ASKED = {"deposit": "200000", "deposit_forms": ["cash", "bank"]}


def _person(browser: Browser, stage: Stage, name: str, path: str) -> Page:
    context = stage.context(browser)
    bring_axe(context)
    page = stage.sign_in(context, name, path)
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def _open_certificate(page: Page, stage: Stage, name: str) -> None:
    """Where the page asks for it; one opened at the sign-in is still there."""
    if page.get_by_label("证书文件").count():
        page.get_by_label("证书文件").set_input_files(stage.folder / f"{name}.p12")
        page.get_by_label("证书密码").fill(PASSWORD)
        page.get_by_role("button", name="打开证书").click()


@pytest.mark.cts("A-102")
def test_a_bidder_gets_a_letter_and_lays_it_into_its_bid(browser: Browser, stage: Stage, settings: Settings,
                                                         tmp_path: Path) -> None:
    with issuer_on_the_list(settings, stage, tmp_path / "bank"):
        lot = stage.publish_lot(timedelta(hours=1), kind="rehearsal", **ASKED)["id"]
        page = _person(browser, stage, "bidder-2", f"/lots/{lot}/security")
        found = violations(page, "before applying")
        page.get_by_label("联系人").fill("李联系")
        page.get_by_label("联系电话").fill("0518-85551234")
        page.get_by_role("button", name="加密并提交申请").click()
        opening = page.get_by_role("button", name="用我的证书打开保函")
        expect(opening).to_be_visible()
        opening.click()
        expect(page.get_by_text("各项符合要求，已存在本机")).to_be_visible()
        found += violations(page, "with a letter")
        page.goto(f"/lots/{lot}/bid")
        _open_certificate(page, stage, "bidder-2")
        expect(page.get_by_text("将随开标一览表一起密封")).to_be_visible()
        found += violations(page, "the bid with a letter")
        page.goto(f"/lots/{lot}/security")
        page.get_by_role("button", name="申请缴款账号").click()
        expect(page.get_by_text("账号开立中").first).to_be_visible()
        assert found == []


def test_nobody_else_sees_how_a_lot_is_secured_before_its_opening(browser: Browser, stage: Stage) -> None:
    lot = stage.publish_lot(timedelta(hours=1), kind="rehearsal", **ASKED)["id"]
    for name in ("host", "supervisor", "tenderee"):
        page = _person(browser, stage, name, f"/lots/{lot}/deposits")
        expect(page.get_by_text("投标截止前不显示任何担保信息")).to_be_visible()
        found = violations(page, f"{name} at the lot's deposits")
        if name != "tenderee":
            page.goto("/centre/deposits")
            expect(page.get_by_role("heading", name="已开标的标段")).to_be_visible()
            assert page.get_by_text("朝阳路改造一标段").count() == 0
            found += violations(page, f"{name} at finance")
            page.goto("/centre/issuers")
            expect(page.get_by_role("heading", name="保函出具机构名录")).to_be_visible()
            found += violations(page, f"{name} at the issuers")
        assert found == []


@pytest.mark.cts("A-163", "A-164", "A-168", "A-172", "A-174")
def test_from_candidates_to_letters_on_one_page(browser: Browser, stage: Stage, settings: Settings) -> None:
    lot = stage.publish_lot(timedelta(hours=1), kind="rehearsal-quick")["id"]
    receive(settings, stage, lot)
    path = f"/lots/{lot}/award"
    agency, tenderee = (_person(browser, stage, name, path) for name in ("agency", "tenderee"))
    agency.get_by_label("提出异议的渠道和联系方式").fill("张工，0518-80000000")
    agency.get_by_role("button", name="按模板编制").click()
    agency.get_by_role("button", name="提交招标人审核").click()
    expect(agency.locator(".tag", has_text="待审核")).to_be_visible()
    tenderee.reload()
    tenderee.get_by_role("button", name="审核通过").click()
    expect(tenderee.locator(".tag", has_text="已审核")).to_be_visible()
    tenderee.get_by_role("button", name="发布", exact=True).click()
    expect(tenderee.locator(".tag", has_text="已发布").first).to_be_visible()
    found = violations(tenderee, "candidates are public")

    visitor = stage.context(browser)
    bring_axe(visitor)
    public = visitor.new_page()
    public.goto(path)
    expect(public.get_by_text("演示东海路桥工程有限公司").first).to_be_visible()
    assert public.get_by_role("button", name="确定中标人").count() == 0
    found += violations(public, "the public")

    expect(tenderee.get_by_role("button", name="确定中标人")).to_be_visible()
    tenderee.get_by_role("button", name="确定中标人").click()
    expect(tenderee.get_by_text("确定于")).to_be_visible()
    tenderee.get_by_role("button", name="编制全部通知书").click()
    tenderee.get_by_role("button", name="定稿，交招标人签署").click()
    _open_certificate(tenderee, stage, "tenderee")
    tenderee.get_by_role("button", name="以招标人身份签署").click()
    expect(tenderee.get_by_text("签署完成")).to_be_visible()
    found += violations(tenderee, "letters are signed")
    centre = _person(browser, stage, "host", path)
    centre.get_by_role("button", name="验证通过").click()
    expect(centre.locator(".tag", has_text="已验证")).to_be_visible()
    tenderee.reload()
    tenderee.get_by_role("button", name="发出全部通知书").click()
    expect(tenderee.get_by_text("待签收").first).to_be_visible()

    winner = _person(browser, stage, "bidder-1", "/me/letters")
    winner.get_by_role("button", name="确认收到").click()
    expect(winner.get_by_text("已签收")).to_be_visible()
    found += violations(winner, "the winner's letters")
    winner.goto(path)
    expect(winner.get_by_role("heading", name="中标通知书与结果通知书")).to_be_visible()
    found += violations(winner, "the winner at the award")
    assert found == []
