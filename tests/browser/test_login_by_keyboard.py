"""The whole way in without a mouse, each stop in sight (R-1003)."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.hall_stage import Stage
from trading.parties.seed import PASSWORD

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


def test_login_needs_no_mouse(browser: Browser, stage: Stage) -> None:
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
