"""A newcomer enrols, seals, uploads, loses the line, then the tab, resumes, gets the receipt, withdraws."""

import json
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hall_stage import Stage, fill_statement
from tests.stage import PASSWORD

DATA = {"法定代表人": "花法人", "注册地址": "海州区花果山大道1号", "联系人": "花联系", "联系电话": "0518-85550000",
        "基本账户开户行": "工商银行", "基本账户账号": "1107020109000123456"}
SIZE = 96 * 1024 * 1024  # twelve parts: long enough to be cut in the middle


def _open_certificate(page: Page, folder: Path) -> None:
    page.get_by_label("证书文件").set_input_files(folder / "newcomer.p12")
    page.get_by_label("证书密码").fill(PASSWORD)
    page.get_by_role("button", name="打开证书").click()


def _enrol(page: Page, folder: Path) -> None:
    page.goto("/enrol")
    page.get_by_label("我已阅读并同意入库协议").check()
    _open_certificate(page, folder)
    for label, value in DATA.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="申报", exact=True).click()
    expect(page.get_by_text("核验通过，可以办理业务。")).to_be_visible()
    page.reload()
    expect(page.get_by_label("法定代表人")).to_have_value(DATA["法定代表人"])  # a change begins with what is there


def _is_moving(page: Page) -> None:
    page.wait_for_function("() => Number(document.querySelector('progress')?.value ?? 0) >= 15")


@pytest.mark.cts("A-25", "A-87", "A-88", "A-91", "A-99", "A-101")
def test_a_newcomer_bids_over_a_bad_line(browser: Browser, stage: Stage, tmp_path: Path) -> None:
    lot = stage.publish_lot(timedelta(minutes=15), kind="rehearsal")
    file = tmp_path / "技术标.zip"
    file.write_bytes(secrets.token_bytes(SIZE))
    context = stage.context(browser)
    page = context.new_page()
    _enrol(page, stage.folder)

    page.goto(f"/lots/{lot['id']}/bid")
    expect(page.get_by_text("草稿").first).to_be_visible()
    fill_statement(page, "8600000.00", file)
    page.get_by_role("button", name="加密并上传").click()
    _is_moving(page)
    context.set_offline(True)
    expect(page.get_by_text("网络已断开").first).to_be_visible()
    context.set_offline(False)
    _is_moving(page)

    page.once("dialog", lambda dialog: dialog.accept())  # leaving with an upload under way asks first
    page.close(run_before_unload=False)
    again = context.new_page()
    again.goto(f"/lots/{lot['id']}/bid")
    _open_certificate(again, stage.folder)
    expect(again.get_by_text("上次上传未完成，可以接着传")).to_be_visible()
    again.get_by_label("投标文件", exact=True).set_input_files(file)
    again.get_by_role("button", name="继续上传").click()
    expect(again.get_by_text("已上传，未提交").first).to_be_visible(timeout=120_000)
    expect(again.get_by_text("只有拿到回执才算投标")).to_be_visible()
    again.get_by_role("button", name="提交投标").click()
    expect(again.get_by_role("heading", name="投标回执")).to_be_visible()
    expect(again.get_by_text("已记入账本")).to_be_visible()
    _receipt_is_verifiable(again)
    _withdraw(again)


def _receipt_is_verifiable(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="下载回执（可验证 JSON）").click()
    receipt = json.loads(download.value.path().read_text(encoding="utf-8"))
    body = json.loads(receipt["body"])
    assert next(each for each in body["envelopes"] if each["kind"] == "whole")["size"] == SIZE
    assert receipt["proof"]["checkpoint"].startswith("yunkai/")


def _withdraw(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="撤回投标").click()
    expect(page.get_by_text("已撤回").first).to_be_visible()
    expect(page.get_by_role("heading", name="撤回回执")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="下载回执（可验证 JSON）").click()
    assert json.loads(json.loads(download.value.path().read_text(encoding="utf-8"))["body"])["kind"] == "withdrawal"
