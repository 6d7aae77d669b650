"""Fault 48: the tab sleeps, the lid is closed; on waking the countdown and the stage are right without a reload."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.hall_stage import Stage, clock_error
from tests.waiting import until


@pytest.mark.cts("A-97", "A-98", "A-107")
def test_fault_48_a_hall_that_slept_over_the_hour_wakes_at_its_stage(browser: Browser, stage: Stage) -> None:
    lot = stage.publish_lot(timedelta(seconds=40), kind="rehearsal")
    context = stage.context(browser)
    page = context.new_page()
    page.goto(f"/lots/{lot['id']}/hall")
    expect(page.locator(".countdown strong")).to_be_visible()
    lifecycle = context.new_cdp_session(page)
    lifecycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    context.set_offline(True)
    stage.wait_for_hour(lot)
    until(lambda: stage.client("host").get(f"/api/lots/{lot['id']}")["stage"] == "failed")
    context.set_offline(False)
    lifecycle.send("Page.setWebLifecycleState", {"state": "active"})
    # Nobody bid, so the lot failed while the tab slept.
    expect(page.get_by_text("流标").first).to_be_visible()
    expect(page.locator(".countdown")).to_have_count(0)
    expect(page.get_by_text("链条完整")).to_be_visible()
    until(lambda: clock_error(page) < 2.5)
