"""Fault 17: the client's clock is a day wrong, or is moved while the page is open; only the server's time counts."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.kernel.clock import from_wire, process_now
from tests.browser.hall_stage import Stage, clock_error
from tests.waiting import until

_DAY = 86_400_000
# The machine's clock as the page sees it; the monotonic one goes on as it does when somebody sets the clock.
_SHIFT = """(() => {
  const Real = Date
  window.shift = %d
  window.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + window.shift) }
    static now() { return Real.now() + window.shift }
  }
})()"""


def _seconds_left(page: Page) -> float:
    text = page.locator(".countdown strong").first.inner_text()
    found = re.search(r"(?:(\d+) 天)?\s*(\d\d):(\d\d):(\d\d)", text)
    assert found, text
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(days * 86400 + hours * 3600 + minutes * 60 + seconds)


def _error(page: Page, deadline: datetime) -> float:
    return abs(_seconds_left(page) - (deadline - process_now()).total_seconds())


@pytest.mark.cts("A-97", "A-98")
@pytest.mark.parametrize("shift", [_DAY, -_DAY], ids=["a day fast", "a day slow"])
def test_fault_17_the_countdown_runs_on_the_servers_time(browser: Browser, stage: Stage, shift: int) -> None:
    lot = stage.publish_lot(timedelta(minutes=50), kind="rehearsal")
    deadline = from_wire(lot["deadline_at"])
    context = stage.context(browser)
    context.add_init_script(_SHIFT % shift)
    page = context.new_page()
    page.goto(f"/lots/{lot['id']}")
    expect(page.locator(".countdown strong").first).to_be_visible()
    expect(page.locator(".server-clock time")).to_be_visible()
    assert abs(page.evaluate("Date.now()") / 1000 - process_now().timestamp()) > 86_000, "the browser's clock is wrong"
    # A busy machine's page may be late for a while; one that ran on its own clock would stay a day off.
    until(lambda: _error(page, deadline) < 2.5)
    until(lambda: clock_error(page) < 2.5)

    page.evaluate("window.shift = 3 * 86400000")
    page.wait_for_timeout(1_500)
    until(lambda: _error(page, deadline) < 2.5)  # moving the clock while the page is open moves nothing
