"""The whole way in without a mouse, each stop in sight (R-1003)."""

from pathlib import Path

import psycopg
from playwright.sync_api import Browser, Page, expect

from storage.crypto.demo_pki import demo_uscc, open_demo_pki
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from tests.browser.hall_stage import Stage
from trading.parties.seed import BODIES, PASSWORD

# The focused element lies inside the window, shows a mark of focus, and nothing lies over it. After the last one the
# focus is the browser's own (body) before it comes round.
_SEEN = """() => {
  const at = document.activeElement
  const box = at.getBoundingClientRect()
  if (at.matches('input[type=file], #main, body')) return true
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
  const inside = box.width > 0 && box.top >= 0 && box.bottom <= innerHeight
  return inside && (at === top || at.contains(top)) && getComputedStyle(at).outlineStyle !== 'none'
}"""


def _tab_to(page: Page, wanted: str, most: int = 40) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(_SEEN), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"no way to {wanted} by Tab")


def _a_renewed_certificate_signs_in(browser: Browser, stage: Stage, settings: Settings, file: Path) -> None:
    """Refused while the old one works; when that has ended the new one binds itself (R-704)."""
    body = next(each for each in BODIES if each.file == "bidder-3")
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    fresh = pki.issue(organisation=body.name, uscc=demo_uscc(body.name), kind=body.kind, now=process_now())
    file.write_bytes(fresh.to_pkcs12(PASSWORD))
    page = stage.context(browser).new_page()
    page.goto("/login?next=/me")
    page.get_by_label("证书文件").set_input_files(file)
    page.get_by_label("证书密码").fill(PASSWORD)
    page.get_by_role("button", name="打开证书").click()
    renewed = page.get_by_role("button", name="这是换发的证书")
    renewed.click()
    expect(page.get_by_text("原证书仍然有效")).to_be_visible()
    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
        line.execute("update bound_certificate set not_after = clock_timestamp() where uscc = %s",
                     [demo_uscc(body.name)])
    page.get_by_role("button", name="登录", exact=True).click()
    renewed.click()
    page.wait_for_url("**/me")
    expect(page.get_by_role("heading", name=body.name)).to_be_visible()


def test_login_needs_no_mouse(browser: Browser, stage: Stage, settings: Settings, tmp_path: Path) -> None:
    page = stage.context(browser).new_page()
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    _tab_to(page, "a.skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main", "the first stop leads past the header"
    page.goto("/")
    _tab_to(page, "a[href='/login']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login")
    expect(page.locator("#main")).to_be_focused()
    _tab_to(page, "input[type=file]")
    # The system's own file window is not the page's; what it hands over is.
    page.locator("input[type=file]").set_input_files(stage.folder / "bidder-2.p12")
    _tab_to(page, "input[type=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks")
    expect(page.get_by_role("heading", name="我的待办")).to_be_visible()
    _tab_to(page, "nav a[href='/my-bids']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="我的投标")).to_be_visible()
    _a_renewed_certificate_signs_in(browser, stage, settings, tmp_path / "renewed.p12")
