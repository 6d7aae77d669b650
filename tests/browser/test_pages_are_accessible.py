"""Every page, signed out and for each who works on it, at three widths, without one violation (R-1003)."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage

PUBLIC = ("/", "/openings", "/ledger", "/verify", "/verify#receipt=HZ-1&sha256=" + "0" * 64, "/status", "/login",
          "/enrol", "/no-such-page", "/lots/{lot}", "/lots/{lot}/hall", "/lots/{lot}/award", "/centre/issuers",
          "/verify?lot={lot}")
SIGNED_IN = ("/tasks", "/me", "/me/sessions")
OWN = {
    "bidder-1": ("/my-bids", "/lots/{lot}/bid", "/lots/{lot}/security", "/me/letters"),
    "tenderee": ("/custody", "/projects", "/projects/{project}", "/tender-projects/{tender}/new-lot",
                 "/lots/{draft}/edit", "/lots/{draft}/manage", "/lots/{lot}/manage", "/lots/{lot}/deposits"),
    "host": ("/centre", "/centre/parties", "/centre/deposits", "/projects", "/lots/{lot}/manage"),
}


def _papers(stage: Stage) -> dict[str, str]:
    """A published lot that takes bids for an hour, and one that is still a draft."""
    lot = stage.publish_lot(timedelta(hours=1), kind="rehearsal")
    tenderee = stage.client("tenderee")
    project = tenderee.post("/api/projects", {
        "name": "东盐河桥梁工程", "approval": "海发改〔2026〕11号", "rehearsal": True, "funding": "财政资金",
        "agency_id": stage.party("agency")})
    below = tenderee.post(f"/api/projects/{project['id']}/tender-projects",
                          {"name": "东盐河桥梁施工", "trade_kind": "rehearsal"})
    draft = tenderee.post(f"/api/tender-projects/{below['id']}/lots",
                          {"title": "东盐河桥梁一标段", "content": "桥梁一座"})
    return {"lot": lot["id"], "draft": draft["id"], "project": project["id"], "tender": below["id"]}


def _settled(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_load_state("networkidle") if "/hall" not in path else page.wait_for_timeout(500)


def _walk(page: Page, paths: tuple[str, ...], papers: dict[str, str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        _settled(page, path.format(**papers))
        found += violations(page, path)
    return found


def _listening(page: Page) -> list[str]:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("console", lambda message: _note(problems, message))
    return problems


def _note(problems: list[str], message: Any) -> None:
    # A refused read (401 for a visitor) is an answer, not a fault of the page.
    if message.type == "error" and "Failed to load resource" not in message.text:
        problems.append(f"console: {message.text}")


def test_public_pages_hold_for_everybody(browser: Browser, stage: Stage) -> None:
    papers = _papers(stage)
    context = stage.context(browser)
    bring_axe(context)
    page = context.new_page()
    problems = _listening(page)
    found = _walk(page, (*PUBLIC, "/phone", "/tasks", "/my-bids", "/projects", "/centre", "/lots/{lot}/bid"), papers)
    page.get_by_role("button", name="大字版").click()
    found += _walk(page, ("/", "/lots/{lot}", "/login"), papers)
    page.get_by_role("button", name="English").click()
    found += _walk(page, PUBLIC[:6], papers)
    assert found + problems == []


@pytest.mark.parametrize("name", ["bidder-1", "tenderee", "host"])
def test_pages_of_those_who_are_signed_in_hold(browser: Browser, stage: Stage, name: str) -> None:
    papers = _papers(stage)
    context = stage.context(browser)
    bring_axe(context)
    page = stage.sign_in(context, name)
    problems = _listening(page)
    assert _walk(page, (*SIGNED_IN, *OWN[name], *PUBLIC), papers) + problems == []
