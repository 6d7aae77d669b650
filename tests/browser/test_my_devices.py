"""Where one is signed in: two browsers of one enterprise see each other, and one signs both out (R-1013)."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from trading.parties.seed import PASSWORD


def nobody_signs_in_without_the_file(page: Page) -> None:
    """Who comes to this tab next, after a reload or not, has no key in it."""
    for _ in range(2):
        page.goto("/login")
        expect(page.get_by_label("证书文件")).to_be_visible()
        expect(page.get_by_role("button", name="登录", exact=True)).to_have_count(0)


def _a_tab_with_the_key(page: Page, stage: Stage) -> Page:
    """Another tab of the same browser, in which the certificate was opened as well."""
    page.goto("/me")
    page.get_by_label("证书文件").set_input_files(stage.folder / "bidder-1.p12")
    page.get_by_label("证书密码").fill(PASSWORD)
    page.get_by_role("button", name="打开证书").click()
    expect(page.get_by_label("证书文件")).to_have_count(0)
    return page


def _left_too(page: Page) -> None:
    """The tab shows nobody's page and holds no key, in its memory neither."""
    page.wait_for_url("**/")
    page.get_by_role("banner").get_by_role("link", name="登录", exact=True).click()
    expect(page.get_by_label("证书文件")).to_be_visible()
    expect(page.get_by_role("button", name="登录", exact=True)).to_have_count(0)
    assert "yunkai" not in page.evaluate("Object.keys(sessionStorage).join()")


def test_devices_are_seen_and_signed_out(browser: Browser, stage: Stage) -> None:
    here, there = stage.context(browser), stage.context(browser)
    bring_axe(here)
    page, other = stage.sign_in(here, "bidder-1", "/me/sessions"), stage.sign_in(there, "bidder-1", "/me/sessions")
    page.reload()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="本机")).to_have_count(1)
    assert violations(page, "/me/sessions") == []
    rows.filter(has_not_text="本机").get_by_role("button").click()
    expect(page.get_by_text("已退出该设备")).to_be_visible()
    expect(rows).to_have_count(1)
    other.goto("/me/sessions")
    other.wait_for_url("**/login?next=/me/sessions")
    third = stage.sign_in(there, "bidder-1")
    page.get_by_role("button", name="全部退出", exact=True).click()
    page.get_by_role("button", name="确认全部退出").click()
    expect(page.get_by_role("banner").get_by_role("link", name="登录", exact=True)).to_be_visible()
    nobody_signs_in_without_the_file(page)
    fourth = stage.sign_in(here, "bidder-1")
    beside = _a_tab_with_the_key(here.new_page(), stage)
    fourth.evaluate("sessionStorage.setItem('yunkai.review/x', 'a vote that was not saved yet')")
    fourth.get_by_role("button", name="退出", exact=True).click()
    expect(fourth.get_by_role("banner").get_by_role("link", name="登录", exact=True)).to_be_visible()
    nobody_signs_in_without_the_file(fourth)
    assert "yunkai" not in fourth.evaluate("Object.keys(sessionStorage).join()")
    _left_too(beside)
    third.goto("/me")
    third.wait_for_url("**/login?next=/me")
